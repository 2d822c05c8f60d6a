package store

import (
	"context"
	"database/sql"
	"errors"

	"headwater/service"
)

// activateTries is how often an activation compiles while others may write. When
// the draft changed each time it makes them wait.
const activateTries = 3

// errChanged says that the version changed since it was compiled.
var errChanged = errors.New("the version changed meanwhile")

// An environment is where one version of a service can serve, apart from what
// serves in the other.
type environment struct {
	mark    string                       // the column of the versions that serve in it, and the word for them
	of      func(*service.Version) *bool // the field of that column
	domains string                       // the table of the domains that services hold in it
	also    *environment                 // the domains of other services there are not to be had either; nil: none
}

var (
	production = &environment{
		mark: "active", domains: "domain_claim",
		of: func(v *service.Version) *bool { return &v.Active },
	}
	staging = &environment{
		mark: "staged", domains: "staged_domain", also: production,
		of: func(v *service.Version) *bool { return &v.Staged },
	}
)

// Activate makes the version the service's active one and locks it, provided
// that compile accepts the snapshot that is then committed. Compile may be
// called several times, and keeps no other write waiting but in the last try.
func (db *DB) Activate(ctx context.Context, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (*service.Version, *service.Snapshot, error) {
	return db.install(ctx, production, who, at, compile)
}

// Stage makes the version the one that the staging edge serves for the service,
// as [DB.Activate] does for the others. What is active stays so.
func (db *DB) Stage(ctx context.Context, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (*service.Version, *service.Snapshot, error) {
	return db.install(ctx, staging, who, at, compile)
}

// Deactivate leaves the service without an active version. The snapshot
// returned has no version and no objects, but the new generation. It is no
// error when no version was active, so that a deactivation which did not reach
// every edge can be repeated; it is one when another version is.
func (db *DB) Deactivate(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, *service.Snapshot, error) {
	return db.withdraw(ctx, production, who, at)
}

// Unstage leaves the service without a staged version, as [DB.Deactivate] leaves
// it without an active one.
func (db *DB) Unstage(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, *service.Snapshot, error) {
	return db.withdraw(ctx, staging, who, at)
}

// install makes the version serve in e, once compile accepts it.
func (db *DB) install(ctx context.Context, e *environment, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (v *service.Version, s *service.Snapshot, err error) {
	for range activateTries {
		compiled, revision, err := db.snapshot(ctx, who, at)
		if err != nil {
			return nil, nil, err
		}
		if err := compile(compiled); err != nil {
			return nil, nil, err
		}
		v, s, err = db.installIf(ctx, e, who, at, func(t *tx, now *service.Snapshot) error {
			if now.ContentRevision != compiled.ContentRevision {
				return errChanged
			}
			now.Objects, now.Contents = compiled.Objects, compiled.Contents
			return t.unchanged(at, revision)
		})
		if !errors.Is(err, errChanged) {
			return v, s, err
		}
	}
	return db.installIf(ctx, e, who, at, func(t *tx, now *service.Snapshot) error {
		if err := t.fill(now); err != nil {
			return err
		}
		return compile(now)
	})
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

// installIf makes the version serve in e, if accept agrees and fills the snapshot.
func (db *DB) installIf(ctx context.Context, e *environment, who *service.Token, at service.Ref, accept func(*tx, *service.Snapshot) error) (v *service.Version, s *service.Snapshot, err error) {
	s = &service.Snapshot{Customer: who.Customer, Service: at.Service, Version: at.Version}
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockForActivation(who, at, s); err != nil {
			return err
		}
		if err := accept(t, s); err != nil {
			return err
		}
		if err := t.clear(e, at.Service); err != nil {
			return err
		}
		if err := t.hold(e, s); err != nil {
			return err
		}
		*e.of(v), v.Locked, v.Updated = true, true, t.now
		_, err = t.exec(`
			UPDATE version SET `+e.mark+` = TRUE, locked = TRUE, updated_at = $1
			WHERE service_id = $2 AND number = $3`, t.now.UnixMicro(), at.Service, at.Version)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return v, s, nil
}

// withdraw leaves the service without a version in e. It is an error if another
// one than at serves there.
func (db *DB) withdraw(ctx context.Context, e *environment, who *service.Token, at service.Ref) (v *service.Version, s *service.Snapshot, err error) {
	s = &service.Snapshot{Customer: who.Customer, Service: at.Service}
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockForActivation(who, at, s); err != nil {
			return err
		}
		other, err := t.exists(`SELECT 1 FROM version
			WHERE service_id = $1 AND `+e.mark+` AND number <> $2`, at.Service, at.Version)
		if err != nil {
			return err
		}
		if other {
			return service.Errorf(service.Invalid, "Version '%d' for service '%s' is not %s", at.Version, at.Service, e.mark)
		}
		*e.of(v), v.Updated = false, t.now
		return t.clear(e, at.Service)
	})
	if err != nil {
		return nil, nil, err
	}
	return v, s, nil
}

// clear leaves the service without a version and without domains in e.
func (t *tx) clear(e *environment, id string) error {
	_, err := t.exec(`UPDATE version SET `+e.mark+` = FALSE, updated_at = $1 WHERE service_id = $2 AND `+e.mark,
		t.now.UnixMicro(), id)
	if err != nil {
		return err
	}
	_, err = t.exec(`DELETE FROM `+e.domains+` WHERE service_id = $1`, id)
	return err
}

// lockForActivation makes other activations of the service wait, gives out the
// next generation to s, and returns the version. The service's row comes before
// the version's, as everywhere: two writers never wait for each other in a circle.
func (t *tx) lockForActivation(who *service.Token, at service.Ref, s *service.Snapshot) (*service.Version, error) {
	if _, err := t.service(who, at.Service); err != nil {
		return nil, err
	}
	err := t.row(`
		UPDATE service SET generation = generation + 1, updated_at = $1
		WHERE id = $2 AND deleted_at IS NULL RETURNING generation, content_revision`,
		t.now.UnixMicro(), at.Service).Scan(&s.Generation, &s.ContentRevision)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errHidden()
	}
	if err != nil {
		return nil, err
	}
	return t.lockVersion(who, at)
}
