package store_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"headwater/service"
	"headwater/store"
	"headwater/store/storetest"
)

// plainShop returns an active version of a service with a domain and two backends.
func plainShop(tb testing.TB, db *store.DB) service.Ref {
	tb.Helper()
	ctx := context.Background()
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := db.CreateService(ctx, who, service.Service{Name: "shop"})
	if err != nil {
		tb.Fatal(err)
	}
	at := service.Ref{Service: s.ID, Version: 1}
	domain, err := service.DomainKind.Create(service.Input{"name": {Text: "shop.test"}})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := db.CreateObject(ctx, who, at, service.DomainKind, domain); err != nil {
		tb.Fatal(err)
	}
	createBackend(tb, db, who, at, 1)
	createBackend(tb, db, who, at, 2)
	if _, _, err := db.Activate(ctx, who, at, func(*service.Snapshot) error { return nil }); err != nil {
		tb.Fatal(err)
	}
	return at
}

// A clumsy sealer has a bug: it opens no key of the service.
type clumsy struct {
	service.Sealer
	service string
}

func (c *clumsy) Open(sealed, context string) (string, error) {
	if c.service != "" && strings.HasPrefix(context, c.service+"/") {
		panic("a bug")
	}
	return c.Sealer.Open(sealed, context)
}

// A bug that the objects of one version run into is told of that version alone.
func TestActiveSnapshotsOutliveBug(t *testing.T) {
	sealer := &clumsy{Sealer: keeper(t)}
	db := open(t, store.Options{Dir: t.TempDir(), Sealer: sealer})
	sound, _ := fill(t, db, "sound")
	hit, _ := fill(t, db, "hit")
	sealer.service = hit.Service
	all, unread, err := db.ActiveSnapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Service != sound.Service {
		t.Errorf("read: %v", all)
	}
	if len(unread) != 1 || unread[0].Ref != hit || !strings.Contains(unread[0].Err.Error(), "panic: a bug") {
		t.Errorf("unread: %v", unread)
	}
}

// Many are read in parts, each of them whole and once, but for one that is damaged.
func TestActiveSnapshotsMany(t *testing.T) {
	const many = 1234
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	db := open(t, o)
	storetest.Multiply(t, o.Dir, plainShop(t, db).Service, many-1)
	raw, err := sql.Open("sqlite", filepath.Join(o.Dir, "headwater.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Exec(`UPDATE object SET body = 'x' WHERE service_id = 's600' AND name = 'backend-2'`); err != nil {
		t.Fatal(err)
	}
	all, unread, err := db.ActiveSnapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != many-1 || len(unread) != 1 || unread[0].Service != "s600" {
		t.Errorf("%d are read; unread %v", len(all), unread)
	}
	before := ""
	for _, s := range all {
		if len(s.Backends()) != 2 || len(s.Domains()) != 1 {
			t.Errorf("%s has %d backends and %d domains", s.Service, len(s.Backends()), len(s.Domains()))
		}
		if s.Service <= before {
			t.Errorf("%s comes after %s", s.Service, before)
		}
		before = s.Service
	}
}
