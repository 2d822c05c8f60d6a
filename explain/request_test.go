package explain

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func addresses(a, b netip.Addr) bool { return a == b }

func TestRead(t *testing.T) {
	localhost := netip.AddrFrom4([4]byte{192, 0, 2, 1})
	for _, tt := range []struct {
		name, body string
		want       *Request
		err        string
	}{
		{"all that is needed", `{"url":"http://shop.test/"}`, &Request{
			Method: "GET", URL: "http://shop.test/", HTTP: "1.1", Client: Client{localhost, 50000},
		}, ""},
		{"TLS by the URL", `{"url":"https://shop.test:444/","method":"PURGE","http":"1.0"}`, &Request{
			Method: "PURGE", URL: "https://shop.test:444/", HTTP: "1.0", Client: Client{localhost, 50000},
			TLS: &TLS{"TLSv1.3", "TLS_AES_128_GCM_SHA256", "shop.test"},
		}, ""},
		{"everything", `{"url":"https://a/","headers":["B: 1","A:2","B: "],"client":{"ip":"2001:db8::1","port":7},
			"tls":{"protocol":"TLSv1.2","cipher":"X","server_name":"other"},"body_bytes":3,"health":{"b":false},
			"origins":{"b":{"failure":"connection refused"},"*":{"status":503,"headers":{"C":"1","D":["2","3"]},"body_bytes":9}},
			"now":"2026-01-02T03:04:05Z"}`, &Request{
			Method: "GET", URL: "https://a/", HTTP: "1.1", Headers: Headers{{"B", "1"}, {"A", "2"}, {"B", ""}},
			Client: Client{netip.MustParseAddr("2001:db8::1"), 7}, TLS: &TLS{"TLSv1.2", "X", "other"}, BodyBytes: 3,
			Health: map[string]bool{"b": false},
			Origins: map[string]Origin{
				"b": {Status: 200, Failure: "connection refused"},
				"*": {Status: 503, Headers: Headers{{"C", "1"}, {"D", "2"}, {"D", "3"}}, BodyBytes: 9},
			},
			Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		}, ""},
		{"nothing", ``, nil, "the body does not describe a request: EOF"},
		{"no URL", `{}`, nil, "'url' must be an absolute URL of http or https"},
		{"half a URL", `{"url":"/path"}`, nil, "'url' must be an absolute URL of http or https"},
		{"another scheme", `{"url":"ftp://a/"}`, nil, "'url' must be an absolute URL of http or https"},
		{"a long URL", `{"url":"http://a/` + strings.Repeat("a", maxURL) + `"}`, nil, "'url' has more than 65536 bytes"},
		{"mistyped", `{"url":"http://a/","header":[]}`, nil, `the body does not describe a request: unknown field "header"`},
		{"two", `{"url":"http://a/"}{}`, nil, "the body has more than one request"},
		{"a header without colon", `{"url":"http://a/","headers":["A"]}`, nil, `the body does not describe a request: header "A" has no colon`},
		{"a header of numbers", `{"url":"http://a/","headers":{"A":1}}`, nil, `the body does not describe a request: header "A" is a text or a list of texts`},
		{"headers as text", `{"url":"http://a/","headers":"A: 1"}`, nil, `the body does not describe a request: headers are a list of "Name: value", or an object`},
		{"too many headers", `{"url":"http://a/","headers":[` + strings.Repeat(`"A: 1",`, maxHeaders) + `"A: 1"]}`, nil, "'headers' has more than 500 fields"},
		{"no address", `{"url":"http://a/","client":{"ip":"a"}}`, nil, `the body does not describe a request: ParseAddr("a"): unable to parse IP`},
		{"HTTP/2", `{"url":"http://a/","http":"2"}`, nil, "'http' must be 1.0 or 1.1"},
		{"TLS without TLS", `{"url":"http://a/","tls":{}}`, nil, "'tls' belongs to an https URL"},
		{"a body of less than nothing", `{"url":"http://a/","body_bytes":-1}`, nil, "'body_bytes' must not be negative"},
		{"an answer that is none", `{"url":"http://a/","origins":{"b":{"status":100}}}`, nil, `origins of "b": 'status' must be a number from 200 to 999`},
		{"no UTF-8", "{\"url\":\"http://a/\xff\"}", nil, "the body is not valid UTF-8"},
	} {
		got, err := Read([]byte(tt.body))
		if tt.err != "" {
			if err == nil || err.Error() != tt.err {
				t.Errorf("%s: error %v, want %s", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if diff := cmp.Diff(tt.want, got, cmp.Comparer(addresses)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"url":"https://a/","headers":{"A":["1","2"],"B":"3"},"client":{"ip":"::1"},"origins":{"*":{"status":200}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := Read(body)
		if err != nil {
			return
		}
		text, err := json.Marshal(r.Headers)
		if err != nil {
			t.Fatal(err)
		}
		var again Headers
		if err := json.Unmarshal(text, &again); err != nil || len(again) != len(r.Headers) {
			t.Errorf("%v, then %v, %v", r.Headers, again, err)
		}
	})
}

// What is read is bounded, whatever nests in it.
func TestReadDeep(t *testing.T) {
	for _, body := range []string{
		`{"url":"http://a/","headers":` + strings.Repeat("[", 100_000) + `}`,
		`{"url":"http://a/","health":` + strings.Repeat(`{"a":`, 100_000) + `}`,
	} {
		if _, err := Read([]byte(body)); err == nil {
			t.Errorf("no error for %.40s", body)
		}
	}
	if got := fmt.Sprint(Timeouts{Connect: 1000, FirstByte: 1500, Set: []string{"first_byte"}}); got !=
		"connect 1s, first byte 1.5s (set by the program), between bytes none, fetch none" {
		t.Errorf("timeouts: %s", got)
	}
}
