package h2

import "time"

// An allowance is what a client may still do that costs us work and brings it
// nothing. It has points at first, gets some back with time and with each request
// that is answered, and pays for what it does. One that has none left is told to
// calm down, and gone (docs/http2.md says how these were chosen).
type allowance struct {
	points int
	at     time.Time // when points last came back
}

const (
	allowanceMax     = 1000
	allowanceASecond = 100
	allowanceRequest = 10      // for each request that was answered whole
	allowanceBytes   = 2 << 10 // of our DATA earn one: WINDOW_UPDATEs answer them
)

// What a client pays for.
const (
	// PING, PRIORITY, WINDOW_UPDATE, CONTINUATION, an unknown frame, empty DATA, one for a
	// stream that is over.
	priceFrame = 1

	priceSettings = 5  // and one more for each ten settings
	priceRefused  = 2  // a stream over the limit
	priceReset    = 5  // RST_STREAM
	priceFault    = 10 // a request, or a frame, that ends its stream
)

// refill gives back what time has earned.
func (a *allowance) refill(now time.Time) {
	if a.at.IsZero() {
		a.points, a.at = allowanceMax, now
		return
	}
	const whole = allowanceMax / allowanceASecond * time.Second
	if earned := int(min(now.Sub(a.at), whole) * allowanceASecond / time.Second); earned > 0 {
		a.earn(earned)
		a.at = now
	}
}

func (a *allowance) earn(points int) { a.points = min(a.points+points, allowanceMax) }

// pay reports whether the client could.
func (a *allowance) pay(points int) bool {
	a.points -= points
	return a.points >= 0
}
