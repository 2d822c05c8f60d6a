package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// A long list is sent as it is made, and reads as a short one does.
func TestLongList(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	const most = 103
	for n := range most {
		f.must(t, "POST", v+"/backend", "name", fmt.Sprintf("backend-%03d", n), "address", "a.test")
		if n != 1 && n != 99 && n != most-1 {
			continue
		}
		r, err := http.NewRequest("GET", f.URL+v+"/backend", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Fastly-Key", ownerToken)
		w, err := f.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(w.Body)
		w.Body.Close()
		var list []json.RawMessage
		if err != nil || json.Unmarshal(text, &list) != nil || len(list) != n+1 {
			t.Fatalf("%d backends: %d in the list, %v", n+1, len(list), err)
		}
		if whole := w.ContentLength >= 0; whole != (n < 100) {
			t.Errorf("%d backends: a length of %d is told", n+1, w.ContentLength)
		}
		for _, i := range []int{0, n} {
			one := f.do(t, "GET", fmt.Sprintf("%s/backend/backend-%03d", v, i))
			if string(list[i]) != one.body {
				t.Errorf("backend %d of %d is %s in the list, and %s by itself", i, n+1, list[i], one.body)
			}
		}
	}
}
