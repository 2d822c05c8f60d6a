package api

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"headwater/service"
)

func text(s string) service.Value   { return service.Value{Type: service.TextValue, Text: s} }
func number(s string) service.Value { return service.Value{Type: service.NumberValue, Text: s} }

func TestDecodeForm(t *testing.T) {
	tests := []struct {
		name, body string
		want       service.Input // nil: refused
	}{
		{"empty", "", service.Input{}},
		{"separators alone", "&&", service.Input{}},
		{"pairs", "name=b&port=80", service.Input{"name": text("b"), "port": text("80")}},
		{"no value", "comment", service.Input{"comment": text("")}},
		{"value with =", "comment=a=b", service.Input{"comment": text("a=b")}},
		{"blanks", "comment=a+b%20c", service.Input{"comment": text("a b c")}},
		{"plus", "name=a%2Bb", service.Input{"name": text("a+b")}},
		{"unicode", "name=%C3%A9\u00e9", service.Input{"name": text("éé")}},
		{"semicolon is no separator", "comment=a;b=c", service.Input{"comment": text("a;b=c")}},
		{"keys differ by case", "Name=old&name=new", service.Input{"Name": text("old"), "name": text("new")}},
		{"twice", "name=a&name=b", nil},
		{"twice, escaped", "name=a&%6eame=b", nil},
		{"lists", "a[]=1&name=b&a%5B%5D=2&b[]=", service.Input{"a[]": service.List("1", "2"), "name": text("b"), "b[]": service.List("")}},
		{"too many in a list", strings.Repeat("a[]=1&", DefaultFields+1), nil},
		{"bad escape", "name=%zz", nil},
		{"short escape", "name=%f", nil},
		{"bad escape in the key", "na%me=x", nil},
		{"not UTF-8", "name=%ff", nil},
		{"half a surrogate as UTF-8", "name=%ed%a0%80", nil},
		{"too many fields", manyFields("k%d=v&", DefaultFields+1), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := usual.decodeForm(tt.body)
			checkDecoded(t, got, tt.want, err)
		})
	}
}

func manyFields(field string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, field, i)
	}
	return b.String()
}

func checkDecoded(t *testing.T, got, want service.Input, err error) {
	t.Helper()
	if want == nil {
		if !isCode(err, service.Invalid) {
			t.Errorf("got %v, error %v; want it refused as invalid", got, err)
		}
		return
	}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, error %v; want %v", got, err, want)
	}
}

// What decodeForm accepts means to it what it means to net/url.
func FuzzDecodeForm(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&c=d", "a=%41+%2b", "a&b", "=x", "a==", "%", "a=\xff", "a=1&a=2", "%61=1&a=2", "a[]=1&a%5B%5D=2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		in, err := usual.decodeForm(body)
		if err != nil {
			if !isCode(err, service.Invalid) {
				t.Fatalf("error %v is not an Invalid one", err)
			}
			return
		}
		if len(in) > DefaultFields {
			t.Fatalf("%d fields", len(in))
		}
		if strings.Contains(body, ";") {
			return // net/url refuses all of these
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("net/url refuses: %v", err)
		}
		if len(want) != len(in) {
			t.Fatalf("got %v, net/url has %v", in, want)
		}
		for key, v := range in {
			if strings.HasSuffix(key, "[]") {
				if v != service.List(want[key]...) {
					t.Fatalf("got %q=%v, net/url has %q", key, v, want[key])
				}
				continue
			}
			if v.Type != service.TextValue || len(want[key]) != 1 || want[key][0] != v.Text || !utf8.ValidString(key+v.Text) {
				t.Fatalf("got %q=%v, net/url has %q", key, v, want[key])
			}
		}
	})
}

// usual are the limits of those that say nothing.
var usual = Limits{}.withDefaults()
