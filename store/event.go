package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"headwater/service"
)

const eventColumns = `id, customer_id, user_id, token_id, service_id, version, type, name, ip, created_at, changed_from, changed_to`

// forgetAtOnce is how many events that are too old go with each that comes. More
// than one, so that they become fewer; few, so that no write waits for it.
const forgetAtOnce = 10

// insertEvent records e with the write of this transaction; nil is none. Its time
// is the transaction's, unless it has one. A try that is rolled back takes the
// record with it.
func (t *tx) insertEvent(e *service.Event) error {
	if e == nil {
		return nil
	}
	at := t.now
	if !e.Created.IsZero() {
		at = e.Created
	}
	_, err := t.exec(`INSERT INTO event (`+eventColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		service.NewID(), e.Customer, e.User, e.Token, e.Service, e.Version, e.Type, e.Name, e.IP, at.UnixMicro(), e.Before, e.After)
	if err != nil || t.limits.eventAge == 0 {
		return err
	}
	_, err = t.exec(`DELETE FROM event WHERE id IN (
		SELECT id FROM event WHERE created_at < $1 ORDER BY created_at LIMIT $2)`,
		t.now.Add(-t.limits.eventAge).UnixMicro(), forgetAtOnce)
	return err
}

// Record keeps events of what nobody wrote, all or none.
func (db *DB) Record(ctx context.Context, events []*service.Event) error {
	return db.update(ctx, func(t *tx) error {
		for _, e := range events {
			if err := t.insertEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Events returns a page of what was written to what the caller sees, the newest
// first unless the page is ascending, and how much there is in all.
func (db *DB) Events(ctx context.Context, who *service.Token, f service.EventFilter, p service.Page) (all []*service.Event, total int, err error) {
	all = []*service.Event{}
	where, args := eventsOf(who, f)
	order := "ASC"
	if p.Descending {
		order = "DESC"
	}
	err = db.view(ctx, func(t *tx) error {
		if err := t.row(`SELECT COUNT(*) FROM event WHERE `+where, args...).Scan(&total); err != nil {
			return err
		}
		return t.each(func(rows *sql.Rows) error {
			e, err := scanEvent(rows)
			all = append(all, e)
			return err
		}, fmt.Sprintf(`SELECT `+eventColumns+` FROM event WHERE %s ORDER BY created_at %s, id %s LIMIT %d OFFSET %d`,
			where, order, order, p.Size, p.Before()), args...)
	})
	if err != nil {
		return nil, 0, err
	}
	return all, total, nil
}

// Event returns one of them.
func (db *DB) Event(ctx context.Context, who *service.Token, id string) (e *service.Event, err error) {
	if !storable(id) {
		return nil, errHidden()
	}
	where, args := eventsOf(who, service.EventFilter{})
	err = db.view(ctx, func(t *tx) error {
		e, err = scanEvent(t.row(fmt.Sprintf(`SELECT `+eventColumns+` FROM event WHERE %s AND id = $%d`, where, len(args)+1),
			append(args, id)...))
		if errors.Is(err, sql.ErrNoRows) {
			return errHidden()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// eventsOf is the condition of the events that the caller sees and wants. One
// that is limited to services sees nothing else.
func eventsOf(who *service.Token, f service.EventFilter) (where string, args []any) {
	args = []any{who.Customer}
	parts := []string{`customer_id = $1`}
	if len(who.Services) > 0 {
		parts = append(parts, `service_id IN (`+places(2, len(who.Services))+`)`)
		for _, id := range who.Services {
			args = append(args, id)
		}
	}
	for _, c := range []struct{ column, want string }{{"service_id", f.Service}, {"user_id", f.User}, {"type", f.Type}} {
		if c.want == "" {
			continue
		}
		if !storable(c.want) {
			c.want = "-" // no column holds it
		}
		args = append(args, c.want)
		parts = append(parts, fmt.Sprintf("%s = $%d", c.column, len(args)))
	}
	return strings.Join(parts, " AND "), args
}

func scanEvent(row scanner) (*service.Event, error) {
	var e service.Event
	var created int64
	err := row.Scan(&e.ID, &e.Customer, &e.User, &e.Token, &e.Service, &e.Version, &e.Type, &e.Name, &e.IP, &created, &e.Before, &e.After)
	if err != nil {
		return nil, err
	}
	e.Created = toTime(created)
	return &e, nil
}
