package api

import (
	"strconv"
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	w := window{period: time.Hour, most: 2}
	at := time.Date(2026, 11, 22, 10, 59, 59, 0, time.UTC)
	steps := []struct {
		name string
		key  string
		n    int
		now  time.Time
		want int
	}{
		{"first", "a", 1, at, 1},
		{"looking does not count", "a", 0, at, 1},
		{"second", "a", 1, at, 2},
		{"each key has its own", "b", 1, at, 1},
		{"beyond the most, keys share", "c", 1, at, 1},
		{"beyond the most, keys share", "d", 1, at, 2},
		{"the next hour starts over", "a", 1, at.Add(time.Second), 1},
		{"for all", "d", 0, at.Add(time.Second), 0},
	}
	for _, s := range steps {
		if got := w.add(s.key, s.n, s.now); got != s.want {
			t.Errorf("%s: add(%q, %d) = %d, want %d", s.name, s.key, s.n, got, s.want)
		}
	}
	if got, want := w.end(at), time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("end = %v, want %v", got, want)
	}
}

// Memory does not grow with the number of addresses that guess.
func TestWindowIsBounded(t *testing.T) {
	w := window{period: time.Minute, most: 10}
	now := time.Unix(0, 0)
	for i := range 1000 {
		w.add(strconv.Itoa(i), 1, now)
	}
	if got := len(w.used); got > 11 {
		t.Errorf("%d keys kept, want at most 11", got)
	}
}

func TestNetwork(t *testing.T) {
	tests := []struct{ remote, want string }{
		{"192.0.2.1:1234", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:1234", "192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1234", "2001:db8:1:2::/64"},
		{"[fe80::1%eth0]:1234", "fe80::/64"},
		{"@", "@"},
	}
	for _, tt := range tests {
		if got := network(tt.remote); got != tt.want {
			t.Errorf("network(%q) = %q, want %q", tt.remote, got, tt.want)
		}
	}
}
