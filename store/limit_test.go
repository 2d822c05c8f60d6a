package store_test

import (
	"context"
	"fmt"
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
