package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fields(pairs ...string) (fs Fields) {
	for i := 0; i < len(pairs); i += 2 {
		fs.Add(NewKey(pairs[i]), pairs[i+1])
	}
	return fs
}

func shown(fs Fields) (pairs []string) {
	for _, f := range fs {
		pairs = append(pairs, string(f.Name), string(f.Value))
	}
	return pairs
}

func TestFields(t *testing.T) {
	tests := []struct {
		name string
		do   func(*Fields)
		want []string
	}{
		{"set where it was", func(fs *Fields) { fs.Set(NewKey("x-a"), "new") }, []string{"X-A", "new", "Host", "h", "X-B", ""}},
		{"set what is not there", func(fs *Fields) { fs.Set(NewKey("X-C"), "") }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", "", "X-C", ""}},
		{"add to what is there", func(fs *Fields) { fs.Add(NewKey("x-a"), "3") }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", "", "x-a", "3"}},
		{"unset all", func(fs *Fields) { fs.Unset(NewKey("x-A")) }, []string{"Host", "h", "X-B", ""}},
		{"unset a known field", func(fs *Fields) { fs.Unset(NewKey("hOST")) }, []string{"X-A", "1", "X-a", "2", "X-B", ""}},
		{"unset what is not there", func(fs *Fields) { fs.Unset(NewKey("X")) }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", ""}},
		{"unset by ID", func(fs *Fields) { fs.UnsetAll(SetOf(Host, Via)) }, []string{"X-A", "1", "X-a", "2", "X-B", ""}},
		{"unset by IDs that are not there", func(fs *Fields) { fs.UnsetAll(SetOf(Via)) }, []string{"X-A", "1", "Host", "h", "X-a", "2", "X-B", ""}},
		{"unset by prefix", func(fs *Fields) { fs.UnsetPrefix("x-") }, []string{"Host", "h"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs := fields("X-A", "1", "Host", "h", "X-a", "2", "X-B", "")
			tt.do(&fs)
			if diff := cmp.Diff(tt.want, shown(fs)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGet(t *testing.T) {
	fs := fields("X-A", "1", "Via", "v", "X-Empty", "", "x-a", "2")
	tests := []struct {
		name, want string
		set        bool
	}{
		{"x-A", "1", true},
		{"VIA", "v", true},
		{"x-empty", "", true},
		{"X-None", "", false},
		{"Host", "", false},
	}
	for _, tt := range tests {
		if got, set := fs.Get(NewKey(tt.name)); got != tt.want || set != tt.set {
			t.Errorf("Get(%s) = %q, %v; want %q, %v", tt.name, got, set, tt.want, tt.set)
		}
	}
}

func TestFieldsThatEndHere(t *testing.T) {
	fs := fields("Connection", "x", "Via", "v", "TE", "t", "Upgrade", "u", "X-A", "1", "Keep-Alive", "k")
	left := fs.UnsetHops()
	if diff := cmp.Diff([]string{"Via", "v", "X-A", "1"}, shown(fs)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if want := SetOf(Via, Other); left != want {
		t.Errorf("IDs %b, want %b", left, want)
	}
}

// Each ID is that of one name, in any case, and of no other that is nearly it.
func TestIdentify(t *testing.T) {
	names := strings.Fields(`CDN-Loop Connection Content-Length Date Expect Fastly-Client-IP Fastly-FF Fastly-SSL HTTP2-Settings
		Headwater-Trace Host Keep-Alive Proxy-Authenticate Proxy-Authorization Proxy-Connection TE Trailer Transfer-Encoding
		Upgrade Via X-Cache X-Cache-Hits X-Forwarded-For X-Forwarded-Host X-Forwarded-Server X-Served-By X-Timer
		Cache-Control Expires Fastly-Original-Cookie Fastly-Original-URL Fastly-Temp-XFF Fastly-Vary-String Set-Cookie
		Surrogate-Control X-Varnish-Client`)
	for i, name := range names {
		want := ID(i + 1)
		for _, spelt := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := Identify([]byte(spelt)); got != want {
				t.Errorf("%s has the ID %d, want %d", spelt, got, want)
			}
		}
		for at := range name {
			if got := Identify([]byte(name[:at] + "_" + name[at+1:])); got != Other {
				t.Errorf("%s with _ at %d has the ID %d", name, at, got)
			}
		}
		if got := want.Passes(); got != (want >= CacheControl) {
			t.Errorf("%s passes: %v", name, got)
		}
	}
	if last := ID(len(names)); last != XVarnishClient || !Other.Passes() {
		t.Errorf("%d IDs have names", last)
	}
}

func TestAllocs(t *testing.T) {
	fs := fields("Accept", "a", "User-Agent", "u", "X-A", "1")
	key := NewKey("x-a")
	got := testing.AllocsPerRun(100, func() {
		v, _ := fs.Get(key)
		fs.Set(key, v)
		fs.Unset(key)
		fs.Add(key, v)
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
