package dial

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A query is one question as it goes over the wire.
type query struct {
	id       uint16
	question dnsmessage.Question
	wire     []byte
}

// largestReply is what we let a server send in a datagram: what passes nearly
// everywhere in one piece (DNS flag day 2020).
const largestReply = 1232

// newQuery asks for the addresses of one family that name has. Not all servers
// know of extensions (EDNS, RFC 6891).
func newQuery(id uint16, name string, kind dnsmessage.Type, extended bool) (*query, error) {
	full, err := dnsmessage.NewName(name + ".")
	if err != nil {
		return nil, err
	}
	q := &query{id: id, question: dnsmessage.Question{Name: full, Type: kind, Class: dnsmessage.ClassINET}}
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: id, RecursionDesired: true}, Questions: []dnsmessage.Question{q.question}}
	if extended {
		opt := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		if err := opt.Header.SetEDNS0(largestReply, dnsmessage.RCodeSuccess, false); err != nil {
			return nil, err
		}
		m.Additionals = []dnsmessage.Resource{opt}
	}
	q.wire, err = m.Pack()
	return q, err
}

// A record is one line of an answer: an address, or the name to look at instead.
type record struct {
	name  string // in lower case
	addr  netip.Addr
	alias string
	ttl   time.Duration
}

// A reply is an answer as far as it matters here.
type reply struct {
	code      dnsmessage.RCode
	truncated bool
	lame      bool // neither an answer nor a server that would look for one
	records   []record
	negative  time.Duration // how long "there is none" holds (RFC 2308); 0 if it does not say
}

// maxRecords bounds what is read of each section of an answer.
const maxRecords = 256

var (
	errNotOurs  = errors.New("not the answer to the question")
	errTooLong  = errors.New("answer of too many records")
	errBadReply = errors.New("malformed answer")
)

// parse reads the answer to q; errNotOurs means that it is another's.
func (q *query) parse(wire []byte) (*reply, error) {
	var p dnsmessage.Parser
	h, err := p.Start(wire)
	if err != nil || h.ID != q.id || !h.Response || h.OpCode != 0 {
		return nil, errNotOurs
	}
	asked, err := p.AllQuestions()
	if err == nil && len(asked) == 0 && h.RCode == dnsmessage.RCodeFormatError {
		return &reply{code: h.RCode}, nil // an old server's, that read no further than the extension
	}
	if err != nil || len(asked) != 1 || asked[0].Type != q.question.Type || asked[0].Class != q.question.Class ||
		!strings.EqualFold(asked[0].Name.String(), q.question.Name.String()) {
		return nil, errNotOurs
	}
	r := &reply{code: h.RCode, truncated: h.Truncated}
	if r.truncated {
		return r, nil // the rest may end anywhere, and comes again
	}
	if err := r.readAnswers(&p); err != nil {
		return nil, err
	}
	if err := r.readAuthorities(&p); err != nil {
		return nil, err
	}
	r.lame = h.RCode == dnsmessage.RCodeSuccess && !h.Authoritative && !h.RecursionAvailable &&
		len(r.records) == 0 && r.negative == 0
	return r, nil
}

func (r *reply) readAnswers(p *dnsmessage.Parser) error {
	for n := 0; ; n++ {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if n == maxRecords {
			return errTooLong
		}
		if err == nil {
			err = r.readRecord(p, h)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errBadReply, err)
		}
	}
}

func (r *reply) readRecord(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) error {
	rec := record{name: plainName(h.Name), ttl: seconds(h.TTL)}
	if h.Class != dnsmessage.ClassINET {
		return p.SkipAnswer()
	}
	switch h.Type {
	case dnsmessage.TypeA:
		a, err := p.AResource()
		if err != nil {
			return err
		}
		rec.addr = netip.AddrFrom4(a.A)
	case dnsmessage.TypeAAAA:
		a, err := p.AAAAResource()
		if err != nil {
			return err
		}
		rec.addr = netip.AddrFrom16(a.AAAA).Unmap()
	case dnsmessage.TypeCNAME:
		c, err := p.CNAMEResource()
		if err != nil {
			return err
		}
		rec.alias = plainName(c.CNAME)
	default:
		return p.SkipAnswer()
	}
	r.records = append(r.records, rec)
	return nil
}

// readAuthorities looks for the record that says how long a negative answer holds.
func (r *reply) readAuthorities(p *dnsmessage.Parser) error {
	for n := 0; ; n++ {
		h, err := p.AuthorityHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return nil
		}
		if n == maxRecords {
			return errTooLong
		}
		switch {
		case err != nil:
		case h.Type == dnsmessage.TypeSOA:
			var soa dnsmessage.SOAResource
			if soa, err = p.SOAResource(); err == nil {
				r.negative = max(seconds(min(h.TTL, soa.MinTTL)), time.Second)
			}
		default:
			err = p.SkipAuthority()
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errBadReply, err)
		}
	}
}

// follow goes from name along the aliases of the answer, and returns the
// addresses at the end of that way, or else the name at which it ends. Records
// beside the way are nobody's answer. The TTL is the shortest met, that so far
// included.
func (r *reply) follow(name string, ttl time.Duration) (addrs []netip.Addr, end string, shortest time.Duration) {
	shortest = ttl
	for range maxChain {
		alias := ""
		for _, rec := range r.records {
			switch {
			case rec.name != name:
				continue
			case rec.alias != "":
				alias = rec.alias
			case usable(rec.addr) && len(addrs) < maxRecords:
				addrs = append(addrs, rec.addr)
			default:
				continue
			}
			shortest = min(shortest, rec.ttl)
		}
		if len(addrs) > 0 || alias == "" {
			return addrs, name, shortest
		}
		name = alias
	}
	return nil, name, shortest
}

// usable reports whether an address can be a machine's.
func usable(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func plainName(n dnsmessage.Name) string {
	return strings.TrimSuffix(strings.ToLower(n.String()), ".")
}

// seconds reads a TTL, whose highest bit means 0 (RFC 2181 section 8).
func seconds(n uint32) time.Duration {
	if n > 1<<31-1 {
		return 0
	}
	return time.Duration(n) * time.Second
}
