package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"headwater/service"
)

// A fate is what becomes of the writes of some of many writers.
type fate struct {
	name string
	want func(error) bool
	do   func(ctx context.Context, name string) error
}

// fates has many writers at once, each of whose writes has an end of its own: it is
// answered, or refused for its own reason, or nobody waits for it any more. What was
// answered is stored, with its event, and of the rest there is no trace.
func fates(h *house) {
	at, locked := h.service(h.who, "shop"), h.service(h.who, "locked")
	_, err := h.db.LockVersion(h.ctx, h.who, locked)
	h.must(err)
	h.backend(at, "taken")
	spare := h.token(service.Token{Customer: h.who.Customer, Scopes: []string{"global"}})
	all := h.fates(at, locked, spare)
	errs := each(10*len(all), func(i int) error {
		f := all[i%len(all)]
		name := fmt.Sprintf("%s-%02d", f.name, i)
		e := &service.Event{Customer: h.who.Customer, Service: at.Service, Type: "test", Name: name}
		return f.do(service.WithEvent(h.ctx, e), name)
	})
	var answered []string
	for i, err := range errs {
		f := all[i%len(all)]
		if !f.want(err) {
			h.Errorf("%s: error %v", f.name, err)
		}
		if err == nil {
			answered = append(answered, fmt.Sprintf("%s-%02d", f.name, i))
		}
	}
	slices.Sort(answered)
	h.equal("backends", h.names(at, service.BackendKind), strings.Join(append(answered, "taken"), " "))
	h.equal("backends of the locked version", h.names(locked, service.BackendKind), "")
	h.equal("events", h.eventNames(at.Service), strings.Join(answered, " "))
	v, err := h.db.Version(h.ctx, h.who, at)
	h.must(err)
	h.equal("comment, locked", fmt.Sprintf("%q %v", v.Comment, v.Locked), `"" false`)
	_, err = h.db.Token(h.ctx, h.who, spare.ID)
	h.must(err)
	next := h.backend(at, "next") // its Seq counts the writes to the version
	h.equal("writes", next.Meta().Seq, int64(len(answered)+2))
}

func (h *house) fates(at, locked service.Ref, spare *service.Token) []fate {
	refusal, panicked := errors.New("refused"), errors.New("panic")
	gone, leave := context.WithCancel(h.ctx)
	leave()
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	code := func(want service.Code) func(error) bool {
		return func(err error) bool {
			e, ok := errors.AsType[*service.Error](err)
			return ok && e.Code == want
		}
	}
	return []fate{
		{"good", is(nil), func(ctx context.Context, name string) error {
			return h.createAs(ctx, at, name)
		}},
		{"duplicate", code(service.Conflict), func(ctx context.Context, _ string) error {
			return h.createAs(ctx, at, "taken")
		}},
		{"locked", code(service.Locked), func(ctx context.Context, name string) error {
			return h.createAs(ctx, locked, name)
		}},
		{"half", code(service.Hidden), func(ctx context.Context, _ string) error {
			return h.db.RevokeTokens(ctx, h.who, spare.ID, "absent")
		}},
		{"refused", is(refusal), func(ctx context.Context, _ string) error {
			_, err := h.db.UpdateObject(ctx, h.who, at, service.BackendKind, "taken", func(service.Object) (service.Object, error) { return nil, refusal })
			return err
		}},
		{"gone", is(context.Canceled), func(_ context.Context, name string) error {
			return h.createAs(gone, at, name)
		}},
		{"leaving", is(context.Canceled), func(ctx context.Context, _ string) error {
			ctx, leave := context.WithCancel(ctx)
			defer leave()
			_, err := h.db.UpdateVersion(ctx, h.who, at, func(v *service.Version) error {
				v.Comment = "of one who left"
				leave()
				return nil
			})
			return err
		}},
		{"panicking", is(panicked), func(ctx context.Context, _ string) (err error) {
			defer func() {
				if recover() != nil {
					err = panicked
				}
			}()
			_, err = h.db.UpdateObject(ctx, h.who, at, service.BackendKind, "taken", func(service.Object) (service.Object, error) { panic("a bug") })
			return err
		}},
	}
}

// createAs makes a backend, in a call with that context.
func (h *house) createAs(ctx context.Context, at service.Ref, name string) error {
	o, err := service.BackendKind.Create(input("name="+name, "address=h.example"))
	if err != nil {
		return err
	}
	_, err = h.db.CreateObject(ctx, h.who, at, service.BackendKind, o)
	return err
}

// eventNames lists the names of a service's events, in order.
func (h *house) eventNames(id string) string {
	h.Helper()
	all, total, err := h.db.Events(h.ctx, h.who, service.EventFilter{Service: id}, service.Page{Number: 1, Size: 1000})
	h.must(err)
	h.equal("events in all", total, len(all))
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
