package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// largeVersion fills a draft with 500 backends, 200 conditions and 100 snippets.
func largeVersion(b *testing.B, f *fixture) (version, id string) {
	b.Helper()
	v := f.draft(b, "shop")
	for i := range 500 {
		f.must(b, "POST", v+"/backend", "name", fmt.Sprintf("backend-%03d", i), "address", "a.test")
	}
	for i := range 200 {
		f.must(b, "POST", v+"/condition", "name", fmt.Sprintf("condition-%03d", i), "statement", `req.url ~ "^/x"`, "type", "REQUEST")
	}
	for i := range 100 {
		f.must(b, "POST", v+"/snippet", "name", fmt.Sprintf("snippet-%03d", i), "type", "recv", "dynamic", "0", "content", "set req.http.X = \"1\";")
	}
	return v, strings.Split(v, "/")[2]
}

// The details of a large service: at most 50 ms.
func BenchmarkDetails(b *testing.B) {
	f := start(b)
	_, id := largeVersion(b, f)
	for b.Loop() {
		f.do(b, "GET", "/service/"+id+"/details").want(b, 200, "")
	}
}

// The diff of a large version to one that differs in a backend.
func BenchmarkDiff(b *testing.B) {
	f := start(b)
	v, id := largeVersion(b, f)
	f.must(b, "PUT", v+"/clone")
	f.must(b, "PUT", strings.TrimSuffix(v, "1")+"2/backend/backend-250", "weight", "7")
	for b.Loop() {
		f.do(b, "GET", "/service/"+id+"/diff/from/1/to/2").want(b, 200, "")
	}
}
