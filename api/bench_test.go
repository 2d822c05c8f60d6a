package api_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A list of 1,000 backends over HTTP: at most 30 ms.
func BenchmarkListThousandBackends(b *testing.B) {
	f := start(b)
	v := f.draft(b, "shop")
	for i := range 1000 {
		f.must(b, "POST", v+"/backend", "name", fmt.Sprintf("backend-%04d", i), "address", "a.test")
	}
	r, err := http.NewRequest("GET", f.URL+v+"/backend", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Fastly-Key", ownerToken)
	for b.Loop() {
		w, err := f.Client().Do(r)
		if err != nil || w.StatusCode != http.StatusOK {
			b.Fatal(w, err)
		}
		if _, err := io.Copy(io.Discard, w.Body); err != nil {
			b.Fatal(err)
		}
		w.Body.Close()
	}
}

func BenchmarkCreateBackend(b *testing.B) {
	f := start(b)
	v := f.draft(b, "shop")
	i := 0
	for b.Loop() {
		f.must(b, "POST", v+"/backend", "name", fmt.Sprintf("backend-%d", i), "address", "a.test")
		i++
	}
}
