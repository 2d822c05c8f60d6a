package dial

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A stub looks names up as a stub resolver does (RFC 1034 section 5.3.1): in the
// hosts file, else by asking a name server that does the work. Go's own resolver
// would do, but that it does not tell how long its answers hold.
type stub struct {
	hosts   watched[map[string][]netip.Addr]
	conf    watched[servers]
	only    *servers // in the place of conf
	turn    atomic.Uint32
	bounded time.Duration // a whole look-up
	log     *slog.Logger  // may be nil
}

// Bounds of one look-up.
const (
	maxChain    = 8  // aliases on the way, and questions that they make
	maxStrays   = 64 // datagrams that are not the answer
	hostsTTL    = lookEvery
	lookupLimit = 60 * time.Second
)

func newStub(cfg ResolverConfig) *stub {
	s := &stub{
		hosts:   watched[map[string][]netip.Addr]{path: cmp.Or(cfg.Hosts, "/etc/hosts"), parse: parseHosts},
		conf:    watched[servers]{path: cmp.Or(cfg.ResolvConf, "/etc/resolv.conf"), parse: parseResolvConf},
		bounded: lookupLimit,
		log:     cfg.Log,
	}
	if cfg.Server.IsValid() {
		only := defaultServers()
		only.addrs = []netip.AddrPort{cfg.Server}
		s.only = &only
	}
	return s
}

// errNoSuchName is the name servers' word that a name has no address.
var errNoSuchName = errors.New("no such host")

// lookup finds the addresses of host. With an error the answer may have a TTL all
// the same: of the fact that there is no such name.
func (s *stub) lookup(ctx context.Context, host string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.bounded)
	defer cancel()
	if addrs := s.local(host); len(addrs) > 0 {
		return answer{addrs, hostsTTL}, nil
	}
	var from servers
	if s.only != nil {
		from = *s.only
	} else {
		from = s.conf.get(time.Now())
	}
	return s.search(ctx, &from, host)
}

// local finds the addresses that no name server has to be asked for: those of the
// hosts file, and this machine's (RFC 6761 section 6.3).
func (s *stub) local(host string) []netip.Addr {
	addrs := slices.DeleteFunc(slices.Clone(s.hosts.get(time.Now())[host]), func(a netip.Addr) bool { return !usable(a) })
	if len(addrs) == 0 && (host == "localhost" || strings.HasSuffix(host, ".localhost")) {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return addrs
}

// search tries each name that host may mean. One that is not there is passed
// over, and so is one that fails, but then the outcome is a failure and not that
// there is none.
func (s *stub) search(ctx context.Context, from *servers, host string) (none answer, err error) {
	for _, name := range from.candidates(host) {
		a, e := s.both(ctx, from, name)
		if e == nil {
			return a, nil
		}
		if err == nil || errors.Is(err, errNoSuchName) {
			err, none = &lookupError{name, e}, a
		}
	}
	return none, err
}

// both asks for the addresses of both families at a time. Those of one are good
// without the other, but not for long if that failed.
func (s *stub) both(ctx context.Context, from *servers, name string) (answer, error) {
	var v4, v6 answer
	var err4, err6 error
	var asked sync.WaitGroup
	asked.Go(func() { v6, err6 = s.family(ctx, from, name, dnsmessage.TypeAAAA) })
	v4, err4 = s.family(ctx, from, name, dnsmessage.TypeA)
	asked.Wait()
	switch {
	case err4 == nil && err6 == nil:
		return answer{append(v4.addrs, v6.addrs...), min(v4.ttl, v6.ttl)}, nil
	case err4 == nil:
		return beside(v4, err6), nil
	case err6 == nil:
		return beside(v6, err4), nil
	case errors.Is(err4, errNoSuchName) && !errors.Is(err6, errNoSuchName):
		return answer{}, err6
	}
	return answer{ttl: min(v4.ttl, v6.ttl)}, err4
}

// beside is the answer for one family where that for the other is err.
func beside(found answer, err error) answer {
	if !errors.Is(err, errNoSuchName) {
		found.ttl = min(found.ttl, lastRetry)
	}
	return found
}

// family asks for the addresses of one kind, along aliases that lead out of the
// answers. It contains its panics, as one family has a goroutine of its own.
func (s *stub) family(ctx context.Context, from *servers, name string, kind dnsmessage.Type) (a answer, err error) {
	defer contain(s.log, &err)
	ttl := maxTTL
	for range maxChain {
		r, err := s.ask(ctx, from, name, kind)
		if err != nil {
			return answer{}, err
		}
		var addrs []netip.Addr
		end := name
		addrs, end, ttl = r.follow(name, ttl)
		switch {
		case len(addrs) > 0:
			return answer{addrs, ttl}, nil
		case end == name || r.code == dnsmessage.RCodeNameError || r.negative > 0:
			return answer{ttl: r.negative}, errNoSuchName
		}
		name = end
	}
	return answer{}, errors.New("aliases that lead nowhere")
}

// ask asks one server after the other until one knows.
func (s *stub) ask(ctx context.Context, from *servers, name string, kind dnsmessage.Type) (*reply, error) {
	begin := 0
	if from.rotate {
		begin = int(s.turn.Add(1) % uint32(len(from.addrs)))
	}
	var last error
	for i := range from.attempts * len(from.addrs) {
		server := from.addrs[(begin+i)%len(from.addrs)]
		r, err := exchange(ctx, server, name, kind, from.timeout)
		if err == nil {
			return r, nil
		}
		last = &serverError{server, err}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// exchange asks one server, within timeout for each try: with extensions, without
// them if it does not understand, and over TCP if the answer is too long.
func exchange(ctx context.Context, server netip.AddrPort, name string, kind dnsmessage.Type, timeout time.Duration) (*reply, error) {
	var r *reply
	for _, extended := range []bool{true, false} {
		q, err := newQuery(randomID(), name, kind, extended)
		if err != nil {
			return nil, err
		}
		r, err = q.send(ctx, "udp", server, timeout)
		if err == nil && r.truncated {
			r, err = q.send(ctx, "tcp", server, timeout)
		}
		if err != nil {
			return nil, err
		}
		if r.code != dnsmessage.RCodeFormatError && r.code != dnsmessage.RCodeNotImplemented {
			break
		}
	}
	switch {
	case r.truncated:
		return nil, errBadReply
	case r.lame:
		return nil, errors.New("it refers to others")
	case r.code != dnsmessage.RCodeSuccess && r.code != dnsmessage.RCodeNameError:
		return nil, errors.New(r.code.String())
	}
	return r, nil
}

func randomID() uint16 {
	var b [2]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint16(b[:])
}

// send asks over a socket of its own: the system gives each another port, which
// whoever forges an answer has to guess, as well as the id.
func (q *query) send(ctx context.Context, network string, server netip.AddrPort, timeout time.Duration) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if network == "tcp" {
		return q.overTCP(conn)
	}
	return q.overUDP(conn)
}

// overUDP takes the first datagram that is the answer. Others may be forged, and
// do not make the right one come later.
func (q *query) overUDP(conn net.Conn) (*reply, error) {
	if _, err := conn.Write(q.wire); err != nil {
		return nil, err
	}
	b := make([]byte, 4096)
	for range maxStrays {
		n, err := conn.Read(b)
		if err != nil {
			return nil, err
		}
		if r, err := q.parse(b[:n]); !errors.Is(err, errNotOurs) {
			return r, err
		}
	}
	return nil, errNotOurs
}

// overTCP reads and writes messages behind their length (RFC 1035 section 4.2.2).
func (q *query) overTCP(conn net.Conn) (*reply, error) {
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(q.wire))), q.wire...)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, err
	}
	return q.parse(b)
}
