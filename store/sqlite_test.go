package store_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"headwater/service"
	"headwater/store"
	"headwater/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, o store.Options) *store.DB {
		o.Dir = filepath.Join(t.TempDir(), "a?b#c%20 é") // such a path must not confuse the driver
		return open(t, o)
	})
}

func TestMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T, o store.Options) *store.DB { return open(t, o) })
}

func open(t testing.TB, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func keeper(t testing.TB) *service.Keeper {
	t.Helper()
	k, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const secret = "a-secret-for-the-operator"

// fill makes a service of that name with a domain and a backend with a private key.
func fill(t *testing.T, db *store.DB, name string) (at service.Ref, key string) {
	t.Helper()
	ctx := context.Background()
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.CreateService(ctx, who, service.Service{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	at = service.Ref{Service: s.ID, Version: 1}
	o, err := service.BackendKind.Create(service.Input{
		"name": {Text: "visible-name"}, "address": {Text: "h"}, "ssl_client_key": {Text: key},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CreateObject(ctx, who, at, service.BackendKind, o); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Activate(ctx, who, at, func(*service.Snapshot) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return at, key
}

func TestReopen(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	ctx := context.Background()
	db := open(t, o)
	at, key := fill(t, db, "shop")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, o)
	who, err := db.Authenticate(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := db.ActiveSnapshots(ctx)
	if err != nil || len(all) != 1 || all[0].Service != at.Service || all[0].Customer != who.Customer {
		t.Fatalf("active snapshots %v, %v", all, err)
	}
	if got := all[0].Backends()[0].SSLClientKey; *got != key {
		t.Errorf("key %q, want %q", *got, key)
	}
}

// TestWithoutClose is what a crash leaves: the writes are in the log alone.
func TestWithoutClose(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	fill(t, open(t, o), "shop")
	copied := t.TempDir()
	for _, name := range []string{"headwater.db", "headwater.db-wal"} {
		data, err := os.ReadFile(filepath.Join(o.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Dir = copied
	all, _, err := open(t, o).ActiveSnapshots(context.Background())
	if err != nil || len(all) != 1 {
		t.Errorf("active snapshots %v, %v", all, err)
	}
}

func TestNoSecretsOnDisk(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	db := open(t, o)
	_, key := fill(t, db, "shop")
	line := strings.Split(key, "\n")[1]
	look := func() {
		t.Helper()
		files, err := os.ReadDir(o.Dir)
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, f := range files {
			info, err := f.Info()
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
			}
			data, err := os.ReadFile(filepath.Join(o.Dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		for _, text := range []string{secret, line, line[:20]} {
			if bytes.Contains(all, []byte(text)) {
				t.Errorf("%q is on disk", text)
			}
		}
		if !bytes.Contains(all, []byte("visible-name")) {
			t.Error("nothing is on disk at all")
		}
	}
	look()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	look()
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "deeper")
	db := open(t, store.Options{Dir: dir, Sealer: keeper(t)})
	defer db.Close()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestInUse(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	first := open(t, o)
	if _, err := store.Open(context.Background(), o); !errors.Is(err, store.ErrInUse) {
		t.Errorf("error %v, want %v", err, store.ErrInUse)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, o)
}

func TestWrongKey(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	open(t, o).Close()
	o.Sealer = keeper(t)
	if _, err := store.Open(context.Background(), o); err == nil || !strings.Contains(err.Error(), "the key is not the one") {
		t.Errorf("error %v", err)
	}
}

func TestNewerDatabase(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
	open(t, o).Close()
	set := func(query string) {
		t.Helper()
		raw, err := sql.Open("sqlite", filepath.Join(o.Dir, "headwater.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := raw.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	set(`INSERT INTO migration (number, applied_at) VALUES (99, 0)`) // newer, but this binary may go on
	open(t, o).Close()

	set(`UPDATE schema_minimum SET level = 99`)
	_, err := store.Open(context.Background(), o)
	var newer *store.NewerError
	if !errors.As(err, &newer) || newer.Needs != 99 {
		t.Errorf("error %v, want a NewerError", err)
	}
}

func TestOpenFails(t *testing.T) {
	ctx := context.Background()
	if _, err := store.Open(ctx, store.Options{}); err == nil {
		t.Error("no sealer: no error")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "headwater.db"), []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, store.Options{Dir: dir, Sealer: keeper(t)}); err == nil {
		t.Error("not a database: no error")
	}
	if _, err := store.Open(ctx, store.Options{Dir: filepath.Join(dir, "headwater.db"), Sealer: keeper(t)}); err == nil {
		t.Error("a file for a directory: no error")
	}
}

// TestUnread damages one service's active version: it is told, with the reason,
// and the other service is read all the same.
func TestUnread(t *testing.T) {
	ctx := context.Background()
	for name, tt := range map[string]struct{ damage, want string }{
		"unknown kind": {`UPDATE object SET kind = 'hologram' WHERE service_id = $1`, "holds a hologram"},
		"garbage":      {`UPDATE object SET body = '{"name":' WHERE service_id = $1`, "stored backend"},
		"no object":    {`UPDATE object SET body = 'x' WHERE service_id = $1`, "stored backend"},
		"secret":       {`UPDATE object SET body = replace(body, '"v1:', '"v1:AAAA') WHERE service_id = $1`, "open ssl_client_key"},
		"time":         {`UPDATE object SET created_at = 'never' WHERE service_id = $1`, "created_at"},
	} {
		t.Run(name, func(t *testing.T) {
			o := store.Options{Dir: t.TempDir(), Sealer: keeper(t)}
			db := open(t, o)
			damaged, _ := fill(t, db, "shop")
			sound, _ := fill(t, db, "blog")
			raw, err := sql.Open("sqlite", filepath.Join(o.Dir, "headwater.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			if _, err := raw.Exec(tt.damage, damaged.Service); err != nil {
				t.Fatal(err)
			}
			all, unread, err := db.ActiveSnapshots(ctx)
			if err != nil || len(all) != 1 || all[0].Service != sound.Service {
				t.Errorf("read %v, %v", all, err)
			}
			if len(unread) != 1 || unread[0].Ref != damaged || unread[0].Generation != 1 || !strings.Contains(unread[0].Err.Error(), tt.want) {
				t.Errorf("unread %+v", unread)
			}

			if _, err := raw.Exec(`DROP TABLE version`); err != nil {
				t.Fatal(err)
			}
			if _, _, err := db.ActiveSnapshots(ctx); err == nil {
				t.Error("a database that cannot be read at all: no error")
			}
		})
	}
}
