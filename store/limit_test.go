package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"headwater/service"
	"headwater/store"
)

func TestLimits(t *testing.T) {
	ctx := context.Background()
	db := open(t, store.Options{Sealer: keeper(t), MaxServices: 2, MaxVersions: 3})
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	create := func(name string) (string, error) {
		s, err := db.CreateService(ctx, who, service.Service{Name: name})
		if err != nil {
			return "", err
		}
		return s.ID, nil
	}
	one, err := create("one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create("two"); err != nil {
		t.Fatal(err)
	}
	if _, err := create("three"); err == nil || err.Error() != "Exceeding max number of services: 2" {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if _, err := db.CreateVersion(ctx, who, one, ""); err != nil {
			t.Fatal(err)
		}
	}
	const full = "Exceeding max number of versions: 3"
	if _, err := db.CreateVersion(ctx, who, one, ""); err == nil || err.Error() != full {
		t.Errorf("error %v", err)
	}
	if _, err := db.CloneVersion(ctx, who, service.Ref{Service: one, Version: 1}); err == nil || err.Error() != full {
		t.Errorf("error %v", err)
	}
	if err := db.DeleteService(ctx, who, one); err != nil {
		t.Fatal(err)
	}
	if _, err := create("three"); err != nil {
		t.Errorf("a deleted service counts: %v", err)
	}
}

// What a version or a holder has counts, and what left it does not.
func TestLimitsOfVersions(t *testing.T) {
	ctx := t.Context()
	db := open(t, store.Options{Sealer: keeper(t), MaxObjects: 3, MaxItems: 2})
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.CreateService(ctx, who, service.Service{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	at := service.Ref{Service: s.ID, Version: 1}
	create := func(k *service.Kind, name string) (service.Object, error) {
		o, err := k.Create(service.Input{"name": {Text: name}})
		if err != nil {
			t.Fatal(err)
		}
		return db.CreateObject(ctx, who, at, k, o)
	}
	d, err := create(service.DictionaryKind, "d")
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range []*service.Kind{service.GzipKind, service.DomainKind} {
		if _, err := create(k, fmt.Sprintf("n%d.test", i)); err != nil {
			t.Fatal(err)
		}
	}
	const full = "Exceeding max number of objects in a version: 3"
	if _, err := create(service.GzipKind, "beyond"); err == nil || err.Error() != full {
		t.Errorf("error %v", err)
	}
	if err := db.DeleteObject(ctx, who, at, service.GzipKind, "n0.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := create(service.GzipKind, "in its place"); err != nil {
		t.Errorf("a deleted object counts: %v", err)
	}

	put := func(key string) error {
		_, err := db.ChangeItems(ctx, who, service.HolderRef{Service: s.ID, ID: d.Meta().ID}, service.DictionaryKind, []service.ItemChange{{
			Op: service.UpsertItem, Name: key,
			Make: func(service.Object) (service.Object, error) {
				return service.DictionaryItemKind.Create(service.Input{"item_key": {Text: key}})
			},
		}}, func(*service.Snapshot) error { return nil })
		return err
	}
	for _, key := range []string{"a", "b", "b"} {
		if err := put(key); err != nil {
			t.Error(err)
		}
	}
	if err := put("c"); err == nil || err.Error() != "Exceeding max number of items: 2" {
		t.Errorf("error %v", err)
	}
}

// Events that are too old go, a few with each that comes.
func TestEventAge(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	db := open(t, store.Options{Sealer: keeper(t), MaxEventAge: time.Hour, Now: func() time.Time { return now }})
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string) {
		t.Helper()
		_, err := db.CreateService(service.WithEvent(ctx, &service.Event{Customer: who.Customer, Type: "service.create", Name: name}),
			who, service.Service{Name: name})
		if err != nil {
			t.Fatal(err)
		}
	}
	left := func() int {
		t.Helper()
		_, total, err := db.Events(ctx, who, service.EventFilter{}, service.Page{Number: 1, Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		return total
	}
	for i := range 15 {
		write(fmt.Sprint("old ", i))
	}
	now = now.Add(time.Hour + time.Second)
	for i, want := range []int{6, 2, 3} {
		write(fmt.Sprint("new ", i))
		if got := left(); got != want {
			t.Errorf("%d events are left; want %d", got, want)
		}
	}
}

// What the objects of a version take together is counted through all that can
// happen to them, and bounded.
func TestVersionSize(t *testing.T) {
	ctx := t.Context()
	db := open(t, store.Options{Sealer: keeper(t), MaxVersionSize: 10_000})
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.CreateService(ctx, who, service.Service{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	at := service.Ref{Service: s.ID, Version: 1}
	k := service.VCLKind
	in := func(name string, size int) service.Input {
		return service.Input{"name": {Text: name}, "content": {Text: strings.Repeat("x", size)}}
	}
	create := func(name string, size int) error {
		o, err := k.Create(in(name, size))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.CreateObject(ctx, who, at, k, o)
		return err
	}
	update := func(name string, size int) error {
		_, err := db.UpdateObject(ctx, who, at, k, name, func(old service.Object) (service.Object, error) { return k.Update(old, in(name, size)) })
		return err
	}
	const full = "Exceeding max size of a version: 10000 bytes"
	wants := func(want string, err error) {
		t.Helper()
		if got := fmt.Sprint(err); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
	const good = "<nil>"
	wants(good, create("a", 6000))
	wants(full, create("b", 5000))
	wants(good, create("b", 3000))
	wants(full, update("b", 5000))
	wants(good, update("a", 1000))
	wants(good, update("b", 8000))
	v, err := db.CloneVersion(ctx, who, at)
	wants(good, err)
	at.Version = v.Number
	wants(full, create("c", 2000))
	wants(good, db.DeleteObject(ctx, who, at, k, "b"))
	wants(good, create("c", 8000))
	_, err = db.UpdateObject(ctx, who, at, service.SettingsKind, "", func(old service.Object) (service.Object, error) {
		return service.SettingsKind.Update(old, service.Input{"general.default_ttl": {Text: "9"}})
	})
	wants(good, err)
	wants(good, db.DeleteObject(ctx, who, at, k, "c"))
	wants(good, create("d", 8000))
}
