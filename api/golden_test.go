package api_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"headwater/service"
)

var update = flag.Bool("update", false, "write the golden files anew")

// needed are the fields that kinds ask for besides a name.
var needed = map[string][]string{
	"backend":       {"address", "a.test"},
	"condition":     {"statement", "true", "type", "REQUEST"},
	"header":        {"type", "request", "dst", "http.A"},
	"healthcheck":   {"host", "a.test", "path", "/"},
	"rate-limiters": {"action", "log_only", "client_key[]", "client.ip", "http_methods[]", "GET", "rps_limit", "10", "window_size", "1", "penalty_box_duration", "1"},
	"resource":      {"resource_id", "r"},
	"snippet":       {"type", "recv"},
	"vcl":           {"content", "sub vcl_recv {}"},
}

// TestRepliesGolden makes the shape of every reply, and what it says of an
// object that only has what it must, a visible difference.
func TestRepliesGolden(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	mask := strings.NewReplacer(id, "SERVICE")
	var b strings.Builder
	show := func(method, path string, form ...string) map[string]any {
		t.Helper()
		r := f.do(t, method, path, form...)
		r.want(t, 200, "")
		got, text := r.object(t), mask.Replace(r.body)
		if own, _ := got["id"].(string); own != "" {
			text = strings.ReplaceAll(text, own, "ID")
		}
		fmt.Fprintf(&b, "%s %s\n  %s\n", method, mask.Replace(path), text)
		return got
	}
	holders := map[string]string{}
	for _, k := range service.Kinds() {
		switch {
		case k.Apart, k.Optional:
		case k.Singleton:
			show("GET", pathOf(k, v))
		default:
			form := append([]string{"name", "name " + strings.ReplaceAll(k.Name, "/", " ")}, needed[k.Name]...)
			if k == service.DictionaryKind || k == service.ACLKind {
				form[1] = "name"
			}
			if k == service.DomainKind {
				form[1] = "shop.test"
			}
			got := show("POST", v+"/"+k.Name, form...)
			if own, ok := got["id"].(string); ok {
				holders[k.Name] = own
			}
		}
	}
	show("POST", v+"/http3")
	show("POST", v+"/director/d/backend/b")
	show("PATCH", v+"/image_optimizer_default_settings")
	for _, i := range [][]string{
		{"dictionary", "item", "item_key", "k", "item_value", "v"},
		{"acl", "entry", "ip", "192.0.2.1"},
		{"pool", "server", "address", "a.test"},
	} {
		mask = strings.NewReplacer(id, "SERVICE", holders[i[0]], "HOLDER")
		show("POST", "/service/"+id+"/"+i[0]+"/"+holders[i[0]]+"/"+i[1], i[2:]...)
	}
	golden(t, "testdata/replies.golden", b.String())
}
