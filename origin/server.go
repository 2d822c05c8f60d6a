package origin

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"net"
	"sync"
	"time"
)

// maxConns is how many connections there may be at once. Further ones are reset.
const maxConns = 8192

// acceptPause is how long accepting rests when the system has no descriptors left.
const acceptPause = 100 * time.Millisecond

// Options say what a server is. The zero value is a server that answers well.
type Options struct {
	// Name is what answers call the server: "the origin" if it is "".
	Name string

	defaults script
	set      bool // something is set in defaults
}

// Define defines a flag for each behaviour, which makes it the default of all
// requests.
func (o *Options) Define(fs *flag.FlagSet) {
	o.defaults = usual
	for i := range behaviours {
		b := &behaviours[i]
		set := func(value string) error {
			if _, needed := b.takes(); !needed && value == "true" {
				value = ""
			}
			o.set = true
			return o.defaults.apply(b, value)
		}
		switch value, needed := b.takes(); {
		case b.page != noPage:
		case value && needed:
			fs.Func(b.name, "`"+b.value+"`: "+b.help, set)
		default:
			fs.BoolFunc(b.name, b.help, set)
		}
	}
}

// A Server is a test origin. It may serve several listeners.
type Server struct {
	name     string
	defaults script
	plain    bool // without defaults of its own
	certs    *certificates
	live     context.Context // until Shutdown begins
	end      func()          // ends live
	over     chan struct{}   // closed when nothing is worth waiting for any more

	mu        sync.Mutex
	ending    bool
	listeners []net.Listener
	conns     map[*conn]struct{}
	accepted  int64

	running sync.WaitGroup // of connections
}

// New returns a server, and makes its authority. The error is the system's that has
// no randomness.
func New(o Options) (*Server, error) {
	certs, err := newCertificates()
	if err != nil {
		return nil, err
	}
	s := &Server{name: o.Name, defaults: usual, plain: !o.set, certs: certs, over: make(chan struct{}), conns: map[*conn]struct{}{}}
	s.live, s.end = context.WithCancel(context.Background())
	if o.set {
		s.defaults = o.defaults
	}
	if s.name == "" {
		s.name = "the origin"
	}
	return s, nil
}

// Serve answers the connections that l accepts, which has to be TCP's, until
// Shutdown. It owns l.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, nil) }

// ServeTLS is Serve with TLS. A client that names no fault by its SNI meets the one
// that is given: see [Faults].
func (s *Server) ServeTLS(l net.Listener, fault string) error {
	config, err := s.tlsConfig(fault)
	if err != nil {
		l.Close()
		return err
	}
	return s.serve(l, config)
}

func (s *Server) serve(l net.Listener, config *tls.Config) error {
	defer l.Close()
	if !s.add(l) {
		return nil
	}
	for {
		accepted, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			s.pause(acceptPause)
			continue
		}
		tcp, ok := accepted.(*net.TCPConn)
		if !ok {
			accepted.Close()
			return errors.New("origin: not a TCP listener")
		}
		s.start(newConn(s, tcp, config))
	}
}

// add makes l one that Shutdown closes, unless that has begun.
func (s *Server) add(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, l)
	return !s.ending
}

func (s *Server) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.live.Done():
	}
}

// start runs c, if there is room for it.
func (s *Server) start(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || len(s.conns) == maxConns {
		c.tcp.SetLinger(0)
		c.tcp.Close()
		return
	}
	s.accepted++
	c.number = s.accepted
	s.conns[c] = struct{}{}
	s.running.Go(func() {
		c.serve()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	})
}

// Shutdown ends the server: listeners and connections without a request at once,
// the others behind their answers, or when ctx ends. It returns when all has ended.
func (s *Server) Shutdown(ctx context.Context) {
	s.mu.Lock()
	again := s.ending
	s.ending = true
	s.end()
	for _, l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		if c.idle {
			c.tcp.Close()
		}
	}
	s.mu.Unlock()
	if again {
		s.running.Wait()
		return
	}
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	close(s.over)
	s.cut()
	<-ended
}

// cut closes what is left.
func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.tcp.Close()
	}
}
