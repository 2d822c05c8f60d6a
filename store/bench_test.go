package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"headwater/service"
	"headwater/store"
)

// benchStore returns a store on disk with a service of n backends.
func benchStore(b *testing.B, n int) (*store.DB, *service.Token, service.Ref) {
	b.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, store.Options{Dir: b.TempDir(), Sealer: keeper(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	who, err := db.SetOperatorToken(ctx, secret)
	if err != nil {
		b.Fatal(err)
	}
	s, err := db.CreateService(ctx, who, service.Service{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	at := service.Ref{Service: s.ID, Version: 1}
	for i := range n {
		createBackend(b, db, who, at, i)
	}
	return db, who, at
}

func createBackend(b testing.TB, db *store.DB, who *service.Token, at service.Ref, i int) {
	b.Helper()
	o, err := service.BackendKind.Create(service.Input{
		"name": {Text: fmt.Sprint("backend-", i)}, "address": {Text: "origin.example"}, "override_host": {Text: "shop.example"},
	})
	if err != nil {
		b.Error(err)
	}
	if _, err := db.CreateObject(context.Background(), who, at, service.BackendKind, o); err != nil {
		b.Error(err)
	}
}

// BenchmarkCreateBackend is of writers who each wait for their answer. It reports
// the median, which a rare slow sync of the disk does not move, and how many writes
// came about in a second.
func BenchmarkCreateBackend(b *testing.B) {
	for _, writers := range []int{1, 10, 100} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			db, who, at := benchStore(b, 0)
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var writing sync.WaitGroup
			b.ResetTimer()
			for range writers {
				writing.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						start := time.Now()
						createBackend(b, db, who, at, int(i))
						took[i-1] = time.Since(start)
					}
				})
			}
			writing.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "median-ns")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// BenchmarkListBackends1000 includes the JSON of the reply.
func BenchmarkListBackends1000(b *testing.B) {
	db, who, at := benchStore(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		all, v, err := db.Objects(context.Background(), who, at, service.BackendKind)
		if err != nil || len(all) != 1000 {
			b.Fatal(len(all), err)
		}
		body := make([]byte, 0, 1200*len(all)) // as the API does
		for _, o := range all {
			body = service.BackendKind.AppendJSON(body, o, service.Place{Service: at.Service, Version: v.Number})
		}
		b.SetBytes(int64(len(body)))
	}
}

// BenchmarkClone copies a version of 500 backends.
func BenchmarkClone(b *testing.B) {
	db, who, at := benchStore(b, 500)
	for b.Loop() {
		if _, err := db.CloneVersion(context.Background(), who, at); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAuthenticate is part of every request to the API.
func BenchmarkAuthenticate(b *testing.B) {
	db, _, _ := benchStore(b, 0)
	for b.Loop() {
		if _, err := db.Authenticate(context.Background(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
