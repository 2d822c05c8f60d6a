package probe

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"headwater/dial"
)

// A panic in a try counts for nothing, and is told; the next try comes when it is due,
// and other addresses are none the wiser.
func TestPanicInTry(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		var caught []any
		w.cfg.Caught = func(p any) { caught = append(caught, p) }
		answer := w.attempt
		w.attempt = func(ctx context.Context, p *Probe, addr netip.Addr) Result {
			r := answer(ctx, p, addr)
			if addr.String() == "192.0.2.1" && len(w.at("192.0.2.1")) == 2 {
				panic("what an answer")
			}
			return r
		}
		m, other := member(t, check(t)), member(t, check(t))
		other.Plan = plan(t, "192.0.2.2", 80)
		p, o := w.Join(m), w.Join(other)
		w.after("192.0.2.1", 4)
		at := w.at("192.0.2.1")
		if pause := at[2].Sub(at[1]); pause < 940*time.Millisecond || pause > 1060*time.Millisecond {
			t.Errorf("the try after the panic came after %v, want about 1s", pause)
		}
		if len(caught) != 1 || caught[0] != "what an answer" {
			t.Errorf("caught %v", caught)
		}
		a := p.Status().Addresses[0]
		if !p.Healthy() || a.Tries != 3 || a.Failed != 0 {
			t.Errorf("healthy is %v, of %d tries %d failed", p.Healthy(), a.Tries, a.Failed)
		}
		if n := o.Status().Addresses[0].Tries; n < 2 {
			t.Errorf("the other address was tried %d times", n)
		}
		w.Leave(p, m.Ref)
		w.Leave(o, other.Ref)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := p.queue.running; n != 0 {
			t.Errorf("%d tries go on for ever", n)
		}
	})
}

// Nor does one in whoever is told of a change end the probe, which without anybody to
// count panics logs it.
func TestPanicInWhoIsTold(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		log := new(bytes.Buffer)
		logged := NewSet(Config{Network: &dial.Network{}, Log: slog.New(slog.NewTextHandler(log, nil))})
		defer logged.Close()
		told := w.cfg.Changed
		w.cfg.Caught = logged.cfg.Caught
		w.cfg.Changed = func(c Change) {
			told(c)
			panic("what a change")
		}
		w.answer = func(_ string, nth int) Result { return result("fp"[nth%2]) }
		w.Join(member(t, check(t, "window=1", "threshold=1", "initial=1")))
		w.after("192.0.2.1", 4)
		if got := len(w.told()); got != 4 {
			t.Errorf("told %d changes, want 4", got)
		}
		if n := strings.Count(log.String(), "msg=panicked"); n != 4 || !strings.Contains(log.String(), "probe/contain.go") {
			t.Errorf("%d panics are logged, want 4 with a stack:\n%s", n, log)
		}
	})
}

// One in taking in addresses leaves the set as it is, and free for others.
func TestPanicInAddresses(t *testing.T) {
	inWorld(t, &dial.Network{}, func(w *world) {
		caught := 0
		w.cfg.Caught = func(any) { caught++ }
		m := member(t, check(t))
		p := w.Join(m)
		records := p.records
		p.records = nil // which no record can be put into
		w.readdress(p)
		p.records = records
		w.after("192.0.2.1", 2)
		if again := w.Join(m); again != p || caught != 1 {
			t.Errorf("%d panics; the probe is the same: %v", caught, again == p)
		}
	})
}
