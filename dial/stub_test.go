package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"headwater/dial/dialtest"
)

// newTestStub asks the name server alone, and has an empty hosts file.
func newTestStub(t testing.TB, ns *dialtest.NameServer) *stub {
	t.Helper()
	s := newStub(ResolverConfig{Server: ns.Addr, Hosts: os.DevNull})
	return s
}

// found looks host up and writes the outcome as text: addresses and seconds.
func found(s *stub, host string) string {
	a, err := s.lookup(context.Background(), host)
	if err != nil {
		if errors.Is(err, errNoSuchName) {
			return fmt.Sprint("no such name for ", int(a.ttl/time.Second))
		}
		return "fails: " + err.Error()
	}
	slices.SortFunc(a.addrs, netip.Addr.Compare)
	return strings.Trim(fmt.Sprint(a.addrs), "[]") + fmt.Sprint(" for ", int(a.ttl/time.Second))
}

func TestLookUp(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	ns.Set(
		"four.test 60 A 192.0.2.1", "four.test 50 A 192.0.2.2",
		"six.test 60 AAAA 2001:db8::1",
		"both.test 60 A 192.0.2.1", "both.test 40 AAAA 2001:db8::1",
		"mapped.test 60 AAAA ::ffff:192.0.2.7",
		"empty.test 60 -",
		"alias.test 30 CNAME second.test", "second.test 20 CNAME four.test",
		"dangling.test 30 CNAME nowhere.test",
		"useless.test 60 A 0.0.0.0", "useless.test 60 A 224.0.0.1", "useless.test 60 A 255.255.255.255", "useless.test 60 AAAA ::",
		"forever.test 4294967295 A 192.0.2.1",
		"circle.test 60 CNAME circle.test",
	)
	s := newTestStub(t, ns)
	tests := []struct{ host, want string }{
		{"four.test", "192.0.2.1 192.0.2.2 for 50"},
		{"six.test", "2001:db8::1 for 60"},
		{"both.test", "192.0.2.1 2001:db8::1 for 40"},
		{"mapped.test", "192.0.2.7 for 60"},
		{"alias.test", "192.0.2.1 192.0.2.2 for 20"},
		{"empty.test", "no such name for 7"},
		{"nowhere.test", "no such name for 7"},
		{"dangling.test", "no such name for 7"},
		{"useless.test", "no such name for 0"},
		{"forever.test", "192.0.2.1 for 0"},
	}
	for _, tt := range tests {
		if got := found(s, tt.host); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.host, got, tt.want)
		}
	}
	for _, host := range []string{"circle.test", strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 150) + "test"} {
		if got := found(s, host); !strings.HasPrefix(got, "no such name") && !strings.HasPrefix(got, "fails: ") {
			t.Errorf("%s: %s", host, got)
		}
	}
}

// What a name server answers other than an answer.
func TestLookUpFailures(t *testing.T) {
	for _, code := range []dnsmessage.RCode{dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused, dnsmessage.RCodeNotImplemented, dnsmessage.RCodeFormatError} {
		ns := dialtest.NewNameServer(t)
		ns.Fail(code)
		if got := found(newTestStub(t, ns), "origin.test"); !strings.HasPrefix(got, "fails: ") || !strings.Contains(got, ns.Addr.String()) {
			t.Errorf("%v: %s", code, got)
		}
	}
	ns := dialtest.NewNameServer(t)
	s := newTestStub(t, ns)
	s.only.addrs[0] = netip.AddrPortFrom(ns.Addr.Addr(), freePort(t))
	if got := found(s, "origin.test"); !strings.Contains(got, "refused") {
		t.Errorf("nobody there: %s", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.lookup(ctx, "origin.test"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// freePort returns one of 127.0.0.1 that nobody listens on, nor will: it is the
// near end of a connection.
func freePort(t testing.TB) uint16 {
	t.Helper()
	l := listen(t, "tcp4", "127.0.0.1:0")
	c, err := net.Dial("tcp", l.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().(*net.TCPAddr).AddrPort().Port()
}

// unpacked reads a query that the name server got.
func unpacked(t testing.TB, wire []byte) dnsmessage.Message {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(wire); err != nil {
		t.Errorf("query: %v", err)
	}
	return m
}

// packed writes an answer of a name server.
func packed(t testing.TB, m dnsmessage.Message) []byte {
	t.Helper()
	wire, err := m.Pack()
	if err != nil {
		t.Errorf("answer: %v", err)
	}
	return wire
}

// An answer that does not fit comes again over TCP.
func TestTruncatedAnswers(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	records := []string{}
	for i := range 200 {
		records = append(records, fmt.Sprintf("large.test 60 A 192.0.%d.%d", 2+i/100, 1+i%100))
	}
	ns.Set(records...)
	ns.Respond(func(wire []byte, tcp bool) [][]byte {
		m := unpacked(t, wire)
		full := ns.Reply(m)
		if tcp || len(full) <= 512 {
			return [][]byte{full}
		}
		cut := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Truncated: true}, Questions: m.Questions}
		return [][]byte{packed(t, cut)}
	})
	a, err := newTestStub(t, ns).lookup(context.Background(), "large.test")
	if err != nil || len(a.addrs) != 200 {
		t.Errorf("%d addresses, %v", len(a.addrs), err)
	}
	if got := ns.Queries(); !slices.Contains(got, "udp A large.test") || !slices.Contains(got, "tcp A large.test") {
		t.Errorf("asked %q", got)
	}
}

// A name server may leave the rest of the way to whoever asks.
func TestAliasesAcrossAnswers(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	ns.Set("a.test 60 CNAME b.test", "b.test 50 CNAME c.test", "c.test 40 A 192.0.2.1")
	ns.Respond(func(wire []byte, tcp bool) [][]byte {
		full := unpacked(t, ns.Reply(unpacked(t, wire)))
		if len(full.Answers) > 0 {
			full.Answers, full.Authorities = full.Answers[:1], nil
		}
		return [][]byte{packed(t, full)}
	})
	s := newTestStub(t, ns)
	if got, want := found(s, "a.test"), "192.0.2.1 for 40"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	ns.Respond(func(wire []byte, tcp bool) [][]byte {
		query := unpacked(t, wire)
		name := query.Questions[0].Name
		return [][]byte{packed(t, dnsmessage.Message{
			Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true},
			Questions: query.Questions,
			Answers: []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: name, Type: dnsmessage.TypeCNAME, Class: dnsmessage.ClassINET, TTL: 60},
				Body:   &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("x" + name.String())}}},
		})}
	})
	before := len(ns.Queries())
	if got := found(s, "a.test"); !strings.HasPrefix(got, "fails") {
		t.Errorf("endless aliases: %s", got)
	}
	if got := len(ns.Queries()) - before; got > 2*maxChain {
		t.Errorf("endless aliases: %d queries", got)
	}
}

// Servers that do not know extensions are asked without, whether or not they
// repeat the question in their refusal.
func TestServersWithoutExtensions(t *testing.T) {
	for _, repeats := range []bool{true, false} {
		ns := dialtest.NewNameServer(t)
		ns.Set("origin.test 60 A 192.0.2.1")
		ns.Respond(func(wire []byte, tcp bool) [][]byte {
			m := unpacked(t, wire)
			if len(m.Additionals) == 0 {
				return [][]byte{ns.Reply(m)}
			}
			refusal := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RCode: dnsmessage.RCodeFormatError}}
			if repeats {
				refusal.Questions = m.Questions
			}
			return [][]byte{packed(t, refusal)}
		})
		if got, want := found(newTestStub(t, ns), "origin.test"), "192.0.2.1 for 60"; got != want {
			t.Errorf("repeats %v: %s, want %s", repeats, got, want)
		}
	}
}

// Datagrams that are not the answer change nothing, and however many come, the
// look-up ends.
func TestHostileAnswers(t *testing.T) {
	forge := func(edit func(*dnsmessage.Message)) func(dnsmessage.Message) []byte {
		return func(query dnsmessage.Message) []byte {
			m := dnsmessage.Message{
				Header:    dnsmessage.Header{ID: query.ID, Response: true, RecursionAvailable: true},
				Questions: query.Questions,
				Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: query.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 60},
					Body: &dnsmessage.AResource{A: [4]byte{203, 0, 113, 66}}}},
			}
			edit(&m)
			return packed(t, m)
		}
	}
	strays := map[string]func(dnsmessage.Message) []byte{
		"another id":    forge(func(m *dnsmessage.Message) { m.ID++ }),
		"another name":  forge(func(m *dnsmessage.Message) { m.Questions[0].Name = dnsmessage.MustNewName("other.test.") }),
		"another type":  forge(func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeMX }),
		"another class": forge(func(m *dnsmessage.Message) { m.Questions[0].Class = dnsmessage.ClassCHAOS }),
		"a question":    forge(func(m *dnsmessage.Message) { m.Response = false }),
		"no question":   forge(func(m *dnsmessage.Message) { m.Questions = nil }),
		"two questions": forge(func(m *dnsmessage.Message) { m.Questions = append(m.Questions, m.Questions[0]) }),
		"nothing":       func(dnsmessage.Message) []byte { return nil },
		"garbage":       func(dnsmessage.Message) []byte { return []byte("\xff\x00garbage") },
		"a name in itself": func(q dnsmessage.Message) []byte {
			return slices.Concat([]byte{byte(q.ID >> 8), byte(q.ID), 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12})
		},
	}
	for name, stray := range strays {
		t.Run("ignored: "+name, func(t *testing.T) {
			ns := dialtest.NewNameServer(t)
			ns.Set("origin.test 60 A 192.0.2.1")
			ns.Respond(func(wire []byte, tcp bool) [][]byte {
				return [][]byte{stray(unpacked(t, wire)), stray(unpacked(t, wire)), ns.Reply(unpacked(t, wire))}
			})
			if got, want := found(newTestStub(t, ns), "origin.test"), "192.0.2.1 for 60"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
	failing := map[string]func(dnsmessage.Message) [][]byte{
		"silence": func(dnsmessage.Message) [][]byte { return nil },
		"a flood": func(q dnsmessage.Message) [][]byte { return slices.Repeat([][]byte{strays["another id"](q)}, 500) },
		"a referral": func(q dnsmessage.Message) [][]byte {
			return [][]byte{forge(func(m *dnsmessage.Message) { m.RecursionAvailable, m.Answers = false, nil })(q)}
		},
		"cut records": func(q dnsmessage.Message) [][]byte {
			wire := forge(func(*dnsmessage.Message) {})(q)
			return [][]byte{wire[:len(wire)-2]}
		},
		"truncated over TCP too": func(q dnsmessage.Message) [][]byte {
			return [][]byte{forge(func(m *dnsmessage.Message) { m.Truncated = true })(q)}
		},
	}
	for name, answer := range failing {
		t.Run("fails: "+name, func(t *testing.T) {
			ns := dialtest.NewNameServer(t)
			ns.Respond(func(wire []byte, tcp bool) [][]byte { return answer(unpacked(t, wire)) })
			s := newTestStub(t, ns)
			s.only.attempts, s.only.timeout = 1, 300*time.Millisecond
			if got := found(s, "origin.test"); !strings.HasPrefix(got, "fails: ") {
				t.Errorf("%s", got)
			}
		})
	}
}

func TestTooManyRecords(t *testing.T) {
	q, err := newQuery(7, "origin.test", dnsmessage.TypeA, false)
	if err != nil {
		t.Fatal(err)
	}
	one := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.question.Name, Class: dnsmessage.ClassINET}, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}
	for n, want := range map[int]error{maxRecords: nil, maxRecords + 1: errTooLong} {
		many := slices.Repeat([]dnsmessage.Resource{one}, n)
		for _, m := range []dnsmessage.Message{{Answers: many}, {Authorities: many}} {
			m.Header, m.Questions = dnsmessage.Header{ID: 7, Response: true}, []dnsmessage.Question{q.question}
			if _, err := q.parse(packed(t, m)); !errors.Is(err, want) {
				t.Errorf("%d answers, %d authorities: %v, want %v", len(m.Answers), len(m.Authorities), err, want)
			}
		}
	}
}

// Records of other names in an answer are nobody's.
func TestRecordsBesideTheWay(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	ns.Set("origin.test 60 A 192.0.2.1")
	ns.Respond(func(wire []byte, tcp bool) [][]byte {
		m := unpacked(t, ns.Reply(unpacked(t, wire)))
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("victim.test."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{203, 0, 113, 66}}})
		return [][]byte{packed(t, m)}
	})
	if got, want := found(newTestStub(t, ns), "origin.test"), "192.0.2.1 for 60"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Ids and ports are not to be guessed.
func TestQueriesDiffer(t *testing.T) {
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	server := udp.LocalAddr().(*net.UDPAddr).AddrPort()
	ids, ports := map[uint16]bool{}, map[uint16]bool{}
	const queries = 64
	for range queries {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			exchange(ctx, server, "origin.test", dnsmessage.TypeA, time.Minute)
		}()
		b := make([]byte, 512)
		n, from, err := udp.ReadFromUDPAddrPort(b)
		if err != nil {
			t.Fatal(err)
		}
		ids[unpacked(t, b[:n]).ID], ports[from.Port()] = true, true
		cancel()
		<-done
	}
	if len(ids) < queries-2 || len(ports) < queries/2 {
		t.Errorf("%d queries have %d ids and %d ports", queries, len(ids), len(ports))
	}
}

// The hosts file comes before all name servers, and resolv.conf says which those
// are, in which order, and what a short name may mean.
func TestSystemFiles(t *testing.T) {
	dir := t.TempDir()
	hosts, conf := filepath.Join(dir, "hosts"), filepath.Join(dir, "resolv.conf")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(hosts, "192.0.2.9 Fixed.test fixed # 192.0.2.8\n2001:db8::9\tfixed.test\nbad line\n0.0.0.0 blocked.test\n")
	write(conf, "search corp.test\noptions ndots:2 timeout:1 attempts:3\n")
	s := newStub(ResolverConfig{ResolvConf: conf, Hosts: hosts})
	ns := dialtest.NewNameServer(t)
	ns.Set("origin.corp.test 60 A 192.0.2.1", "origin.test 60 A 192.0.2.2", "a.b.test 60 A 192.0.2.3", "blocked.test 60 A 192.0.2.4")
	s.conf.get(time.Now())
	s.conf.value.addrs = []netip.AddrPort{ns.Addr} // which the file can name only on port 53
	for host, want := range map[string]string{
		"fixed.test":   "192.0.2.9 2001:db8::9 for 5",
		"fixed":        "192.0.2.9 for 5",
		"origin":       "192.0.2.1 for 60",
		"origin.test":  "192.0.2.2 for 60",
		"a.b.test":     "192.0.2.3 for 60",
		"blocked.test": "192.0.2.4 for 60",
		"localhost":    "127.0.0.1 ::1 for 5",
		"a.localhost":  "127.0.0.1 ::1 for 5",
		"nowhere":      "no such name for 7",
	} {
		if got := found(s, host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
	asked := ns.Queries()
	if i, j := slices.Index(asked, "udp A origin.test.corp.test"), slices.Index(asked, "udp A origin.test"); i < 0 || j < i {
		t.Errorf("with fewer dots than ndots the suffix comes first: %q", asked)
	}
	if slices.Contains(asked, "udp A a.b.test.corp.test") {
		t.Errorf("a complete name is asked for with a suffix: %q", asked)
	}
}

// One server that is silent or fails leads to the next.
func TestNextServer(t *testing.T) {
	silent, failing, good := dialtest.NewNameServer(t), dialtest.NewNameServer(t), dialtest.NewNameServer(t)
	silent.Respond(func([]byte, bool) [][]byte { return nil })
	failing.Fail(dnsmessage.RCodeServerFailure)
	good.Set("origin.test 60 A 192.0.2.1")
	s := newTestStub(t, good)
	s.only.addrs = []netip.AddrPort{failing.Addr, silent.Addr, good.Addr}
	s.only.timeout = 500 * time.Millisecond
	if got, want := found(s, "origin.test"), "192.0.2.1 for 60"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s.only.rotate, s.only.addrs = true, []netip.AddrPort{failing.Addr, good.Addr}
	for range 6 {
		if got, want := found(s, "origin.test"), "192.0.2.1 for 60"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := len(failing.Queries()); got == 2+6*2 {
		t.Error("the first server was asked each time")
	}
}

// If one family fails the other serves, and is not believed for long.
func TestOneFamilyFails(t *testing.T) {
	ns := dialtest.NewNameServer(t)
	ns.Set("origin.test 3600 A 192.0.2.1")
	without := func(broken dnsmessage.Type) {
		ns.Respond(func(wire []byte, tcp bool) [][]byte {
			m := unpacked(t, wire)
			if m.Questions[0].Type == broken {
				return nil
			}
			return [][]byte{ns.Reply(m)}
		})
	}
	s := newTestStub(t, ns)
	s.only.attempts, s.only.timeout = 1, 500*time.Millisecond
	without(dnsmessage.TypeAAAA)
	if got, want := found(s, "origin.test"), "192.0.2.1 for 30"; got != want {
		t.Errorf("without AAAA: %s, want %s", got, want)
	}
	without(dnsmessage.TypeA)
	if got := found(s, "origin.test"); !strings.HasPrefix(got, "fails: ") {
		t.Errorf("without A, and no AAAA there: %s", got)
	}
}

func TestParseResolvConf(t *testing.T) {
	ports := func(addrs ...string) (all []netip.AddrPort) {
		for _, a := range addrs {
			all = append(all, netip.MustParseAddrPort(a))
		}
		return all
	}
	local := ports("127.0.0.1:53", "[::1]:53")
	tests := []struct {
		name, text string
		want       servers
	}{
		{"nothing", "", servers{addrs: local, ndots: 1, timeout: 5 * time.Second, attempts: 2}},
		{"usual", "# made\nnameserver 192.0.2.53\nnameserver 2001:db8::53 ; second\nsearch A.test. b.test\noptions rotate timeout:2 attempts:1 ndots:5 edns0\n",
			servers{addrs: ports("192.0.2.53:53", "[2001:db8::53]:53"), search: []string{"a.test", "b.test"}, ndots: 5, timeout: 2 * time.Second, attempts: 1, rotate: true}},
		{"a domain", "domain a.test b.test\n", servers{addrs: local, search: []string{"a.test"}, ndots: 1, timeout: 5 * time.Second, attempts: 2}},
		{"the last counts", "search a.test\nsearch b.test\ndomain .\n", servers{addrs: local, ndots: 1, timeout: 5 * time.Second, attempts: 2}},
		{"too much", "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\nsearch a b c d e f g\noptions timeout:99 attempts:99 ndots:99",
			servers{addrs: ports("192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"), search: []string{"a", "b", "c", "d", "e", "f"}, ndots: 15, timeout: 30 * time.Second, attempts: 5}},
		{"nonsense", "nameserver\nnameserver x\noptions timeout: attempts:-1 ndots:x timeout:0\n\x00\xff", servers{addrs: local, ndots: 1, timeout: time.Second, attempts: 2}},
	}
	for _, tt := range tests {
		got := parseResolvConf([]byte(tt.text))
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(servers{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestParseServer(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "2001:db8::1": "[2001:db8::1]:53",
		"[2001:db8::1]": "[2001:db8::1]:53", "[2001:db8::1]:5353": "[2001:db8::1]:5353",
		"": "", "dns.test": "", "192.0.2.1:": "", "192.0.2.1:0": "", "192.0.2.1:99999": "", ":53": "",
	} {
		got, err := ParseServer(text)
		if want == "" && err == nil || want != "" && got.String() != want {
			t.Errorf("%q: %v, %v; want %q", text, got, err, want)
		}
	}
}

// A file is read again after it has changed, and not looked at more often than
// need be.
func TestWatchedFiles(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	reads := 0
	w := watched[string]{path: name, parse: func(b []byte) string { reads++; return string(b) }}
	now := time.Unix(1e9, 0)
	expect := func(step, want string, wantReads int) {
		t.Helper()
		if got := w.get(now); got != want || reads != wantReads {
			t.Errorf("%s: %q after %d reads, want %q after %d", step, got, reads, want, wantReads)
		}
	}
	expect("not there", "", 1)
	if err := os.WriteFile(name, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery - 1)
	expect("too early to look", "", 1)
	now = now.Add(1)
	expect("there", "one", 2)
	now = now.Add(lookEvery)
	expect("unchanged", "one", 2)
	if err := os.WriteFile(name, []byte("three"), 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	expect("changed", "three", 3)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	expect("gone", "", 4)
}

// Whatever a name server sends is read in bounded time, to few addresses that
// can be used.
func FuzzReply(f *testing.F) {
	q, err := newQuery(7, "origin.test", dnsmessage.TypeA, true)
	if err != nil {
		f.Fatal(err)
	}
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, Response: true}, Questions: []dnsmessage.Question{q.question}}
	h := dnsmessage.ResourceHeader{Name: q.question.Name, Class: dnsmessage.ClassINET, TTL: 9}
	m.Answers = []dnsmessage.Resource{
		{Header: h, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}},
		{Header: h, Body: &dnsmessage.AAAAResource{}},
		{Header: h, Body: &dnsmessage.CNAMEResource{CNAME: q.question.Name}},
		{Header: h, Body: &dnsmessage.TXTResource{TXT: []string{"x"}}},
	}
	m.Authorities = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.SOAResource{NS: q.question.Name, MBox: q.question.Name}}}
	whole, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:40])
	f.Add(q.wire)
	f.Fuzz(func(t *testing.T, wire []byte) {
		r, err := q.parse(wire)
		if err != nil {
			return
		}
		addrs, _, ttl := r.follow("origin.test", maxTTL)
		if len(addrs) > maxRecords || ttl < 0 || ttl > maxTTL || len(r.records) > maxRecords {
			t.Errorf("%d addresses of %d records for %v", len(addrs), len(r.records), ttl)
		}
		for _, a := range addrs {
			if !usable(a) {
				t.Errorf("%v is of no use", a)
			}
		}
	})
}

// The system's files are read whatever is in them.
func FuzzSystemFiles(f *testing.F) {
	f.Add([]byte("nameserver 192.0.2.1\noptions ndots:3\nsearch a b\n192.0.2.1 a b # c\n"), "a.b")
	f.Fuzz(func(t *testing.T, text []byte, host string) {
		parseHosts(text)
		s := parseResolvConf(text)
		if n := len(s.candidates(host)); n > maxSearch+1 || len(s.addrs) == 0 || len(s.addrs) > maxServers || s.timeout <= 0 || s.attempts <= 0 {
			t.Errorf("%d names, %+v", n, s)
		}
	})
}
