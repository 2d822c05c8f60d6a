package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"

	"headwater/service"
)

// CreateService makes a service with one unlocked version 1. It reads Name,
// Comment and Type of s; an empty Type is "vcl".
func (db *DB) CreateService(ctx context.Context, who *service.Token, s service.Service) (*service.Service, error) {
	if len(who.Services) > 0 {
		// The new service would be outside the token's limits.
		return nil, service.Errorf(service.Missing, "Cannot find 'service'")
	}
	if s.Type == "" {
		s.Type = "vcl"
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	s.ID, s.Customer = service.NewID(), who.Customer
	if e := service.EventOf(ctx); e != nil {
		e.Service = s.ID
	}
	err := db.update(ctx, func(t *tx) error {
		if err := t.lockCustomer(who.Customer); err != nil {
			return err
		}
		if err := t.freeServiceName(&s); err != nil {
			return err
		}
		var n int
		if err := t.row(`SELECT COUNT(*) FROM service WHERE deleted_at IS NULL`).Scan(&n); err != nil {
			return err
		}
		if most := t.limits.services; n >= most {
			return service.Errorf(service.Invalid, "Exceeding max number of services: %d", most)
		}
		s.Created, s.Updated = t.now, t.now
		_, err := t.exec(`
			INSERT INTO service (id, customer_id, name, comment, type, generation, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, 0, $6, $6)`,
			s.ID, s.Customer, s.Name, s.Comment, s.Type, t.now.UnixMicro())
		if err != nil {
			return err
		}
		v, err := t.insertVersion(s.ID, "")
		s.Versions = []*service.Version{v}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// Service returns the service with its versions.
func (db *DB) Service(ctx context.Context, who *service.Token, id string) (s *service.Service, err error) {
	err = db.view(ctx, func(t *tx) error {
		if s, err = t.service(who, id); err != nil {
			return err
		}
		s.Versions, err = t.versions(id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ServiceType returns the type of a service, of which there may be many versions.
func (db *DB) ServiceType(ctx context.Context, who *service.Token, id string) (text string, err error) {
	err = db.view(ctx, func(t *tx) error {
		s, err := t.service(who, id)
		if err == nil {
			text = s.Type
		}
		return err
	})
	return text, err
}

// UpdateService stores the Name and Comment that change sets.
func (db *DB) UpdateService(ctx context.Context, who *service.Token, id string, change func(*service.Service) error) (*service.Service, error) {
	var s *service.Service
	err := db.update(ctx, func(t *tx) (err error) {
		if err := t.lockCustomer(who.Customer); err != nil {
			return err
		}
		if s, err = t.service(who, id); err != nil {
			return err
		}
		if s.Versions, err = t.versions(id); err != nil {
			return err
		}
		changed := *s
		if err := change(&changed); err != nil {
			return err
		}
		s.Name, s.Comment, s.Updated = changed.Name, changed.Comment, t.now
		if err := s.Check(); err != nil {
			return err
		}
		if err := t.freeServiceName(s); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE service SET name = $1, comment = $2, updated_at = $3 WHERE id = $4`,
			s.Name, s.Comment, t.now.UnixMicro(), id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// DeleteService hides the service for ever. It fails while a version is active;
// a staged one is staged no longer.
func (db *DB) DeleteService(ctx context.Context, who *service.Token, id string) error {
	return db.update(ctx, func(t *tx) error {
		if _, err := t.lockService(who, id); err != nil {
			return t.errDeleted(who, id, err)
		}
		active, err := t.exists(`SELECT 1 FROM version WHERE service_id = $1 AND active`, id)
		if err != nil {
			return err
		}
		if active {
			return service.Errorf(service.Invalid, "Cannot delete service with active version")
		}
		if err := t.clear(staging, id); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE service SET deleted_at = $1 WHERE id = $2`, t.now.UnixMicro(), id)
		return err
	})
}

// errDeleted tells the owner of a service that was deleted before so, and
// everybody else only that there is none.
func (t *tx) errDeleted(who *service.Token, id string, hidden error) error {
	if !who.Sees(id) || !storable(id) {
		return hidden
	}
	deleted, err := t.exists(`
		SELECT 1 FROM service WHERE id = $1 AND customer_id = $2 AND deleted_at IS NOT NULL`, id, who.Customer)
	if err != nil {
		return err
	}
	if deleted {
		return service.Errorf(service.Invalid, "Service '%s' is deleted", id)
	}
	return hidden
}

const serviceColumns = `id, customer_id, name, comment, type, created_at, updated_at`

// service returns the caller's service, without its versions.
func (t *tx) service(who *service.Token, id string) (*service.Service, error) {
	if !who.Sees(id) || !storable(id) {
		return nil, errHidden()
	}
	s, err := scanService(t.row(`SELECT `+serviceColumns+` FROM service
		WHERE id = $1 AND customer_id = $2 AND deleted_at IS NULL`, id, who.Customer))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errHidden()
	}
	return s, err
}

// lockService makes other writers of the service's row wait, and returns the
// service without its versions.
func (t *tx) lockService(who *service.Token, id string) (*service.Service, error) {
	if storable(id) {
		_, err := t.exec(`UPDATE service SET updated_at = $1
			WHERE id = $2 AND customer_id = $3 AND deleted_at IS NULL`, t.now.UnixMicro(), id, who.Customer)
		if err != nil {
			return nil, err
		}
	}
	return t.service(who, id)
}

// lockCustomer makes other writers that depend on the customer's row wait.
func (t *tx) lockCustomer(id string) error {
	_, err := t.exec(`UPDATE customer SET name = name WHERE id = $1`, id)
	return err
}

// freeServiceName refuses a name that another service of the customer has.
func (t *tx) freeServiceName(s *service.Service) error {
	taken, err := t.exists(`
		SELECT 1 FROM service WHERE customer_id = $1 AND name = $2 AND id <> $3 AND deleted_at IS NULL`,
		s.Customer, s.Name, s.ID)
	if err != nil {
		return err
	}
	if taken {
		return errDuplicate("service", s.Name)
	}
	return nil
}

// A scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

func scanService(row scanner) (*service.Service, error) {
	var s service.Service
	var created, updated int64
	err := row.Scan(&s.ID, &s.Customer, &s.Name, &s.Comment, &s.Type, &created, &updated)
	if err != nil {
		return nil, err
	}
	s.Created, s.Updated = toTime(created), toTime(updated)
	return &s, nil
}

// storable reports whether a text from a path can be a value in the database at
// all. Servers refuse the rest with an error, which here means "no such row".
func storable(text string) bool {
	return len(text) <= 4096 && utf8.ValidString(text) && !strings.Contains(text, "\x00")
}
