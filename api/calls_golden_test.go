package api_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"headwater/api"
)

// passingText is what differs from run to run.
var passingText = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`"access_token":"[\w-]{32}"`), `"access_token":"SECRET"`},
	{regexp.MustCompile(`\b[0-9A-Za-z]{20,22}\b`), "ID"},
	{regexp.MustCompile(`Go-http-client/[\d.]+`), "AGENT"},
}

// TestCallsGolden makes the shape of every reply that is no object of a version a
// visible difference: of services, of all that is around them, and of failures.
func TestCallsGolden(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Limits.Body = 4096; o.Resolver = fakeResolver{} })
	var b strings.Builder
	call := func(token, method, path string, form ...string) reply {
		t.Helper()
		r := f.as(t, token, method, path, form...)
		text := fmt.Sprintf("%s %s\n  %d %s\n  %s\n", method, path, r.status, r.header.Get("Content-Type"), strings.TrimSuffix(r.body, "\n"))
		for _, p := range passingText {
			text = p.pattern.ReplaceAllString(text, p.name)
		}
		b.WriteString(text)
		return r
	}
	show := func(method, path string, form ...string) map[string]any {
		t.Helper()
		r := call(ownerToken, method, path, form...)
		if !strings.HasPrefix(r.body, "{") {
			return nil
		}
		return r.object(t)
	}

	s := "/service/" + show("POST", "/service", "name", "shop", "comment", "a shop")["id"].(string)
	show("GET", s)
	show("GET", "/service")
	show("GET", "/service/search?name=shop")
	show("GET", s+"/details")
	show("POST", s+"/version", "comment", "c")
	show("PUT", s+"/version/1", "comment", "d")
	show("GET", s+"/version")
	f.must(t, "POST", s+"/version/1/domain", "name", "shop.test")
	dictionary := f.must(t, "POST", s+"/version/1/dictionary", "name", "d")["id"].(string)
	show("GET", s+"/version/1/dictionary/"+dictionary+"/info")
	show("GET", s+"/version/1/domain/shop.test/check")
	show("GET", s+"/version/1/domain?include=staging_ips")
	show("GET", s+"/version/1/validate")
	show("PUT", s+"/version/1/activate/staging")
	show("PUT", s+"/version/1/deactivate/staging")
	show("PUT", s+"/version/1/activate")
	show("GET", s+"/version/active")
	show("GET", s+"/domain")
	show("PUT", s+"/version/1/clone")
	show("PUT", s+"/version/2/lock")
	show("GET", s+"/diff/from/2/to/3?format=html_simple")
	show("PUT", s+"/version/1/deactivate")

	show("PUT", "/enabled-products/v1/ddos_protection/services/"+s[9:])
	show("GET", "/enabled-products/v1/ddos_protection/services/"+s[9:]+"/configuration")
	show("GET", "/enabled-products/v1/fanout/services/"+s[9:])

	show("GET", "/tokens/self")
	show("POST", "/sudo")
	token := show("POST", "/tokens", "name", "t", "scope", "global:read", "services[]", s[9:])["id"].(string)
	call(otherToken, "GET", "/tokens")
	show("DELETE", "/tokens/"+token)
	robot := show("POST", "/automation-tokens", "name", "r")["id"].(string)
	show("GET", "/automation-tokens")
	show("GET", "/automation-tokens/"+robot)
	show("GET", "/current_user")
	show("POST", "/user", "login", "u@shop.test", "name", "U")
	show("GET", "/current_customer")
	show("GET", "/verify")

	show("POST", s+"/purge_all")
	show("POST", s+"/purge/key")
	show("GET", "/public-ip-list")
	show("GET", "/content/edge_check?url=http://shop.test/")
	show("GET", "/realms/fastly/.well-known/openid-configuration")
	f.now.advance(1e9)
	f.must(t, "PUT", s+"/version/1/clone")
	f.must(t, "PUT", s+"/version/4/domain/shop.test", "comment", "new")
	show("GET", "/events?filter[event_type]=domain.update")
	show("DELETE", s)

	call("", "GET", "/service")
	call(expiredToken, "GET", "/service")
	call(readerToken, "POST", "/service", "name", "x")
	call(limitedToken, "POST", "/service", "name", "x")
	show("DELETE", s)
	show("GET", s)
	other := "/service/" + f.must(t, "POST", "/service", "name", "other")["id"].(string)
	show("POST", "/service", "name", "other")
	show("POST", "/service", "name", strings.Repeat("x", 5000))
	show("PATCH", other)
	show("GET", other+"/version/9")
	show("GET", other+"/version/1/backend/none")
	show("GET", other+"/version/1/spaceship")
	show("POST", other+"/version/1/backend", "name", "b", "address", "a b")
	f.must(t, "PUT", other+"/version/1/lock")
	show("POST", other+"/version/1/gzip", "name", "g")
	for _, p := range []string{"/user/none", "/customer/none", "/tokens/none"} {
		show("GET", p)
	}
	golden(t, "testdata/calls.golden", b.String())
}

// golden compares text with a file, or writes it.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("replies differ from %s; run go test ./api -update and look at the difference", path)
	}
}
