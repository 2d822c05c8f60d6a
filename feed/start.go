package feed

import (
	"context"
	"slices"

	"headwater/service"
)

// Start gives the edge everything that is active, and begins to bring the directory in
// line with it, which is nothing that anybody waits for; [Local.Close] ends that. A
// service whose active version or its items could not be read, or
// is refused by the edge, is served as the directory has it, or not at all; the
// others do not suffer.
func (l *Local) Start(ctx context.Context, active []*service.Snapshot, unread []service.Unserved) {
	for _, u := range unread {
		l.log.Error("active version not read", "service", u.Service, "version", u.Version, "error", u.Err)
	}
	active, itemless := l.bringAll(ctx, active)
	serving, refused := l.startAll(active)
	unserved := slices.Concat(unread, itemless, refused)
	fallen := l.fallBack(ctx, unserved)
	if len(fallen) > 0 {
		// A kept version may name domains that have gone to another service since.
		if err := l.edge.Apply(serving...); err != nil {
			l.log.Error("active versions refused", "error", err)
		}
	}
	if l.dir == nil {
		return
	}
	all := append(serving, fallen...)
	l.dir.expect(all)
	ctx, l.stop = context.WithCancel(ctx)
	l.owned.Go(func() {
		if err := l.dir.Replace(ctx, all, unserved); err != nil {
			l.log.Error("snapshots not kept on disk", "error", err)
		}
	})
}

// Close ends what Start has left to do.
func (l *Local) Close() {
	if l.stop != nil {
		l.stop()
	}
	l.owned.Wait()
}

// bringAll gives the edge the items of all that is active, and returns the
// versions that have theirs.
func (l *Local) bringAll(ctx context.Context, active []*service.Snapshot) (ready []*service.Snapshot, itemless []service.Unserved) {
	for _, s := range active {
		if err := l.bringOrKept(ctx, s); err != nil {
			itemless = append(itemless, unservedAs(s, err))
			continue
		}
		ready = append(ready, s)
	}
	return ready, itemless
}

// bringOrKept is bring, from the directory where the source has not what is
// needed. To serve a version as if its lists were empty could open what they close.
func (l *Local) bringOrKept(ctx context.Context, s *service.Snapshot) error {
	err := l.bring(ctx, l.source, s)
	if err == nil {
		return nil
	}
	log := l.log.With("service", s.Service, "version", s.Version)
	log.Error("items not read", "error", err)
	if l.dir == nil {
		return err
	}
	if err := l.bring(ctx, l.dir, s); err != nil {
		log.Error("kept items not read", "error", err)
		return err
	}
	log.Warn("serving the kept items")
	return nil
}

func unservedAs(s *service.Snapshot, err error) service.Unserved {
	at := service.Ref{Service: s.Service, Version: s.Version}
	return service.Unserved{Ref: at, Generation: s.Generation, Err: err}
}

// startTogether is how many versions are applied in one step where not all can be.
const startTogether = 1000

// startAll applies all in one step if it can. Else it does so with the many, and one at
// a time where there is one that the edge refuses.
func (l *Local) startAll(active []*service.Snapshot) (serving []*service.Snapshot, refused []service.Unserved) {
	if l.edge.Apply(active...) == nil {
		return active, nil
	}
	for part := range slices.Chunk(active, startTogether) {
		if l.edge.Apply(part...) == nil {
			serving = append(serving, part...)
			continue
		}
		some, others := l.startEach(part)
		serving, refused = append(serving, some...), append(refused, others...)
	}
	return serving, refused
}

// startEach applies versions one at a time.
func (l *Local) startEach(active []*service.Snapshot) (serving []*service.Snapshot, refused []service.Unserved) {
	for _, s := range active {
		if err := l.edge.Apply(s); err != nil {
			l.log.Error("active version refused", "service", s.Service, "version", s.Version, "error", err)
			refused = append(refused, unservedAs(s, err))
			continue
		}
		serving = append(serving, s)
	}
	return serving, refused
}

// fallBack applies what the directory has of the unserved, and returns what the
// edge took.
func (l *Local) fallBack(ctx context.Context, unserved []service.Unserved) (fallen []*service.Snapshot) {
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
		old.Generation, old.ContentRevision = u.Generation, 0
		if l.bringOrKept(ctx, old) != nil {
			continue
		}
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
