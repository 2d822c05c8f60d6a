package h2

import (
	"testing"
	"time"
)

func TestAllowance(t *testing.T) {
	now := time.Unix(1000, 0)
	var a allowance
	a.refill(now)
	for range allowanceMax {
		if !a.pay(1) {
			t.Fatal("spent before its end")
		}
	}
	if a.pay(1) {
		t.Error("it never ends")
	}
	a.refill(now.Add(time.Second))
	if a.points != allowanceASecond-1 {
		t.Errorf("%d points after a second, want %d", a.points, allowanceASecond-1)
	}
	a.refill(now.Add(1000 * time.Hour))
	if a.points != allowanceMax {
		t.Errorf("%d points after long, want %d", a.points, allowanceMax)
	}
	a.refill(now) // a clock that goes back
	if a.points != allowanceMax {
		t.Errorf("%d points, want %d", a.points, allowanceMax)
	}
}
