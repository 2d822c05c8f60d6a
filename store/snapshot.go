package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

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

// fill reads the objects of s.
func (t *tx) fill(s *service.Snapshot) error {
	b := newBinder(t)
	b.begin(s)
	err := t.each(func(rows *sql.Rows) error {
		var r objectRow
		if err := rows.Scan(r.columns()...); err != nil {
			return err
		}
		return b.bind(s, &r)
	}, `SELECT kind, `+objectColumns+` FROM object WHERE service_id = $1 AND version = $2`, s.Service, s.Version)
	if err != nil {
		return err
	}
	s.Sort()
	return t.fillContents(s)
}

// An objectRow is one object as it lies in the database. Kind and body are only
// good until the next row is read.
type objectRow struct {
	kind, body            sql.RawBytes
	seq, created, updated int64
}

// columns are where kind and [objectColumns] go.
func (r *objectRow) columns() []any { return []any{&r.kind, &r.seq, &r.body, &r.created, &r.updated} }

// A binder makes snapshots of objects. Those that nobody wrote are the same in all.
type binder struct {
	*tx
	kinds    map[string]*service.Kind
	defaults map[string][]service.Object
}

func newBinder(t *tx) *binder {
	b := &binder{tx: t, kinds: map[string]*service.Kind{}, defaults: map[string][]service.Object{}}
	for _, k := range service.Kinds() {
		b.kinds[k.Name] = k
		if k.Singleton && !k.Optional {
			b.defaults[k.Name] = []service.Object{k.Default()}
		}
	}
	return b
}

// begin gives s the objects that every version has.
func (b *binder) begin(s *service.Snapshot) {
	s.Objects, s.Contents = maps.Clone(b.defaults), nil
}

// bind adds an object to s. One of a kind that is unknown here was written by a
// newer binary; a version without it would not be that version.
func (b *binder) bind(s *service.Snapshot, r *objectRow) error {
	k := b.kinds[string(r.kind)]
	if k == nil {
		return fmt.Errorf("service %s version %d holds a %s, which this headwater does not know", s.Service, s.Version, r.kind)
	}
	o, err := b.makeObject(service.Ref{Service: s.Service, Version: s.Version}, k, r.body, r.seq, r.created, r.updated)
	if err != nil {
		return err
	}
	if k.Singleton {
		s.Objects[k.Name] = []service.Object{o}
		return nil
	}
	s.Objects[k.Name] = append(s.Objects[k.Name], o)
	return nil
}
