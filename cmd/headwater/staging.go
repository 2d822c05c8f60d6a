package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"headwater/api"
	"headwater/edge"
	"headwater/feed"
	"headwater/metric"
)

// A staging is an edge of its own for staged versions: what it serves, and the
// connections it holds, production has no part in.
type staging struct {
	listener net.Listener
	edge     *edge.Edge
	feed     *feed.Local
}

// listenStaging does nothing if no staging edge is wanted.
func (s *server) listenStaging() error {
	if s.flags.staging == "" {
		return nil
	}
	l, err := listen("staging edge", s.flags.staging, noKeepAlive)
	if err != nil {
		return err
	}
	s.staging = &staging{listener: l}
	return nil
}

// openStaging gives the staging edge what is staged. Nothing of it is kept on
// disk but the database's word: a staged version that cannot be read, or does
// not compile any more, is simply not served.
func (s *server) openStaging(ctx context.Context) error {
	if s.staging == nil {
		return nil
	}
	s.staging.edge = s.newEdge(seat{identity: identityOf(s.flags.pops.main().code)})
	staged, unread, err := s.db.StagedSnapshots(ctx)
	if err != nil {
		return err
	}
	s.staging.feed = feed.NewLocal(s.staging.edge, s.db, nil, s.log.Logger)
	s.staging.feed.Start(ctx, staged, unread)
	return nil
}

// newEdge returns an edge as the flags say.
func (s *server) newEdge(at seat) *edge.Edge {
	f := s.flags
	return edge.New(edge.Config{
		Identity:  at.identity,
		Fleet:     at.fleet,
		Client:    edge.Timeouts{Header: f.header, Body: f.body, Write: f.write, Idle: f.idle, Tunnel: f.tunnel},
		AccessLog: s.accessLog,
		TraceKey:  at.traceKey,
		Log:       s.log.Logger,
		H2C:       f.h2c,
		Rush:      at.busy,
		PlainIO:   s.plainIO,
		Network:   s.network,
		Rules:     s.rules(),

		HealthChanged: at.healthChanged,
		Validation:    s.tls.validation(),
	})
}

// publisher is nil, and not a nil feed, without a staging edge.
func (s *staging) publisher() api.Publisher {
	if s == nil {
		return nil
	}
	return s.feed
}

// address is the one that the staging edge listens on; the zero value if it
// listens on all, or there is none.
func (s *staging) address() netip.Addr {
	if s == nil {
		return netip.Addr{}
	}
	at := s.listener.Addr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	if at.IsUnspecified() {
		return netip.Addr{}
	}
	return at
}

// serve serves until the listener fails, or for ever if there is none.
func (s *staging) serve(failed chan<- error) {
	if s != nil {
		failed <- s.edge.Serve(s.listener)
	}
}

// stagingPOP is what metrics call the staging edge, which is of no POP: codes of POPs
// have no small letters.
const stagingPOP = "staging"

// measure adds what the staging edge counts.
func (s *staging) measure(p *metric.Reading) {
	if s != nil {
		s.edge.Measure(p, stagingPOP)
	}
}

// say tells where the staging edge is.
func (s *staging) say(p *process) {
	if s != nil {
		fmt.Fprintf(p.stdout, "headwater: the staging edge is on http://%s\n", s.listener.Addr())
	}
}

func (s *staging) shutdown(ctx context.Context) error {
	if s == nil {
		return nil
	}
	if s.edge == nil {
		return s.listener.Close()
	}
	return s.edge.Shutdown(ctx)
}
