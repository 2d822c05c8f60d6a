package edge

import "time"

// A request that expects 100 (Continue) keeps its body back until it has leave to send
// it. The origin is asked with the same expectation, so that leave, or an answer
// without any, is the origin's to give (RFC 9110 section 10.1.1).

// leaveTime is how long the body waits for an origin that says nothing: it may not
// know the expectation, and wait for the body.
const leaveTime = time.Second

// awaitLeave waits for what the origin says to a request whose body is withheld, and
// returns how many bytes of it are in x.in.
func (x *exchange) awaitLeave() (int, failure) {
	if x.in == nil {
		x.in = getBuffer(0)
	}
	n, err := x.readOrigin(x.in.b, time.Now().Add(leaveTime))
	switch {
	case err == nil:
		return n, failNone
	case err != errTimeout:
		x.event.cause = err
		return 0, x.unanswered(err)
	}
	if f := x.giveLeave(); f != failNone {
		return 0, f
	}
	return x.awaitAnswer()
}

// giveLeave tells the client to send the body, which goes on as it comes.
func (x *exchange) giveLeave() failure {
	x.up.withheld, x.req.expect = false, false // said, and not again after a restart
	if f := x.goAhead(); f != failNone {
		return f
	}
	x.startUpload()
	return failNone
}

// awaitMore waits for what follows the first n bytes of x.in, which are part of a head,
// or an interim answer if n is 0, and returns how many bytes have come.
func (x *exchange) awaitMore(n int) (int, failure) {
	switch {
	case n > 0:
		return x.readMore(n, false)
	case x.up.withheld:
		return x.awaitLeave()
	case x.up.running():
		return x.awaitAnswer()
	}
	return x.readMore(0, true)
}
