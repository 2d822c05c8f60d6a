package store

import (
	"context"
	"database/sql"
	"errors"

	"headwater/service"
)

// Tokens returns the tokens that the caller sees, oldest first: its customer's,
// or itself alone if it is limited to services.
func (db *DB) Tokens(ctx context.Context, who *service.Token) ([]*service.Token, error) {
	all := []*service.Token{}
	err := db.view(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			token, err := scanToken(rows)
			if err == nil && seesToken(who, token.ID) {
				all = append(all, token)
			}
			return err
		}, `SELECT `+tokenColumns+` FROM token WHERE customer_id = $1 ORDER BY created_at, id`, who.Customer)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Token returns one of them.
func (db *DB) Token(ctx context.Context, who *service.Token, id string) (token *service.Token, err error) {
	if !storable(id) || !seesToken(who, id) {
		return nil, errHidden()
	}
	err = db.view(ctx, func(t *tx) error {
		token, err = scanToken(t.row(`SELECT `+tokenColumns+` FROM token WHERE id = $1 AND customer_id = $2`, id, who.Customer))
		if errors.Is(err, sql.ErrNoRows) {
			return errHidden()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return token, nil
}

func seesToken(who *service.Token, id string) bool { return len(who.Services) == 0 || who.ID == id }

// IssueToken makes a token for the caller's customer, and returns it with its
// secret, which nobody learns again. It can do no more than its maker: it is
// limited to services of which the maker sees each, to the maker's own limits if
// it names none, and does not outlive the maker.
func (db *DB) IssueToken(ctx context.Context, who *service.Token, token service.Token) (made *service.Token, secret string, err error) {
	token.Customer = who.Customer
	if token.User == "" {
		token.User = who.User
	}
	if len(token.Services) == 0 {
		token.Services = who.Services
	}
	if !who.Expires.IsZero() && (token.Expires.IsZero() || token.Expires.After(who.Expires)) {
		token.Expires = who.Expires
	}
	if err := token.Check(db.now()); err != nil {
		return nil, "", err
	}
	secret = service.NewSecret()
	err = db.update(ctx, func(t *tx) error {
		for _, id := range token.Services {
			if _, err := t.service(who, id); err != nil {
				return service.Errorf(service.Missing, "Cannot find service '%s'", id)
			}
		}
		return t.insertToken(secret, &token, false)
	})
	if err != nil {
		return nil, "", err
	}
	return &token, secret, nil
}

// RevokeTokens ends tokens that the caller sees, all or none of them. The next
// call with one of them is refused.
func (db *DB) RevokeTokens(ctx context.Context, who *service.Token, ids ...string) error {
	return db.update(ctx, func(t *tx) error {
		for _, id := range ids {
			if !storable(id) || !seesToken(who, id) {
				return errHidden()
			}
			n, err := t.exec(`DELETE FROM token WHERE id = $1 AND customer_id = $2`, id, who.Customer)
			if err != nil {
				return err
			}
			if n == 0 {
				return errHidden()
			}
		}
		return nil
	})
}

// RecordUse keeps when and from where a token was used last.
func (db *DB) RecordUse(ctx context.Context, token *service.Token, ip, userAgent string) error {
	return db.update(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE token SET last_used_at = $1, ip = $2, user_agent = $3 WHERE id = $4`,
			t.now.UnixMicro(), ip, userAgent, token.ID)
		return err
	})
}
