package store

import (
	"context"
	"database/sql"
	"errors"

	"headwater/service"
)

// CreateVersion makes an empty draft, numbered one above the service's highest.
func (db *DB) CreateVersion(ctx context.Context, who *service.Token, id, comment string) (v *service.Version, err error) {
	err = db.update(ctx, func(t *tx) error {
		if _, err := t.lockService(who, id); err != nil {
			return err
		}
		v, err = t.insertVersion(id, comment)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Version returns one version.
func (db *DB) Version(ctx context.Context, who *service.Token, at service.Ref) (v *service.Version, err error) {
	err = db.view(ctx, func(t *tx) error {
		v, err = t.version(who, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// UpdateVersion stores the Comment that change sets, also in a locked version.
func (db *DB) UpdateVersion(ctx context.Context, who *service.Token, at service.Ref, change func(*service.Version) error) (v *service.Version, err error) {
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockVersion(who, at); err != nil {
			return err
		}
		changed := *v
		if err := change(&changed); err != nil {
			return err
		}
		v.Comment, v.Updated = changed.Comment, t.now
		if err := v.Check(); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE version SET comment = $1 WHERE service_id = $2 AND number = $3`,
			v.Comment, at.Service, at.Version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// CloneVersion copies the version and all its objects into a draft, numbered
// one above the service's highest. The copy keeps comment, times of creation
// and the order of the objects.
func (db *DB) CloneVersion(ctx context.Context, who *service.Token, at service.Ref) (v *service.Version, err error) {
	err = db.update(ctx, func(t *tx) error {
		if _, err := t.lockService(who, at.Service); err != nil {
			return err
		}
		source, err := t.version(who, at)
		if err != nil {
			return err
		}
		if v, err = t.insertVersion(at.Service, source.Comment); err != nil {
			return err
		}
		v.Created = source.Created
		_, err = t.exec(`
			UPDATE version SET created_at = $1, revision = source.revision, size = source.size
			FROM version AS source
			WHERE source.service_id = $2 AND source.number = $3 AND version.service_id = $2 AND version.number = $4`,
			v.Created.UnixMicro(), v.Service, source.Number, v.Number)
		if err != nil {
			return err
		}
		_, err = t.exec(`
			INSERT INTO object (service_id, version, kind, name, seq, body, created_at, updated_at)
			SELECT service_id, $1, kind, name, seq, body, created_at, updated_at
			FROM object WHERE service_id = $2 AND version = $3`,
			v.Number, at.Service, at.Version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// LockVersion makes the version refuse changes for ever. Locking a locked one
// is no error.
func (db *DB) LockVersion(ctx context.Context, who *service.Token, at service.Ref) (v *service.Version, err error) {
	err = db.update(ctx, func(t *tx) error {
		if v, err = t.lockVersion(who, at); err != nil {
			return err
		}
		v.Locked, v.Updated = true, t.now
		_, err = t.exec(`UPDATE version SET locked = TRUE WHERE service_id = $1 AND number = $2`,
			at.Service, at.Version)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

const versionColumns = `service_id, number, active, staged, locked, comment, created_at, updated_at`

// version returns one version of a service that the caller sees.
func (t *tx) version(who *service.Token, at service.Ref) (*service.Version, error) {
	if _, err := t.service(who, at.Service); err != nil {
		return nil, err
	}
	v, err := scanVersion(t.row(`SELECT `+versionColumns+` FROM version
		WHERE service_id = $1 AND number = $2`, at.Service, at.Version))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoVersion(at)
	}
	return v, err
}

// lockVersion makes other writers of the version's row wait, and returns the
// version.
func (t *tx) lockVersion(who *service.Token, at service.Ref) (*service.Version, error) {
	if _, err := t.service(who, at.Service); err != nil {
		return nil, err
	}
	_, err := t.exec(`UPDATE version SET updated_at = $1 WHERE service_id = $2 AND number = $3`,
		t.now.UnixMicro(), at.Service, at.Version)
	if err != nil {
		return nil, err
	}
	return t.version(who, at)
}

// lockDraft is lockVersion for a write to the version's objects: the version
// must be open to it, and what compiles the version meanwhile learns that it
// changed. The revision returned is greater than the Seq of all its objects; the
// service comes without its versions. RETURNING would cost SQLite a table of its own.
func (t *tx) lockDraft(who *service.Token, at service.Ref) (s *service.Service, revision int64, err error) {
	if s, err = t.service(who, at.Service); err != nil {
		return nil, 0, err
	}
	_, err = t.exec(`UPDATE version SET revision = revision + 1, updated_at = $1 WHERE service_id = $2 AND number = $3`,
		t.now.UnixMicro(), at.Service, at.Version)
	if err != nil {
		return nil, 0, err
	}
	var locked bool
	err = t.row(`SELECT revision, locked FROM version WHERE service_id = $1 AND number = $2`,
		at.Service, at.Version).Scan(&revision, &locked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, errNoVersion(at)
	}
	if err == nil && locked {
		return nil, 0, errLocked(at)
	}
	return s, revision, err
}

// versions returns all versions of a service, ascending by number.
func (t *tx) versions(id string) (all []*service.Version, err error) {
	err = t.each(func(rows *sql.Rows) error {
		v, err := scanVersion(rows)
		all = append(all, v)
		return err
	}, `SELECT `+versionColumns+` FROM version WHERE service_id = $1 ORDER BY number`, id)
	return all, err
}

// insertVersion adds a draft to a service whose row the transaction has locked.
func (t *tx) insertVersion(id, comment string) (*service.Version, error) {
	v := &service.Version{Service: id, Comment: comment, Created: t.now, Updated: t.now}
	if err := v.Check(); err != nil {
		return nil, err
	}
	err := t.row(`SELECT COALESCE(MAX(number), 0) + 1 FROM version WHERE service_id = $1`, id).Scan(&v.Number)
	if err != nil {
		return nil, err
	}
	if most := t.limits.versions; v.Number > most {
		return nil, service.Errorf(service.Invalid, "Exceeding max number of versions: %d", most)
	}
	if e := service.EventOf(t.ctx); e != nil && e.Version == 0 {
		e.Version = v.Number
	}
	_, err = t.exec(`
		INSERT INTO version (service_id, number, active, locked, comment, revision, created_at, updated_at)
		VALUES ($1, $2, FALSE, FALSE, $3, 0, $4, $4)`,
		id, v.Number, comment, t.now.UnixMicro())
	if err != nil {
		return nil, err
	}
	return v, nil
}

func scanVersion(row scanner) (*service.Version, error) {
	var v service.Version
	var created, updated int64
	err := row.Scan(&v.Service, &v.Number, &v.Active, &v.Staged, &v.Locked, &v.Comment, &created, &updated)
	if err != nil {
		return nil, err
	}
	v.Created, v.Updated = toTime(created), toTime(updated)
	return &v, nil
}
