package certificate

import (
	"crypto/x509"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// However many are due, no more orders are begun than the authority bears.
func TestPace(t *testing.T) {
	var p pace
	now := time.Now()
	for n := range burst {
		if wait := p.wait(now); wait != 0 {
			t.Fatalf("order %d has to wait %v", n, wait)
		}
		p.take(now)
	}
	if wait := p.wait(now); wait != refill {
		t.Errorf("wait %v, want %v", wait, refill)
	}
	if wait := p.wait(now.Add(refill)); wait != 0 {
		t.Errorf("wait %v after a refill", wait)
	}
	begun, later := 0, now.Add(24*time.Hour)
	for at := later; at.Before(later.Add(3 * time.Hour)); at = at.Add(time.Second) {
		if p.wait(at) == 0 {
			p.take(at)
			begun++
		}
	}
	if begun < 280 || begun > 300 {
		t.Errorf("%d orders in three hours", begun)
	}
}

func TestBackoff(t *testing.T) {
	var at time.Duration
	hour := 0
	for n := range 100 {
		if at < time.Hour {
			hour++
		}
		at += backoff(n)
	}
	if hour != 5 || backoff(100) != 12*time.Hour {
		t.Errorf("%d orders in the first hour, then one in %v", hour, backoff(100))
	}
}

func TestRenewalOf(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &x509.Certificate{NotBefore: from, NotAfter: from.Add(90 * 24 * time.Hour)}
	const day = 24 * time.Hour
	if got, want := renewalOf(c), from.Add(60*day); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for had, want := range map[time.Duration]time.Duration{0: 60 * day, 80 * day: 85 * day} {
		if got := nextRenewal(c, from.Add(had)); !got.Equal(from.Add(want)) {
			t.Errorf("had %v after it was made, it is renewed %v, want %v", had, got, from.Add(want))
		}
	}
}

func TestOrderable(t *testing.T) {
	for name, want := range map[string]bool{
		"a.test": true, "xn--bcher-kva.example": true, "a-b.c1.test": true, strings.Repeat("a.", 125) + "bc": true,
		"": false, "localhost": false, "*.a.test": false, "a..test": false, ".a.test": false, "a.test.": false, "..": false,
		"../a.test": false, "a/b.test": false, `a\b.test`: false, "A.test": false, "a_b.test": false, "-a.test": false,
		"a-.test": false, "ü.test": false, "a.test\x00": false, "192.0.2.1": false, "::1": false, "a:1.test": false,
		strings.Repeat("a", 64) + ".test": false, strings.Repeat("a.", 126) + "bc": false,
	} {
		if orderable(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

// Whatever a client says, what may be ordered is the name of a file of its own.
func FuzzOrderable(f *testing.F) {
	for _, name := range []string{"a.test", "../a", "*.a", "A.B", "1.2.3.4"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		name = canonical(name)
		if orderable(name) && (filepath.Base(name) != name || name[0] == '.' || !filepath.IsLocal(name) || len(name) > 255) {
			t.Errorf("%q", name)
		}
	})
}
