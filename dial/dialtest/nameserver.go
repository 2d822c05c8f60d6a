package dialtest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// A NameServer answers on one port of 127.0.0.1, over UDP and TCP, for as long as
// its test runs. It knows the names that [NameServer.Set] gives it, and no other.
type NameServer struct {
	Addr netip.AddrPort

	mu      sync.Mutex
	names   map[string][]dnsmessage.Resource
	code    dnsmessage.RCode
	respond func(query []byte, tcp bool) [][]byte
	queries []string
	conns   map[net.Conn]struct{}

	owned sync.WaitGroup
}

// NewNameServer starts one.
func NewNameServer(t testing.TB) *NameServer {
	t.Helper()
	s := &NameServer{names: map[string][]dnsmessage.Resource{}, conns: map[net.Conn]struct{}{}}
	udp, tcp := listenBoth(t)
	s.Addr = tcp.Addr().(*net.TCPAddr).AddrPort()
	s.owned.Go(func() { s.serveUDP(udp) })
	s.owned.Go(func() { s.serveTCP(tcp) })
	t.Cleanup(func() {
		udp.Close()
		tcp.Close()
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.owned.Wait()
	})
	return s
}

// listenBoth finds a port that is free for both.
func listenBoth(t testing.TB) (*net.UDPConn, net.Listener) {
	t.Helper()
	for range 20 {
		tcp, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at := tcp.Addr().(*net.TCPAddr)
		if udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: at.IP, Port: at.Port}); err == nil {
			return udp, tcp
		}
		tcp.Close()
	}
	t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

// Set makes the records all that there are. Each is a name, a TTL in seconds, a
// type (A, AAAA, CNAME) and a value: "www.test 60 A 192.0.2.1". The type "-" makes
// a name that has none.
func (s *NameServer) Set(records ...string) {
	names := map[string][]dnsmessage.Resource{}
	for _, r := range records {
		f := strings.Fields(r)
		ttl, err := strconv.ParseUint(f[1], 10, 32)
		if err != nil {
			panic(err)
		}
		name := dnsmessage.MustNewName(f[0] + ".")
		h := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: uint32(ttl)}
		names[name.String()] = append(names[name.String()], resources(h, f[2:])...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names, s.code = names, dnsmessage.RCodeSuccess
}

func resources(h dnsmessage.ResourceHeader, f []string) []dnsmessage.Resource {
	var body dnsmessage.ResourceBody
	switch f[0] {
	case "-":
		return nil
	case "A":
		h.Type, body = dnsmessage.TypeA, &dnsmessage.AResource{A: netip.MustParseAddr(f[1]).As4()}
	case "AAAA":
		h.Type, body = dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(f[1]).As16()}
	case "CNAME":
		h.Type, body = dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(f[1] + ".")}
	default:
		panic(fmt.Sprint("no such type: ", f[0]))
	}
	return []dnsmessage.Resource{{Header: h, Body: body}}
}

// Fail makes it answer every query with code, until the next Set.
func (s *NameServer) Fail(code dnsmessage.RCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = code
}

// Respond has f make the messages that go back for each query from now on, none to
// keep silent.
func (s *NameServer) Respond(f func(query []byte, tcp bool) [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.respond = f
}

// Queries returns what it was asked so far, as "udp A www.test", in the order in
// which the queries came.
func (s *NameServer) Queries() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.queries...)
}

func (s *NameServer) serveUDP(c *net.UDPConn) {
	b := make([]byte, 4096)
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		for _, m := range s.answers(b[:n], false) {
			c.WriteToUDPAddrPort(m, from)
		}
	}
}

func (s *NameServer) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.owned.Go(func() {
			defer c.Close()
			var length [2]byte
			if _, err := io.ReadFull(c, length[:]); err != nil {
				return
			}
			b := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(c, b); err != nil {
				return
			}
			for _, m := range s.answers(b, true) {
				c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...))
			}
		})
	}
}

func (s *NameServer) answers(wire []byte, tcp bool) [][]byte {
	var m dnsmessage.Message
	if err := m.Unpack(wire); err != nil || len(m.Questions) != 1 {
		return nil
	}
	network := map[bool]string{false: "udp", true: "tcp"}[tcp]
	q := m.Questions[0]
	s.mu.Lock()
	s.queries = append(s.queries, fmt.Sprint(network, " ", strings.TrimPrefix(q.Type.String(), "Type"), " ", strings.TrimSuffix(q.Name.String(), ".")))
	respond := s.respond
	s.mu.Unlock()
	if respond != nil {
		return respond(wire, tcp)
	}
	return [][]byte{s.Reply(m)}
}

// Reply packs the answer to query that the names say.
func (s *NameServer) Reply(query dnsmessage.Message) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := query.Questions[0]
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionDesired: true, RecursionAvailable: true, RCode: s.code},
		Questions: query.Questions,
	}
	if s.code == dnsmessage.RCodeSuccess {
		s.fill(&m, q)
	}
	wire, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return wire
}

// fill follows the aliases from the name asked for.
func (s *NameServer) fill(m *dnsmessage.Message, q dnsmessage.Question) {
	name, found := q.Name.String(), false
	for range 20 {
		records, known := s.names[strings.ToLower(name)]
		if !known {
			m.RCode = dnsmessage.RCodeNameError
		}
		alias := ""
		for _, r := range records {
			if r.Header.Type == q.Type || r.Header.Type == dnsmessage.TypeCNAME {
				m.Answers = append(m.Answers, r)
			}
			found = found || r.Header.Type == q.Type
			if c, ok := r.Body.(*dnsmessage.CNAMEResource); ok {
				alias = c.CNAME.String()
			}
		}
		if name = alias; alias == "" {
			break
		}
	}
	if !found {
		m.Authorities = append(m.Authorities, negative)
	}
}

// negative is what says how long there is nothing: 7 seconds.
var negative = dnsmessage.Resource{
	Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("test."), Type: dnsmessage.TypeSOA, Class: dnsmessage.ClassINET, TTL: 9},
	Body: &dnsmessage.SOAResource{NS: dnsmessage.MustNewName("ns.test."), MBox: dnsmessage.MustNewName("admin.test."),
		Serial: 1, Refresh: 1, Retry: 1, Expire: 1, MinTTL: 7},
}
