package dial

import (
	"errors"
	"fmt"
	"net/netip"

	"headwater/service"
)

// A Plan is a backend's way to its origin, compiled. It never changes.
type Plan struct {
	Endpoint Endpoint
	secured  *secured // nil without TLS
}

// NewPlan compiles what b says of connections. Whatever could not work at run
// time is an error: [service.Invalid], with the backend's name and the field.
// What only deserves notice comes back as warnings that name both too.
func NewPlan(b *service.Backend, rules Rules) (*Plan, []string, error) {
	p := &Plan{Endpoint: endpointOf(b)}
	if err := checkTCP(b); err != nil {
		return nil, nil, of(b, err)
	}
	if !b.UseSSL {
		return p, nil, nil
	}
	secured, warnings, err := secure(b, rules)
	if err != nil {
		return nil, nil, of(b, err)
	}
	for i, w := range warnings {
		warnings[i] = fmt.Sprintf("Backend '%s': %s", b.Name, w)
	}
	p.secured, p.Endpoint.TLS = secured, secured.digest
	return p, warnings, nil
}

// TLS reports whether the origin is spoken to by TLS, the name that it is sent (SNI)
// and the one that its certificate is checked for; "" for none.
func (p *Plan) TLS() (used bool, sni, certificate string) {
	if p.secured == nil {
		return false, "", ""
	}
	sni = p.secured.config.ServerName
	if _, err := netip.ParseAddr(sni); err == nil {
		sni = "" // addresses are not sent (RFC 6066 section 3)
	}
	return true, sni, p.secured.name
}

// CheckBackend reports what is wrong with b, as [NewPlan] does.
func CheckBackend(b *service.Backend, rules Rules) (warnings []string, err error) {
	_, warnings, err = NewPlan(b, rules)
	return warnings, err
}

// checkTCP refuses keepalives that older versions were stored with, and that the
// kernel would not take.
func checkTCP(b *service.Backend) error {
	if b.Port == 0 {
		return service.Errorf(service.Invalid, "port 0 cannot be connected to")
	}
	for _, f := range []struct {
		name  string
		value *int64
		max   int64
	}{
		{"tcp_keepalive_time", b.TCPKeepaliveTime, service.MaxKeepaliveSeconds},
		{"tcp_keepalive_interval", b.TCPKeepaliveInterval, service.MaxKeepaliveSeconds},
		{"tcp_keepalive_probes", b.TCPKeepaliveProbes, service.MaxKeepaliveProbes},
	} {
		if f.value != nil && (*f.value < 1 || *f.value > f.max) {
			return service.Errorf(service.Invalid, "'%s' must be 1 to %d", f.name, f.max)
		}
	}
	return nil
}

// of puts the backend's name before what is wrong with it.
func of(b *service.Backend, err error) error {
	detail := err.Error()
	var known *service.Error
	if errors.As(err, &known) {
		detail = known.Detail
	}
	return service.Errorf(service.Invalid, "Backend '%s': %s", b.Name, detail)
}
