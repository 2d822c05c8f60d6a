package h2

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"
)

// Whatever is encoded, another's decoder reads the same.
func TestBlocks(t *testing.T) {
	for status := 100; status < 1000; status++ {
		block := AppendStatus(nil, status)
		got, err := hpack.NewDecoder(4096, nil).DecodeFull(block)
		if err != nil || len(got) != 1 || got[0].Name != ":status" || got[0].Value != string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)}) {
			t.Errorf("%d is read as %v, %v", status, got, err)
		}
	}
	for _, f := range [][2]string{
		{"Content-Type", "text/plain"}, {"etag", ""}, {"X-Served-By", "cache-local1-LOCAL"}, {"X-Long", strings.Repeat("v", 70000)},
		{strings.Repeat("N", 127), "v"}, {strings.Repeat("N", 300), "v"}, {"www-authenticate", strings.Repeat("v", 127)}, {"Age", strings.Repeat("v", 126)},
	} {
		got, err := hpack.NewDecoder(4096, nil).DecodeFull(AppendField(nil, []byte(f[0]), []byte(f[1])))
		if err != nil || len(got) != 1 || got[0].Name != strings.ToLower(f[0]) || got[0].Value != f[1] {
			t.Errorf("%.20s is read as %v, %v", f[0], got, err)
		}
	}
}

// FuzzField encodes any field.
func FuzzField(f *testing.F) {
	f.Add("Content-Type", "text/html")
	f.Add("X-A", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		lower := []byte(name)
		for i, c := range lower {
			if c >= 'A' && c <= 'Z' {
				lower[i] = c | 0x20
			}
		}
		block := AppendField(AppendStatus(nil, 200), []byte(name), []byte(value))
		got, err := hpack.NewDecoder(4096, nil).DecodeFull(block)
		if err != nil || len(got) != 2 || got[1].Name != string(lower) || got[1].Value != value {
			t.Errorf("%q: %q is read as %v, %v", name, value, got, err)
		}
	})
}

func TestPriorities(t *testing.T) {
	tests := []struct {
		value string
		want  priority
	}{
		{"", priority{urgency: 3}},
		{"u=0", priority{urgency: 0}},
		{"u=7, i", priority{urgency: 7, incremental: true}},
		{"i,u=1", priority{urgency: 1, incremental: true}},
		{"i=?1", priority{urgency: 3, incremental: true}},
		{"i, i=?0", priority{urgency: 3}},
		{"u=2;x=y, z", priority{urgency: 2}},
		{"u=8", priority{urgency: 3}},
		{"u=-1", priority{urgency: 3}},
		{"u=10", priority{urgency: 3}},
		{"U=1", priority{urgency: 3}},
		{",,;,u=4", priority{urgency: 4}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, parsePriority([]byte(tt.value)), cmp.AllowUnexported(priority{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.value, diff)
		}
	}
}
