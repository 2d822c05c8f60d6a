package edge

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A client over TLS is what no listener of this package has yet, so the fields
// that tell an origin of one are tested where they are written.
func TestForwardedForSecureClient(t *testing.T) {
	tests := []struct {
		name   string
		fields string
		want   []string
	}{
		{"nothing there", "",
			[]string{"Fastly-Client-IP: 192.0.2.7", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Host: a.example", "X-Forwarded-Server: cache-tst1-TST", "Fastly-SSL: 1"}},
		{"appended to", "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\nX-Forwarded-Host: b\r\nX-Forwarded-Server: s\r\nFastly-SSL: yes\r\nFastly-Client-IP: 3.3.3.3\r\n",
			[]string{"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 192.0.2.7", "X-Forwarded-Host: b, a.example", "X-Forwarded-Server: s, cache-tst1-TST", "Fastly-SSL: yes", "Fastly-Client-IP: 3.3.3.3"}},
		{"an empty value adds no comma", "X-Forwarded-For:\r\n",
			[]string{"X-Forwarded-For: 192.0.2.7", "Fastly-Client-IP: 192.0.2.7", "X-Forwarded-Host: a.example", "X-Forwarded-Server: cache-tst1-TST", "Fastly-SSL: 1"}},
		{"Connection hides none of it", "Connection: x-forwarded-for, fastly-ssl\r\nX-Forwarded-For: 1.1.1.1\r\nFastly-SSL: 1\r\n",
			[]string{"X-Forwarded-For: 1.1.1.1, 192.0.2.7", "Fastly-SSL: 1", "Fastly-Client-IP: 192.0.2.7", "X-Forwarded-Host: a.example", "X-Forwarded-Server: cache-tst1-TST"}},
	}
	e := &Edge{cfg: Config{Identity: "cache-tst1-TST"}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newExchange(&clientConn{edge: e, remote: "192.0.2.7", secure: true, started: time.Unix(1700000000, 42000)})
			x.site, x.backend = &site{}, &backend{}
			if err := parseRequest([]byte("GET / HTTP/1.1\r\nHost: a.example\r\n"+tt.fields+"\r\n"), &x.req); err != nil {
				t.Fatal(err)
			}
			x.enter()
			x.makeBereq()
			got := strings.Split(string(x.appendRequest(nil)), "\r\n")
			want := append([]string{"GET / HTTP/1.1", "Host: a.example"}, tt.want...)
			want = append(want, "Via: 1.1 varnish", "CDN-Loop: Headwater", "X-Timer: S1700000000.000042,VS0", "", "")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			x.free()
		})
	}
}
