package certificate

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"headwater/dial/dialtest"
)

// opened is an issuer of a directory, whose names are those under .test.
func opened(t *testing.T, cfg IssuerConfig) (*Issuer, *journal) {
	t.Helper()
	log := newJournal()
	cfg.Sealer, cfg.Wanted, cfg.Log = plain{}, wants(".test"), slog.New(slog.NewTextHandler(log, nil))
	i, err := OpenIssuer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return i, log
}

// wantWait wants a name to wait, with so many failures, for no longer than most.
func wantWait(t *testing.T, i *Issuer, name string, failures int, most time.Duration) {
	t.Helper()
	n := i.get(name)
	if n == nil {
		t.Errorf("%s is forgotten", name)
		return
	}
	if left := time.Until(n.due); n.failures != failures || left > most+time.Second || left < most-time.Minute {
		t.Errorf("%s: %d failures, and %v to wait; want %d, and %v", name, n.failures, left, failures, most)
	}
}

// Who starts anew goes on waiting where it was, for a certificate and for another.
func TestWaitsOutliveTheProcess(t *testing.T) {
	authority := refusing(t)
	pool := x509.NewCertPool()
	pool.AddCert(authority.Certificate())
	cfg := IssuerConfig{Directory: authority.URL, Roots: pool, Email: "ops@example.com", Dir: t.TempDir()}
	i, _ := opened(t, cfg)
	due := dialtest.NewAuthority(t, "root").Issue([]string{"renewed.test"}, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(10*time.Minute)
	})
	if err := i.kept.write("renewed.test", &ordered{text: []byte(both(t, due))}); err != nil {
		t.Fatal(err)
	}
	i, log := opened(t, cfg)
	i.hold("new.test", 1, time.Now())
	stop := run(t, i)
	log.await(t, 2, "msg=\"no certificate\"")
	stop()
	if made, failed := i.Orders(); made != 0 || failed < 2 {
		t.Errorf("%d orders made, %d failed", made, failed)
	}

	again, _ := opened(t, cfg)
	wantWait(t, again, "new.test", i.get("new.test").failures, time.Until(i.get("new.test").due))
	wantWait(t, again, "renewed.test", i.get("renewed.test").failures, time.Until(i.get("renewed.test").due))
	if !again.pace.full.Equal(i.pace.full) || i.pace.full.IsZero() {
		t.Errorf("the allowance is full at %v, was %v", again.pace.full, i.pace.full)
	}
	select {
	case <-again.get("new.test").tried:
	default:
		t.Error("clients wait for a name that has failed before")
	}
	for name := range again.Expiries() {
		if name != "renewed.test" {
			t.Errorf("a certificate of %s", name)
		}
	}
}

// An order that the process did not outlive has failed: the next one begins when it would
// have then, and is taken from the same allowance.
func TestCrashDuringOrders(t *testing.T) {
	cfg := IssuerConfig{Directory: "https://127.0.0.1:1/", Dir: t.TempDir()}
	for crash, pause := range pauses[:4] {
		i, _ := opened(t, cfg)
		now := time.Now()
		if crash == 0 {
			i.add("a.test", now)
		} else {
			now = i.get("a.test").due
		}
		if n, _ := i.next(now); n == nil {
			t.Fatalf("nothing to order after %d crashes", crash)
		}
		i.keepWaits()
		again, _ := opened(t, cfg)
		wantWait(t, again, "a.test", crash+1, pause)
		if n, _ := again.next(time.Now()); n != nil {
			t.Errorf("%s is ordered at once after %d crashes", n.name, crash+1)
		}
		if again.pace.full.IsZero() {
			t.Error("the allowance is full")
		}
	}
}

// An order that a stop cuts short has not failed: after the next start it is due at once,
// with as many failures as before, and taken from what is left of the allowance.
func TestStopDuringOrders(t *testing.T) {
	asked := make(chan struct{}, maxOrders)
	authority := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(authority.Close)
	pool := x509.NewCertPool()
	pool.AddCert(authority.Certificate())
	cfg := IssuerConfig{Directory: authority.URL, Roots: pool, Email: "ops@example.com", Dir: t.TempDir()}
	var before *Issuer
	for start := range 3 {
		i, log := opened(t, cfg)
		if start == 0 {
			i.add("new.test", time.Now())
			i.hold("failed.test", 3, time.Now())
		} else {
			wantWait(t, i, "failed.test", 3, time.Until(before.get("failed.test").due))
			if i.get("new.test") != nil || !i.pace.full.Equal(before.pace.full) {
				t.Errorf("%v waits; the allowance is full at %v, was %v", i.get("new.test"), i.pace.full, before.pace.full)
			}
		}
		stop := run(t, i)
		select {
		case <-asked:
		case <-time.After(patience):
			t.Fatal("the authority is not asked")
		}
		stop()
		if made, failed := i.Orders(); made+failed > 0 || log.text.Len() > 0 {
			t.Errorf("%d orders made, %d failed: %s", made, failed, &log.text)
		}
		before = i
	}
}

// What is kept is bounded, by size and by clocks that were wrong, and what cannot be read
// is told of.
func TestKeptWaitsAreBounded(t *testing.T) {
	cfg := IssuerConfig{Directory: "https://127.0.0.1:1/", Dir: t.TempDir()}
	i, _ := opened(t, cfg)
	write := func(text string) {
		t.Helper()
		if err := i.kept.seal(waitsFile, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	label := strings.Repeat("a", 60) + "."
	for n := range maxWaits + 500 {
		i.hold(fmt.Sprintf("%s%04d.test", strings.Repeat(label, 4), n), 1+n, time.Now()) // as long as they may be
	}
	i.keepWaits()
	i, _ = opened(t, cfg)
	kept := 0
	for range i.names.Range {
		kept++
	}
	if kept != maxWaits {
		t.Errorf("%d names are kept, want %d", kept, maxWaits)
	}
	ahead := time.Now().Add(1000 * time.Hour)
	text, err := json.Marshal(waits{ahead, map[string]wait{"a.test": {9, ahead}, "../b.test": {1, ahead}, "c.test": {-1, ahead}}})
	if err != nil {
		t.Fatal(err)
	}
	write(string(text))
	i, _ = opened(t, cfg)
	wantWait(t, i, "a.test", 9, 12*time.Hour)
	if i.get("../b.test") != nil || i.get("c.test") != nil || time.Until(i.pace.full) > burst*refill {
		t.Errorf("%v, %v; the allowance is full at %v", i.get("../b.test"), i.get("c.test"), i.pace.full)
	}
	write("no JSON")
	_, log := opened(t, cfg)
	log.await(t, 1, "waits of orders begin anew")
	if err := os.WriteFile(filepath.Join(i.kept.dir, waitsFile), []byte("not sealed"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, log = opened(t, cfg)
	log.await(t, 1, "waits of orders begin anew")
}
