package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"headwater/service"
)

// partSize is how many versions a reader of those that serve takes at a time.
const partSize = 500

// serving returns the versions that serve in the environment, all as they were at one
// moment, in the order of their services' ids. All processors read: objects are nearly
// all that a start waits for. What is out of order in a version is found out by reading
// it alone.
func (db *DB) serving(ctx context.Context, e *environment) (all []*service.Snapshot, unread []service.Unserved, err error) {
	err = db.views(ctx, runtime.GOMAXPROCS(0), func(views []*tx) error {
		marked, err := views[0].marked(e)
		if err != nil {
			return err
		}
		failed := readParts(views, e, marked)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for i, s := range marked {
			if failed[i] == nil {
				all = append(all, s)
				continue
			}
			at := service.Ref{Service: s.Service, Version: s.Version}
			unread = append(unread, service.Unserved{Ref: at, Generation: s.Generation, Err: failed[i]})
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

// readParts reads the objects of all, and returns why that failed for those for which
// it did.
func readParts(views []*tx, e *environment, all []*service.Snapshot) (failed []error) {
	failed = make([]error, len(all))
	parts := slices.Collect(slices.Chunk(all, partSize))
	var next atomic.Int64
	var reading sync.WaitGroup
	for _, t := range views {
		reading.Go(func() {
			b := newBinder(t)
			for i := int(next.Add(1) - 1); i < len(parts) && t.caller.Err() == nil; i = int(next.Add(1) - 1) {
				b.readPart(e, parts[i], failed[i*partSize:])
			}
		})
	}
	reading.Wait()
	return failed
}

// readPart reads the objects of versions whose services follow each other.
func (b *binder) readPart(e *environment, part []*service.Snapshot, failed []error) {
	whole := b.bindPart(e, part)
	for i, s := range part {
		failed[i] = outlive(func() error { return b.finish(s, whole[s.Service]) })
	}
}

// outlive returns a panic of f as an error: a bug that one version runs into is that
// version's, and the process of all others does not end for it.
func outlive(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// bindPart reads the objects of a part in one pass, as far as it can. Whole are the
// services of those that it has read without an error.
func (b *binder) bindPart(e *environment, part []*service.Snapshot) (whole map[string]bool) {
	byService := make(map[string]*service.Snapshot, len(part))
	whole = make(map[string]bool, len(part))
	for _, s := range part {
		b.begin(s)
		byService[s.Service], whole[s.Service] = s, true
	}
	var id sql.RawBytes
	var r objectRow
	columns := append([]any{&id}, r.columns()...)
	err := b.each(func(rows *sql.Rows) error {
		err := rows.Scan(columns...) // the id is known even if a column is not as it should be
		s := byService[string(id)]
		if s == nil {
			return err
		}
		if err == nil {
			err = outlive(func() error { return b.bind(s, &r) })
		}
		if err != nil {
			delete(whole, s.Service)
		}
		return nil
	}, `SELECT object.service_id, object.kind, object.seq, object.body, object.created_at, object.updated_at
		FROM version JOIN object ON object.service_id = version.service_id AND object.version = version.number
		WHERE version.`+e.mark+` AND version.service_id BETWEEN $1 AND $2`,
		part[0].Service, part[len(part)-1].Service)
	if err != nil {
		return nil
	}
	return whole
}

// finish makes s complete, from the start unless its objects are whole.
func (b *binder) finish(s *service.Snapshot, whole bool) error {
	if !whole {
		return b.fill(s)
	}
	s.Sort()
	return b.fillContents(s)
}
