package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"headwater/service"
)

// An object put back as it was read, by a client that knows nothing of its
// fields, stays as it is.
func TestPutBack(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	for _, k := range service.Kinds() {
		if k.Apart || k.Singleton {
			continue
		}
		name := "n"
		if k == service.DomainKind {
			name = "shop.test"
		}
		got := f.must(t, "POST", v+"/"+k.Name, append([]string{"name", name + strings.ReplaceAll(strings.TrimPrefix(k.Name, "domain"), "/", "")}, needed[k.Name]...)...)
		path := v + "/" + k.Name + "/" + got["name"].(string)
		if k.ByID {
			path = v + "/" + k.Name + "/" + got["id"].(string)
		}
		body, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		r := f.send(t, "PUT", path, ownerToken, strings.NewReader(string(body)), "Content-Type: application/json")
		r.want(t, http.StatusOK, "")
		if again, _ := json.Marshal(r.object(t)); string(again) != string(body) {
			t.Errorf("%s: put back\n%s, got\n%s", k.Name, body, again)
		}
	}
}
