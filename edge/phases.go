package edge

import (
	"errors"
	"time"

	"headwater/internal/message"
	"headwater/vcl"
)

// A phase is a part of a request's life. Each does its work, runs the program's
// subroutine for it, and names the phase that follows.
type phase uint8

const (
	receiving  phase = iota // vcl_recv, vcl_hash
	missing                 // vcl_miss
	passing                 // vcl_pass
	fetching                // the origin, and vcl_fetch
	asking                  // likewise, when the answer comes
	failing                 // vcl_error
	delivering              // vcl_deliver
	sending                 // to the client
	aborting                // a page that no program has a part in
	gone                    // there is nobody to answer
)

// maxRestarts is how often a request may begin anew (VCL reference, restart).
const maxRestarts = 3

var (
	errRestarts = errors.New("too many restarts")
	errReplay   = errors.New("restart of a request whose body is not at hand any more")
)

// live takes the request through its phases from p on, as often as it restarts, and
// reports whether the client's connection may serve another. It leaves an exchange that
// is asking as it is.
//
// It comes to an end: receiving is entered once more for each restart, of which
// there are few; the only other ways back are to failing, which an error statement
// takes once in each round (see turn) and a restart too many once in all.
func (x *exchange) live(p phase) (keep bool) {
	for {
		switch p {
		case receiving:
			p = x.receive()
		case missing:
			p = x.miss()
		case passing:
			p = x.pass()
		case fetching:
			p = x.fetched(x.fetch())
		case asking:
			x.asking = true
			return false
		case failing:
			p = x.failed()
		case delivering:
			p = x.delivered()
		case sending:
			return x.reply()
		case aborting:
			return x.abort()
		case gone:
			return false
		}
	}
}

// sub runs one subroutine of the program.
func (x *exchange) sub(s vcl.Scope) vcl.Action {
	x.vcl.Now = time.Time{}
	if st := x.stage(); st != nil {
		x.vcl.Now = st.now
	}
	return x.site.program.Run(&x.vcl, s)
}

// receive runs vcl_recv, which chooses between a lookup and a pass. The hash is of
// use without a cache too: directors go by it.
func (x *exchange) receive() phase {
	v, next := &x.vcl, missing
	v.Backend, v.HashKey, v.State = nil, "", ""
	v.Shield, v.Unshielded = nil, nil
	v.Bereq, v.Beresp, v.Obj, v.Resp = nil, nil, nil, nil
	v.Fetched, v.Cache = vcl.Fetched{}, vcl.Cache{}
	a := x.sub(vcl.Recv)
	if a == vcl.DoPass || a == vcl.DoUpgrade {
		next = passing
	}
	if p := x.turn(a, next); p != next {
		return p
	}
	if !x.site.program.Hashes && x.recorder == nil {
		return next
	}
	return x.turn(x.sub(vcl.Hash), next)
}

// miss runs vcl_miss. A lookup ends here, as there is no cache.
func (x *exchange) miss() phase {
	x.vcl.State = "MISS"
	x.prepareFetch()
	a := x.sub(vcl.Miss)
	if a == vcl.DoPass {
		return passing
	}
	return x.turn(a, fetching)
}

func (x *exchange) pass() phase {
	x.vcl.State = "PASS"
	x.prepareFetch()
	return x.turn(x.sub(vcl.Pass), fetching)
}

// prepareFetch makes the request to the origin, and says how long it may take
// unless the program says otherwise.
func (x *exchange) prepareFetch() {
	x.makeBereq()
	x.vcl.Bereq = &x.bereq
	x.offered = vcl.Timeouts{}
	if b := x.destination().first(); b != nil {
		x.offered = b.limits
	}
	x.vcl.Timeouts = x.offered
}

// heard goes on with a fetch whose answer has come.
func (x *exchange) heard() phase { return x.fetched(x.refetch()) }

// fetched runs vcl_fetch on the answer of a fetch.
func (x *exchange) fetched(f failure) phase {
	switch f {
	case failNone:
	case failAsking:
		return asking
	default:
		return x.broken(f)
	}
	x.vcl.Beresp = &x.beresp.Response
	return x.turn(x.sub(vcl.Fetch), delivering)
}

// failed runs vcl_error on an answer of our own.
func (x *exchange) failed() phase {
	v := &x.vcl
	x.discard()
	x.makeObj(v.ErrorStatus, v.ErrorReason)
	v.State, v.Beresp, v.Obj = "ERROR", nil, &x.obj
	v.Synthetic, v.HasSynthetic = "", false
	return x.turn(x.sub(vcl.Failure), delivering)
}

// delivered runs vcl_deliver on what goes to the client.
func (x *exchange) delivered() phase {
	v, from, now := &x.vcl, &x.beresp.Response, x.answered
	if v.Obj != nil {
		from = v.Obj
	}
	if v.Obj != nil || now.IsZero() {
		now = x.clock()
	}
	x.makeResp(from, now)
	v.Resp = &x.resp
	return x.turn(x.sub(vcl.Deliver), sending)
}

// turn is where an action leads that ends a subroutine before its time; for all
// others it is next. An error in what answers an error ends in a plain page.
func (x *exchange) turn(a vcl.Action, next phase) phase {
	switch {
	case a == vcl.DoRestart:
		return x.restart(next)
	case a == vcl.DoError && x.vcl.Obj == nil:
		v := &x.vcl
		if !v.HasReason {
			v.ErrorReason = reasonPhrase(v.ErrorStatus)
		}
		return failing
	case a == vcl.DoError, a == vcl.DoFail:
		x.event.failure = failInternal
		x.stopped()
		return aborting
	}
	return next
}

// stopped notes why a program could not go on. What is no bound that it came to is a
// bug of ours.
func (x *exchange) stopped() {
	fault := x.vcl.Fault
	x.event.cause = fault
	if fault != nil && fault != vcl.ErrWorkspace && fault != vcl.ErrSteps {
		x.c.edge.cfg.Log.Error("program", "service", x.site.service, "version", x.site.version, "error", fault)
	}
}

// restart begins anew, if it may. The one restart too many is a failure; others
// that come after it have no effect.
func (x *exchange) restart(next phase) phase {
	v := &x.vcl
	switch {
	case x.event.failure == failRestart:
		return next
	case v.Restarts == maxRestarts:
		x.event.cause = errRestarts
		return x.broken(failRestart)
	case x.up.done != nil:
		x.event.cause = errReplay
		return x.broken(failRestart)
	}
	x.discard()
	x.event.failure, x.event.cause = failNone, nil
	v.Restarts++
	return receiving
}

// broken leads a failure to the program, which may make something of it: but for
// what the client did itself.
func (x *exchange) broken(f failure) phase {
	d, v := &failures[f], &x.vcl
	x.event.failure = f
	switch {
	case d.status == 0:
		x.discard()
		return gone
	case d.side == sideClient:
		return aborting
	}
	v.Obj = nil
	v.ErrorStatus, v.ErrorReason, v.HasReason = d.status, f.words(x.event.cause), true
	return failing
}

// discard gives up what there is of an answer from the origin. Programs may have
// taken texts from its head, which stays.
func (x *exchange) discard() {
	x.endUpload()
	x.disconnect(false) // unless it was read to its end, and given back
	if x.in != nil {
		x.kept = append(x.kept, x.in)
		x.in = nil
	}
}

// abort answers with a page that is no program's, and ends the connection.
func (x *exchange) abort() bool {
	x.discard()
	if x.recorder != nil {
		x.recorder.aborted = true
	}
	return x.fail(x.event.failure)
}

// reply sends what was delivered.
func (x *exchange) reply() bool {
	switch {
	case x.vcl.Obj != nil && x.resp.Status >= 200:
		return x.sendObj()
	case x.switched && x.vcl.Obj == nil && x.resp.Status == 101:
		return x.tunnel()
	case x.switched && x.vcl.Obj == nil:
		x.event.failure, x.event.cause = failInternal, errUpgrade
		return x.abort()
	case x.resp.Status < 200: // which says that another answer follows
		x.event.failure, x.event.cause = failInternal, errStatus
		return x.abort()
	case x.stage() != nil:
		return false // the head says it all
	}
	return x.deliver()
}

// enter readies what programs see of a request.
func (x *exchange) enter() {
	v, r := &x.vcl, &x.req
	x.enterHost()
	x.enterForwarded()
	v.Req, v.Client = &r.Request, &x.c.peer
	v.Server, v.Service, v.World = &x.c.edge.server, &x.site.about, x.site
	v.Start = x.started
	v.Client.Requests = x.c.requests
	v.Client.TLS, v.EdgeTLS = x.secure(), x.edgeTLS()
	v.Client.Proto = x.protocol()
	v.HeaderBytes = int64(x.headBytes)
	if x.whole {
		v.Body, v.BodyBytes = message.Text(x.rest), int64(len(x.rest))
	}
}

// leave runs vcl_log, when all has been written that will be.
func (x *exchange) leave() {
	x.endUpload()
	if !x.site.logs {
		return
	}
	v, e := &x.vcl, &x.event
	v.Resp, v.BodyBytes = &x.resp, e.requestBody
	v.Written = vcl.Written{
		Head:      int64(e.head),
		Body:      e.responseBody,
		Completed: e.completed,
		FirstByte: e.firstByte,
		End:       x.clock(),
	}
	if x.sub(vcl.Log) == vcl.DoFail {
		x.stopped()
	}
}
