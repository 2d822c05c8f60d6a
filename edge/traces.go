package edge

import (
	"slices"
	"sync"
	"time"

	"headwater/explain"
	"headwater/internal/message"
	"headwater/service"
	"headwater/vcl"
)

// Bounds of the traces that are kept: of one service, and of all.
const (
	maxTraces     = 100
	maxTraceBytes = 4 << 20
	maxAllTraces  = 64 << 20 // bytes
)

// traces are the explanations of requests that asked to be traced, newest last.
type traces struct {
	mu    sync.Mutex // taken by requests that are traced, and by nobody else's
	kept  map[string][]keptTrace
	bytes int
}

// A keptTrace is one of them, and roughly what it takes in memory.
type keptTrace struct {
	explain.Traced
	told  *explain.Explanation
	bytes int
}

// keep adds one, in the place of older ones if there is no room.
func (t *traces) keep(service string, k keptTrace) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = map[string][]keptTrace{}
	}
	t.kept[service] = append(t.kept[service], k)
	t.bytes += k.bytes
	for len(t.kept[service]) > maxTraces || t.of(service) > maxTraceBytes {
		t.drop(service)
	}
	for t.bytes > maxAllTraces {
		t.drop(t.largest())
	}
}

// drop removes the oldest of a service.
func (t *traces) drop(service string) {
	all := t.kept[service]
	t.bytes -= all[0].bytes
	if t.kept[service] = slices.Delete(all, 0, 1); len(all) == 1 {
		delete(t.kept, service)
	}
}

func (t *traces) of(service string) (bytes int) {
	for _, k := range t.kept[service] {
		bytes += k.bytes
	}
	return bytes
}

// largest is the service whose traces take most.
func (t *traces) largest() (service string) {
	most := -1
	for name := range t.kept {
		if n := t.of(name); n > most {
			service, most = name, n
		}
	}
	return service
}

// Traces lists the requests of a service whose traces are kept, the newest first.
func (e *Edge) Traces(service string) []explain.Traced {
	e.traces.mu.Lock()
	defer e.traces.mu.Unlock()
	all := []explain.Traced{}
	for _, k := range slices.Backward(e.traces.kept[service]) {
		all = append(all, k.Traced)
	}
	return all
}

// Trace returns what became of a request of a service, nil if that is not kept.
func (e *Edge) Trace(service, id string) *explain.Explanation {
	e.traces.mu.Lock()
	defer e.traces.mu.Unlock()
	for _, k := range e.traces.kept[service] {
		if k.ID == id {
			return k.told
		}
	}
	return nil
}

// traceIDKey is the field that tells a client by what name to ask for its trace.
var traceIDKey = message.NewKey("Headwater-Trace-ID")

// openTrace has the exchange written down if its request has a token for that.
func (x *exchange) openTrace() {
	key := x.c.edge.cfg.TraceKey
	if key == nil {
		return
	}
	for i := range x.req.Fields.Len() {
		f := x.req.Fields.At(i)
		if f.ID == message.HeadwaterTrace && explain.ServiceOf(key, string(f.Value()), time.Now()) == x.site.service {
			x.record()
			return
		}
	}
}

// record has the exchange written down, if the program as it is written can be made.
func (x *exchange) record() {
	s, err := x.c.edge.written(x.site)
	if err != nil {
		x.c.edge.cfg.Log.Error("trace", "service", x.site.service, "version", x.site.version, "error", err)
		return
	}
	x.site = s
	x.recorder = &recorder{id: service.NewID(), trace: vcl.Trace{}}
	x.vcl.Trace = &x.recorder.trace
}

// closeTrace keeps what was written down of a client's exchange.
func (x *exchange) closeTrace() {
	r := x.recorder
	if r == nil || r.stage != nil {
		return
	}
	told := x.explanation()
	told.Domain = x.site.domain(string(x.req.host))
	told.Service.State, told.TookMicros = "served", time.Since(x.started).Microseconds()
	x.c.edge.traces.keep(x.site.service, keptTrace{
		Traced: explain.Traced{
			ID: r.id, At: x.started.UTC(), Version: x.site.version,
			Method: told.Request.Method, URL: told.Request.URL, Status: told.Response.Status,
		},
		told: told, bytes: len(told.JSON()),
	})
}
