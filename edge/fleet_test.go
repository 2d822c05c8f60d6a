package edge

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"headwater/vcl"
)

func TestNewFleet(t *testing.T) {
	key := bytes.Repeat([]byte("k"), minKey)
	tests := []struct {
		name string
		pops []POP
		want string // part of the error; "" for none
	}{
		{"nobody", nil, ""},
		{"two", []POP{{Code: "IAD", Key: key}, {Code: "LHR", Shield: "london-uk", Nodes: []string{"lhr.example:80", "[2001:db8::1]:80"}, Key: key}}, ""},
		{"no code", []POP{{Key: key}}, `POP "": its code is not 1 to 16 capital letters and digits`},
		{"a code with a mark", []POP{{Code: "I!D", Key: key}}, "its code is not"},
		{"one twice", []POP{{Code: "IAD", Key: key}, {Code: "IAD", Key: key}}, "there are two of that code"},
		{"a shield twice", []POP{{Code: "A", Shield: "s", Nodes: []string{"a.example:1"}, Key: key}, {Code: "B", Shield: "s", Nodes: []string{"b.example:1"}, Key: key}}, `another one is the shield "s"`},
		{"a short key", []POP{{Code: "IAD", Key: key[1:]}}, "its key has less than 32 bytes"},
		{"a shield without nodes", []POP{{Code: "IAD", Shield: "s", Key: key}}, "a shield without an address"},
		{"no port", []POP{{Code: "IAD", Nodes: []string{"a.example"}, Key: key}}, `"a.example" is no address and port`},
		{"a port that is none", []POP{{Code: "IAD", Nodes: []string{"a.example:http"}, Key: key}}, `"a.example:http": `},
		{"a port too large", []POP{{Code: "IAD", Nodes: []string{"a.example:65536"}, Key: key}}, `"a.example:65536": `},
		{"port 0", []POP{{Code: "IAD", Nodes: []string{"a.example:0"}, Key: key}}, `"a.example:0": `},
		{"an address that is none", []POP{{Code: "IAD", Nodes: []string{"a b:80"}, Key: key}}, `"a b:80": `},
		{"TLS without an address", []POP{{Code: "IAD", TLS: &SecurePOP{Name: "iad.example"}, Key: key}}, "it has TLS without an address"},
		{"TLS without a name", []POP{{Code: "IAD", TLS: &SecurePOP{Nodes: []string{"192.0.2.1:443"}}, Key: key}}, "it has TLS without a name"},
		{"a name that is none", []POP{{Code: "IAD", TLS: &SecurePOP{Nodes: []string{"192.0.2.1:443"}, Name: "a b"}, Key: key}}, `"192.0.2.1:443": `},
		{"authorities that are none", []POP{{Code: "IAD", TLS: &SecurePOP{Nodes: []string{"192.0.2.1:443"}, Name: "iad.example", CA: "x"}, Key: key}}, `"192.0.2.1:443": `},
		{"too many nodes", []POP{{Code: "IAD", Nodes: make([]string, maxNodes+1), Key: key}}, "more than 100 nodes"},
		{"too many POPs", make([]POP, maxPOPs+1), "more than 1000 POPs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewFleet(tt.pops)
			if got := fmt.Sprint(err); (err == nil) != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A node that cannot be reached is left alone for a while; then one request tries it.
func TestNode(t *testing.T) {
	n := &node{}
	at := func(after time.Duration) time.Time { return time.Unix(1700000000, 0).Add(after) }
	want := func(when time.Time, up bool) {
		t.Helper()
		if n.up(when) != up {
			t.Errorf("up after %v: %v", when.Sub(at(0)), !up)
		}
	}
	want(at(0), true)
	if n.found(true, at(0)) || !n.take(at(0)) || !n.take(at(0)) {
		t.Error("a node that is up does not take two requests")
	}
	if !n.found(false, at(0)) || n.found(false, at(time.Millisecond)) {
		t.Error("that it is down is not news once")
	}
	last := time.Millisecond + retryTime
	want(at(last-1), false)
	want(at(last), true)
	if !n.take(at(last)) || n.take(at(last)) {
		t.Error("when it is due it does not take one request")
	}
	want(at(last), false)
	if n.found(false, at(last)) {
		t.Error("that it is down still is news")
	}
	want(at(last+retryTime-1), false)
	if !n.take(at(last + retryTime)) {
		t.Error("it does not take another request")
	}
	if !n.found(true, at(last+retryTime)) || n.found(true, at(last+retryTime)) {
		t.Error("that it is up again is not news once")
	}
	want(at(last+retryTime), true)
}

func TestHopLimits(t *testing.T) {
	second := time.Second
	for _, tt := range []struct {
		name             string
		limits           []vcl.Timeouts
		first, inBetween time.Duration
	}{
		{"no backend", nil, second, second},
		{"one", []vcl.Timeouts{{Connect: second, FirstByte: 15 * second, BetweenBytes: 10 * second}}, 33 * second, 11 * second},
		{"the most patient counts", []vcl.Timeouts{{Connect: second, FirstByte: 5 * second, BetweenBytes: 9 * second}, {Connect: second, FirstByte: 2 * second, BetweenBytes: 10 * second}}, 13 * second, 11 * second},
		{"none is none", []vcl.Timeouts{{Connect: second}, {Connect: second, FirstByte: second, BetweenBytes: second}}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &site{}
			for _, l := range tt.limits {
				s.backends = append(s.backends, backend{limits: l})
			}
			want := vcl.Timeouts{Connect: hopConnectTime, FirstByte: tt.first, BetweenBytes: tt.inBetween}
			if got := s.hopLimits(); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}
