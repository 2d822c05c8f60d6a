package certificate

import (
	"crypto/tls"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A proof is what shows an authority that a name is ours: over TLS a certificate, in
// clear a text at a path.
type proof struct {
	name        string
	certificate *tls.Certificate
	path        string
	text        []byte
}

// proofs are those that an authority may ask for now.
type proofs struct {
	mu  sync.Mutex               // of changes
	all atomic.Pointer[[]*proof] // nil or immutable
}

// add adds one until end is called.
func (p *proofs) add(one proof) (end func()) {
	p.change(func(all []*proof) []*proof { return append(all, &one) })
	return func() {
		p.change(func(all []*proof) []*proof {
			return slices.DeleteFunc(all, func(other *proof) bool { return other == &one })
		})
	}
}

func (p *proofs) change(edit func([]*proof) []*proof) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := edit(slices.Clone(p.list()))
	p.all.Store(&all)
}

func (p *proofs) list() []*proof {
	if all := p.all.Load(); all != nil {
		return *all
	}
	return nil
}

// Validation returns the certificate that proves to an authority, which is the client
// that says hello so, that the name is ours (RFC 8737); nil if it has no reason to
// ask.
func (i *Issuer) Validation(hello *tls.ClientHelloInfo) *tls.Certificate {
	for _, p := range i.proofs.list() {
		if p.certificate != nil && strings.EqualFold(p.name, hello.ServerName) {
			return p.certificate
		}
	}
	return nil
}

// ValidationText returns what proves the same to an authority that asks in clear
// (RFC 8555 section 8.3); nil if the request is none of its own.
func (i *Issuer) ValidationText(host, path string) []byte {
	for _, p := range i.proofs.list() {
		if p.text != nil && p.path == path && p.name == host {
			return p.text
		}
	}
	return nil
}
