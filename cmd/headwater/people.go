package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"headwater/service"
	"headwater/store"
)

// people are the sub-commands on those who may call the API. They open the data
// directory themselves, which a running serve does not share.
var people = map[string]map[string]func(*office, []string) error{
	"customer": {"create": (*office).createCustomer, "list": (*office).listCustomers},
	"user":     {"create": (*office).createUser, "list": (*office).listUsers},
	"token":    {"create": (*office).createToken, "list": (*office).listTokens, "revoke": (*office).revokeTokens},
}

// An office is one run of such a command.
type office struct {
	*process
	ctx   context.Context // of the run
	db    *store.DB
	flags peopleFlags
	noun  string
}

type peopleFlags struct {
	data, secretsKey, customer     string
	login, name, role              string
	user, scope, services, expires string
}

// officeOf returns the command of that name.
func officeOf(noun string) func(context.Context, *process, []string) error {
	return func(ctx context.Context, p *process, args []string) error {
		o := &office{process: p, ctx: ctx, noun: noun}
		return o.run(args)
	}
}

func (o *office) run(args []string) error {
	verbs := people[o.noun]
	if len(args) == 0 || verbs[args[0]] == nil {
		if len(args) > 0 && strings.HasPrefix(strings.TrimLeft(args[0], "-"), "h") {
			return o.help(o.flagSet(""))
		}
		return fmt.Errorf("%w: %s needs one of create, list%s", errUsage, o.noun, map[bool]string{true: ", revoke"}[verbs["revoke"] != nil])
	}
	fs := o.flagSet(args[0])
	if err := fs.Parse(args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o.help(fs)
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	close, err := o.open()
	if err != nil {
		return err
	}
	return errors.Join(verbs[args[0]](o, fs.Args()), close())
}

func (o *office) flagSet(verb string) *flag.FlagSet {
	fs, f := flag.NewFlagSet("headwater "+o.noun+" "+verb, flag.ContinueOnError), &o.flags
	fs.SetOutput(io.Discard) // errors are told by run, in one line
	fs.StringVar(&f.data, "data", "headwater-data", "the data `DIR`")
	fs.StringVar(&f.secretsKey, secretsKeyFlag, "", secretsKeyUsage)
	for flag, value := range map[string]*string{"data": &f.data, secretsKeyFlag: &f.secretsKey} {
		if said, set := o.lookup(variable(flag)); set {
			*value = said
		}
	}
	if o.noun == "customer" {
		return fs
	}
	fs.StringVar(&f.customer, "customer", "", "the customer's `ID`; the first one unless given")
	switch {
	case verb != "create":
	case o.noun == "user":
		fs.StringVar(&f.login, "login", "", "what the `USER` is known by, such as a mail address")
		fs.StringVar(&f.name, "name", "", "the user's `NAME`")
		fs.StringVar(&f.role, "role", "engineer", "one of "+strings.Join(service.Roles, ", "))
	case o.noun == "token":
		fs.StringVar(&f.user, "user", "", "the `ID` of the user it belongs to; the customer's first one unless given")
		fs.StringVar(&f.name, "name", "", "the token's `NAME`")
		fs.StringVar(&f.scope, "scope", "global", "what it is good for, of "+strings.Join(service.Scopes, ", "))
		fs.StringVar(&f.services, "services", "", "the only services it sees, as `ID,ID`")
		fs.StringVar(&f.expires, "expires", "", "when it ends, as `2006-01-02T15:04:05Z`, or after how long, as 720h")
	}
	return fs
}

func (o *office) help(fs *flag.FlagSet) error {
	fmt.Fprintf(o.stdout, "Usage: headwater %s create|list%s [flags] [arguments]\n\n", o.noun, map[bool]string{true: "|revoke"}[o.noun == "token"])
	fs.SetOutput(o.stdout)
	fs.PrintDefaults()
	return flag.ErrHelp
}

// open opens the data directory, and finds the customer that the flags mean.
func (o *office) open() (close func() error, err error) {
	if o.flags.data == inMemory {
		return nil, fmt.Errorf("%w: -data must be a directory", errUsage)
	}
	sealer, err := openSealer(o.flags.data, o.flags.secretsKey)
	if err != nil {
		return nil, err
	}
	o.db, err = store.Open(o.ctx, store.Options{Dir: o.flags.data, Sealer: sealer})
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("a running headwater uses the data directory %s: use its API (POST /tokens makes a token, DELETE /tokens/ID ends one), or stop it first", o.flags.data)
	}
	if err != nil {
		return nil, err
	}
	if o.flags.customer == "" {
		all, err := o.db.Customers(o.ctx)
		if err != nil {
			return nil, errors.Join(err, o.db.Close())
		}
		if len(all) > 0 {
			o.flags.customer = all[0].ID
		}
	}
	return o.db.Close, nil
}

// who is a caller that sees all of the customer's.
func (o *office) who() *service.Token { return &service.Token{Customer: o.flags.customer} }

// recorded is the context of a write: the operator's hand leaves events too.
func (o *office) recorded(what, name string) context.Context {
	return service.WithEvent(o.ctx, &service.Event{Customer: o.flags.customer, Type: what, Name: name})
}

// known refuses a customer that is not there.
func (o *office) known() error {
	if _, err := o.db.Customer(o.ctx, o.who()); err != nil {
		return fmt.Errorf("there is no customer %q: %w", o.flags.customer, err)
	}
	return nil
}

func (o *office) createCustomer(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: customer create needs a name", errUsage)
	}
	if err := service.CheckCustomerName(args[0]); err != nil {
		return err
	}
	id, err := o.db.CreateCustomer(o.ctx, args[0])
	if err == nil {
		fmt.Fprintln(o.stdout, id)
	}
	return err
}

func (o *office) listCustomers([]string) error {
	all, err := o.db.Customers(o.ctx)
	if err != nil {
		return err
	}
	return o.table("ID\tNAME\tCREATED", len(all), func(i int) []any {
		return []any{all[i].ID, all[i].Name, all[i].Created.Format(service.TimeFormat)}
	})
}

func (o *office) createUser([]string) error {
	if err := o.known(); err != nil {
		return err
	}
	f := o.flags
	u, err := o.db.CreateUser(o.recorded("user.create", f.login), o.who(),
		service.User{Login: f.login, Name: f.name, Role: f.role})
	if err == nil {
		fmt.Fprintln(o.stdout, u.ID)
	}
	return err
}

func (o *office) listUsers([]string) error {
	all, err := o.db.Users(o.ctx, o.who())
	if err != nil {
		return err
	}
	return o.table("ID\tLOGIN\tROLE\tNAME", len(all), func(i int) []any {
		return []any{all[i].ID, all[i].Login, all[i].Role, all[i].Name}
	})
}

// createToken prints the token's id and its secret, which is shown this once.
func (o *office) createToken([]string) error {
	if err := o.known(); err != nil {
		return err
	}
	token := service.Token{Name: o.flags.name, User: o.flags.user, Scopes: strings.Fields(o.flags.scope)}
	if o.flags.services != "" {
		token.Services = strings.Split(o.flags.services, ",")
	}
	var err error
	if token.Expires, err = expiry(o.flags.expires, time.Now()); err != nil {
		return err
	}
	if token.User != "" {
		if _, err := o.db.User(o.ctx, o.who(), token.User); err != nil {
			return fmt.Errorf("there is no user %q: %w", token.User, err)
		}
	}
	made, secret, err := o.db.IssueToken(o.recorded("token.create", token.Name), o.who(), token)
	if err == nil {
		fmt.Fprintf(o.stdout, "%s\t%s\n", made.ID, secret)
	}
	return err
}

// expiry reads a time, or how long from now it is; "" is never.
func expiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%w: -expires %q is neither a time as 2006-01-02T15:04:05Z nor a duration as 720h", errUsage, text)
	}
	return at, nil
}

func (o *office) listTokens([]string) error {
	all, err := o.db.Tokens(o.ctx, o.who())
	if err != nil {
		return err
	}
	when := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.Format(service.TimeFormat)
	}
	return o.table("ID\tNAME\tUSER\tSCOPE\tSERVICES\tEXPIRES\tUSED", len(all), func(i int) []any {
		t := all[i]
		services := strings.Join(t.Services, ",")
		if services == "" {
			services = "all"
		}
		return []any{t.ID, t.Name, t.User, strings.Join(t.Scopes, ","), services, when(t.Expires), when(t.Used)}
	})
}

func (o *office) revokeTokens(ids []string) error {
	if len(ids) == 0 {
		return fmt.Errorf("%w: token revoke needs the id of a token", errUsage)
	}
	err := o.db.RevokeTokens(o.recorded("token.delete", strings.Join(ids, " ")), o.who(), ids...)
	if err != nil {
		return fmt.Errorf("no token was revoked: %w", err)
	}
	return nil
}

// table prints rows in columns.
func (o *office) table(head string, rows int, row func(i int) []any) error {
	w := tabwriter.NewWriter(o.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, head)
	for i := range rows {
		cells := row(i)
		fmt.Fprintf(w, strings.TrimSuffix(strings.Repeat("%v\t", len(cells)), "\t")+"\n", cells...)
	}
	return w.Flush()
}
