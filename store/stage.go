package store

import (
	"context"

	"headwater/service"
)

// StagedSnapshots returns the staged version of every service of every customer:
// what a staging edge that starts has to serve, as [DB.ActiveSnapshots] does.
func (db *DB) StagedSnapshots(ctx context.Context) (all []*service.Snapshot, unread []service.Unserved, err error) {
	return db.serving(ctx, "staged")
}

// Stage makes the version the one that the staging edge serves for the service,
// and locks it, provided that compile accepts it. What is active stays so.
func (db *DB) Stage(ctx context.Context, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (v *service.Version, s *service.Snapshot, err error) {
	s = &service.Snapshot{Customer: who.Customer, Service: at.Service, Version: at.Version}
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockForActivation(who, at, &s.Generation); err != nil {
			return err
		}
		if err := t.fill(s); err != nil {
			return err
		}
		if err := compile(s); err != nil {
			return err
		}
		if err := t.unstage(at.Service); err != nil {
			return err
		}
		if err := t.stageDomains(s); err != nil {
			return err
		}
		v.Staged, v.Locked, v.Updated = true, true, t.now
		_, err := t.exec(`
			UPDATE version SET staged = TRUE, locked = TRUE, updated_at = $1
			WHERE service_id = $2 AND number = $3`, t.now.UnixMicro(), at.Service, at.Version)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return v, s, nil
}

// Unstage leaves the service without a staged version, as [DB.Deactivate] leaves
// it without an active one.
func (db *DB) Unstage(ctx context.Context, who *service.Token, at service.Ref) (v *service.Version, s *service.Snapshot, err error) {
	s = &service.Snapshot{Customer: who.Customer, Service: at.Service}
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockForActivation(who, at, &s.Generation); err != nil {
			return err
		}
		other, err := t.exists(`SELECT 1 FROM version
			WHERE service_id = $1 AND staged AND number <> $2`, at.Service, at.Version)
		if err != nil {
			return err
		}
		if other {
			return service.Errorf(service.Invalid, "Version '%d' for service '%s' is not staged", at.Version, at.Service)
		}
		v.Staged, v.Updated = false, t.now
		return t.unstage(at.Service)
	})
	if err != nil {
		return nil, nil, err
	}
	return v, s, nil
}

// unstage takes the service off the staging edge.
func (t *tx) unstage(id string) error {
	if _, err := t.exec(`UPDATE version SET staged = FALSE WHERE service_id = $1 AND staged`, id); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM staged_domain WHERE service_id = $1`, id)
	return err
}

// stageDomains gives the service the domains of s on the staging edge. Those that
// another service has, there or in production, are not to be had.
func (t *tx) stageDomains(s *service.Snapshot) error {
	if err := t.freeDomains(production, s.Service, domainNames(s)...); err != nil {
		return err
	}
	return t.hold(onStaging, s)
}
