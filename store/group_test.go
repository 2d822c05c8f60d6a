package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"headwater/service"
)

// A queue has writers who stand behind one that has the turn, so that all of them
// share a commit.
type queue struct {
	*testing.T
	options Options
	db      *DB
	hold    chan struct{} // closed to let the first writer go on
	errs    []chan error
}

// newQueue returns one whose first writer has begun, and will have that error.
func newQueue(t *testing.T, first error) *queue {
	keeper, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	q := &queue{T: t, options: Options{Dir: t.TempDir(), Sealer: keeper}, hold: make(chan struct{})}
	q.open()
	began := make(chan struct{})
	q.add(t.Context(), func(x *tx) error {
		close(began)
		<-q.hold
		return errors.Join(x.note("first"), first)
	})
	<-began
	return q
}

func (q *queue) open() {
	q.Helper()
	var err error
	if q.db, err = Open(q.Context(), q.options); err != nil {
		q.Fatal(err)
	}
	q.db.writes.groupTime = time.Hour // however slow the machine is
	q.Cleanup(func() { q.db.Close() })
}

// add has one more writer, and returns when it has the turn or stands for it.
func (q *queue) add(ctx context.Context, f func(*tx) error) {
	errs := make(chan error, 1)
	before := q.waiting()
	go func() {
		var err error
		defer func() {
			if bug := recover(); bug != nil {
				err = fmt.Errorf("panic: %v", bug)
			}
			errs <- err
		}()
		err = q.db.update(ctx, f)
	}()
	if len(q.errs) > 0 {
		for q.waiting() == before {
			runtime.Gosched()
		}
	}
	q.errs = append(q.errs, errs)
}

func (q *queue) waiting() int {
	q.db.writes.mu.Lock()
	defer q.db.writes.mu.Unlock()
	return len(q.db.writes.waiting)
}

// note writes a row that tells of the writer.
func (t *tx) note(name string) error {
	_, err := t.exec(`INSERT INTO customer (id, name, created_at) VALUES ($1, $1, 0)`, name)
	return err
}

// run lets all write, and returns their errors.
func (q *queue) run() (errs []error) {
	close(q.hold)
	for _, err := range q.errs {
		errs = append(errs, <-err)
	}
	return errs
}

// want compares the errors with texts, of which an error has to have its own as a
// part, and the rows with those that must be there.
func (q *queue) want(errs []error, texts []string, rows string) {
	q.Helper()
	for i, err := range errs {
		if (err == nil) != (texts[i] == "") || err != nil && !strings.Contains(err.Error(), texts[i]) {
			q.Errorf("writer %d: error %v, want %q", i, err, texts[i])
		}
	}
	all, err := q.db.Customers(context.Background())
	if err != nil {
		q.Fatal(err)
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != rows {
		q.Errorf("rows %q, want %q", got, rows)
	}
}

// noteIn is a writer that notes its group.
func (q *queue) noteIn(groups map[*group]int, name string) func(*tx) error {
	return func(x *tx) error {
		groups[q.db.writes.open]++
		return x.note(name)
	}
}

// Each write has its own end, in one commit for all.
func TestGroup(t *testing.T) {
	q := newQueue(t, nil)
	groups := map[*group]int{}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	q.add(t.Context(), q.noteIn(groups, "second"))
	q.add(t.Context(), func(x *tx) error {
		if err := x.note("refused"); err != nil {
			return err
		}
		return errors.New("no")
	})
	q.add(t.Context(), func(x *tx) error {
		x.note("panicking")
		panic("a bug")
	})
	q.add(ctx, func(x *tx) error {
		defer leave()
		return x.note("leaving")
	})
	q.add(t.Context(), func(x *tx) error { return x.note("second") })
	q.add(t.Context(), q.noteIn(groups, "third"))
	q.want(q.run(), []string{"", "", "no", "panic: a bug", "context canceled", "UNIQUE", ""}, "first second third")
	if len(groups) != 1 {
		t.Errorf("the writes took %d commits", len(groups))
	}
}

// Who leaves while it waits does not keep the others from their answers, even as the
// last of them.
func TestGroupLeftWaiting(t *testing.T) {
	q := newQueue(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	q.add(t.Context(), func(x *tx) error { return x.note("second") })
	q.add(ctx, func(x *tx) error { return x.note("gone") })
	leave()
	if err := <-q.errs[2]; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	q.errs = q.errs[:2]
	q.want(q.run(), []string{"", ""}, "first second")
}

// A first write that fails takes nobody with it.
func TestGroupFirstFails(t *testing.T) {
	q := newQueue(t, errors.New("no"))
	q.add(t.Context(), func(x *tx) error { return x.note("second") })
	q.add(t.Context(), func(x *tx) error { return x.note("third") })
	q.want(q.run(), []string{"no", "", ""}, "second third")
}

// What does not reach the disk is nobody's success, nor anybody's reason: the name
// that the last writer finds taken is not.
func TestGroupCommitFails(t *testing.T) {
	q := newQueue(t, nil)
	q.add(t.Context(), func(x *tx) error {
		if _, err := x.exec(`PRAGMA defer_foreign_keys = ON`); err != nil {
			return err
		}
		_, err := x.exec(`INSERT INTO domain_claim (name, service_id) VALUES ('shop.test', 'nowhere')`)
		return err
	})
	q.add(t.Context(), func(x *tx) error { return x.note("first") })
	q.want(q.run(), []string{"commit:", "commit:", "commit:"}, "")
	if err := q.db.update(t.Context(), func(x *tx) error { return x.note("first") }); err != nil {
		t.Error(err)
	}
}

// A full disk makes SQLite end the whole transaction: nobody in it is told that its
// write is there. Those who come after write again.
func TestGroupFullDisk(t *testing.T) {
	q := newQueue(t, nil)
	big := strings.Repeat("x", 100<<10)
	q.add(t.Context(), func(x *tx) error { return x.note("second") })
	q.add(t.Context(), func(x *tx) error {
		if _, err := x.ExecContext(x.ctx, `PRAGMA max_page_count = 1`); err != nil { // the least: what there is
			return err
		}
		return x.note(big)
	})
	q.add(t.Context(), func(x *tx) error {
		if _, err := x.ExecContext(x.ctx, `PRAGMA max_page_count = 1000000`); err != nil {
			return err
		}
		return x.note("fourth")
	})
	lost := "the transaction was lost"
	q.want(q.run(), []string{lost, lost, lost, ""}, "fourth")
}

// Close lets those who write and wait finish, and nobody else.
func TestGroupClose(t *testing.T) {
	q := newQueue(t, nil)
	q.add(t.Context(), func(x *tx) error { return x.note("second") })
	closed := make(chan error, 1)
	before := q.waiting()
	go func() { closed <- q.db.Close() }()
	for q.waiting() == before {
		runtime.Gosched()
	}
	if err := q.db.update(t.Context(), func(*tx) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("a late writer: error %v", err)
	}
	for i, err := range q.run() {
		if err != nil {
			t.Errorf("writer %d: error %v", i, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	q.open()
	q.want(nil, nil, "first second")
}

// However often it is closed, and by how many at once, that ends well for all.
func TestCloseTogether(t *testing.T) {
	q := newQueue(t, nil)
	close(q.hold)
	var closing sync.WaitGroup
	for range 10 {
		closing.Go(func() {
			if err := q.db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	closing.Wait()
	q.open()
}
