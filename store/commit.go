package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"
)

// defaultGroupTime bounds how long the first write of a group waits for those of
// others. It is some syncs of a disk that is not busy.
const defaultGroupTime = 10 * time.Millisecond

// errClosed is what writers get who come when the database closes.
var errClosed = errors.New("the database is closed")

// A committer lets writes that come at the same time share a commit, and with it
// the sync of the disk that a commit waits for.
//
// One writer has the turn at a time, in the order in which they came. It works in
// the transaction of the open group, and hands it on to the next who waits. Who
// finds nobody waiting, or the group older than groupTime, commits for all in it. So
// nobody waits for others to come: a writer who is alone has a transaction of its
// own.
type committer struct {
	pool      *sql.DB
	groupTime time.Duration // how long a group takes in more writes

	mu      sync.Mutex
	taken   bool            // somebody has the turn
	closed  bool            // nobody gets it any more
	waiting []chan struct{} // closed when the turn is theirs

	open *group // of who has the turn; nil if it has to begin one
}

// write runs f in a transaction. It returns when what f wrote is on disk, or is
// undone because f failed or ctx ended. An error of f is told when its group has
// ended too: it may come of what others in the group wrote.
func (c *committer) write(ctx context.Context, f func(*sql.Tx) error) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	g, err := c.work(ctx, f)
	if g == nil {
		return err
	}
	<-g.ended
	if g.err != nil {
		return g.err
	}
	return err
}

// work runs f in a group, and gives the turn away whatever f does. There is no
// group if none could be begun.
func (c *committer) work(ctx context.Context, f func(*sql.Tx) error) (*group, error) {
	defer c.pass()
	if c.open == nil {
		begun, err := beginGroup(c.pool)
		if err != nil {
			return nil, err
		}
		c.open = begun
	}
	g := c.open
	return g, g.run(ctx, f)
}

// take waits for the turn.
func (c *committer) take(ctx context.Context) error {
	c.mu.Lock()
	if c.closed || ctx.Err() != nil {
		c.mu.Unlock()
		return cmp.Or(ctx.Err(), errClosed)
	}
	if !c.taken {
		c.taken = true
		c.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	c.waiting = append(c.waiting, mine)
	c.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		c.leave(mine)
		return ctx.Err()
	}
}

// leave ends the wait for a turn, and gives it away if it has just come.
func (c *committer) leave(mine chan struct{}) {
	c.mu.Lock()
	i := slices.Index(c.waiting, mine)
	if i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
	c.mu.Unlock()
	if i < 0 {
		c.pass()
	}
}

// pass gives the turn to the next writer, with the group unless that has to end.
func (c *committer) pass() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.open; g != nil && (len(c.waiting) == 0 || g.over(c.groupTime)) {
		c.mu.Unlock()
		g.end()
		c.open = nil
		c.mu.Lock()
	}
	if len(c.waiting) == 0 {
		c.taken = false
		return
	}
	close(c.waiting[0])
	c.waiting = c.waiting[1:]
}

// close returns when those who have the turn, or stand for it, have had theirs.
// Nobody gets one after that.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	if !c.taken {
		c.mu.Unlock()
		return
	}
	last := make(chan struct{})
	c.waiting = append(c.waiting, last)
	c.mu.Unlock()
	<-last
	c.pass()
}
