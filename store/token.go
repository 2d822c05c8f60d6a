package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"strings"

	"headwater/service"
)

// Authenticate finds the token with this secret. One that is unknown or expired
// is [service.Unauthorized]. It is part of each call, and one query alone.
func (db *DB) Authenticate(ctx context.Context, secret string) (*service.Token, error) {
	// Looked up by hash, the time taken tells nothing of the secret: one that
	// shares a prefix with a good one has a hash that shares nothing. Who it is
	// does not hang on how a database compares, though.
	var token *service.Token
	sum, found := hash(secret), hashed{}
	err := db.connected(ctx, func(c *sql.Conn) (err error) {
		found.row = c.QueryRowContext(context.WithoutCancel(ctx), `SELECT hash, `+tokenColumns+` FROM token WHERE hash = $1`, sum)
		token, err = scanToken(&found)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && subtle.ConstantTimeCompare([]byte(found.hash), []byte(sum)) != 1 {
		return nil, service.Errorf(service.Unauthorized, "Provided credentials are missing or invalid")
	}
	if err != nil {
		return nil, err
	}
	if token.Expired(toTime(db.now().UnixMicro())) {
		return nil, service.Errorf(service.Unauthorized, "Token %s expired at %s", token.ID, token.Expires.Format(service.TimeFormat))
	}
	return token, nil
}

// CreateCustomer makes a customer and returns its id.
func (db *DB) CreateCustomer(ctx context.Context, name string) (id string, err error) {
	err = db.update(ctx, func(t *tx) error {
		id, err = t.insertCustomer(name)
		return err
	})
	return id, err
}

// CreateToken makes a token for the customer that it names, to be known by
// secret from now on. It gives it an ID, and the time.
func (db *DB) CreateToken(ctx context.Context, secret string, token service.Token) (*service.Token, error) {
	if err := service.CheckSecret(secret); err != nil {
		return nil, err
	}
	err := db.update(ctx, func(t *tx) error {
		taken, err := t.exists(`SELECT 1 FROM token WHERE hash = $1`, hash(secret))
		if err != nil {
			return err
		}
		if taken {
			return service.Errorf(service.Conflict, "Duplicate token")
		}
		return t.insertToken(secret, &token, false)
	})
	if err != nil {
		return nil, err
	}
	return &token, nil
}

// HasTokens reports whether there is any token.
func (db *DB) HasTokens(ctx context.Context) (has bool, err error) {
	err = db.view(ctx, func(t *tx) error {
		has, err = t.exists(`SELECT 1 FROM token LIMIT 1`)
		return err
	})
	return has, err
}

// SetOperatorToken makes secret the one operator's token, which may do all for
// the first customer and does not expire. The secret that was the operator's
// before, if any, is no longer good. The customer is made if there is none.
func (db *DB) SetOperatorToken(ctx context.Context, secret string) (*service.Token, error) {
	if err := service.CheckSecret(secret); err != nil {
		return nil, err
	}
	token := service.Token{Name: "operator", Scopes: []string{"global"}}
	err := db.update(ctx, func(t *tx) error {
		same, err := t.operator(secret)
		if err != nil {
			return err
		}
		if same != nil {
			token = *same
			return nil
		}
		if token.Customer, err = t.firstCustomer(); err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM token WHERE operator OR hash = $1`, hash(secret))
		if err != nil {
			return err
		}
		return t.insertToken(secret, &token, true)
	})
	if err != nil {
		return nil, err
	}
	return &token, nil
}

// operator returns the operator's token if secret is it, and nil if it is not.
func (t *tx) operator(secret string) (*service.Token, error) {
	same, err := t.exists(`SELECT 1 FROM token WHERE hash = $1 AND operator`, hash(secret))
	if err != nil || !same {
		return nil, err
	}
	return t.token(hash(secret))
}

func (t *tx) firstCustomer() (id string, err error) {
	err = t.row(`SELECT id FROM customer ORDER BY created_at, id LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return t.insertCustomer("headwater")
	}
	return id, err
}

func (t *tx) insertCustomer(name string) (id string, err error) {
	id = service.NewID()
	_, err = t.exec(`INSERT INTO customer (id, name, created_at) VALUES ($1, $2, $3)`, id, name, t.now.UnixMicro())
	return id, err
}

// insertToken adds a token, which belongs to the customer's first user unless it
// names another.
func (t *tx) insertToken(secret string, token *service.Token, operator bool) (err error) {
	token.ID, token.Created = service.NewID(), t.now
	if token.User == "" {
		if token.User, err = t.owner(token.Customer); err != nil {
			return err
		}
	}
	var expires sql.NullInt64
	if !token.Expires.IsZero() {
		expires = sql.NullInt64{Int64: token.Expires.UnixMicro(), Valid: true}
	}
	_, err = t.exec(`
		INSERT INTO token (id, customer_id, user_id, hash, name, scopes, services, operator, automation, role, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		token.ID, token.Customer, token.User, hash(secret), token.Name,
		strings.Join(token.Scopes, " "), strings.Join(token.Services, " "),
		operator, token.Automation, token.Role, t.now.UnixMicro(), expires)
	return err
}

const tokenColumns = `id, customer_id, user_id, name, scopes, services, operator, automation, role, ip, user_agent, created_at, expires_at, last_used_at`

func (t *tx) token(sum string) (*service.Token, error) {
	return scanToken(t.row(`SELECT `+tokenColumns+` FROM token WHERE hash = $1`, sum))
}

// hashed is a row that begins with a token's hash.
type hashed struct {
	row  scanner
	hash string
}

func (h *hashed) Scan(token ...any) error { return h.row.Scan(append([]any{&h.hash}, token...)...) }

func scanToken(row scanner) (*service.Token, error) {
	var token service.Token
	var scopes, services string
	var created int64
	var expires, used sql.NullInt64
	err := row.Scan(&token.ID, &token.Customer, &token.User, &token.Name, &scopes, &services,
		&token.Operator, &token.Automation, &token.Role, &token.IP, &token.UserAgent, &created, &expires, &used)
	if err != nil {
		return nil, err
	}
	token.Scopes, token.Services = strings.Fields(scopes), strings.Fields(services)
	token.Created = toTime(created)
	if expires.Valid {
		token.Expires = toTime(expires.Int64)
	}
	if used.Valid {
		token.Used = toTime(used.Int64)
	}
	return &token, nil
}

// hash is what is stored of a secret. Secrets are long and random, so that a
// slow hash would protect nothing more.
func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
