package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"

	"headwater/certificate"
	"headwater/edge"
	"headwater/internal/durable"
	"headwater/metric"
	"headwater/service"
)

// demoTLS is where the demo speaks TLS.
const demoTLS = "127.0.0.1:8443"

// A tlsListener is where the edge speaks TLS, and the certificates it does that
// with.
type tlsListener struct {
	listener     net.Listener
	certificates *certificate.Directory
	issuer       *issuer // nil if no certificates are fetched
	root         string  // the file of the development authority's certificate; "" if there is none

	watch sync.WaitGroup // of certificates, until end
	end   context.CancelFunc
}

// listenTLS does nothing if no TLS is wanted.
func (s *server) listenTLS() error {
	if s.flags.edgeTLS == "" {
		return nil
	}
	l, err := listen("edge TLS", s.flags.edgeTLS, noKeepAlive)
	if err != nil {
		return err
	}
	s.tls = &tlsListener{listener: l}
	return nil
}

// openCertificates reads the certificates, after the demo has made its own.
func (s *server) openCertificates(sealer *service.Keeper) (err error) {
	if s.tls == nil {
		return nil
	}
	dir := s.flags.edgeCert
	if dir == "" {
		dir = filepath.Join(s.dir(), "tls")
		if err := durable.MakeDir(dir); err != nil {
			return err
		}
	}
	if s.flags.demo && s.flags.edgeCert == "" {
		if s.tls.root, err = certificate.Develop(dir, s.log.Logger, demoDomain, s.demoHost()); err != nil {
			return err
		}
	}
	open := certificate.Open
	if s.flags.acme.email != "" {
		open = certificate.OpenSparse
	}
	if s.tls.certificates, err = open(dir, s.log.Logger); err != nil {
		return err
	}
	if err := s.openIssuer(sealer); err != nil {
		return err
	}
	ctx, end := context.WithCancel(context.Background())
	s.tls.end = end
	s.tls.watch.Go(func() { s.tls.certificates.Watch(ctx) })
	return nil
}

// serve serves until the listener fails, or for ever if there is none.
func (l *tlsListener) serve(e *edge.Edge, failed chan<- error) {
	if l != nil {
		failed <- e.ServeTLS(l.listener, l.shown())
	}
}

// say tells where the edge speaks TLS.
func (l *tlsListener) say(p *process) {
	if l != nil {
		fmt.Fprintf(p.stdout, "headwater: the edge is on https://%s too\n", l.listener.Addr())
	}
}

// measure adds what there is to tell of certificates, none of which is a service's.
func (l *tlsListener) measure(p *metric.Reading) {
	if l == nil || !p.Whole {
		return
	}
	for file, at := range l.certificates.Expiries() {
		p.Add(metric.CertificateExpiry, float64(at.Unix()), "file", file)
	}
	if l.issuer == nil {
		return
	}
	for name, at := range l.issuer.Expiries() {
		p.Add(metric.CertificateExpiry, float64(at.Unix()), "acme", name)
	}
	made, failed := l.issuer.Orders()
	p.Add(metric.CertificateOrders, float64(made), "made")
	p.Add(metric.CertificateOrders, float64(failed), "failed")
}

func (l *tlsListener) close() {
	if l == nil {
		return
	}
	l.listener.Close()
	l.endIssue()
	if l.end != nil {
		l.end()
		l.watch.Wait()
	}
}
