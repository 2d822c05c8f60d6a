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

func shown(fs *Fields) (pairs []string) {
	for _, f := range fs.All() {
		pairs = append(pairs, string(f.Name()), string(f.Value()))
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
			if diff := cmp.Diff(tt.want, shown(&fs)); diff != "" {
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
	fs.UnsetHops()
	if diff := cmp.Diff([]string{"Via", "v", "X-A", "1"}, shown(&fs)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
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

// received is what a parser makes of a head's lines, with the memory of the head.
func received(lines ...string) (fs Fields) {
	head := Bytes(strings.Join(lines, "\r\n") + "\r\n\r\n")
	for _, line := range lines {
		name := strings.IndexByte(line, ':')
		fs.PutLine(head[:len(line)+2], name, Identify(head[:name]))
		head = head[len(line)+2:]
	}
	return fs
}

// Lines go out as they came, but for those that are left out and what has changed.
func TestAppendTo(t *testing.T) {
	tests := []struct {
		name string
		do   func(*Fields)
		but  Set
		want string
	}{
		{"all", func(*Fields) {}, 0, "A: 1|Host: h|Via: v|B:  2 |C: |"},
		{"without the first", func(fs *Fields) { fs.Unset(NewKey("a")) }, 0, "Host: h|Via: v|B:  2 |C: |"},
		{"without one in between", func(fs *Fields) { fs.Unset(NewKey("via")) }, 0, "A: 1|Host: h|B:  2 |C: |"},
		{"without the last", func(fs *Fields) { fs.Unset(NewKey("c")) }, 0, "A: 1|Host: h|Via: v|B:  2 |"},
		{"but for some", func(*Fields) {}, SetOf(Host, Via), "A: 1|B:  2 |C: |"},
		{"but for the hop's", func(fs *Fields) { fs.At(1).EndHere() }, 0, "A: 1|Via: v|B:  2 |C: |"},
		{"one changed", func(fs *Fields) { fs.Set(NewKey("host"), "other") }, 0, "A: 1|Host: other|Via: v|B:  2 |C: |"},
		{"the first changed", func(fs *Fields) { fs.Set(NewKey("A"), "") }, 0, "A: |Host: h|Via: v|B:  2 |C: |"},
		{"some added", func(fs *Fields) { fs.Add(NewKey("D"), "3"); fs.Add(NewKey("E"), "4") }, 0, "A: 1|Host: h|Via: v|B:  2 |C: |D: 3|E: 4|"},
		{"those of another message behind them", func(fs *Fields) {
			more := received("D: 3", "E: 4")
			fs.Append(&more)
		}, 0, "A: 1|Host: h|Via: v|B:  2 |C: |D: 3|E: 4|"},
		{"turned round", func(fs *Fields) { fs.list[0], fs.list[1] = fs.list[1], fs.list[0] }, 0, "Host: h|A: 1|Via: v|B:  2 |C: |"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs := received("A: 1", "Host: h", "Via: v", "B:  2 ", "C: ")
			tt.do(&fs)
			if got := string(fs.AppendTo([]byte("="), tt.but)); got != "="+strings.ReplaceAll(tt.want, "|", "\r\n") {
				t.Errorf("%q", got)
			}
		})
	}
}

// A list knows of names that it does not have, and never misses one that it has,
// however it came there.
func TestMay(t *testing.T) {
	fs, other := fields("Via", "v", "X-A", "1"), fields("TE", "t", "x-b", "2")
	fs.Append(&other)
	var copied, taken Fields
	copied.Copy(&fs)
	taken.Take(&fs)
	for name, fs := range map[string]*Fields{"copied": &copied, "taken": &taken} {
		for _, field := range []string{"via", "x-a", "te", "X-B"} {
			if !fs.Has(NewKey(field)) {
				t.Errorf("%s: no %s", name, field)
			}
		}
		if fs.May(SetOf(Host, Date)) || !fs.May(SetOf(Host, TE)) {
			t.Errorf("%s: may be %b", name, fs.seen)
		}
		if fs.UnsetAll(SetOf(Via, TE)); fs.May(SetOf(Via, TE)) || fs.Len() != 2 {
			t.Errorf("%s: %q", name, shown(fs))
		}
	}
	if fs.Len() != 0 || fs.Has(NewKey("X-A")) {
		t.Errorf("left: %q", shown(&fs))
	}
}
