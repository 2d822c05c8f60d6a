package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A group is writes that one commit makes durable, all or none of them. Who has the
// turn of a [committer] uses it, and nobody else.
type group struct {
	tx     *sql.Tx
	began  time.Time
	writes int   // that tx has
	broken error // why tx must not be committed

	ended chan struct{} // closed when all is on disk, or nothing will be
	err   error         // why nothing is; to be read when ended is closed
}

// beginGroup begins one. Its transaction belongs to no writer: the end of a
// writer's context must not end it.
func beginGroup(pool *sql.DB) (*group, error) {
	tx, err := pool.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return &group{tx: tx, began: time.Now(), ended: make(chan struct{})}, nil
}

// run makes what f writes part of the group. If f fails, or ctx has ended
// meanwhile, that is undone, and nothing else. The first write needs no savepoint:
// there is nothing else to keep.
func (g *group) run(ctx context.Context, f func(*sql.Tx) error) (err error) {
	first, done := g.writes == 0, false
	if !first {
		if err := g.exec(`SAVEPOINT write`); err != nil {
			return err
		}
	}
	defer func() {
		if !done && !first { // f may also have panicked
			g.undo(err)
		}
	}()
	if err := f(g.tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !first {
		// It fails if SQLite has rolled back all by itself, as it does when the disk
		// is full.
		if err := g.exec(`RELEASE write`); err != nil {
			return err
		}
	}
	done = true
	g.writes++
	return nil
}

// undo takes back what was written since the savepoint, because of err. SQLite may
// have taken back more by itself; then the others have lost their writes too.
func (g *group) undo(err error) {
	if e := g.exec(`ROLLBACK TO write; RELEASE write`); e != nil {
		g.broken = fmt.Errorf("the transaction was lost with another write's (%v): %w", err, e)
	}
}

func (g *group) exec(query string) error {
	_, err := g.tx.ExecContext(context.Background(), query)
	return err
}

// over reports whether the group takes no more writes, which it does for so long.
func (g *group) over(most time.Duration) bool {
	return g.writes == 0 || g.broken != nil || time.Since(g.began) > most
}

// end commits what there is to commit.
func (g *group) end() {
	defer close(g.ended)
	if g.writes == 0 || g.broken != nil {
		g.tx.Rollback() // without effect if SQLite has done so
		g.err = g.broken
		return
	}
	if err := g.tx.Commit(); err != nil {
		g.err = fmt.Errorf("commit: %w", err)
	}
}
