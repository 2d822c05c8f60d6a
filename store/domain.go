package store

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"headwater/service"
)

func domainNames(s *service.Snapshot) (names []string) {
	for _, d := range s.Domains() {
		names = append(names, d.Name)
	}
	return names
}

// hold gives the service the domains of s in e, where it has none.
func (t *tx) hold(e *environment, s *service.Snapshot) error {
	names := domainNames(s)
	for in := e; in != nil; in = in.also {
		if err := t.freeDomains(in, s.Service, names...); err != nil {
			return err
		}
	}
	for _, name := range names {
		_, err := t.exec(`INSERT INTO `+e.domains+` (name, service_id) VALUES ($1, $2)`,
			service.DomainKind.Key(name), s.Service)
		if err != nil {
			return err
		}
	}
	return nil
}

// freeDomains refuses names that the service id cannot have beside those that
// others hold in e. A name belongs to one service. Between customers what a wildcard covers
// belongs to it too: neither may take traffic from the other's names, nor wait
// for what they leave.
func (t *tx) freeDomains(e *environment, id string, names ...string) error {
	for _, name := range names {
		if err := t.freeDomain(e.domains, id, name); err != nil {
			return err
		}
	}
	return t.freeWildcards(e.domains, id, names)
}

// freeDomain refuses a name that another service holds, or that a wildcard of
// another customer covers.
func (t *tx) freeDomain(table, id, name string) error {
	key := service.DomainKind.Key(name)
	args := []any{id, key}
	in := "$2"
	for _, w := range wildcards(key) {
		args = append(args, w)
		in += fmt.Sprintf(", $%d", len(args))
	}
	var holder, holderCustomer, customer string
	err := t.row(`
		SELECT holder.id, holder.customer_id, own.customer_id
		FROM `+table+` AS held
		JOIN service AS holder ON holder.id = held.service_id
		JOIN service AS own ON own.id = $1
		WHERE held.name IN (`+in+`) AND holder.id <> own.id
		AND (held.name = $2 OR holder.customer_id <> own.customer_id)`,
		args...).Scan(&holder, &holderCustomer, &customer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return errTaken(name, holder, holderCustomer == customer)
}

// freeWildcards refuses a wildcard that covers a name of another customer. No
// index finds names by their end: one pass over all serves every wildcard.
func (t *tx) freeWildcards(table, id string, names []string) error {
	asked := map[string]string{} // names by key
	for _, name := range names {
		if key := service.DomainKind.Key(name); strings.HasPrefix(key, "*.") {
			asked[key] = name
		}
	}
	if len(asked) == 0 {
		return nil
	}
	return t.each(func(rows *sql.Rows) error {
		var held string
		if err := rows.Scan(&held); err != nil {
			return err
		}
		for _, w := range wildcards(held) {
			if name, covers := asked[w]; covers {
				return errTaken(name, "", false)
			}
		}
		return nil
	}, `SELECT held.name
		FROM `+table+` AS held
		JOIN service AS holder ON holder.id = held.service_id
		JOIN service AS own ON own.id = $1
		WHERE holder.customer_id <> own.customer_id`, id)
}

// wildcards returns all that would cover the name on an edge, which looks at
// every depth: for a.b.test these are *.b.test and *.test.
func wildcards(name string) (all []string) {
	for {
		_, rest, more := strings.Cut(name, ".")
		if !more {
			return all
		}
		name = rest
		all = append(all, "*."+rest)
	}
}

// errTaken tells which service has a domain only if it is the caller's own.
func errTaken(name, holder string, own bool) error {
	if !own {
		return service.Errorf(service.Invalid, "Domain '%s' is already taken by another customer", name)
	}
	return service.Errorf(service.Invalid, "Domain '%s' is already taken by service '%s'", name, holder)
}
