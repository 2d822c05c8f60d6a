package store_test

import (
	"context"
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
