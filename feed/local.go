package feed

import (
	"context"
	"log/slog"
	"slices"

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

// Start gives the edge everything that is active, and brings the directory in
// line with it. A service whose active version could not be read, or is refused
// by the edge, is served as the directory has it, or not at all; the others do
// not suffer.
func (l *Local) Start(active []*service.Snapshot, unread []service.Unserved) {
	for _, u := range unread {
		l.log.Error("active version not read", "service", u.Service, "version", u.Version, "error", u.Err)
	}
	serving, refused := l.startAll(active)
	unserved := slices.Concat(unread, refused)
	fallen := l.fallBack(unserved)
	if len(fallen) > 0 {
		// A kept version may name domains that have gone to another service since.
		if err := l.edge.Apply(serving...); err != nil {
			l.log.Error("active versions refused", "error", err)
		}
	}
	if l.dir == nil {
		return
	}
	if err := l.dir.Replace(append(serving, fallen...), unserved); err != nil {
		l.log.Error("snapshots not kept on disk", "error", err)
	}
}

// startAll applies all in one step if it can, and else one at a time.
func (l *Local) startAll(active []*service.Snapshot) (serving []*service.Snapshot, refused []service.Unserved) {
	if l.edge.Apply(active...) == nil {
		return active, nil
	}
	for _, s := range active {
		if err := l.edge.Apply(s); err != nil {
			l.log.Error("active version refused", "service", s.Service, "version", s.Version, "error", err)
			at := service.Ref{Service: s.Service, Version: s.Version}
			refused = append(refused, service.Unserved{Ref: at, Generation: s.Generation, Err: err})
			continue
		}
		serving = append(serving, s)
	}
	return serving, refused
}

// fallBack applies what the directory has of the unserved, and returns what the
// edge took.
func (l *Local) fallBack(unserved []service.Unserved) (fallen []*service.Snapshot) {
	if len(unserved) == 0 {
		return nil
	}
	kept := l.kept()
	for _, u := range unserved {
		old := kept[u.Service]
		if old == nil {
			l.log.Error("service not served: no version of it is kept", "service", u.Service)
			continue
		}
		// It stands for the active version: the next activation has to win over
		// it, also if the database comes from a backup and the file is newer.
		old.Generation = u.Generation
		if err := l.edge.Apply(old); err != nil {
			l.log.Error("kept version refused", "service", old.Service, "version", old.Version, "error", err)
			continue
		}
		l.log.Warn("serving the kept version", "service", old.Service, "version", old.Version)
		fallen = append(fallen, old)
	}
	return fallen
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
