package edge

// A prompt upload is one whose body has come when a connection to the origin has been found
// for it: it is sent at once by whoever serves the client, and its answer is waited for without a
// goroutine, as that to a request without a body. Where some of it is missing, or the
// origin has no room for all, a goroutine carries what is left, see [upload].

// promptSize is how much of a body may be missing when its head has come: others whose
// turn it is wait meanwhile.
const promptSize = 256 << 10

// nothingRuns is what there is to wait for where nothing runs.
var nothingRuns = func() chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

// mayBePrompt reports whether it is worth while to look for the rest of the body before a
// goroutine is.
func (x *exchange) mayBePrompt() bool {
	r, missing := &x.req, x.req.length-int64(len(x.rest))
	if r.chunked || r.upgrade || r.expect || missing <= 0 || missing > promptSize {
		return false
	}
	_, able := x.c.link.(piper)
	return able
}

// gather takes what has come of a body that may be prompt into a pipe, and reports whether
// all has. The body cannot be sent a second time then.
func (u *upload) gather() (all bool) {
	x := u.x
	c := x.c.edge.pipes.between(x.c.link, x.origin.link)
	if c == nil {
		return false
	}
	missing := u.left - int64(len(x.rest))
	for missing > 0 {
		n, err := c.from.pull(c.pipe, missing)
		if err == errNoSplice {
			c.home.close()
		}
		if err != nil {
			break // what it is but that nothing has come, whoever waits finds again
		}
		missing -= int64(n)
		u.left -= int64(n)
	}
	if c.pipe.held == 0 {
		c.end()
		return false
	}
	u.gathered, u.done = c, nothingRuns
	return missing == 0
}

// flush sends what was gathered, all that was missing, and reports false where there is not
// room for it.
func (u *upload) flush() bool {
	for c := u.gathered; c.pipe.held > 0; {
		n, err := c.to.push(c.pipe)
		u.taken += int64(n)
		if err != nil {
			return false // to be found again, likewise
		}
	}
	u.end(true, nil)
	u.sent.Store(u.taken)
	u.letGo()
	return true
}

// passGathered waits until the origin has room for what was gathered.
func (u *upload) passGathered() (f failure, ended bool) {
	c := u.gathered
	if c == nil {
		return failNone, u.left == 0
	}
	defer u.letGo()
	u.taken += int64(c.pipe.held)
	u.end(u.left == 0, nil)
	if _, err := c.to.empty(c.pipe, u.x.limits.BetweenBytes); err != nil {
		u.cause = err
		return failWrite, false
	}
	u.sent.Store(u.taken)
	return failNone, u.left == 0
}

// letGo gives back the pipe of what was gathered.
func (u *upload) letGo() {
	if u.gathered != nil {
		u.gathered.end()
		u.gathered = nil
	}
}

// awaitPrompt waits for the answer to a prompt upload, or lets go of the exchange.
func (x *exchange) awaitPrompt() failure {
	x.vcl.Fetched.BodySent = x.up.sent.Load()
	x.again = true // it cannot be
	x.answerBy = x.answerDue(x.clock())
	if x.mayRest() {
		return failAsking
	}
	return x.tried(x.hear())
}
