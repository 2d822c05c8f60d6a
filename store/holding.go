package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"headwater/service"
)

// Holdings returns what the holders of a service hold, for its edges. What
// cannot be read is told in the error; the others are returned all the same.
func (db *DB) Holdings(ctx context.Context, all ...service.HolderRef) (holdings []*service.Holding, err error) {
	var errs []error
	err = db.view(ctx, func(t *tx) error {
		for _, at := range all {
			h, err := t.holding(at)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			holdings = append(holdings, h)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return holdings, errors.Join(errs...)
}

func (t *tx) holding(at service.HolderRef) (*service.Holding, error) {
	h := &service.Holding{HolderRef: at}
	var kind string
	err := t.row(`SELECT kind, revision FROM holder WHERE id = $1 AND service_id = $2`, at.ID, at.Service).Scan(&kind, &h.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("service %s has no holder %s", at.Service, at.ID)
	}
	if err != nil {
		return nil, err
	}
	if h.Kind = service.KindNamed(kind); h.Kind == nil || h.Kind.Holds == nil {
		return nil, fmt.Errorf("holder %s of service %s is a %s, which this headwater does not know", at.ID, at.Service, kind)
	}
	if h.Items, err = t.items(at, h.Kind); err != nil {
		return nil, fmt.Errorf("items of %s '%s': %w", kind, at.ID, err)
	}
	return h, nil
}
