package edge

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// fleetOf returns a fleet of POPs, each with a key of its own.
func fleetOf(t testing.TB, codes ...string) *Fleet {
	t.Helper()
	var all []POP
	for _, code := range codes {
		all = append(all, POP{Code: code, Shield: strings.ToLower(code), Nodes: []string{"127.0.0.1:1"}, Key: bytes.Repeat([]byte(code[:1]), minKey)})
	}
	f, err := NewFleet(all)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMarks(t *testing.T) {
	f := fleetOf(t, "IAD", "LHR")
	iad, lhr := homeOf(f, "cache-iad1-IAD"), homeOf(f, "cache-lhr1-LHR")
	now := time.Unix(1700000000, 0)
	one := iad.sign("s", "", now.Unix(), ffClientTLS)
	two := one + ffSeparator + lhr.sign("s", one, now.Unix(), ffHopTLS)
	origin := iad.sign("s", "", now.Unix(), ffOrigin)
	tests := []struct {
		name, list, service string
		after               time.Duration
		kind                byte
		ok                  bool
	}{
		{"one", one, "s", 0, ffClientTLS, true},
		{"two", two, "s", 0, ffHopTLS, true},
		{"as old as may be", one, "s", markTime, ffClientTLS, true},
		{"stale", one, "s", markTime + time.Second, 0, false},
		{"from a clock ahead", one, "s", -markTime, ffClientTLS, true},
		{"from the future", one, "s", -markTime - time.Second, 0, false},
		{"of another service", one, "t", 0, 0, false},
		{"to an origin", origin, "s", 0, ffOrigin, true},
		{"to an origin, of another service", origin, "t", 0, ffOrigin, true},
		{"to an origin, stale", origin, "s", markTime + time.Second, 0, false},
		{"to an origin, of no service", iad.sign("", "", now.Unix(), 0), "s", 0, 0, false},
		{"in another order", two[len(one)+2:] + ffSeparator + one, "s", 0, 0, false},
		{"with what was before blanked", blank(one) + two[len(one):], "s", 0, 0, false},
		{"blanked", blank(one), "s", 0, 0, false},
		{"without what was before", two[len(one)+2:], "s", 0, 0, false},
		{"with other blanks", strings.Replace(two, ", ", ",", 1), "s", 0, 0, false},
		{"in another's name", strings.Replace(one, "IAD!", "LHR!", 1), "s", 0, 0, false},
		{"in nobody's name", strings.Replace(one, "IAD!", "NIL!", 1), "s", 0, 0, false},
		{"nothing", "", "s", 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, ok := lhr.verify(tt.list, tt.service, now.Add(tt.after))
			if ok != tt.ok || ok && kind != tt.kind {
				t.Errorf("%v, kind %d", ok, kind)
			}
		})
	}
	outside := homeOf(f, "cache-syd1-SYD")
	if _, ok := outside.verify(one, "s", now); ok {
		t.Error("an edge outside the fleet takes its marks")
	}
	other := homeOf(fleetOf(t, "LHR"), "cache-lhr1-LHR")
	if _, ok := other.verify(one, "s", now); ok {
		t.Error("an edge takes marks of a POP that it does not know")
	}
}

// FuzzMarks looks that no list holds but those that were signed: what a client can
// change of a valid one, and any other text.
func FuzzMarks(f *testing.F) {
	fleet := fleetOf(f, "IAD", "LHR")
	iad, lhr := homeOf(fleet, "cache-iad1-IAD"), homeOf(fleet, "cache-lhr1-LHR")
	now := time.Unix(1700000000, 0)
	one := iad.sign("s", "", now.Unix(), 0)
	two := one + ffSeparator + lhr.sign("s", one, now.Unix(), ffHopTLS)
	signed := []string{one, two}
	for _, list := range append(signed, "", "!", "!!", ", ", one+",", "x!IAD!cache-iad1-IAD", two+", "+two) {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if _, ok := lhr.verify(list, "s", now); ok && !slices.Contains(signed, list) {
			t.Errorf("%q is taken for signed", list)
		}
		for element := range strings.SplitSeq(list, ffSeparator) {
			codeOf(element)
		}
	})
}
