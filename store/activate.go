package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"headwater/service"
)

// activateTries is how often Activate compiles while others may write. When the
// draft changed each time it makes them wait.
const activateTries = 3

// errChanged says that the version changed since it was compiled.
var errChanged = errors.New("the version changed meanwhile")

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
			SELECT service.generation, version.revision
			FROM version JOIN service ON service.id = version.service_id
			WHERE version.service_id = $1 AND version.number = $2`,
			at.Service, at.Version).Scan(&s.Generation, &revision)
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
	return db.serving(ctx, "active")
}

// serving returns the versions that the column marks.
func (db *DB) serving(ctx context.Context, column string) (all []*service.Snapshot, unread []service.Unserved, err error) {
	err = db.view(ctx, func(t *tx) error {
		var marked []*service.Snapshot
		err := t.each(func(rows *sql.Rows) error {
			var s service.Snapshot
			err := rows.Scan(&s.Customer, &s.Service, &s.Version, &s.Generation)
			marked = append(marked, &s)
			return err
		}, `SELECT service.customer_id, service.id, version.number, service.generation
			FROM version JOIN service ON service.id = version.service_id
			WHERE version.`+column+` AND service.deleted_at IS NULL ORDER BY service.id`)
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
	s.Sort()
	return err
}

// Activate makes the version the service's active one and locks it, provided
// that compile accepts the snapshot that is then committed. Compile may be
// called several times, and keeps no other write waiting but in the last try.
func (db *DB) Activate(ctx context.Context, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (v *service.Version, s *service.Snapshot, err error) {
	for range activateTries {
		compiled, revision, err := db.snapshot(ctx, who, at)
		if err != nil {
			return nil, nil, err
		}
		if err := compile(compiled); err != nil {
			return nil, nil, err
		}
		v, s, err = db.activate(ctx, who, at, func(t *tx, _ *service.Snapshot) error {
			return t.unchanged(at, revision)
		})
		if !errors.Is(err, errChanged) {
			return v, s, err
		}
	}
	return db.activate(ctx, who, at, func(_ *tx, now *service.Snapshot) error { return compile(now) })
}

// unchanged returns errChanged unless the version still has the revision.
func (t *tx) unchanged(at service.Ref, revision int64) error {
	same, err := t.exists(`SELECT 1 FROM version
		WHERE service_id = $1 AND number = $2 AND revision = $3`, at.Service, at.Version, revision)
	if err == nil && !same {
		return errChanged
	}
	return err
}

// activate commits the activation of the version as it is, if accept agrees.
func (db *DB) activate(ctx context.Context, who *service.Token, at service.Ref, accept func(*tx, *service.Snapshot) error) (v *service.Version, s *service.Snapshot, err error) {
	s = &service.Snapshot{Customer: who.Customer, Service: at.Service, Version: at.Version}
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockForActivation(who, at, &s.Generation); err != nil {
			return err
		}
		if err := t.fill(s); err != nil {
			return err
		}
		if err := accept(t, s); err != nil {
			return err
		}
		if err := t.claimDomains(s); err != nil {
			return err
		}
		if err := t.deactivateAll(at.Service); err != nil {
			return err
		}
		v.Active, v.Locked, v.Updated = true, true, t.now
		_, err = t.exec(`
			UPDATE version SET active = TRUE, locked = TRUE, updated_at = $1
			WHERE service_id = $2 AND number = $3`, t.now.UnixMicro(), at.Service, at.Version)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return v, s, nil
}

// Deactivate leaves the service without an active version. The snapshot
// returned has no version and no objects, but the new generation. It is no
// error when no version was active, so that a deactivation which did not reach
// every edge can be repeated; it is one when another version is.
func (db *DB) Deactivate(ctx context.Context, who *service.Token, at service.Ref) (v *service.Version, s *service.Snapshot, err error) {
	s = &service.Snapshot{Customer: who.Customer, Service: at.Service}
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockForActivation(who, at, &s.Generation); err != nil {
			return err
		}
		other, err := t.exists(`SELECT 1 FROM version
			WHERE service_id = $1 AND active AND number <> $2`, at.Service, at.Version)
		if err != nil {
			return err
		}
		if other {
			return service.Errorf(service.Invalid, "Version '%d' for service '%s' is not active", at.Version, at.Service)
		}
		v.Active, v.Updated = false, t.now
		if err := t.deactivateAll(at.Service); err != nil {
			return err
		}
		return t.claimDomains(s)
	})
	if err != nil {
		return nil, nil, err
	}
	return v, s, nil
}

// lockForActivation makes other activations of the service wait, gives out the
// next generation, and returns the version. The service's row comes before the
// version's, as everywhere: two writers never wait for each other in a circle.
func (t *tx) lockForActivation(who *service.Token, at service.Ref, generation *int64) (*service.Version, error) {
	if _, err := t.service(who, at.Service); err != nil {
		return nil, err
	}
	err := t.row(`
		UPDATE service SET generation = generation + 1, updated_at = $1
		WHERE id = $2 AND deleted_at IS NULL RETURNING generation`,
		t.now.UnixMicro(), at.Service).Scan(generation)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errHidden()
	}
	if err != nil {
		return nil, err
	}
	return t.lockVersion(who, at)
}

func (t *tx) deactivateAll(id string) error {
	_, err := t.exec(`UPDATE version SET active = FALSE, updated_at = $1 WHERE service_id = $2 AND active`,
		t.now.UnixMicro(), id)
	return err
}

// claimDomains gives the service the domains of s and no others.
func (t *tx) claimDomains(s *service.Snapshot) error {
	if _, err := t.exec(`DELETE FROM domain_claim WHERE service_id = $1`, s.Service); err != nil {
		return err
	}
	return t.hold(production, s)
}
