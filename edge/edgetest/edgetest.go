// Package edgetest has what tests of the edge are made of: origins that
// misbehave as they are told, clients that send exactly the bytes they are given
// and read an answer to its end, and edges made ready in a line.
package edgetest

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/service"
)

// Both runs f as a subtest on both kinds of link. Where only the plain one exists
// (systems other than Linux), that is the one it runs on; the race detector, which makes
// tests take many times as long, watches the one of a lot, where more is shared.
func Both(t *testing.T, f func(t *testing.T, plain bool)) {
	t.Helper()
	if !Lots || !raced {
		t.Run("plain", func(t *testing.T) {
			t.Parallel()
			f(t, true)
		})
	}
	if Lots {
		t.Run("lot", func(t *testing.T) {
			t.Parallel()
			f(t, false)
		})
	}
}

// An Edge is one that serves on a port of its own.
type Edge struct {
	*edge.Edge
	Addr string

	t      testing.TB
	secure bool // it serves clients that speak TLS
	served chan error
}

// Start starts an edge with these versions active. It is shut down with t, and
// what is still under way is cut.
func Start(t testing.TB, cfg edge.Config, snapshots ...*service.Snapshot) *Edge {
	t.Helper()
	return StartFor(t, *ClientsTLS, cfg, snapshots...)
}

// StartFor is Start for clients that speak TLS, or for those that do not.
func StartFor(t testing.TB, secure bool, cfg edge.Config, snapshots ...*service.Snapshot) *Edge {
	t.Helper()
	return startOn(t, listen(t), secure, cfg, snapshots...)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func startOn(t testing.TB, l net.Listener, secure bool, cfg edge.Config, snapshots ...*service.Snapshot) *Edge {
	t.Helper()
	e := &Edge{Edge: edge.New(cfg), Addr: l.Addr().String(), t: t, secure: secure, served: make(chan error, 1)}
	if err := e.Apply(snapshots...); err != nil {
		t.Fatal(err)
	}
	serve := e.Serve
	if secure {
		as := anybody{dialtest.SelfSigned(t, []string{Host})}
		serve = func(l net.Listener) error { return e.ServeTLS(l, as) }
	}
	go func() { e.served <- serve(l) }()
	t.Cleanup(func() {
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		e.Shutdown(gone)
		if err := <-e.served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return e
}

// anybody is one certificate that counts as everybody's.
type anybody struct{ certificate tls.Certificate }

// Certificate makes anybody [edge.Certificates].
func (a anybody) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return &a.certificate, nil
}

// Covers makes anybody [edge.Certificates].
func (a anybody) Covers(*tls.Certificate, string) bool { return true }

// Dial opens a client connection to the edge.
func (e *Edge) Dial(t testing.TB) *Client {
	t.Helper()
	if e.secure {
		return DialTLS(t, e.Addr, &tls.Config{ServerName: Host, InsecureSkipVerify: true})
	}
	return DialClear(t, e.Addr)
}

// Host is the domain that [Snapshot] gives the service "test".
const Host = "test.example"

// Snapshot returns generation 1 of version 1 of service "test", which answers
// for [Host].
func Snapshot(backends ...*service.Backend) *service.Snapshot {
	return Service("test", 1, []string{Host}, backends...)
}

// Service returns a version with these domains and backends, oldest first; its
// generation is its number. A request_condition of theirs is one that holds for
// requests with the header field that has its name.
func Service(id string, version int, domains []string, backends ...*service.Backend) *service.Snapshot {
	s := &service.Snapshot{
		Service: id, Version: version, Generation: int64(version),
		Objects: map[string][]service.Object{},
	}
	for _, name := range domains {
		d := service.DomainKind.Default().(*service.Domain)
		d.Name = name
		s.Objects[service.DomainKind.Name] = append(s.Objects[service.DomainKind.Name], d)
	}
	for _, b := range backends {
		s.Objects[service.BackendKind.Name] = append(s.Objects[service.BackendKind.Name], b)
		if b.RequestCondition != "" {
			c := service.ConditionKind.Default().(*service.Condition)
			c.Name, c.Type, c.Statement = b.RequestCondition, "REQUEST", "req.http."+b.RequestCondition
			s.Objects[service.ConditionKind.Name] = append(s.Objects[service.ConditionKind.Name], c)
		}
	}
	return s
}

// With gives s one more object, made of fields as the API takes them: name=x.
func With(t testing.TB, s *service.Snapshot, k *service.Kind, fields ...string) *service.Snapshot {
	t.Helper()
	in := service.Input{}
	for _, f := range fields {
		key, value, _ := strings.Cut(f, "=")
		in[key] = service.Value{Text: value}
	}
	o, err := k.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	s.Objects[k.Name] = append(s.Objects[k.Name], o)
	return s
}

// WithVCL gives s a program of its own, in the place of the one that is generated.
func WithVCL(t testing.TB, s *service.Snapshot, text string) *service.Snapshot {
	t.Helper()
	return With(t, s, service.VCLKind, "name=main", "main=1", "content="+text)
}

// A Set changes one thing about a backend.
type Set func(*service.Backend)

// Backend returns a backend with Fastly's defaults that stands for o, but with time
// to connect on a machine that runs tests. Over TLS it does not check o's certificate.
func Backend(o *Origin, sets ...Set) *service.Backend {
	secure := func(b *service.Backend) { b.UseSSL, b.SSLCheckCert = o.tls != nil, o.tls == nil }
	return BackendAt("127.0.0.1", o.Port(), append([]Set{secure}, sets...)...)
}

// BackendAt is Backend for any address.
func BackendAt(address string, port int, sets ...Set) *service.Backend {
	b := service.BackendKind.Default().(*service.Backend)
	b.Name, b.Address, b.Port, b.ConnectTimeout = "origin", address, int64(port), patience.Milliseconds()
	for _, set := range sets {
		set(b)
	}
	return b
}
