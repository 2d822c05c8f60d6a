package edge

import (
	"bytes"
	"crypto/tls"
)

// How an authority looks whether a name is ours: by a handshake for this protocol
// (RFC 8737), or a request in clear below this path (RFC 8555 section 8.3).
const (
	validationProtocol = "acme-tls/1"
	validationPath     = "/.well-known/acme-challenge/"
)

// A Validator is [Certificates] for some of which an authority is being asked. Any
// number of goroutines call it.
type Validator interface {
	// Validation returns what such an authority is shown; nil if it has no reason to
	// look for the name.
	Validation(hello *tls.ClientHelloInfo) *tls.Certificate
}

// newValidating returns what handshakes with authorities go by.
func newValidating() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		CipherSuites:           suites,
		NextProtos:             []string{validationProtocol},
		SessionTicketsDisabled: true,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return hello.Conn.(*wire).client.shown, nil
		},
	}
}

// proof returns what the client is shown if it is an authority that looks, nil
// otherwise.
func (o *offer) proof(hello *tls.ClientHelloInfo) *tls.Certificate {
	if o.validator == nil || len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != validationProtocol {
		return nil
	}
	return o.validator.Validation(hello)
}

// DomainOwner returns the customer whose active service answers for exactly this name,
// in lower case; false if there is none.
func (e *Edge) DomainOwner(name string) (customer string, found bool) {
	s := e.table.Load().exact.find([]byte(name))
	if s == nil {
		return "", false
	}
	return s.about.Customer, true
}

// validation returns the answer to a request that is an authority's, nil for all
// others.
func (x *exchange) validation() []byte {
	ask := x.c.edge.cfg.Validation
	if ask == nil || x.c.secure || !bytes.HasPrefix(x.req.Target, []byte(validationPath)) || string(x.req.Method) != "GET" {
		return nil
	}
	var room [256]byte
	return ask(string(hostName(room[:0], x.req.host)), string(x.req.Target))
}

// sendValidation answers an authority, before any program could.
func (x *exchange) sendValidation(text []byte) bool {
	x.note()
	x.makeObj(200, reasonPhrase(200))
	x.obj.Fields.Set(contentTypeKey, "application/octet-stream")
	x.obj.Fields.Add(cacheControlKey, "private, no-cache")
	x.makeResp(&x.obj, x.clock())
	keep := x.persistent() && x.whole
	return x.wasSent(x.writeWhole(text, keep)) && keep
}
