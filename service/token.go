package service

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"
)

// A Token is an authenticated caller: who it acts for and what it may do. The
// secret itself is nowhere in it.
type Token struct {
	ID       string
	Customer string
	User     string
	Name     string
	Scopes   []string // global, global:read, purge_all, purge_select
	Services []string // the only services it sees; empty means all of the customer's
	Created  time.Time
	Expires  time.Time // zero: never

	// Automation marks a token that belongs to a program; Role is what it was
	// given then.
	Automation bool
	Role       string

	// Operator marks the token of who runs the process. It sees no more of other
	// customers' configuration than others do, but what the process counts.
	Operator bool

	// Of the last call that was recorded; one an hour is. Used is zero if there
	// was none.
	Used      time.Time
	IP        string
	UserAgent string
}

// Sees reports whether the token's limits let it see the service id. The
// customer is checked apart, by the store.
func (t *Token) Sees(id string) bool {
	return len(t.Services) == 0 || slices.Contains(t.Services, id)
}

// Reads reports whether the token may read configuration.
func (t *Token) Reads() bool {
	return t.Writes() || slices.Contains(t.Scopes, "global:read")
}

// Writes reports whether the token may change configuration, and so whether it
// is shown secrets.
func (t *Token) Writes() bool { return slices.Contains(t.Scopes, "global") }

// Expired reports whether the token's time is over at now.
func (t *Token) Expired(now time.Time) bool {
	return !t.Expires.IsZero() && !now.Before(t.Expires)
}

// NewSecret returns a token's secret: 192 random bits in 32 characters, as
// Fastly's own tokens have.
func NewSecret() string {
	var raw [24]byte
	rand.Read(raw[:]) // never fails: crypto/rand ends the program rather than return weak bits
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// CheckSecret reports whether secret may be a token's: 16 to 256 visible ASCII
// characters. The error, an [Invalid], does not quote it.
func CheckSecret(secret string) error {
	ok := len(secret) >= 16 && len(secret) <= 256
	for i := range len(secret) {
		ok = ok && secret[i] > ' ' && secret[i] <= '~'
	}
	if !ok {
		return Errorf(Invalid, "a token must be 16 to 256 visible ASCII characters")
	}
	return nil
}
