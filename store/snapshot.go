package store

import (
	"context"
	"database/sql"
	"fmt"

	"headwater/service"
)

// Snapshot reads the whole version at one moment.
func (db *DB) Snapshot(ctx context.Context, who *service.Token, at service.Ref) (*service.Snapshot, error) {
	s, _, err := db.snapshot(ctx, who, at)
	return s, err
}

// snapshot also returns the version's revision.
func (db *DB) snapshot(ctx context.Context, who *service.Token, at service.Ref) (s *service.Snapshot, revision int64, err error) {
	err = db.view(ctx, func(t *tx) error {
		if _, err := t.version(who, at); err != nil {
			return err
		}
		s = &service.Snapshot{Customer: who.Customer, Service: at.Service, Version: at.Version}
		err := t.row(`
			SELECT service.generation, service.content_revision, version.revision
			FROM version JOIN service ON service.id = version.service_id
			WHERE version.service_id = $1 AND version.number = $2`,
			at.Service, at.Version).Scan(&s.Generation, &s.ContentRevision, &revision)
		if err != nil {
			return err
		}
		return t.fill(s)
	})
	if err != nil {
		return nil, 0, err
	}
	return s, revision, nil
}

// ActiveSnapshots returns the active version of every service of every
// customer: what an edge that starts has to serve. Those that could not be read
// are in unread, so that one damaged object does not take every service down.
func (db *DB) ActiveSnapshots(ctx context.Context) (all []*service.Snapshot, unread []service.Unserved, err error) {
	return db.serving(ctx, production)
}

// StagedSnapshots returns the staged version of every service of every customer:
// what a staging edge that starts has to serve, as [DB.ActiveSnapshots] does.
func (db *DB) StagedSnapshots(ctx context.Context) (all []*service.Snapshot, unread []service.Unserved, err error) {
	return db.serving(ctx, staging)
}

// serving returns the versions that serve in the environment.
func (db *DB) serving(ctx context.Context, e *environment) (all []*service.Snapshot, unread []service.Unserved, err error) {
	err = db.view(ctx, func(t *tx) error {
		var marked []*service.Snapshot
		err := t.each(func(rows *sql.Rows) error {
			var s service.Snapshot
			err := rows.Scan(&s.Customer, &s.Service, &s.Version, &s.Generation, &s.ContentRevision)
			marked = append(marked, &s)
			return err
		}, `SELECT service.customer_id, service.id, version.number, service.generation, service.content_revision
			FROM version JOIN service ON service.id = version.service_id
			WHERE version.`+e.mark+` AND service.deleted_at IS NULL ORDER BY service.id`)
		if err != nil {
			return err
		}
		for _, s := range marked {
			err := t.fill(s)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				at := service.Ref{Service: s.Service, Version: s.Version}
				unread = append(unread, service.Unserved{Ref: at, Generation: s.Generation, Err: err})
				continue
			}
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return all, unread, nil
}

// fill reads the objects of s. One of a kind that is unknown here was written
// by a newer binary; a version without it would not be that version.
func (t *tx) fill(s *service.Snapshot) error {
	at := service.Ref{Service: s.Service, Version: s.Version}
	kinds := map[string]*service.Kind{}
	s.Objects = map[string][]service.Object{}
	for _, k := range service.Kinds() {
		kinds[k.Name] = k
		if k.Singleton && !k.Optional {
			s.Objects[k.Name] = []service.Object{k.Default()}
		}
	}
	err := t.each(func(rows *sql.Rows) error {
		var kind string
		var body []byte
		var seq, created, updated int64
		if err := rows.Scan(&kind, &seq, &body, &created, &updated); err != nil {
			return err
		}
		k := kinds[kind]
		if k == nil {
			return fmt.Errorf("service %s version %d holds a %s, which this headwater does not know", s.Service, s.Version, kind)
		}
		o, err := t.makeObject(at, k, body, seq, created, updated)
		if err != nil {
			return err
		}
		if k.Singleton {
			s.Objects[kind] = s.Objects[kind][:0]
		}
		s.Objects[kind] = append(s.Objects[kind], o)
		return nil
	}, `SELECT kind, `+objectColumns+` FROM object WHERE service_id = $1 AND version = $2`, at.Service, at.Version)
	if err != nil {
		return err
	}
	s.Sort()
	return t.fillContents(s)
}
