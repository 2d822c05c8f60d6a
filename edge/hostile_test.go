package edge_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// lastOne is sent behind every hostile, so that a connection always ends: with its
// answer, or because of what was before it.
var lastOne = get("/last", "Connection: close")

// Whatever a client sends, in one piece or in many, it gets an answer or an end, and
// soon; what is refused reaches no origin, what goes on means one thing to everybody,
// and a neighbour sees nothing of it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	all := hostiles()
	for _, r := range refusals() {
		all = append(all, hostile{r.name, r.request, []int{rejected}})
	}
	if len(all) < 3200 {
		t.Errorf("%d requests, want more than 3200", len(all))
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		o := edgetest.NewOrigin(t, edgetest.Handle(echo))
		quiet := edgetest.NewOrigin(t, edgetest.Handle(echo))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.Snapshot(edgetest.Backend(o)),
			edgetest.Service("next door", 1, []string{"next.example"}, edgetest.Backend(quiet)))
		neighbour := e.Dial(t)
		for n, h := range all {
			size := len(h.text) + len(lastOne)
			if n%4 == 0 {
				size = 1 + n%13
			}
			h.send(t, e, o, size)
			if n%50 == 0 {
				target := fmt.Sprint("/", n)
				if a := neighbour.Get("next.example", target); string(a.Body) != "GET "+target+" " {
					t.Fatalf("%s: the neighbour got %d %q", h.name, a.Status, a.Body)
				}
			}
		}
		if n := quiet.Accepted(); n != 1 {
			t.Errorf("%d connections for a neighbour that nothing happened to", n)
		}
		if n := e.Panics(); n > 0 {
			t.Errorf("%d panics", n)
		}
	})
}

// send sends the hostile on a connection of its own, in pieces of that size, of which
// there are some dozens at most, and judges what comes of it.
func (h *hostile) send(t *testing.T, e *edgetest.Edge, o *edgetest.Origin, size int) {
	t.Helper()
	c := e.Dial(t)
	defer c.TCP.Close()
	text := h.text + lastOne
	size = max(size, len(text)/50)
	for len(text) > size && c.Push(text[:size]) == nil {
		text = text[size:]
	}
	c.Push(text)
	got, err := statuses(c)
	if !ended(err) {
		t.Fatalf("%s: %q: after %d: %v", h.name, h.text, got, err)
	}
	served := 0
	for i, status := range got {
		switch {
		case status == 200:
			served++
		case i < len(got)-1:
			t.Errorf("%s: %q: answers %d: one goes on behind a refusal", h.name, h.text, got)
		}
	}
	if came := sameAsMeant(t, h.text+lastOne, o); came != served {
		t.Errorf("%s: %q: answers %d, but %d requests went on", h.name, h.text, got, came)
	}
	if h.want != nil && !h.allows(got) {
		t.Errorf("%s: %q: answers %d, want %d", h.name, h.text, got, h.want)
	}
}

// statuses reads answers until the connection ends, and returns how it did.
func statuses(c *edgetest.Client) (all []int, end error) {
	for {
		a, err := c.TryAnswerTo("GET")
		if err != nil {
			return all, err
		}
		if a.Err != nil {
			return all, a.Err
		}
		all = append(all, a.Status)
	}
}

// ended reports whether a connection was ended by the other side, and not in the
// middle of something.
func ended(err error) bool {
	var network net.Error
	return err == io.EOF || errors.Is(err, syscall.ECONNRESET) && !(errors.As(err, &network) && network.Timeout())
}

// allows reports whether the answers are those that are wanted, with that to the last
// request if nothing was refused before.
func (h *hostile) allows(got []int) bool {
	want := h.want
	if want[len(want)-1] != rejected {
		want = append(want[:len(want):len(want)], 200)
	}
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] && !(want[i] == rejected && got[i] > rejected && got[i] < 600) {
			return false
		}
	}
	return true
}
