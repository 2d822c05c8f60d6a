package store_test

import (
	"context"
	"fmt"
	"testing"

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
			at := plainShop(b, db)
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
