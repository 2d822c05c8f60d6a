package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"headwater/service"
)

// A tokenReply is a token as Fastly answers it. The secret is in no such reply.
type tokenReply struct {
	ID            string   `json:"id"`
	UserID        string   `json:"user_id"`
	CustomerID    string   `json:"customer_id"`
	Name          string   `json:"name"`
	LastUsedAt    *string  `json:"last_used_at"`
	CreatedAt     string   `json:"created_at"`
	ExpiresAt     *string  `json:"expires_at"`
	IP            *string  `json:"ip"`
	UserAgent     *string  `json:"user_agent"`
	SudoExpiresAt *string  `json:"sudo_expires_at"` // null: there is no password to renew
	Scopes        []string `json:"scopes"`
	Scope         string   `json:"scope"`
	Services      []string `json:"services"`
	ServiceID     *string  `json:"service_id"` // the last of Services
}

func newTokenReply(t *service.Token) tokenReply {
	return tokenReply{
		ID: t.ID, UserID: t.User, CustomerID: t.Customer, Name: t.Name,
		LastUsedAt: optionalTime(t.Used), CreatedAt: timestamp(t.Created), ExpiresAt: optionalTime(t.Expires),
		IP: optionalText(t.IP), UserAgent: optionalText(t.UserAgent),
		Scopes: orEmpty(t.Scopes), Scope: strings.Join(t.Scopes, " "),
		Services: orEmpty(t.Services), ServiceID: lastOf(t.Services),
	}
}

func optionalTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := timestamp(t)
	return &text
}

func optionalText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// orEmpty keeps a list without entries from being null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func lastOf(list []string) *string {
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

func (c *call) tokenSelf() ([]byte, error) {
	return encode(newTokenReply(c.who)), nil
}

// listTokens answers the tokens of the caller's user, listCustomerTokens those
// of its customer. Tokens of programs are listed apart.
func (c *call) listTokens() ([]byte, error) {
	return c.tokens(func(t *service.Token) bool { return t.User == c.who.User && !t.Automation })
}

func (c *call) listCustomerTokens() ([]byte, error) {
	if err := c.ownCustomer(); err != nil {
		return nil, err
	}
	return c.tokens(func(t *service.Token) bool { return !t.Automation })
}

func (c *call) tokens(wanted func(*service.Token) bool) ([]byte, error) {
	all, err := c.Store.Tokens(c.r.Context(), c.who)
	if err != nil {
		return nil, err
	}
	replies := []tokenReply{}
	for _, t := range all {
		if wanted(t) {
			replies = append(replies, newTokenReply(t))
		}
	}
	return encode(replies), nil
}

// sudo answers in the shape of a confirmed password: there are no passwords, and
// a token that may write may also make tokens.
func (c *call) sudo() ([]byte, error) {
	if _, err := c.readBody(); err != nil {
		return nil, err
	}
	return encode(struct {
		ExpiryTime string `json:"expiry_time"`
	}{c.Now().UTC().Add(5 * time.Minute).Format("2006-01-02T15:04:05+00:00")}), nil
}

// createToken answers the one reply that has a secret in it.
func (c *call) createToken() ([]byte, error) {
	in, err := c.tokenInput()
	if err != nil {
		return nil, err
	}
	token, err := in.token()
	if err != nil {
		return nil, err
	}
	made, secret, err := c.Store.IssueToken(c.r.Context(), c.who, token)
	if err != nil {
		return nil, err
	}
	return encode(struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		UserID      string   `json:"user_id"`
		CustomerID  string   `json:"customer_id"`
		ServiceID   *string  `json:"service_id"`
		ExpiresAt   *string  `json:"expires_at"`
		CreatedAt   string   `json:"created_at"`
		UpdatedAt   string   `json:"updated_at"`
		Scope       string   `json:"scope"`
		Services    []string `json:"services"`
		AccessToken string   `json:"access_token"`
	}{
		made.ID, made.Name, made.User, made.Customer, lastOf(made.Services), optionalTime(made.Expires),
		timestamp(made.Created), timestamp(made.Created), strings.Join(made.Scopes, " "), orEmpty(made.Services), secret,
	}), nil
}

// A tokenInput is what a client may say of a new token. A username and a
// password may come along and are not read.
type tokenInput struct {
	Name, Scope, ExpiresAt, Role string
	Services                     []string
}

// token is what in asks for. Without a scope it is good for everything.
func (in tokenInput) token() (service.Token, error) {
	t := service.Token{Name: in.Name, Scopes: strings.Fields(in.Scope), Services: in.Services, Role: in.Role}
	if len(t.Scopes) == 0 {
		t.Scopes = []string{"global"}
	}
	if in.ExpiresAt == "" {
		return t, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, in.ExpiresAt); err == nil {
			t.Expires = at.UTC()
			return t, nil
		}
	}
	return t, service.Errorf(service.Invalid, "'expires_at' must be a time as 2006-01-02T15:04:05Z")
}

func (c *call) tokenInput() (t tokenInput, err error) {
	in, err := c.input(func(key string) bool { return key != "services" })
	if err != nil {
		return t, err
	}
	for _, f := range []struct {
		key string
		to  *string
	}{{"name", &t.Name}, {"scope", &t.Scope}, {"expires_at", &t.ExpiresAt}, {"role", &t.Role}} {
		if _, err := textOf(in, f.key, f.to); err != nil {
			return t, err
		}
	}
	for _, key := range []string{"services", "services[]"} {
		services, err := textsOf(in, key)
		if err != nil {
			return t, err
		}
		t.Services = append(t.Services, services...)
	}
	return t, nil
}

// textsOf reads a list of texts, or a single one: to take a list that is not
// understood for none would make a token that nothing limits.
func textsOf(in service.Input, key string) (list []string, err error) {
	switch v := in[key]; {
	case v.Type == service.NestedValue:
		if json.Unmarshal([]byte(v.Text), &list) != nil {
			return nil, service.Errorf(service.Invalid, "'%s' must be a list of strings", key)
		}
	case v.Type == service.NumberValue, v.Type == service.BoolValue:
		return nil, service.Errorf(service.Invalid, "'%s' must be a list of strings", key)
	case v.Text != "":
		list = []string{v.Text}
	}
	return list, nil
}

func (c *call) deleteToken() ([]byte, error) { return c.revoke(c.id) }

func (c *call) deleteTokenSelf() ([]byte, error) { return c.revoke(c.who.ID) }

// deleteTokens revokes all the tokens of a JSON:API list, or none.
func (c *call) deleteTokens() ([]byte, error) {
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &list) != nil {
		return nil, errNotJSON
	}
	if len(list.Data) == 0 || len(list.Data) > c.Limits.Fields {
		return nil, service.Errorf(service.Invalid, "'data' must name 1 to %d tokens", c.Limits.Fields)
	}
	var ids []string
	for _, t := range list.Data {
		ids = append(ids, t.ID)
	}
	return c.revoke(ids...)
}

func (c *call) revoke(ids ...string) ([]byte, error) {
	if c.event.Name == "" {
		c.event.Name = strings.Join(ids[:min(len(ids), 10)], " ")
	}
	if err := c.Store.RevokeTokens(c.r.Context(), c.who, ids...); err != nil {
		return nil, err
	}
	c.success = http.StatusNoContent
	return nil, nil
}
