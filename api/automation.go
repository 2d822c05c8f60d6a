package api

import (
	"strings"

	"headwater/service"
)

// Automation tokens are tokens that are listed apart. Fastly answers their scopes
// under another name in lists, and empty texts for what was not yet used in the
// reply to a creation.

type automationReply struct {
	ID            string   `json:"id"`
	CreatorID     string   `json:"creator_id"`
	CustomerID    string   `json:"customer_id"`
	Name          string   `json:"name"`
	AccessToken   string   `json:"access_token"` // always empty
	Role          string   `json:"role"`
	IP            *string  `json:"ip"`
	UserAgent     *string  `json:"user_agent"`
	Scopes        string   `json:"scopes"`
	Services      []string `json:"services"`
	ServiceID     *string  `json:"service_id"`
	SudoExpiresAt *string  `json:"sudo_expires_at"`
	LastUsedAt    *string  `json:"last_used_at"`
	CreatedAt     string   `json:"created_at"`
	ExpiresAt     *string  `json:"expires_at"`
	TLSAccess     bool     `json:"tls_access"`
}

func newAutomationReply(t *service.Token) automationReply {
	return automationReply{
		ID: t.ID, CreatorID: t.User, CustomerID: t.Customer, Name: t.Name, Role: t.Role,
		IP: optionalText(t.IP), UserAgent: optionalText(t.UserAgent),
		Scopes: strings.Join(t.Scopes, " "), Services: orEmpty(t.Services), ServiceID: lastOf(t.Services),
		LastUsedAt: optionalTime(t.Used), CreatedAt: timestamp(t.Created), ExpiresAt: optionalTime(t.Expires),
	}
}

// A listMeta counts the things of a list and its pages.
type listMeta struct {
	PerPage     int `json:"per_page"`
	CurrentPage int `json:"current_page"`
	RecordCount int `json:"record_count"`
	TotalPages  int `json:"total_pages"`
}

func newListMeta(p service.Page, total int) listMeta {
	return listMeta{PerPage: p.Size, CurrentPage: p.Number, RecordCount: total, TotalPages: p.Pages(total)}
}

func (c *call) listAutomationTokens() ([]byte, error) {
	p, err := c.page("created")
	if err != nil {
		return nil, err
	}
	all, err := c.Store.Tokens(c.r.Context(), c.who)
	if err != nil {
		return nil, err
	}
	replies, total := []automationReply{}, 0
	for _, t := range all {
		if !t.Automation {
			continue
		}
		if at := int64(total); at >= p.Before() && at < p.Before()+int64(p.Size) {
			replies = append(replies, newAutomationReply(t))
		}
		total++
	}
	c.link(p, total)
	return encode(struct {
		Data []automationReply `json:"data"`
		Meta listMeta          `json:"meta"`
	}{replies, newListMeta(p, total)}), nil
}

// automationToken finds the one that the path names.
func (c *call) automationToken() (*service.Token, error) {
	t, err := c.Store.Token(c.r.Context(), c.who, c.id)
	if err == nil && !t.Automation {
		return nil, errNoRoute
	}
	return t, err
}

// getAutomationToken answers fewer things than the list has, under other names.
func (c *call) getAutomationToken() ([]byte, error) {
	t, err := c.automationToken()
	if err != nil {
		return nil, err
	}
	return encode(struct {
		ID          string   `json:"id"`
		Services    []string `json:"services"` // null for none
		Name        string   `json:"name"`
		Role        string   `json:"role"`
		AccessToken string   `json:"access_token"` // always empty
		Scope       string   `json:"scope"`
		IP          *string  `json:"ip"`
		CreatedAt   string   `json:"created_at"`
		LastUsedAt  *string  `json:"last_used_at"`
		ExpiresAt   *string  `json:"expires_at"`
		UserAgent   *string  `json:"user_agent"`
	}{
		ID: t.ID, Services: nilIfEmpty(t.Services), Name: t.Name, Role: t.Role, Scope: strings.Join(t.Scopes, " "),
		IP: optionalText(t.IP), CreatedAt: timestamp(t.Created), LastUsedAt: optionalTime(t.Used),
		ExpiresAt: optionalTime(t.Expires), UserAgent: optionalText(t.UserAgent),
	}), nil
}

func nilIfEmpty(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

func (c *call) createAutomationToken() ([]byte, error) {
	in, err := c.tokenInput()
	if err != nil {
		return nil, err
	}
	token, err := in.token()
	if err != nil {
		return nil, err
	}
	if token.Role == "" {
		token.Role = "engineer"
	}
	switch token.Role {
	case "billing", "engineer", "user":
	default:
		return nil, service.Errorf(service.Invalid, "'role' must be one of billing, engineer, user")
	}
	token.Automation = true
	made, secret, err := c.Store.IssueToken(c.r.Context(), c.who, token)
	if err != nil {
		return nil, err
	}
	expires := ""
	if !made.Expires.IsZero() {
		expires = timestamp(made.Expires)
	}
	return encode(struct {
		ID          string   `json:"id"`
		Services    []string `json:"services"`
		Name        string   `json:"name"`
		Role        string   `json:"role"`
		AccessToken string   `json:"access_token"`
		Scope       string   `json:"scope"`
		IP          string   `json:"ip"`
		CreatedAt   string   `json:"created_at"`
		LastUsedAt  string   `json:"last_used_at"`
		ExpiresAt   string   `json:"expires_at"`
		UserAgent   string   `json:"user_agent"`
		TLSAccess   bool     `json:"tls_access"`
		CustomerID  string   `json:"customer_id"`
	}{
		ID: made.ID, Services: orEmpty(made.Services), Name: made.Name, Role: made.Role, AccessToken: secret,
		Scope: strings.Join(made.Scopes, " "), CreatedAt: timestamp(made.Created), ExpiresAt: expires, CustomerID: made.Customer,
	}), nil
}

func (c *call) deleteAutomationToken() ([]byte, error) {
	t, err := c.automationToken()
	if err != nil {
		return nil, err
	}
	return c.revoke(t.ID)
}
