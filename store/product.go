package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"headwater/service"
)

// Product returns a product of the caller's service; [service.Missing] if it is
// not enabled.
func (db *DB) Product(ctx context.Context, who *service.Token, id, name string) (p *service.Product, err error) {
	err = db.view(ctx, func(t *tx) error {
		if _, err := t.service(who, id); err != nil {
			return err
		}
		p, err = t.product(id, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// EnableProduct enables a product, or leaves it enabled, as change makes it.
func (db *DB) EnableProduct(ctx context.Context, who *service.Token, id, name string, change func(*service.Product) error) (*service.Product, error) {
	return db.putProduct(ctx, who, id, name, func(t *tx) (*service.Product, error) {
		p, err := t.product(id, name)
		if isMissing(err) {
			p, err = service.NewProduct(name)
		}
		return p, err
	}, change)
}

// ConfigureProduct changes a product that is enabled.
func (db *DB) ConfigureProduct(ctx context.Context, who *service.Token, id, name string, change func(*service.Product) error) (*service.Product, error) {
	return db.putProduct(ctx, who, id, name, func(t *tx) (*service.Product, error) { return t.product(id, name) }, change)
}

func (db *DB) putProduct(ctx context.Context, who *service.Token, id, name string, find func(*tx) (*service.Product, error), change func(*service.Product) error) (p *service.Product, err error) {
	err = db.update(ctx, func(t *tx) error {
		if _, err := t.lockService(who, id); err != nil {
			return err
		}
		if p, err = find(t); err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		settings, err := json.Marshal(p.Configuration)
		if err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO product (service_id, name, configuration) VALUES ($1, $2, $3)
			ON CONFLICT (service_id, name) DO UPDATE SET configuration = excluded.configuration`, id, name, string(settings))
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// DisableProduct ends a product, whether or not it is enabled.
func (db *DB) DisableProduct(ctx context.Context, who *service.Token, id, name string) error {
	return db.update(ctx, func(t *tx) error {
		if _, err := t.lockService(who, id); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM product WHERE service_id = $1 AND name = $2`, id, name)
		return err
	})
}

func (t *tx) product(id, name string) (*service.Product, error) {
	var settings string
	err := t.row(`SELECT configuration FROM product WHERE service_id = $1 AND name = $2`, id, name).Scan(&settings)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, service.Errorf(service.Missing, "%s is not enabled", name)
	}
	if err != nil {
		return nil, err
	}
	p := &service.Product{Name: name}
	return p, json.Unmarshal([]byte(settings), &p.Configuration)
}

func isMissing(err error) bool {
	e, ok := errors.AsType[*service.Error](err)
	return ok && e.Code == service.Missing
}
