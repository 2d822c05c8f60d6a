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

// CreateUser adds a user to the caller's customer, and returns it with an id. A
// customer has each login once. A token that is limited to services makes none,
// changes none and deletes none.
func (db *DB) CreateUser(ctx context.Context, who *service.Token, u service.User) (*service.User, error) {
	u.Customer = who.Customer
	if err := managesUsers(who); err != nil {
		return nil, err
	}
	if err := u.Check(); err != nil {
		return nil, err
	}
	err := db.update(ctx, func(t *tx) error {
		if err := t.lockCustomer(who.Customer); err != nil {
			return err
		}
		taken, err := t.exists(`SELECT 1 FROM person WHERE customer_id = $1 AND login = $2`, u.Customer, u.Login)
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

// UpdateUser stores the Name and Role that change sets.
func (db *DB) UpdateUser(ctx context.Context, who *service.Token, id string, change func(*service.User) error) (u *service.User, err error) {
	err = db.update(ctx, func(t *tx) error {
		if u, err = t.user(who, id); err != nil {
			return err
		}
		if err := managesUsers(who); err != nil {
			return err
		}
		changed := *u
		if err := change(&changed); err != nil {
			return err
		}
		u.Name, u.Role, u.Updated = changed.Name, changed.Role, t.now
		if err := u.Check(); err != nil {
			return err
		}
		_, err = t.exec(`UPDATE person SET name = $1, role = $2, updated_at = $3 WHERE id = $4`,
			u.Name, u.Role, t.now.UnixMicro(), id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

// DeleteUser removes a user, and revokes its tokens. Nobody deletes the user that
// the call is made with.
func (db *DB) DeleteUser(ctx context.Context, who *service.Token, id string) error {
	return db.update(ctx, func(t *tx) error {
		if _, err := t.user(who, id); err != nil {
			return err
		}
		if err := managesUsers(who); err != nil {
			return err
		}
		if id == who.User {
			return service.Errorf(service.Invalid, "Cannot delete the user that this token belongs to")
		}
		if _, err := t.exec(`DELETE FROM token WHERE user_id = $1 AND customer_id = $2`, id, who.Customer); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM person WHERE id = $1`, id)
		return err
	})
}

func managesUsers(who *service.Token) error {
	if len(who.Services) > 0 {
		return service.Errorf(service.Forbidden, "the token is limited to services")
	}
	return nil
}

// User returns a user of the caller's customer. A token that is limited to
// services sees its own user only.
func (db *DB) User(ctx context.Context, who *service.Token, id string) (u *service.User, err error) {
	err = db.view(ctx, func(t *tx) error {
		u, err = t.user(who, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return u, nil
}

func (t *tx) user(who *service.Token, id string) (*service.User, error) {
	if !storable(id) || len(who.Services) > 0 && id != who.User {
		return nil, errHidden()
	}
	u, err := scanUser(t.row(`SELECT `+userColumns+` FROM person WHERE id = $1 AND customer_id = $2`, id, who.Customer))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errHidden()
	}
	return u, err
}

// Users returns the users that [DB.User] would, by id.
func (db *DB) Users(ctx context.Context, who *service.Token) ([]*service.User, error) {
	all := []*service.User{}
	err := db.view(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			u, err := scanUser(rows)
			if err == nil && (len(who.Services) == 0 || u.ID == who.User) {
				all = append(all, u)
			}
			return err
		}, `SELECT `+userColumns+` FROM person WHERE customer_id = $1 ORDER BY id`, who.Customer)
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

const userColumns = `id, customer_id, login, name, role, created_at, updated_at,
	(SELECT MAX(token.last_used_at) FROM token WHERE token.user_id = person.id)`

func scanUser(row scanner) (*service.User, error) {
	var u service.User
	var created, updated int64
	var active sql.NullInt64
	if err := row.Scan(&u.ID, &u.Customer, &u.Login, &u.Name, &u.Role, &created, &updated, &active); err != nil {
		return nil, err
	}
	if active.Valid {
		u.Active = toTime(active.Int64)
	}
	u.Created, u.Updated = toTime(created), toTime(updated)
	return &u, nil
}
