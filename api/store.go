package api

import (
	"context"

	"headwater/explain"
	"headwater/report"
	"headwater/service"
)

// Store is what the API needs of the place where configuration is kept. Every
// method takes the caller and shows it nothing that is another customer's or
// outside its service limits: such things are [service.Hidden], as if they did
// not exist. Scopes (who may write at all) are the API's to check.
//
// A method that returns without an error has made its change durable.
type Store interface {
	// Authenticate finds the token with this secret. Unknown and expired ones
	// are [service.Unauthorized].
	Authenticate(ctx context.Context, secret string) (*service.Token, error)

	// RecordUse keeps when and from where a token was used last.
	RecordUse(ctx context.Context, token *service.Token, ip, userAgent string) error

	// IssueToken makes a token that can do no more than the caller, and returns
	// its secret. RevokeTokens ends all of the tokens or none.
	IssueToken(ctx context.Context, who *service.Token, token service.Token) (made *service.Token, secret string, err error)
	Tokens(ctx context.Context, who *service.Token) ([]*service.Token, error)
	Token(ctx context.Context, who *service.Token, id string) (*service.Token, error)
	RevokeTokens(ctx context.Context, who *service.Token, ids ...string) error

	// The caller's customer and its users.
	Customer(ctx context.Context, who *service.Token) (*service.Customer, error)
	User(ctx context.Context, who *service.Token, id string) (*service.User, error)
	Users(ctx context.Context, who *service.Token) ([]*service.User, error)

	// A token that is limited to services is [service.Forbidden] to change users.
	// Those that are deleted lose their tokens.
	CreateUser(ctx context.Context, who *service.Token, u service.User) (*service.User, error)
	UpdateUser(ctx context.Context, who *service.Token, id string, change func(*service.User) error) (*service.User, error)
	DeleteUser(ctx context.Context, who *service.Token, id string) error

	// Events are what was written. Each method that changes something leaves
	// the event of its context ([service.EventOf]) with the change.
	Events(ctx context.Context, who *service.Token, f service.EventFilter, p service.Page) (all []*service.Event, total int, err error)
	Event(ctx context.Context, who *service.Token, id string) (*service.Event, error)

	// CreateService makes a service with one unlocked version 1 and returns it.
	// It reads Name, Comment and Type of s.
	CreateService(ctx context.Context, who *service.Token, s service.Service) (*service.Service, error)
	Service(ctx context.Context, who *service.Token, id string) (*service.Service, error)

	// ServiceType is the Type of one, whose versions are not read for it.
	ServiceType(ctx context.Context, who *service.Token, id string) (string, error)

	// Services returns a page of the services that the caller sees, and how
	// many it sees.
	Services(ctx context.Context, who *service.Token, p service.Page) (all []*service.Service, total int, err error)
	ServiceByName(ctx context.Context, who *service.Token, name string) (*service.Service, error)
	UpdateService(ctx context.Context, who *service.Token, id string, change func(*service.Service) error) (*service.Service, error)

	// DeleteService is [service.Invalid] while a version is active. A staged one
	// is staged no longer.
	DeleteService(ctx context.Context, who *service.Token, id string) error

	// The products of a service. One that is not enabled is [service.Missing].
	Product(ctx context.Context, who *service.Token, id, name string) (*service.Product, error)
	EnableProduct(ctx context.Context, who *service.Token, id, name string, change func(*service.Product) error) (*service.Product, error)
	ConfigureProduct(ctx context.Context, who *service.Token, id, name string, change func(*service.Product) error) (*service.Product, error)
	DisableProduct(ctx context.Context, who *service.Token, id, name string) error

	// CreateVersion makes an empty draft, numbered one above the service's
	// highest.
	CreateVersion(ctx context.Context, who *service.Token, id, comment string) (*service.Version, error)
	Version(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, error)
	UpdateVersion(ctx context.Context, who *service.Token, at service.Ref, change func(*service.Version) error) (*service.Version, error)
	CloneVersion(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, error)
	LockVersion(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, error)

	// Snapshot reads the whole version at one moment.
	Snapshot(ctx context.Context, who *service.Token, at service.Ref) (*service.Snapshot, error)

	// Activate makes the version the active one and locks it, in one
	// transaction, provided that compile accepts the snapshot that is
	// committed. It may call compile several times. The snapshot returned is to
	// be published.
	Activate(ctx context.Context, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (*service.Version, *service.Snapshot, error)

	// Deactivate leaves the service without an active version. The snapshot
	// returned is empty and has the new generation.
	Deactivate(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, *service.Snapshot, error)

	// Stage and Unstage do the same for the staging edge. Neither changes what is
	// active.
	Stage(ctx context.Context, who *service.Token, at service.Ref, compile func(*service.Snapshot) error) (*service.Version, *service.Snapshot, error)
	Unstage(ctx context.Context, who *service.Token, at service.Ref) (*service.Version, *service.Snapshot, error)

	// The objects of a version, in the order of their names. Reads also return
	// the version they were made at. Writes to a locked version are [service.Locked], whether or not the
	// object exists; Name tells the objects of a kind apart, "" a singleton,
	// which always exists.
	Objects(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind) ([]service.Object, *service.Version, error)
	Object(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, name string) (service.Object, *service.Version, error)
	CreateObject(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, o service.Object) (service.Object, error)
	UpdateObject(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, name string, change func(service.Object) (service.Object, error)) (service.Object, error)
	DeleteObject(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, name string) error

	// Holdings returns what holders hold, whole, of a service that the caller is
	// known to see.
	Holdings(ctx context.Context, all ...service.HolderRef) ([]*service.Holding, error)

	// FindObject returns where the newest version is that has the object of this
	// ID, which the caller must see.
	FindObject(ctx context.Context, who *service.Token, k *service.Kind, id string) (service.Ref, error)

	// The items of an object of the kind k, in no version. ChangeItems makes all
	// changes or none. Items that are compiled into versions are only changed if
	// compile accepts those that serve, active or staged; it may be called
	// several times. What it returns is to be published.
	Items(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind) ([]service.Object, service.Holder, error)
	Item(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind, name string) (service.Object, service.Holder, error)
	ChangeItems(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind, changes []service.ItemChange, compile func(*service.Snapshot) error) (*service.ItemsWritten, error)
}

// Edge is what the API needs of the data plane.
type Edge interface {
	// Check compiles s as an activation would, and changes nothing. It returns
	// what the caller should know though it does not prevent activation; an
	// error is [service.Invalid] and names the object and field.
	Check(s *service.Snapshot) (warnings []string, err error)

	// Lint is Check for the program of s alone.
	Lint(s *service.Snapshot) (warnings []string, err error)

	// Explain tells what s would do with a request, when its holders hold all of
	// holdings. Nothing is sent.
	Explain(s *service.Snapshot, holdings []*service.Holding, r *explain.Request) (*explain.Explanation, error)

	// Traces lists the requests of a service whose explanations are kept, the
	// newest first, and Trace returns one of these, or nil.
	Traces(service string) []explain.Traced
	Trace(service, id string) *explain.Explanation

	// Backends tells how the backends of a service's active version do; nil if
	// there is none.
	Backends(service string) *report.Backends

	// Program returns in VCL all that s does with requests: what was uploaded,
	// and what follows from its other objects.
	Program(s *service.Snapshot) (vcl string, err error)
}

// Checker tries a backend as traffic and probes will, with the health check h
// unless that is nil. It ends with ctx, and within some seconds.
type Checker interface {
	Check(ctx context.Context, b *service.Backend, h *service.Healthcheck) *report.Check
}

// Publisher carries an activation or deactivation, or a change of items, to every
// edge. When a method returns, the edges of this process serve it.
type Publisher interface {
	Publish(ctx context.Context, s *service.Snapshot) error
	PublishItems(ctx context.Context, change *service.Holding) error

	// Forget tells that a service is deleted. No edge serves it when it returns, nor
	// anything of it that comes late.
	Forget(id string)
}
