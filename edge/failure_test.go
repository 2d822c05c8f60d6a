package edge

import (
	"errors"
	"testing"

	"headwater/dial"
)

// What package dial says of a cause is what clients and the log are told.
func TestDialFailures(t *testing.T) {
	for cause := dial.Exhausted; cause <= dial.Broken; cause++ {
		e := &dial.Error{Cause: cause, Err: errors.New("why")}
		f := dialFailure(e)
		if f == failNone || f.words(e) != e.Reason() || failures[f].status != 503 {
			t.Errorf("cause %d is %d %q, want 503 %q", cause, failures[f].status, f.words(e), e.Reason())
		}
		if got, want := failures[f].side == sideOrigin, e.Side() == dial.SideOrigin; got != want {
			t.Errorf("cause %d: the origin's %v, want %v", cause, got, want)
		}
		if got, want := f.unconnected(), e.Elsewhere(); got != want {
			t.Errorf("cause %d: may go elsewhere %v, want %v", cause, got, want)
		}
	}
	e := &dial.Error{Cause: dial.Uncertified, Text: "certificate has expired"}
	if got := dialFailure(e).words(e); got != e.Text {
		t.Errorf("a certificate's fault is told as %q", got)
	}
}
