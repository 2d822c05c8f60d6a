package edge

import (
	"slices"
	"strings"
	"time"

	"headwater/explain"
	"headwater/internal/message"
	"headwater/vcl"
)

// A recorder writes down what becomes of one exchange, for whoever asked to have it
// explained. Others have none.
type recorder struct {
	id      string // of the trace, if it will be kept
	trace   vcl.Trace
	entered explain.Headers // of the request as the program first saw it
	fetches []explain.Fetch
	aborted bool // the answer is a page that no program had a part in

	// stage is of an exchange that only pretends; nil for one of a client's.
	stage *stage
}

// stage is the exchange's stage, nil for one of a client's.
func (x *exchange) stage() *stage {
	if x.recorder == nil {
		return nil
	}
	return x.recorder.stage
}

// clock is the moment, or the one that is pretended. It is told by how long the request
// has lasted: that takes one of the system's clocks, where time.Now reads two.
func (x *exchange) clock() time.Time {
	if st := x.stage(); st != nil {
		return st.now
	}
	return x.started.Add(time.Since(x.started))
}

// fetch fetches from b, and writes down how.
func (r *recorder) fetch(x *exchange, b *backend) failure {
	if len(r.fetches) >= maxFetches {
		return r.transfer(x, b)
	}
	told := explain.Fetch{
		Round:    x.vcl.Restarts,
		Sub:      r.trace.At().Sub(),
		Backend:  r.backend(x, b),
		Through:  x.through(b),
		Why:      r.why(x),
		Shield:   x.shield(b),
		Host:     string(x.originHost()),
		Timeouts: x.timeouts(),
		Request:  x.sent(),
	}
	told.SNI, told.Certificate = b.names()
	began := time.Now()
	f := r.transfer(x, b)
	if r.stage == nil {
		told.TookMicros = time.Since(began).Microseconds()
	}
	if f == failNone {
		told.Answer.Message = messageOf(&x.beresp.Response)
	} else {
		told.Answer.Failure = failures[f].reason
	}
	r.fetches = append(r.fetches, told)
	return f
}

// maxFetches bounds the fetches that are written down: a director may try very
// many backends.
const maxFetches = 20

func (r *recorder) transfer(x *exchange, b *backend) failure {
	if r.stage != nil {
		return r.stage.fetch(x, b)
	}
	return x.transfer()
}

// noFetch writes down that there was no backend to fetch from.
func (r *recorder) noFetch(x *exchange, f failure) {
	if len(r.fetches) >= maxFetches {
		return
	}
	r.fetches = append(r.fetches, explain.Fetch{
		Round: x.vcl.Restarts, Sub: r.trace.At().Sub(), Through: x.through(nil), Why: r.why(x),
		Answer: explain.Answer{Failure: failures[f].reason},
	})
}

func (r *recorder) backend(x *exchange, b *backend) *explain.Backend {
	secure, _, _ := b.plan.TLS()
	return &explain.Backend{
		Name: b.name, VCL: x.site.known(b).Name, Address: string(b.address), Port: int(b.plan.Endpoint.Port), TLS: secure,
		Healthy: b.healthy(),
	}
}

// through returns the directors from req.backend down to b.
func (x *exchange) through(b *backend) []explain.Director {
	chosen := x.vcl.Backend
	if chosen == nil || chosen.Director == nil {
		return []explain.Director{}
	}
	path := x.pathTo(b, chosen.Director)
	if path == nil {
		path = []*vcl.Director{chosen.Director} // which found nobody
	}
	all := make([]explain.Director, len(path))
	for i, d := range path {
		all[i] = explain.Director{Name: d.Name, Type: string(d.Type), Sick: []string{}}
		for _, m := range d.Members {
			if !x.vcl.World.Healthy(m.Backend) {
				all[i].Sick = append(all[i].Sick, m.Backend.Name)
			}
		}
	}
	return all
}

// pathTo returns the directors from d down to b, by way of those that are healthy;
// nil if b is not below d in this way.
func (x *exchange) pathTo(b *backend, d *vcl.Director) []*vcl.Director {
	for _, m := range d.Members {
		if b != nil && m.Backend == x.site.known(b) {
			return []*vcl.Director{d}
		}
		if m.Backend.Director == nil || !x.vcl.World.Healthy(m.Backend) {
			continue
		}
		if path := x.pathTo(b, m.Backend.Director); path != nil {
			return append([]*vcl.Director{d}, path...)
		}
	}
	return nil
}

// shield tells of the POP that b is fetched through.
func (x *exchange) shield(b *backend) *explain.Shield {
	if b.node != nil {
		return &explain.Shield{POP: x.site.known(b).Director.Shield, Used: true}
	}
	if o := x.site.object(b); o.Shield != nil && *o.Shield != "" {
		return &explain.Shield{POP: *o.Shield}
	}
	return nil
}

// timeouts are those in force, and which of them the program has set.
func (x *exchange) timeouts() explain.Timeouts {
	t := explain.Timeouts{
		Connect:      x.limits.Connect.Milliseconds(),
		FirstByte:    x.limits.FirstByte.Milliseconds(),
		BetweenBytes: x.limits.BetweenBytes.Milliseconds(),
		Fetch:        x.limits.Fetch.Milliseconds(),
		Set:          []string{},
	}
	said, offered := &x.vcl.Timeouts, &x.offered
	for _, one := range []struct {
		name          string
		said, offered time.Duration
	}{
		{"connect", said.Connect, offered.Connect}, {"first_byte", said.FirstByte, offered.FirstByte},
		{"between_bytes", said.BetweenBytes, offered.BetweenBytes}, {"fetch", said.Fetch, offered.Fetch},
	} {
		if one.said != one.offered {
			t.Set = append(t.Set, one.name)
		}
	}
	return t
}

// sent is the request as it goes to the origin.
func (x *exchange) sent() explain.Message {
	lines := strings.Split(strings.TrimSuffix(string(x.appendRequest(nil)), "\r\n\r\n"), "\r\n")
	start := strings.SplitN(lines[0], " ", 3)
	m := explain.Message{Method: start[0], URL: start[1]}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		m.Headers = append(m.Headers, explain.Header{Name: name, Value: value})
	}
	return m
}

func messageOf(r *message.Response) explain.Message {
	return explain.Message{Status: r.Status, Reason: string(r.Reason), Headers: headersOf(&r.Fields)}
}

func headersOf(fields *message.Fields) explain.Headers {
	all := explain.Headers{}
	for i := range fields.Len() {
		f := fields.At(i)
		if f.ID == message.HeadwaterTrace {
			continue // it is good for more traces
		}
		all = append(all, explain.Header{Name: string(f.Name()), Value: string(f.Value())})
	}
	return all
}

// why returns the statement that chose the backend, and what it stands under.
func (r *recorder) why(x *exchange) []explain.Reason {
	for _, s := range slices.Backward(r.trace.Steps) {
		if s.Kind == vcl.StepEnter && s.Scope == vcl.Recv {
			break // what was before a restart has no say
		}
		if s.Kind == vcl.StepAssigned && sets(s.Node, "req.backend") {
			return x.site.reasons(s.Node)
		}
	}
	return []explain.Reason{{Text: "no statement chooses a backend, so that it is the first one"}}
}
