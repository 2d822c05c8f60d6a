package store_test

import (
	"context"
	"fmt"
	"testing"

	"headwater/service"
	"headwater/store"
	"headwater/store/storetest"
)

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
			storetest.Multiply(b, o.Dir, at.Service, n-1)
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
