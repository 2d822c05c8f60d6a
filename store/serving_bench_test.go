package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"headwater/service"
	"headwater/store"
)

// multiply makes n more services like the one at, each with its own domain, which
// takes the place of shop.test.
func multiply(b *testing.B, dir string, at service.Ref, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "headwater.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const each = ` FROM service AS one, (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $2) SELECT n FROM c)`
	for _, insert := range []string{
		`INSERT INTO service (id, customer_id, name, comment, type, generation, created_at, updated_at)
		SELECT printf('s%d', n), customer_id, printf('s%d', n), comment, type, generation, created_at, updated_at` + each + ` WHERE id = $1`,
		`INSERT INTO version (service_id, number, active, locked, comment, revision, created_at, updated_at, size)
		SELECT printf('s%d', n), number, active, locked, v.comment, revision, v.created_at, v.updated_at, size` + each + `
		JOIN version AS v ON v.service_id = one.id WHERE id = $1`,
		`INSERT INTO object (service_id, version, kind, name, seq, body, created_at, updated_at)
		SELECT printf('s%d', n), version, kind, replace(o.name, 'shop.test', printf('s%d.test', n)), seq,
		replace(body, 'shop.test', printf('s%d.test', n)), o.created_at, o.updated_at` + each + `
		JOIN object AS o ON o.service_id = one.id WHERE id = $1`,
		`INSERT INTO domain_claim (name, service_id) SELECT printf('s%d.test', n), printf('s%d', n)` + each + ` WHERE id = $1`,
	} {
		if _, err := db.Exec(insert, at.Service, n); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkActiveSnapshots reads what is active, services with a domain and two
// backends each, as a start does.
func BenchmarkActiveSnapshots(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint("services=", n), func(b *testing.B) {
			ctx := context.Background()
			o := store.Options{Dir: b.TempDir(), Sealer: keeper(b)}
			db := open(b, o)
			who, err := db.SetOperatorToken(ctx, secret)
			if err != nil {
				b.Fatal(err)
			}
			s, err := db.CreateService(ctx, who, service.Service{Name: "shop"})
			if err != nil {
				b.Fatal(err)
			}
			at := service.Ref{Service: s.ID, Version: 1}
			domain, err := service.DomainKind.Create(service.Input{"name": {Text: "shop.test"}})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := db.CreateObject(ctx, who, at, service.DomainKind, domain); err != nil {
				b.Fatal(err)
			}
			createBackend(b, db, who, at, 1)
			createBackend(b, db, who, at, 2)
			if _, _, err := db.Activate(ctx, who, at, func(*service.Snapshot) error { return nil }); err != nil {
				b.Fatal(err)
			}
			multiply(b, o.Dir, at, n-1)
			b.ReportAllocs()
			for b.Loop() {
				all, unread, err := db.ActiveSnapshots(ctx)
				if err != nil || len(all) != n || len(unread) > 0 {
					b.Fatal(len(all), unread, err)
				}
			}
		})
	}
}
