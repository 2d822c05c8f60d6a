package api_test

import (
	"fmt"
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
	for b.Loop() {
		f.do(b, "GET", v+"/backend").want(b, http.StatusOK, "")
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
