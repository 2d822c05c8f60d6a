package store_test

import (
	"context"
	"fmt"
	"testing"

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
