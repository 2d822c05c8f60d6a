package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"headwater/service"
)

// A fakeEdge keeps what it was given, and refuses the backends named bad.
type fakeEdge struct {
	mu      sync.Mutex
	serving map[string]*service.Snapshot
	applied int
	items   map[string]*service.Holding // by holder

	forgotten []string
}

func (e *fakeEdge) Apply(snapshots ...*service.Snapshot) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range snapshots {
		for _, b := range s.Backends() {
			if b.Name == "bad" {
				return errors.New("bad backend")
			}
		}
	}
	if e.serving == nil {
		e.serving = map[string]*service.Snapshot{}
	}
	e.applied++
	for _, s := range snapshots {
		if old := e.serving[s.Service]; old == nil || !s.Edition().Before(old.Edition()) {
			e.serving[s.Service] = s
		}
	}
	return nil
}

func (e *fakeEdge) ApplyItems(h *service.Holding) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.items == nil {
		e.items = map[string]*service.Holding{}
	}
	if old := e.items[h.ID]; old != nil {
		next, err := old.With(h)
		e.items[h.ID] = next
		return err
	}
	if h.Whole() {
		e.items[h.ID] = h
	}
	return nil
}

func (e *fakeEdge) Forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.serving, id)
	e.forgotten = append(e.forgotten, id)
}

func (e *fakeEdge) Lacks(s *service.Snapshot) (lacking []service.HolderRef) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, at := range s.Holders() {
		if e.items[at.ID] == nil {
			lacking = append(lacking, at)
		}
	}
	return lacking
}

func (e *fakeEdge) version(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.serving[id]; s != nil {
		return s.Version
	}
	return 0
}

// A fixture is a feed with its edge and directory.
type fixture struct {
	*Local
	edge  *fakeEdge
	store *fakeStore
	dir   *Dir
	log   *bytes.Buffer
}

func newFixture(t *testing.T, path string) *fixture {
	t.Helper()
	sealer, err := service.OpenKeeper(filepath.Join(path, "key"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := OpenDir(filepath.Join(path, "snapshots"), sealer)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{edge: &fakeEdge{}, store: &fakeStore{}, dir: dir, log: &bytes.Buffer{}}
	f.Local = NewLocal(f.edge, f.store, dir, slog.New(slog.NewTextHandler(f.log, nil)))
	return f
}

// Start is that of the feed, when the directory is in line too.
func (f *fixture) Start(ctx context.Context, active []*service.Snapshot, unread []service.Unserved) {
	f.Local.Start(ctx, active, unread)
	f.owned.Wait()
}

func (f *fixture) publish(t *testing.T, s *service.Snapshot) {
	t.Helper()
	if err := f.Publish(context.Background(), s); err != nil {
		t.Fatal(err)
	}
}

// kept returns what a process that starts now would find, as service@version.
func (f *fixture) kept(t *testing.T) map[string]int {
	t.Helper()
	all, err := f.dir.Load()
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]int{}
	for _, s := range all {
		kept[s.Service] = s.Version
	}
	return kept
}

const secretKey = "the-private-part"

func snapshot(id string, version int, generation int64, backends ...string) *service.Snapshot {
	s := &service.Snapshot{
		Customer: "c", Service: id, Version: version, Generation: generation,
		Objects: map[string][]service.Object{},
	}
	for i, name := range backends {
		b := *service.BackendKind.Default().(*service.Backend)
		b.Name, b.Address, b.Seq = name, "origin.test", int64(i+1)
		b.SSLClientKey = new(secretKey)
		s.Objects["backend"] = append(s.Objects["backend"], &b)
	}
	return s
}

func TestPublishKeepsTheLast(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	f.publish(t, snapshot("one", 1, 1, "b1"))
	f.publish(t, snapshot("one", 2, 2, "b2", "b3"))
	f.publish(t, snapshot("two", 7, 1, "b4"))
	all, err := newFixture(t, path).dir.Load()
	if err != nil || len(all) != 2 {
		t.Fatalf("%d snapshots, %v", len(all), err)
	}
	slices.SortFunc(all, func(a, b *service.Snapshot) int { return strings.Compare(a.Service, b.Service) })
	s := all[0]
	if s.Service != "one" || s.Version != 2 || s.Generation != 2 || s.Customer != "c" {
		t.Errorf("read %+v", s)
	}
	if b := s.Backends(); len(b) != 2 || b[0].Name != "b2" || b[1].Name != "b3" || *b[0].SSLClientKey != secretKey {
		t.Errorf("read backends %+v", b)
	}
	if s.Identity() != snapshot("one", 2, 2, "b2", "b3").Identity() {
		t.Error("another identity after the way through a file")
	}
}

func TestFilesAreSealedAndPrivate(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	f.publish(t, snapshot("one", 1, 1, "b1"))
	err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == path {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(name)
		if bytes.Contains(text, []byte(secretKey)) {
			t.Errorf("%s holds a secret in clear", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOvertakenChanges(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.publish(t, snapshot("one", 3, 3, "b"))
	f.publish(t, snapshot("one", 2, 2, "b"))
	if kept := f.kept(t); kept["one"] != 3 || f.edge.version("one") != 3 {
		t.Errorf("kept %v", kept)
	}
	f.publish(t, snapshot("one", 0, 5))
	f.publish(t, snapshot("one", 4, 4, "b"))
	if kept := f.kept(t); len(kept) != 0 {
		t.Errorf("a deactivation was undone by what it overtook: %v", kept)
	}
	f.publish(t, snapshot("one", 6, 6, "b"))
	if kept := f.kept(t); kept["one"] != 6 {
		t.Errorf("kept %v", kept)
	}
}

func TestPublishRace(t *testing.T) {
	f := newFixture(t, t.TempDir())
	var all sync.WaitGroup
	for n := 1; n <= 50; n++ {
		all.Go(func() {
			if err := f.Publish(context.Background(), snapshot("one", n, int64(n), "b")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if kept := f.kept(t); kept["one"] != 50 {
		t.Errorf("kept %v", kept)
	}
}

func TestRefusedIsNotKept(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.publish(t, snapshot("one", 1, 1, "good"))
	if err := f.Publish(context.Background(), snapshot("one", 2, 2, "bad")); err == nil {
		t.Error("no error")
	}
	if kept := f.kept(t); kept["one"] != 1 {
		t.Errorf("kept %v", kept)
	}
}

func TestStartAppliesAllAtOnce(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.publish(t, snapshot("gone", 1, 9, "b"))
	f.publish(t, snapshot("one", 1, 9, "b"))
	f.edge.applied = 0
	// An older generation than the file's: the store may have been restored.
	f.Start(t.Context(), []*service.Snapshot{snapshot("one", 3, 3, "b"), snapshot("two", 1, 1, "b")}, nil)
	if f.edge.applied != 1 {
		t.Errorf("%d steps", f.edge.applied)
	}
	if kept := f.kept(t); len(kept) != 2 || kept["one"] != 3 || kept["two"] != 1 {
		t.Errorf("kept %v", kept)
	}
	f.publish(t, snapshot("one", 4, 4, "b"))
	if kept := f.kept(t); kept["one"] != 4 {
		t.Errorf("kept %v", kept)
	}
}

func TestStartFallsBackToTheFile(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	f.publish(t, snapshot("one", 1, 1, "good"))
	f.publish(t, snapshot("two", 1, 1, "good"))
	f = newFixture(t, path)
	f.Start(t.Context(), []*service.Snapshot{
		snapshot("one", 2, 2, "bad"),
		snapshot("two", 2, 2, "good"),
		snapshot("three", 2, 2, "bad"),
	}, nil)
	for id, want := range map[string]int{"one": 1, "two": 2, "three": 0} {
		if got := f.edge.version(id); got != want {
			t.Errorf("%s serves version %d, want %d", id, got, want)
		}
	}
	if kept := f.kept(t); len(kept) != 2 || kept["one"] != 1 || kept["two"] != 2 {
		t.Errorf("kept %v", kept)
	}
	for _, want := range []string{"active version refused", "serving the kept version"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, f.log)
		}
	}
}

// TestStartWithoutReading has services whose active version could not be read.
func TestStartWithoutReading(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	for _, id := range []string{"sound", "ended", "unread", "restored", "damaged", "refused"} {
		f.publish(t, snapshot(id, 1, 9, "good"))
	}
	if err := f.dir.Keep(snapshot("refused", 2, 10, "bad")); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(path, "snapshots", "damaged.json")
	if err := os.WriteFile(damaged, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	f = newFixture(t, path)
	cause := errors.New("the cause")
	unserved := func(id string, generation int64) service.Unserved {
		return service.Unserved{Ref: service.Ref{Service: id, Version: 3}, Generation: generation, Err: cause}
	}
	f.Start(t.Context(), []*service.Snapshot{snapshot("sound", 2, 10, "good")}, []service.Unserved{
		unserved("unread", 11), unserved("restored", 4), unserved("damaged", 11), unserved("refused", 11), unserved("never kept", 11),
	})
	for id, want := range map[string]int{"sound": 2, "ended": 0, "unread": 1, "restored": 1, "damaged": 0, "refused": 0, "never kept": 0} {
		if got := f.edge.version(id); got != want {
			t.Errorf("%s serves version %d, want %d", id, got, want)
		}
	}
	for _, want := range []string{
		`msg="active version not read" service=unread version=3 error="the cause"`,
		`msg="serving the kept version" service=unread version=1`,
		`msg="service not served: no version of it is kept" service="never kept"`,
		`msg="kept version refused" service=refused`,
	} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %s: %s", want, f.log)
		}
	}
	// The files of all that are active stay, and of no others.
	if _, err := os.Stat(damaged); err != nil {
		t.Error(err)
	}
	all, _ := f.dir.Load() // its error is the damaged file
	kept := map[string]int{}
	for _, s := range all {
		kept[s.Service] = s.Version
	}
	if len(kept) != 4 || kept["sound"] != 2 || kept["unread"] != 1 || kept["restored"] != 1 || kept["refused"] != 2 {
		t.Errorf("kept %v", kept)
	}
	// The next activation is served, whatever generation the file had.
	f.publish(t, snapshot("restored", 4, 5, "good"))
	if got := f.edge.version("restored"); got != 4 {
		t.Errorf("version %d is served after the next activation", got)
	}
}

func TestDamagedFiles(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	for _, id := range []string{"cut", "empty", "good", "moved"} {
		f.publish(t, snapshot(id, 1, 1, "b"))
	}
	in := filepath.Join(path, "snapshots")
	text, err := os.ReadFile(filepath.Join(in, "cut.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"cut.json":   text[:len(text)/2],
		"empty.json": nil,
		".new-1":     text, // what a crash while writing leaves
		".new-1.old": text,
		"note.txt":   []byte("not ours"),
	} {
		if err := os.WriteFile(filepath.Join(in, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(in, "moved.json"), filepath.Join(in, "other.json")); err != nil {
		t.Fatal(err)
	}
	all, err := f.dir.Load()
	if len(all) != 1 || all[0].Service != "good" {
		t.Errorf("read %v", all)
	}
	for _, name := range []string{"cut.json", "empty.json", "other.json"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not tell of %s: %v", name, err)
		}
	}
	f.Start(t.Context(), []*service.Snapshot{snapshot("cut", 1, 1, "b")}, nil)
	if kept := f.kept(t); len(kept) != 1 || kept["cut"] != 1 {
		t.Errorf("kept %v", kept)
	}
	for name, want := range map[string]error{".new-1": fs.ErrNotExist, ".new-1.old": nil, "note.txt": nil} {
		if _, err := os.Stat(filepath.Join(in, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestWithoutDirectory(t *testing.T) {
	edge := &fakeEdge{}
	l := NewLocal(edge, &fakeStore{}, nil, slog.New(slog.DiscardHandler))
	l.Start(t.Context(), []*service.Snapshot{snapshot("one", 1, 1, "b"), snapshot("two", 1, 1, "bad")}, nil)
	if edge.version("one") != 1 || edge.version("two") != 0 {
		t.Error("one is not served, or two is")
	}
	if err := l.Publish(context.Background(), snapshot("one", 2, 2, "b")); err != nil || edge.version("one") != 2 {
		t.Errorf("published: %v", err)
	}
}

// TestUnwritable stands for every failure of a write: the activation stands.
func TestUnwritable(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	if err := os.RemoveAll(filepath.Join(path, "snapshots")); err != nil {
		t.Fatal(err)
	}
	f.publish(t, snapshot("one", 1, 1, "b"))
	if f.edge.version("one") != 1 || !strings.Contains(f.log.String(), "snapshot not kept on disk") {
		t.Errorf("log: %s", f.log)
	}
}

// What changes while the directory is brought in line is newer than what the start has.
func TestChangesWhileReplacing(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.publish(t, snapshot("stale", 1, 1, "b"))
	all := []*service.Snapshot{snapshot("same", 1, 1, "b"), snapshot("newer", 1, 1, "b"), snapshot("ended", 1, 1, "b"), snapshot("deleted", 1, 1, "b")}
	f.dir.expect(all)
	for _, s := range []*service.Snapshot{snapshot("newer", 2, 2, "b"), snapshot("ended", 0, 2), snapshot("added", 1, 1, "b")} {
		if err := f.dir.Keep(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.dir.Forget("deleted"); err != nil {
		t.Fatal(err)
	}
	if err := f.dir.Replace(t.Context(), all, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"same": 1, "newer": 2, "added": 1}, f.kept(t)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// A start that is cut short leaves what it has not come to.
func TestReplaceEnds(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.publish(t, snapshot("one", 1, 1, "b"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.Local.Start(ctx, []*service.Snapshot{snapshot("one", 2, 2, "b"), snapshot("two", 1, 1, "b")}, nil)
	f.Close()
	if diff := cmp.Diff(map[string]int{"one": 1}, f.kept(t)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

// What fails for each of many files is told a few times.
func TestReplaceFails(t *testing.T) {
	f := newFixture(t, filepath.Join(t.TempDir(), "gone"))
	var all []*service.Snapshot
	for n := range 1000 {
		all = append(all, snapshot(fmt.Sprint("s", n), 1, 1, "b"))
	}
	f.dir.expect(all)
	if err := os.Remove(f.dir.path); err != nil {
		t.Fatal(err)
	}
	// The directory cannot be read, written to or synced.
	err := f.dir.Replace(t.Context(), all, nil)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if got, want := lines[len(lines)-1], fmt.Sprintf("and %d more", 2+len(all)-toldFailures); got != want || len(lines) != toldFailures+1 {
		t.Errorf("%d lines, the last one %q; want %q", len(lines), got, want)
	}
}

// One version among many that the edge refuses keeps none of the others from being
// served, and few of them from being applied together.
func TestStartManyWithOneRefused(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.dir = nil
	var active []*service.Snapshot
	for n := range 2*startTogether + 1 {
		active = append(active, snapshot(fmt.Sprint("service-", n), 1, 1, "b"))
	}
	active[startTogether/2] = snapshot("refused", 1, 1, "bad")
	serving, refused := f.startAll(active)
	if len(serving) != 2*startTogether || len(refused) != 1 || refused[0].Service != "refused" {
		t.Errorf("%d are served, %v refused", len(serving), refused)
	}
	for _, s := range active {
		if got := f.edge.version(s.Service); (got == 1) == (s.Service == "refused") {
			t.Errorf("the edge serves version %d of %s", got, s.Service)
		}
	}
	if most := startTogether + 2; f.edge.applied > most {
		t.Errorf("%d changes of the edge; want %d at most", f.edge.applied, most)
	}
}
