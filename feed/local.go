package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"headwater/service"
)

// An Edge serves the active versions it is given. When a method returns without
// an error the next request is served by what it was given; with one, nothing has
// changed.
type Edge interface {
	Apply(snapshots ...*service.Snapshot) error

	// ApplyItems gives the edge what a holder holds, or how that changed. A
	// change of what no version of the edge has is left out; one that does not
	// follow what is there is [service.ErrGap].
	ApplyItems(h *service.Holding) error

	// Forget ends a service for good, whatever it serves. Nothing comes of it any
	// more.
	Forget(id string)

	// Lacks returns the holders of s whose items the edge would serve s with,
	// and does not have.
	Lacks(s *service.Snapshot) []service.HolderRef
}

// A Source knows what holders hold. It returns whole holdings of those that it
// can read, and tells of the others in the error.
type Source interface {
	Holdings(ctx context.Context, all ...service.HolderRef) ([]*service.Holding, error)
}

// A Local feeds an edge of the same process. It may be used by many goroutines.
type Local struct {
	edge   Edge
	source Source
	dir    *Dir // nil keeps nothing
	log    *slog.Logger
	now    func() time.Time

	owned sync.WaitGroup     // what Start has left to do
	stop  context.CancelFunc // ends that; nil before Start

	mu    sync.Mutex
	turns map[string]*sync.Mutex // by service
	gone  farewells
}

// NewLocal returns a feed to edge that reads items from source, and keeps
// what is served in dir, or nowhere if dir is nil.
func NewLocal(edge Edge, source Source, dir *Dir, log *slog.Logger) *Local {
	return &Local{edge: edge, source: source, dir: dir, log: log, now: time.Now, turns: map[string]*sync.Mutex{}}
}

// turn makes others who change the same service wait until the function that it
// returns is called. Between what is read for the edge and what the edge is given
// nothing else may come: a change of items that it does not want yet would be lost.
// Nothing at all may come of a service that is gone.
func (l *Local) turn(id string) (end func(), gone bool) {
	l.mu.Lock()
	turn := l.turns[id]
	if turn == nil {
		turn = new(sync.Mutex)
		l.turns[id] = turn
	}
	l.mu.Unlock()
	turn.Lock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if gone = l.gone.has(id); gone {
		delete(l.turns, id) // nobody's order matters any more
	}
	return turn.Unlock, gone
}

// Publish makes s the active version of its service, with what its holders hold;
// one with version 0 ends the service. It fails only if items cannot be read or
// the edge refuses s: a file that could not be written is no reason to tell a
// client that an activation which serves traffic failed, and the next start
// writes it again.
func (l *Local) Publish(ctx context.Context, s *service.Snapshot) error {
	end, gone := l.turn(s.Service)
	defer end()
	if gone {
		return nil
	}
	if err := l.bring(ctx, l.source, s); err != nil {
		return err
	}
	if err := l.edge.Apply(s); err != nil {
		return err
	}
	if l.dir == nil {
		return nil
	}
	if err := l.dir.Keep(s); err != nil {
		l.log.Error("snapshot not kept on disk", "service", s.Service, "version", s.Version, "error", err)
	}
	return nil
}

// PublishItems carries a change of items to the edge, if a version there has
// their holder.
func (l *Local) PublishItems(ctx context.Context, change *service.Holding) error {
	end, gone := l.turn(change.Service)
	defer end()
	if gone {
		return nil
	}
	err := l.edge.ApplyItems(change)
	if !errors.Is(err, service.ErrGap) {
		if err == nil {
			l.keepItems(ctx, change)
		}
		return err
	}
	all, err := l.source.Holdings(ctx, change.HolderRef)
	return errors.Join(err, l.give(ctx, all))
}

// Forget ends a service that was deleted. What was published before, and comes
// late, is left out.
func (l *Local) Forget(id string) {
	end, _ := l.turn(id)
	defer end()
	l.edge.Forget(id)
	if l.dir != nil {
		if err := l.dir.Forget(id); err != nil {
			l.log.Error("snapshot of a deleted service not removed", "service", id, "error", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone.add(id, l.now())
	delete(l.turns, id)
}

// bring gives the edge the items that it needs for s and does not have.
func (l *Local) bring(ctx context.Context, from Source, s *service.Snapshot) error {
	lacking := l.edge.Lacks(s)
	if len(lacking) == 0 {
		return nil
	}
	all, err := from.Holdings(ctx, lacking...)
	return errors.Join(err, l.give(ctx, all))
}

func (l *Local) give(ctx context.Context, all []*service.Holding) error {
	for _, h := range all {
		if err := l.edge.ApplyItems(h); err != nil {
			return err
		}
		l.keepItems(ctx, h)
	}
	return nil
}

// keepItems brings the directory in line with the edge.
func (l *Local) keepItems(ctx context.Context, h *service.Holding) {
	if l.dir == nil {
		return
	}
	err := l.dir.KeepItems(h)
	if errors.Is(err, service.ErrGap) {
		var all []*service.Holding
		all, err = l.source.Holdings(ctx, h.HolderRef)
		for _, whole := range all {
			err = errors.Join(err, l.dir.KeepItems(whole))
		}
	}
	if err != nil {
		l.log.Error("items not kept on disk", "service", h.Service, "holder", h.ID, "error", err)
	}
}
