// Package storetest is what every database behind the store must do. It is
// imported by tests alone.
package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"headwater/service"
	"headwater/store"
)

// Run tests the store that open returns: an empty one each time, with the clock
// and the sealer of the options that it is given, closed by the test's cleanup.
func Run(t *testing.T, open func(t *testing.T, o store.Options) *store.DB) {
	for _, tt := range []struct {
		name string
		test func(*house)
	}{
		{"Tokens", tokens},
		{"OperatorToken", operatorToken},
		{"IssuedTokens", issued},
		{"Users", users},
		{"UserChanges", userChanges},
		{"Events", events},
		{"RecordedEvents", recordedEvents},
		{"Pages", pages},
		{"Services", services},
		{"ServiceNames", serviceNames},
		{"DeleteService", deleteService},
		{"Products", products},
		{"Tenants", tenants},
		{"ServiceLimits", serviceLimits},
		{"Versions", versions},
		{"Clone", clone},
		{"Locking", locking},
		{"Objects", objects},
		{"Rename", rename},
		{"Singleton", singleton},
		{"References", references},
		{"Items", items},
		{"ItemRace", itemRace},
		{"Holdings", holdings},
		{"HoldingRace", holdingRace},
		{"Contents", contents},
		{"ContentRefused", contentRefused},
		{"ContentRace", contentRace},
		{"Relations", relations},
		{"Family", family},
		{"SoleMain", soleMain},
		{"OddNames", oddNames},
		{"FoldedNames", foldedNames},
		{"Activation", activation},
		{"ActivationRefused", activationRefused},
		{"ActivationRace", activationRace},
		{"Staging", staging},
		{"Generations", generations},
		{"Domains", domains},
		{"DomainsOfOthers", domainsOfOthers},
		{"WildcardsOfOthers", wildcardsOfOthers},
		{"CreateRace", createRace},
		{"UpdateRace", updateRace},
		{"CloneRace", cloneRace},
		{"DomainRace", domainRace},
		{"Fates", fates},
		{"FailedChange", failedChange},
		{"Cancelled", cancelled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(newHouse(t, open))
		})
	}
}

// A house is an empty store with two customers.
type house struct {
	*testing.T
	ctx        context.Context
	db         *store.DB
	now        *clock
	who, other *service.Token
}

func newHouse(t *testing.T, open func(*testing.T, store.Options) *store.DB) *house {
	keeper, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{T: t, ctx: t.Context(), now: &clock{}}
	h.db = open(t, store.Options{Sealer: keeper, Now: h.now.read})
	h.who, h.other = h.customer("one"), h.customer("two")
	return h
}

// customer makes one and returns a token that may do all for it.
func (h *house) customer(name string) *service.Token {
	h.Helper()
	id, err := h.db.CreateCustomer(h.ctx, name)
	h.must(err)
	return h.token(service.Token{Customer: id, Scopes: []string{"global"}})
}

func (h *house) token(t service.Token) *service.Token {
	h.Helper()
	made, err := h.db.CreateToken(h.ctx, service.NewSecret(), t)
	h.must(err)
	return made
}

// service makes one and returns its first version.
func (h *house) service(who *service.Token, name string) service.Ref {
	h.Helper()
	s, err := h.db.CreateService(h.ctx, who, service.Service{Name: name})
	h.must(err)
	return service.Ref{Service: s.ID, Version: 1}
}

// services lists what the caller sees, oldest first.
func (h *house) services(who *service.Token) ([]*service.Service, error) {
	all, _, err := h.db.Services(h.ctx, who, service.Page{Number: 1, Size: 1000, Sort: "created"})
	return all, err
}

// backend makes one from pairs "name=value".
func (h *house) backend(at service.Ref, name string, pairs ...string) service.Object {
	h.Helper()
	o, err := h.create(h.who, at, service.BackendKind, append(pairs, "name="+name, "address=h.example")...)
	h.must(err)
	return o
}

func (h *house) create(who *service.Token, at service.Ref, k *service.Kind, pairs ...string) (service.Object, error) {
	h.Helper()
	o, err := k.Create(input(pairs...))
	h.must(err)
	return h.db.CreateObject(h.ctx, who, at, k, o)
}

func (h *house) update(at service.Ref, k *service.Kind, name string, pairs ...string) (service.Object, error) {
	return h.db.UpdateObject(h.ctx, h.who, at, k, name, func(old service.Object) (service.Object, error) {
		return k.Update(old, input(pairs...))
	})
}

func (h *house) domain(who *service.Token, at service.Ref, name string) error {
	h.Helper()
	_, err := h.create(who, at, service.DomainKind, "name="+name)
	return err
}

func (h *house) activate(who *service.Token, at service.Ref) (*service.Version, *service.Snapshot, error) {
	return h.db.Activate(h.ctx, who, at, accept)
}

func accept(*service.Snapshot) error { return nil }

func (h *house) clone(who *service.Token, at service.Ref) service.Ref {
	h.Helper()
	v, err := h.db.CloneVersion(h.ctx, who, at)
	h.must(err)
	return service.Ref{Service: at.Service, Version: v.Number}
}

// names lists the objects of a kind, in the order of the reply.
func (h *house) names(at service.Ref, k *service.Kind) string {
	h.Helper()
	all, _, err := h.db.Objects(h.ctx, h.who, at, k)
	h.must(err)
	var names []string
	for _, o := range all {
		names = append(names, o.Meta().Name)
	}
	return strings.Join(names, " ")
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// fails reports an error that is not of the code, or says something else.
func (h *house) fails(err error, code service.Code, detail string) {
	h.Helper()
	var e *service.Error
	if !errors.As(err, &e) || e.Code != code || e.Detail != detail {
		h.Errorf("error %v (%T), want code %d: %s", err, err, code, detail)
	}
}

func (h *house) hidden(err error) {
	h.Helper()
	h.fails(err, service.Hidden, "Not found")
}

func (h *house) equal(what string, got, want any) {
	h.Helper()
	if got != want {
		h.Errorf("%s: %v, want %v", what, got, want)
	}
}

func input(pairs ...string) service.Input {
	in := service.Input{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		in[name] = service.Value{Text: value}
	}
	return in
}

// each calls f at the same time from n goroutines and returns their errors.
func each(n int, f func(i int) error) []error {
	errs := make([]error, n)
	done := make(chan struct{})
	start := make(chan struct{})
	for i := range n {
		go func() {
			<-start
			errs[i] = f(i)
			done <- struct{}{}
		}()
	}
	close(start)
	for range n {
		<-done
	}
	return errs
}

// winners counts the nil errors; all others must be of the code.
func (h *house) winners(errs []error, code service.Code) (n int) {
	h.Helper()
	for _, err := range errs {
		var e *service.Error
		switch {
		case err == nil:
			n++
		case !errors.As(err, &e) || e.Code != code:
			h.Errorf("error %v, want code %d", err, code)
		}
	}
	return n
}

// minute is how far the clock moves when a test says so.
const minute = time.Minute
