package store

import (
	"context"
	"database/sql"
	"errors"

	"headwater/service"
)

// Customers returns all customers, oldest first. It is for the operator.
func (db *DB) Customers(ctx context.Context) (all []*service.Customer, err error) {
	err = db.view(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			c, err := scanCustomer(rows)
			all = append(all, c)
			return err
		}, `SELECT `+customerColumns+` FROM customer ORDER BY created_at, id`)
	})
	return all, err
}

// Customer returns the caller's customer. There is no other to ask for.
func (db *DB) Customer(ctx context.Context, who *service.Token) (c *service.Customer, err error) {
	err = db.view(ctx, func(t *tx) error {
		c, err = scanCustomer(t.row(`SELECT `+customerColumns+` FROM customer WHERE id = $1`, who.Customer))
		if errors.Is(err, sql.ErrNoRows) {
			return errHidden()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

const customerColumns = `id, name, created_at, COALESCE((
	SELECT person.id FROM person WHERE person.customer_id = customer.id
	ORDER BY person.created_at, person.id LIMIT 1), '')`

func scanCustomer(row scanner) (*service.Customer, error) {
	var c service.Customer
	var created int64
	if err := row.Scan(&c.ID, &c.Name, &created, &c.Owner); err != nil {
		return nil, err
	}
	c.Created = toTime(created)
	return &c, nil
}

// CreateUser adds a user to the customer that it names, and returns it with an
// id. Logins are one customer's alone, whoever the customer.
func (db *DB) CreateUser(ctx context.Context, u service.User) (*service.User, error) {
	if err := u.Check(); err != nil {
		return nil, err
	}
	err := db.update(ctx, func(t *tx) error {
		known, err := t.exists(`SELECT 1 FROM customer WHERE id = $1`, u.Customer)
		if err != nil {
			return err
		}
		if !known {
			return errHidden()
		}
		taken, err := t.exists(`SELECT 1 FROM person WHERE login = $1`, u.Login)
		if err != nil {
			return err
		}
		if taken {
			return errDuplicate("user", u.Login)
		}
		u.ID = service.NewID()
		return t.insertUser(&u)
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// User returns a user of the caller's customer. A token that is limited to
// services sees its own user only.
func (db *DB) User(ctx context.Context, who *service.Token, id string) (u *service.User, err error) {
	if !storable(id) || len(who.Services) > 0 && id != who.User {
		return nil, errHidden()
	}
	err = db.view(ctx, func(t *tx) error {
		u, err = scanUser(t.row(`SELECT `+userColumns+` FROM person WHERE id = $1 AND customer_id = $2`, id, who.Customer))
		if errors.Is(err, sql.ErrNoRows) {
			return errHidden()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Users returns the users that [DB.User] would, oldest first.
func (db *DB) Users(ctx context.Context, who *service.Token) ([]*service.User, error) {
	all := []*service.User{}
	err := db.view(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			u, err := scanUser(rows)
			if err == nil && (len(who.Services) == 0 || u.ID == who.User) {
				all = append(all, u)
			}
			return err
		}, `SELECT `+userColumns+` FROM person WHERE customer_id = $1 ORDER BY created_at, id`, who.Customer)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// owner returns the id of the customer's first user, who is made if need be.
func (t *tx) owner(customer string) (id string, err error) {
	err = t.row(`SELECT id FROM person WHERE customer_id = $1 ORDER BY created_at, id LIMIT 1`, customer).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	u := service.User{ID: service.NewID(), Customer: customer, Name: "Owner", Role: "superuser"}
	u.Login = "owner@" + customer // nobody else's: the id is part of it
	return u.ID, t.insertUser(&u)
}

func (t *tx) insertUser(u *service.User) error {
	u.Created, u.Updated = t.now, t.now
	_, err := t.exec(`
		INSERT INTO person (id, customer_id, login, name, role, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $6)`,
		u.ID, u.Customer, u.Login, u.Name, u.Role, t.now.UnixMicro())
	return err
}

const userColumns = `id, customer_id, login, name, role, created_at, updated_at`

func scanUser(row scanner) (*service.User, error) {
	var u service.User
	var created, updated int64
	if err := row.Scan(&u.ID, &u.Customer, &u.Login, &u.Name, &u.Role, &created, &updated); err != nil {
		return nil, err
	}
	u.Created, u.Updated = toTime(created), toTime(updated)
	return &u, nil
}
