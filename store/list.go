package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"headwater/service"
)

// serviceOrders are the orders that a list of services can have.
var serviceOrders = map[string]string{
	"created": "created_at",
	"updated": "updated_at",
	"name":    "name",
	"type":    "type",
	"id":      "id",
}

// Services returns a page of the services that the caller sees, and how many it
// sees in all. An order that is not known is the one by age.
func (db *DB) Services(ctx context.Context, who *service.Token, p service.Page) (all []*service.Service, total int, err error) {
	all = []*service.Service{}
	err = db.view(ctx, func(t *tx) error {
		where, args := visible(who)
		if err := t.row(`SELECT COUNT(*) FROM service WHERE `+where, args...).Scan(&total); err != nil {
			return err
		}
		if p.Before() >= int64(total) {
			return nil
		}
		err := t.each(func(rows *sql.Rows) error {
			s, err := scanService(rows)
			all = append(all, s)
			return err
		}, fmt.Sprintf(`SELECT `+serviceColumns+` FROM service WHERE %s ORDER BY %s LIMIT %d OFFSET %d`,
			where, serviceOrder(p), p.Size, p.Before()), args...)
		if err != nil {
			return err
		}
		return t.addVersions(all)
	})
	if err != nil {
		return nil, 0, err
	}
	return all, total, nil
}

// visible is the condition that holds for the services that the caller sees.
func visible(who *service.Token) (where string, args []any) {
	where, args = `customer_id = $1 AND deleted_at IS NULL`, []any{who.Customer}
	if len(who.Services) == 0 {
		return where, args
	}
	for _, id := range who.Services {
		args = append(args, id)
	}
	return where + ` AND id IN (` + places(2, len(who.Services)) + `)`, args
}

// places lists n parameters, the first of them numbered from.
func places(from, n int) string {
	var list strings.Builder
	for i := range n {
		if i > 0 {
			list.WriteString(", ")
		}
		fmt.Fprintf(&list, "$%d", from+i)
	}
	return list.String()
}

func serviceOrder(p service.Page) string {
	column, known := serviceOrders[p.Sort]
	if !known {
		column = serviceOrders["created"]
	}
	direction := "ASC"
	if p.Descending {
		direction = "DESC"
	}
	return column + " " + direction + ", id " + direction
}

// addVersions reads the versions of the services.
func (t *tx) addVersions(all []*service.Service) error {
	const atOnce = 500 // databases bound the parameters of a statement
	for len(all) > atOnce {
		if err := t.addVersions(all[:atOnce]); err != nil {
			return err
		}
		all = all[atOnce:]
	}
	if len(all) == 0 {
		return nil
	}
	byID := map[string]*service.Service{}
	var ids []any
	for _, s := range all {
		byID[s.ID] = s
		ids = append(ids, s.ID)
	}
	return t.each(func(rows *sql.Rows) error {
		v, err := scanVersion(rows)
		if err == nil {
			byID[v.Service].Versions = append(byID[v.Service].Versions, v)
		}
		return err
	}, `SELECT `+versionColumns+` FROM version
		WHERE service_id IN (`+places(1, len(ids))+`) ORDER BY service_id, number`, ids...)
}

// ServiceByName returns the caller's service of exactly that name, with its
// versions.
func (db *DB) ServiceByName(ctx context.Context, who *service.Token, name string) (s *service.Service, err error) {
	missing := service.Errorf(service.Missing, "Couldn't find Service '{ deleted => 0000-00-00 00:00:00, name => %s }'", name)
	if !storable(name) {
		return nil, missing
	}
	err = db.view(ctx, func(t *tx) error {
		s, err = scanService(t.row(`SELECT `+serviceColumns+` FROM service
			WHERE customer_id = $1 AND name = $2 AND deleted_at IS NULL`, who.Customer, name))
		if errors.Is(err, sql.ErrNoRows) || err == nil && !who.Sees(s.ID) {
			return missing
		}
		if err != nil {
			return err
		}
		s.Versions, err = t.versions(s.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}
