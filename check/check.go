package check

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"headwater/dial"
	"headwater/probe"
	"headwater/report"
	"headwater/service"
)

// Bounds of a check.
const (
	// Most is how long a check takes at most, whatever the backend's timeouts are.
	Most = 20 * time.Second

	// lookupTime is how long a name may take. Traffic waits for a name within
	// connect_timeout, but the edge looks it up before there is any.
	lookupTime = 5 * time.Second

	// alertTime is how long an origin has to say that it does not take a client
	// certificate, which with TLS 1.3 comes behind the handshake.
	alertTime = time.Second

	// connectTime stands in for a connect_timeout of 0, as in traffic.
	connectTime = time.Second
)

// A Checker makes checks. Its methods may be called from any goroutine.
type Checker struct {
	// Network reaches origins, and says which it must not reach. It has to be the
	// one that traffic goes by.
	Network *dial.Network

	// Rules are for what backends say of connections.
	Rules dial.Rules
}

// Check tries b, with h unless that is nil, and tells what came of it. It ends with
// ctx, or after [Most].
func (c *Checker) Check(ctx context.Context, b *service.Backend, h *service.Healthcheck) *report.Check {
	ctx, cancel := context.WithTimeout(ctx, Most)
	defer cancel()
	began := time.Now()
	r := &run{backend: b, check: h, told: &report.Check{
		Backend: b.Name, Host: b.Address, Port: int(b.Port),
		Problems: []string{}, Warnings: []string{}, Addresses: []report.Address{},
	}}
	if h != nil {
		r.told.Healthcheck = h.Name
	}
	r.all(ctx, c)
	if ctx.Err() == context.DeadlineExceeded {
		r.problem("the check took as long as it may, %v", Most)
	}
	r.told.Passed, r.told.Took = len(r.told.Problems) == 0, report.MillisOf(time.Since(began))
	return r.told
}

// A run is one check.
type run struct {
	backend *service.Backend
	check   *service.Healthcheck
	plan    *dial.Plan
	origin  *dial.Origin
	told    *report.Check
}

func (r *run) problem(format string, args ...any) {
	r.told.Problems = append(r.told.Problems, fmt.Sprintf(format, args...))
}

func (r *run) warning(format string, args ...any) {
	r.told.Warnings = append(r.told.Warnings, fmt.Sprintf(format, args...))
}

func (r *run) all(ctx context.Context, c *Checker) {
	plan, warnings, err := dial.NewPlan(r.backend, c.Rules)
	r.told.Warnings = append(r.told.Warnings, warnings...)
	if err != nil {
		r.told.Configuration.Reason = err.Error()
		var known *service.Error
		if errors.As(err, &known) {
			r.told.Configuration.Reason = known.Detail
		}
		r.problem("configuration: %s", r.told.Configuration.Reason)
		return
	}
	r.told.Configuration.Passed = true
	r.plan, r.origin = plan, c.Network.Open(plan)
	defer r.origin.Close()
	r.each(ctx, r.addresses(ctx))
}

// addresses looks the host up.
func (r *run) addresses(ctx context.Context) []netip.Addr {
	if _, err := netip.ParseAddr(r.plan.Endpoint.Host); err == nil {
		return r.origin.Addresses()
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	names := &report.Names{Known: r.origin.KnownBefore()}
	r.told.Names = names
	began := time.Now()
	waited := r.origin.Wait(ctx)
	names.Took = report.MillisOf(time.Since(began))
	found := r.origin.Resolved()
	if !found.Expires.IsZero() {
		names.Expires = &found.Expires
	}
	if names.Forbidden = found.Forbidden; names.Forbidden > 0 {
		r.problem("%s: the origin policy forbids %d of its addresses", plain(r.backend.Address), names.Forbidden)
	}
	if len(found.Addrs)+names.Forbidden > 0 {
		names.Passed = true
		return found.Addrs
	}
	err := cmp.Or(found.Err, waited, dial.ErrNoAddress)
	names.Reason, names.Cause = (&dial.Error{Cause: dial.NoAddress}).Reason(), plain(dial.LookupText(r.backend.Address, err))
	r.problem("%s: %s", plain(r.backend.Address), names.Cause)
	return nil
}

// each tries all addresses at a time.
func (r *run) each(ctx context.Context, addrs []netip.Addr) {
	r.told.Addresses = make([]report.Address, len(addrs))
	var tries sync.WaitGroup
	for i, addr := range addrs {
		tries.Go(func() { r.told.Addresses[i] = r.try(ctx, addr) })
	}
	tries.Wait()
	for i := range r.told.Addresses {
		r.blame(&r.told.Addresses[i])
		r.warn(&r.told.Addresses[i])
	}
}

// soon is how long before its end a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

func (r *run) warn(a *report.Address) {
	if a.TLS == nil || !a.TLS.Passed || len(a.TLS.Chain) == 0 {
		return
	}
	const day = 24 * time.Hour
	switch left := time.Until(a.TLS.Chain[0].NotAfter); {
	case left < 0:
		r.warning("%s: the certificate expired %d days ago", a.Address, -left/day)
	case left < soon:
		r.warning("%s: the certificate expires in %d days", a.Address, left/day)
	}
}

// blame notes what did not pass at an address. The first fault is that of all
// steps behind it.
func (r *run) blame(a *report.Address) {
	switch {
	case !a.Connect.Passed:
		r.problem("%s: connect: %s", a.Address, a.Connect.Reason)
	case a.TLS != nil && !a.TLS.Passed:
		r.problem("%s: TLS: %s", a.Address, a.TLS.Reason)
	case a.Probe != nil && !a.Probe.Passed:
		r.problem("%s: health check: %s", a.Address, a.Probe.Reason)
	}
}

func (r *run) try(ctx context.Context, addr netip.Addr) report.Address {
	told := report.Address{Address: addr.String()}
	if !r.connect(ctx, addr, &told) || r.check == nil {
		return told
	}
	result := probe.Once(ctx, r.origin, r.check, addr)
	told.Probe = &report.Probe{
		Step:     report.Step{Passed: result.Outcome == probe.Passed, Took: report.MillisOf(result.Took), Reason: plain(result.Reason)},
		Request:  plain(r.check.Request()[0]),
		Outcome:  result.Outcome.String(),
		Status:   result.Status,
		Expected: int(r.check.ExpectedResponse),
	}
	return told
}

// connect makes a connection as traffic does, with TLS within the same time, ends
// it, and reports whether it was good.
func (r *run) connect(ctx context.Context, addr netip.Addr, told *report.Address) bool {
	limit := time.Duration(r.backend.ConnectTimeout) * time.Millisecond
	if limit == 0 {
		limit = connectTime
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	tcp, err := r.origin.DialTo(ctx, addr)
	told.Connect = stepOf(began, err)
	if err != nil {
		return false
	}
	defer tcp.Close()
	if !r.origin.Secure() {
		return true
	}
	began = time.Now()
	secured, seen, err := r.origin.Inspect(ctx, tcp)
	took := time.Now()
	if err == nil {
		err = secondThoughts(secured, seen)
	}
	told.TLS = r.secure(seen, stepOf(began, err))
	told.TLS.Took = report.MillisOf(took.Sub(began)) // without the wait for an alert
	return err == nil
}

// secondThoughts waits for what an origin says behind the handshake of the client
// certificate that it wanted. Silence is consent.
func secondThoughts(c *tls.Conn, seen *dial.Inspection) error {
	if !seen.Asked || seen.State.Version < tls.VersionTLS13 {
		return nil
	}
	if err := c.SetReadDeadline(time.Now().Add(alertTime)); err != nil {
		return err
	}
	if _, err := c.Read(make([]byte, 1)); dial.IsAlert(err) {
		return &dial.Error{Cause: dial.Alerted, Err: err}
	}
	return nil
}

func stepOf(began time.Time, err error) report.Step {
	s := report.Step{Passed: err == nil, Took: report.MillisOf(time.Since(began))}
	if err == nil {
		return s
	}
	s.Reason, s.Cause = "backend read error", plain(dial.PublicText(err))
	var known *dial.Error
	if errors.As(err, &known) {
		s.Reason = known.Reason()
	}
	return s
}
