package api

import (
	"strings"

	"headwater/service"
)

// A userReply is a user as Fastly answers it.
type userReply struct {
	ID            string `json:"id"`
	Login         string `json:"login"`
	Name          string `json:"name"`
	Role          string `json:"role"`
	CustomerID    string `json:"customer_id"`
	LimitServices bool   `json:"limit_services"`

	// Of passwords, of which there are none here: null for a user that never
	// called, and false for others; the last is always null.
	Locked               *bool `json:"locked"`
	RequireNewPassword   *bool `json:"require_new_password"`
	TwoFactorAuthEnabled *bool `json:"two_factor_auth_enabled"`

	LastActiveAt *string `json:"last_active_at"`
	CreatedAt    string  `json:"created_at"`
	UpdatedAt    string  `json:"updated_at"`
	DeletedAt    *string `json:"deleted_at"`
}

func newUserReply(u *service.User) userReply {
	reply := userReply{
		ID: u.ID, Login: u.Login, Name: u.Name, Role: u.Role, CustomerID: u.Customer,
		LastActiveAt: optionalTime(u.Active), CreatedAt: timestamp(u.Created), UpdatedAt: timestamp(u.Updated),
	}
	if !u.Active.IsZero() {
		reply.Locked, reply.RequireNewPassword = new(bool), new(bool)
	}
	return reply
}

func (c *call) currentUser() ([]byte, error) { return c.user(c.who.User) }

func (c *call) getUser() ([]byte, error) { return c.user(c.id) }

func (c *call) user(id string) ([]byte, error) {
	return userBody(c.Store.User(c.r.Context(), c.who, id))
}

// userBody ends the actions whose store call returns the reply's user.
func userBody(u *service.User, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return encode(newUserReply(u)), nil
}

func (c *call) createUser() ([]byte, error) {
	in, err := c.input(userKeys)
	if err != nil {
		return nil, err
	}
	u := service.User{Role: "user"}
	if _, err := textOf(in, "login", &u.Login); err != nil {
		return nil, err
	}
	if len(u.Login) <= maxRecorded {
		c.event.Name = u.Login
	}
	if err := changeUser(&u, in); err != nil {
		return nil, err
	}
	return userBody(c.Store.CreateUser(c.r.Context(), c.who, u))
}

func (c *call) updateUser() ([]byte, error) {
	in, err := c.input(userKeys)
	if err != nil {
		return nil, err
	}
	return userBody(c.Store.UpdateUser(c.r.Context(), c.who, c.id, func(u *service.User) error {
		if login, sent := in["login"]; sent && login.Text != u.Login {
			return service.Errorf(service.Invalid, "Not allowed to modify field 'login'")
		}
		return changeUser(u, in)
	}))
}

// changeUser sets what a client may change of a user.
func changeUser(u *service.User, in service.Input) error {
	if _, err := textOf(in, "name", &u.Name); err != nil {
		return err
	}
	_, err := textOf(in, "role", &u.Role)
	return err
}

func (c *call) deleteUser() ([]byte, error) {
	if err := c.Store.DeleteUser(c.r.Context(), c.who, c.id); err != nil {
		return nil, err
	}
	return statusOK()
}

// resetPassword answers alike for every login: there is no password, and who has
// a login here is not for everybody to know.
func (c *call) resetPassword() ([]byte, error) { return statusOK() }

func (c *call) listUsers() ([]byte, error) {
	if err := c.ownCustomer(); err != nil {
		return nil, err
	}
	all, err := c.Store.Users(c.r.Context(), c.who)
	if err != nil {
		return nil, err
	}
	replies := []userReply{}
	for _, u := range all {
		replies = append(replies, newUserReply(u))
	}
	return encode(replies), nil
}

// ownCustomer hides all customers but the caller's.
func (c *call) ownCustomer() error {
	if c.id != c.who.Customer {
		return errNoRoute
	}
	return nil
}

func (c *call) getCustomer() ([]byte, error) {
	if err := c.ownCustomer(); err != nil {
		return nil, err
	}
	return c.currentCustomer()
}

func (c *call) currentCustomer() ([]byte, error) {
	customer, err := c.Store.Customer(c.r.Context(), c.who)
	if err != nil {
		return nil, err
	}
	return encode(struct {
		ID               string  `json:"id"`
		Name             string  `json:"name"`
		OwnerID          *string `json:"owner_id"`
		PricingPlan      string  `json:"pricing_plan"`
		CanUploadVCL     bool    `json:"can_upload_vcl"`
		CanStreamSyslog  bool    `json:"can_stream_syslog"`
		HasConfigPanel   bool    `json:"has_config_panel"`
		Force2FA         bool    `json:"force_2fa"`
		BillingContactID *string `json:"billing_contact_id"`
		TechnicalContact *string `json:"technical_contact_id"`
		SecurityContact  *string `json:"security_contact_id"`
		CreatedAt        string  `json:"created_at"`
		UpdatedAt        string  `json:"updated_at"`
		DeletedAt        *string `json:"deleted_at"`
	}{
		ID: customer.ID, Name: customer.Name, OwnerID: optionalText(customer.Owner), PricingPlan: "customer",
		CanUploadVCL: true, CanStreamSyslog: true, HasConfigPanel: true,
		CreatedAt: timestamp(customer.Created), UpdatedAt: timestamp(customer.Created),
	}), nil
}

// verify tells a token's holder who it is: Fastly's CLI shows it as whoami.
func (c *call) verify() ([]byte, error) {
	ctx := c.r.Context()
	customer, err := c.Store.Customer(ctx, c.who)
	if err != nil {
		return nil, err
	}
	user, err := c.Store.User(ctx, c.who, c.who.User)
	if isCode(err, service.Hidden) {
		user, err = &service.User{ID: c.who.User}, nil // its user is gone; the token is still good
	}
	if err != nil {
		return nil, err
	}
	services, _, err := c.Store.Services(ctx, c.who, service.Page{Number: 1, Size: maxPage, Sort: "created"})
	if err != nil {
		return nil, err
	}
	type named struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	type token struct {
		named
		CreatedAt string  `json:"created_at"`
		ExpiresAt *string `json:"expires_at"`
		Scope     string  `json:"scope"`
	}
	reply := struct {
		Customer named `json:"customer"`
		User     struct {
			named
			Login string `json:"login"`
		} `json:"user"`
		Services map[string]string `json:"services"`
		Token    token             `json:"token"`
	}{
		Customer: named{customer.ID, customer.Name},
		Services: map[string]string{},
		Token: token{named{c.who.ID, c.who.Name}, timestamp(c.who.Created), optionalTime(c.who.Expires),
			strings.Join(c.who.Scopes, " ")},
	}
	reply.User.named, reply.User.Login = named{user.ID, user.Name}, user.Login
	for _, s := range services {
		reply.Services[s.ID] = s.Name
	}
	return encode(reply), nil
}
