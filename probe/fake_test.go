package probe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"headwater/dial"
	"headwater/dial/dialtest"
	"headwater/service"
)

// check returns a health check that asks once a second, changed by fields as the API
// takes them: window=5.
func check(tb testing.TB, fields ...string) *service.Healthcheck {
	tb.Helper()
	in := service.Input{}
	for _, f := range append([]string{"name=ping", "host=ping.example", "path=/ping", "check_interval=1000"}, fields...) {
		key, value, _ := strings.Cut(f, "=")
		in[key] = service.Value{Text: value}
	}
	o, err := service.HealthcheckKind.Create(in)
	if err != nil {
		tb.Fatal(err)
	}
	return o.(*service.Healthcheck)
}

// plan is that of a backend at an address.
func plan(tb testing.TB, address string, port int64, sets ...func(*service.Backend)) *dial.Plan {
	tb.Helper()
	b := service.BackendKind.Default().(*service.Backend)
	b.Name, b.Address, b.Port = "origin", address, port
	for _, set := range sets {
		set(b)
	}
	p, _, err := dial.NewPlan(b, dial.Rules{})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// member is backend "origin" of service "shop" at 192.0.2.1.
func member(tb testing.TB, h *service.Healthcheck) Member {
	return Member{Customer: "acme", Ref: Ref{"shop", "origin"}, Plan: plan(tb, "192.0.2.1", 80), Check: h}
}

// A world is a set whose tries are a script's, in the time of a synctest bubble.
type world struct {
	*Set
	t       *testing.T
	changes []Change
	tries   map[string][]time.Time // when, by address
	answer  func(addr string, nth int) Result
}

// result is what the letters of a script stand for: p passes, f fails, s is skipped.
func result(letter byte) Result {
	switch letter {
	case 'p':
		return Result{Outcome: Passed, Status: 200}
	case 's':
		return Result{Outcome: Skipped, Reason: "too many open files"}
	}
	return Result{Outcome: WrongStatus, Status: 500, Reason: "status 500, not 200"}
}

// inWorld runs f in a bubble. Each try takes 10 ms.
func inWorld(t *testing.T, network *dial.Network, f func(w *world)) {
	dialtest.Bubble(t, func(t *testing.T) {
		w := &world{t: t, tries: map[string][]time.Time{}}
		w.Set = NewSet(Config{Network: network, Changed: func(c Change) { w.changes = append(w.changes, c) }})
		w.answer = func(string, int) Result { return result('p') }
		w.attempt = func(ctx context.Context, _ *Probe, addr netip.Addr) Result {
			w.mu.Lock()
			r := w.answer(addr.String(), len(w.tries[addr.String()]))
			w.tries[addr.String()] = append(w.tries[addr.String()], time.Now())
			w.mu.Unlock()
			r.At, r.Took = time.Now(), 10*time.Millisecond
			select {
			case <-ctx.Done():
			case <-time.After(r.Took):
			}
			return r
		}
		defer w.Close()
		f(w)
	})
}

// all tells what the tries of an address are, by letters, the last of which goes on.
func (w *world) all(letters string) {
	w.answer = func(_ string, nth int) Result { return result(letters[min(nth, len(letters)-1)]) }
}

// after waits until an address was tried n times, and their outcomes are known.
func (w *world) after(addr string, n int) {
	w.t.Helper()
	for range 1000 * n {
		if len(w.at(addr)) >= n {
			time.Sleep(11 * time.Millisecond)
			synctest.Wait()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Fatalf("%s was not tried %d times", addr, n)
}

// at tells when an address was tried.
func (w *world) at(addr string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tries[addr])
}

// told is what w.changes say: "192.0.2.1 sick, backend turns sick: status 500, not 200".
func (w *world) told() (all []string) {
	word := map[bool]string{true: "healthy", false: "sick"}
	synctest.Wait()
	for _, c := range w.changes {
		at := "none"
		if c.Addr.IsValid() {
			at = c.Addr.Addr().String()
		}
		is := map[bool]string{true: "turns", false: "is"}[c.Turned]
		text := fmt.Sprintf("%s %s, backend %s %s", at, word[c.Healthy], is, word[c.Backend])
		if c.Reason != "" {
			text += ": " + c.Reason
		}
		all = append(all, text)
	}
	w.changes = nil
	return all
}

// slowTry is how long the tries of slow take.
const slowTry = 5 * time.Second

// slow returns tries that take slowTry unless they are cut short, and counts how many
// go on.
func slow(w *world, running, most *int) func(context.Context, *Probe, netip.Addr) Result {
	return func(ctx context.Context, _ *Probe, addr netip.Addr) Result {
		r := Result{At: time.Now(), Took: slowTry, Outcome: Late, Reason: "no answer within the timeout"}
		w.mu.Lock()
		w.tries[addr.String()] = append(w.tries[addr.String()], r.At)
		*running++
		*most = max(*most, *running)
		w.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(slowTry):
		}
		w.mu.Lock()
		*running--
		w.mu.Unlock()
		return r
	}
}
