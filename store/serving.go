package store

import (
	"context"
	"database/sql"

	"headwater/service"
)

// serving returns the versions that serve in the environment. Their objects are read
// in one pass. What is out of order in a version is found out by reading it alone.
func (db *DB) serving(ctx context.Context, e *environment) (all []*service.Snapshot, unread []service.Unserved, err error) {
	err = db.view(ctx, func(t *tx) error {
		marked, err := t.marked(e)
		if err != nil {
			return err
		}
		whole := t.bindAll(e, marked)
		for _, s := range marked {
			err := t.finish(s, whole[s.Service])
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

// marked returns the versions that serve in the environment, without their objects.
func (t *tx) marked(e *environment) (all []*service.Snapshot, err error) {
	err = t.each(func(rows *sql.Rows) error {
		var s service.Snapshot
		err := rows.Scan(&s.Customer, &s.Service, &s.Version, &s.Generation, &s.ContentRevision)
		all = append(all, &s)
		return err
	}, `SELECT service.customer_id, service.id, version.number, service.generation, service.content_revision
		FROM version JOIN service ON service.id = version.service_id
		WHERE version.`+e.mark+` AND service.deleted_at IS NULL ORDER BY service.id`)
	return all, err
}

// bindAll reads the objects of all, as far as it can. Whole are the services of
// those that it has read without an error.
func (t *tx) bindAll(e *environment, all []*service.Snapshot) (whole map[string]bool) {
	b := newBinder(t)
	byService := make(map[string]*service.Snapshot, len(all))
	whole = make(map[string]bool, len(all))
	for _, s := range all {
		b.begin(s)
		byService[s.Service], whole[s.Service] = s, true
	}
	err := t.each(func(rows *sql.Rows) error {
		var id sql.RawBytes
		var r objectRow
		err := rows.Scan(append([]any{&id}, r.columns()...)...) // the id is known even if a column is not as it should be
		s := byService[string(id)]
		if s == nil {
			return err
		}
		if err == nil {
			err = b.bind(s, &r)
		}
		if err != nil {
			delete(whole, s.Service)
		}
		return nil
	}, `SELECT object.service_id, object.kind, object.seq, object.body, object.created_at, object.updated_at
		FROM version JOIN object ON object.service_id = version.service_id AND object.version = version.number
		WHERE version.`+e.mark)
	if err != nil {
		return nil
	}
	return whole
}

// finish makes s complete, from the start unless its objects are whole.
func (t *tx) finish(s *service.Snapshot, whole bool) error {
	if !whole {
		return t.fill(s)
	}
	s.Sort()
	return t.fillContents(s)
}
