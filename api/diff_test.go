package api_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

// recorded is Fastly's own diff of two versions, the second with one backend; of
// the backend only fields that it had then.
const recorded = ` acls: []
-backends: []
+backends:
+- name: test-backend
+  address: integ-test.go-fastly.com
+  auto_loadbalance: false
+  between_bytes_timeout: 10000
+  client_cert:
+  comment: ''
+  connect_timeout: 1000
+  error_threshold: 0
+  first_byte_timeout: 15000
+  healthcheck:
+  hostname: integ-test.go-fastly.com
+  ipv4:
+  ipv6:
+  max_conn: 200
+  max_tls_version:
+  min_tls_version:
+  override_host:
+  port: 80
+  request_condition: ''
+  shield:
+  ssl_ca_cert:
+  ssl_cert_hostname:
+  ssl_check_cert: false
+  ssl_ciphers:
+  ssl_client_cert:
+  ssl_client_key:
+  ssl_hostname:
+  ssl_sni_hostname:
+  use_ssl: false
+  weight: 100
 cache_settings: []
 comment: ''
 conditions: []
 deployed: false
 dictionaries: []
 directors: []
 domains: []
 gzips: []
 headers: []
 healthchecks: []
 request_settings: []
 response_objects: []
 service_id: SERVICE
 settings:
   general.default_host: ''
   general.default_pci: 0
   general.default_ttl: 3600
   general.stale_if_error: false
   general.stale_if_error_ttl: 43200
 snippets: []
 staging: false
 testing: false
 vcls: []
 wordpress: []
`

func TestDiffAsRecorded(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "PUT", v+"/clone")
	two := strings.TrimSuffix(v, "1") + "2"
	f.must(t, "POST", two+"/backend", "name", "test-backend", "address", "integ-test.go-fastly.com", "ssl_check_cert", "0")
	d := ok(c.GetDiff(ctx, &fastly.GetDiffInput{ServiceID: id, From: 1, To: 2}))(t)
	if d.From != 1 || d.To != 2 || d.Format != "text" {
		t.Errorf("diff %+v", d)
	}
	newer := strings.Fields("fetch_timeout keepalive_time max_lifetime max_use prefer_ipv6 share_key tcp_keepalive_enable tcp_keepalive_interval tcp_keepalive_probes tcp_keepalive_time")
	var lines []string
	for line := range strings.Lines(d.Diff) {
		known := true
		for _, key := range newer {
			known = known && !strings.HasPrefix(line, "+  "+key+":")
		}
		if known {
			lines = append(lines, line)
		}
	}
	if got, want := strings.Join(lines, ""), strings.Replace(recorded, "SERVICE", id, 1); got != want {
		t.Errorf("diff:\n%s\nwant:\n%s", got, want)
	}
	r := f.do(t, "GET", "/service/"+id+"/diff/from/1/to/2")
	if !strings.Contains(r.body, `"from":"1","to":"2"`) {
		t.Errorf("versions are no texts: %s", r.body[:60])
	}
	for line := range strings.Lines(ok(c.GetDiff(ctx, &fastly.GetDiffInput{ServiceID: id, From: 2, To: 2}))(t).Diff) {
		if line[0] != ' ' {
			t.Errorf("a version differs from itself: %s", line)
		}
	}
}

func TestDiffChanges(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "POST", v+"/backend", "name", "a", "address", "a.test")
	f.must(t, "POST", v+"/backend", "name", "c", "address", "c.test", "comment", "<b>")
	f.must(t, "PUT", v+"/clone")
	two := strings.TrimSuffix(v, "1") + "2"
	f.must(t, "PUT", two+"/backend/c", "weight", "7", "comment", "one\ntwo: 'x'")
	f.must(t, "POST", two+"/backend", "name", "b", "address", "192.0.2.1", "ssl_client_key", testKey(t))
	f.must(t, "PUT", two, "comment", "true")
	diff := func(query string) string {
		return f.must(t, "GET", "/service/"+id+"/diff/from/1/to/2"+query)["diff"].(string)
	}
	text := diff("")
	for _, want := range []string{
		"\n-comment: ''\n+comment: 'true'\n", "\n+- name: b\n+  address: '192.0.2.1'\n", "\n-  weight: 100\n+  weight: 7\n",
		"\n-  comment: '<b>'\n+  comment: |-\n+    one\n+    two: 'x'\n", "\n - name: a\n   address: a.test\n", "\n+  ssl_client_key:\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "PRIVATE") {
		t.Error("the diff shows a private key")
	}
	if html := diff("?format=html"); !strings.Contains(html, `<span class="del">-  comment: &#39;&lt;b&gt;&#39;</span>`) {
		t.Errorf("html: %s", html)
	}
	if html := diff("?format=html_simple"); strings.Contains(html, "<b>") {
		t.Errorf("html: %s", html)
	}
	f.do(t, "GET", "/service/"+id+"/diff/from/1/to/2?format=pdf").want(t, 400, "")
	f.do(t, "GET", "/service/"+id+"/diff/from/1/to/9").want(t, 404, "")
	f.as(t, otherToken, "GET", "/service/"+id+"/diff/from/1/to/2").want(t, 404, `{"msg":"Not found"}`)
}

func TestDiffVCL(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	id := strings.Split(v, "/")[2]
	f.must(t, "POST", v+"/vcl", "name", "main", "content", "a\nb\nc\nd\n")
	f.must(t, "PUT", v+"/clone")
	f.must(t, "PUT", strings.TrimSuffix(v, "1")+"2/vcl/main", "content", "a\nc\nx\nd\n")
	got := f.must(t, "GET", "/service/"+id+"/vcl/diff/from/1/to/2")["diff"]
	if want := " # <main>\n a\n-b\n c\n+x\n d\n"; got != want {
		t.Errorf("diff %q, want %q", got, want)
	}
}

// testKey returns a new private key.
func testKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
