package service

import (
	"slices"
	"strings"
	"time"
)

// A Customer owns services, users and tokens. What is one customer's does not
// exist for another.
type Customer struct {
	ID      string
	Name    string
	Owner   string // the id of its first user, "" if it has none
	Created time.Time
}

// A User is a person or program that tokens belong to.
type User struct {
	ID       string
	Customer string
	Login    string
	Name     string
	Role     string // one of Roles
	Created  time.Time
	Updated  time.Time
	Active   time.Time // when one of its tokens was used last; zero: never
}

// Roles are what a user can be. They are kept and answered; what may be done is
// decided by the scopes of tokens alone.
var Roles = []string{"user", "billing", "engineer", "superuser"}

// Scopes are what a token may be good for.
var Scopes = []string{"global", "global:read", "purge_all", "purge_select"}

// Check reports what cannot be stored in u. Errors are [Invalid].
func (u *User) Check() error {
	if strings.TrimSpace(u.Login) == "" {
		return Errorf(Invalid, "'login' is required")
	}
	if err := checkText("login", u.Login, maxName, false); err != nil {
		return err
	}
	if !slices.Contains(Roles, u.Role) {
		return Errorf(Invalid, "'role' must be one of %s", strings.Join(Roles, ", "))
	}
	return checkText("name", u.Name, maxName, false)
}

// Check reports what cannot be stored in t at now. Errors are [Invalid].
func (t *Token) Check(now time.Time) error {
	if err := checkText("name", t.Name, maxName, false); err != nil {
		return err
	}
	if len(t.Scopes) == 0 {
		return Errorf(Invalid, "'scope' is required")
	}
	for _, scope := range t.Scopes {
		if !slices.Contains(Scopes, scope) {
			return Errorf(Invalid, "'scope' must be of %s", strings.Join(Scopes, ", "))
		}
	}
	const most = 1000
	if len(t.Services) > most {
		return Errorf(Invalid, "'services' has more than %d entries", most)
	}
	if t.Expired(now) {
		return Errorf(Invalid, "'expires_at' is in the past")
	}
	return nil
}

// CheckCustomerName reports what a customer cannot be called. Errors are
// [Invalid].
func CheckCustomerName(name string) error {
	if strings.TrimSpace(name) == "" {
		return Errorf(Invalid, "'name' is required")
	}
	return checkText("name", name, maxName, false)
}
