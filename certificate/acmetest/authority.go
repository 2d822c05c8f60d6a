// Package acmetest has an authority that speaks ACME, for tests: Pebble, which its
// makers test with, in the test's own process.
package acmetest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// An Authority answers for as long as its test runs. It looks at names where its name
// server says, on ports that are told to [Authority.Serve].
type Authority struct {
	Directory string // its URL
	ServerPEM []byte // the certificate of the server that speaks ACME

	server   *httptest.Server
	handler  atomic.Pointer[http.Handler]
	roots    *x509.CertPool
	orders   atomic.Int64
	resolver string
	life     time.Duration
}

// New starts one, which answers 503 until [Authority.Serve]. Its certificates are
// good for life, and it looks names up at resolver, an address.
func New(t testing.TB, resolver string, life time.Duration) *Authority {
	t.Helper()
	for name, value := range map[string]string{
		"PEBBLE_VA_NOSLEEP":      "1", // no pause before it looks
		"PEBBLE_WFE_NONCEREJECT": "0", // nonces are taken at once
	} {
		t.Setenv(name, value)
	}
	a := &Authority{resolver: resolver, life: life}
	a.server = httptest.NewTLSServer(http.HandlerFunc(a.answer))
	t.Cleanup(a.server.Close)
	a.Directory = a.server.URL + wfe.DirectoryPath
	a.ServerPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	return a
}

// Serve begins to answer. The edges whose names it looks at listen on these ports.
func (a *Authority) Serve(httpPort, tlsPort int) {
	quiet, store := log.New(io.Discard, "", 0), db.NewMemoryStore()
	profiles := map[string]ca.Profile{"default": {ValidityPeriod: uint64(a.life / time.Second)}}
	issuing := ca.New(quiet, store, "", "ecdsa", 0, 1, profiles)
	looking := va.New(quiet, httpPort, tlsPort, false, a.resolver, store)
	front := wfe.New(quiet, store, looking, issuing, nil, false, false, 1, 1)
	handler := front.Handler()
	a.roots = x509.NewCertPool()
	a.roots.AppendCertsFromPEM(issuing.GetRootCert(0).PEM())
	a.handler.Store(&handler)
}

func (a *Authority) answer(w http.ResponseWriter, r *http.Request) {
	h := a.handler.Load()
	if h == nil {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == "/order-plz" {
		a.orders.Add(1)
	}
	(*h).ServeHTTP(w, r)
}

// Roots are what its certificates lead to.
func (a *Authority) Roots() *x509.CertPool { return a.roots }

// Server is what its server is trusted by.
func (a *Authority) Server() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.server.Certificate())
	return pool
}

// Orders is how many certificates it was asked for so far.
func (a *Authority) Orders() int { return int(a.orders.Load()) }

// Close ends it before its test does.
func (a *Authority) Close() { a.server.Close() }
