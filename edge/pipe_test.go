package edge

import (
	"testing"
	"time"
)

// fewPipes returns pipes of which one is left, or skips where the system has none.
func fewPipes(t *testing.T) *pipes {
	t.Helper()
	p := &pipes{open: maxPipes - 1}
	one := p.get()
	if one == nil {
		t.Skip("only on another system: there are no pipes here")
	}
	p.put(one)
	t.Cleanup(p.close)
	return p
}

func TestPipesAreBounded(t *testing.T) {
	p := fewPipes(t)
	one := p.get()
	if p.get() != nil || !p.scarce() {
		t.Error("there are more pipes than may be")
	}
	p.put(one)
	if p.scarce() || p.get() != one {
		t.Error("an idle pipe is not used again")
	}
	one.held = 1
	p.put(one)
	if two := p.get(); two == nil || two.held != 0 {
		t.Error("one that was closed leaves no room for the next")
	}
}

func TestPipesClose(t *testing.T) {
	p := fewPipes(t)
	one := p.get()
	p.close()
	if p.get() != nil {
		t.Error("a pipe is given out after the end")
	}
	p.put(one)
	if p.open != maxPipes-1 || len(p.idle) != 0 {
		t.Errorf("%d pipes are open, %d idle", p.open, len(p.idle))
	}
}

// Who is slow keeps a pipe as long as nobody lacks it.
func TestConduitYields(t *testing.T) {
	p := fewPipes(t)
	c := &conduit{pipe: p.get(), home: p}
	defer c.end()
	now := time.Now()
	steps := []struct {
		after  time.Duration
		scarce bool
		want   bool
	}{{time.Hour, true, false}, {slowPiece, true, false}, {slowPiece + 1, false, false}, {slowPiece + 1, true, true}}
	for i, s := range steps {
		now = now.Add(s.after)
		p.open = maxPipes
		if !s.scarce {
			p.open--
		}
		if got := c.yields(now); got != s.want {
			t.Errorf("piece %d: %t, want %t", i, got, s.want)
		}
	}
}
