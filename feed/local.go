package feed

import (
	"context"
	"log/slog"

	"headwater/service"
)

// An Edge serves the active versions it is given. When Apply returns without an
// error the next request is served by them; with one, nothing has changed.
type Edge interface {
	Apply(snapshots ...*service.Snapshot) error
}

// A Local feeds an edge of the same process. It may be used by many goroutines.
type Local struct {
	edge Edge
	dir  *Dir // nil keeps nothing
	log  *slog.Logger
}

// NewLocal returns a feed to edge that keeps snapshots in dir, or nowhere if dir
// is nil.
func NewLocal(edge Edge, dir *Dir, log *slog.Logger) *Local {
	return &Local{edge: edge, dir: dir, log: log}
}

// Publish makes s the active version of its service; one with version 0 ends the
// service. It fails only if the edge refuses s: a file that could not be written
// is no reason to tell a client that an activation which serves traffic failed,
// and the next start writes it again.
func (l *Local) Publish(_ context.Context, s *service.Snapshot) error {
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

// Start gives the edge everything that is active, in one step, and brings the
// directory in line with it. A service whose active version the edge refuses is
// served as the directory has it, or not at all; the others do not suffer.
func (l *Local) Start(active []*service.Snapshot) {
	if err := l.edge.Apply(active...); err != nil {
		active = l.startEach(active)
	}
	if l.dir == nil {
		return
	}
	if err := l.dir.Replace(active); err != nil {
		l.log.Error("snapshots not kept on disk", "error", err)
	}
}

// startEach applies one snapshot at a time, and returns what the edge took.
func (l *Local) startEach(active []*service.Snapshot) (serving []*service.Snapshot) {
	var refused []*service.Snapshot
	for _, s := range active {
		if err := l.edge.Apply(s); err != nil {
			l.log.Error("active version refused", "service", s.Service, "version", s.Version, "error", err)
			refused = append(refused, s)
			continue
		}
		serving = append(serving, s)
	}
	kept := l.kept()
	var fallen []*service.Snapshot
	for _, s := range refused {
		old := kept[s.Service]
		if old == nil {
			continue
		}
		if err := l.edge.Apply(old); err != nil {
			l.log.Error("kept version refused", "service", old.Service, "version", old.Version, "error", err)
			continue
		}
		l.log.Warn("serving the kept version", "service", old.Service, "version", old.Version)
		fallen = append(fallen, old)
	}
	// A kept version may name domains that have gone to another service since.
	if err := l.edge.Apply(serving...); err != nil {
		l.log.Error("active versions refused", "error", err)
	}
	return append(serving, fallen...)
}

func (l *Local) kept() map[string]*service.Snapshot {
	kept := map[string]*service.Snapshot{}
	if l.dir == nil {
		return kept
	}
	all, err := l.dir.Load()
	if err != nil {
		l.log.Error("kept snapshots", "error", err)
	}
	for _, s := range all {
		kept[s.Service] = s
	}
	return kept
}
