package edge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"sync/atomic"
	"time"

	"headwater/internal/message"
)

// Fastly-FF lists the edges that a request has passed, each as
//
//	mark!POP!server
//
// of which the mark is 40 bytes in base64: when it was made, in seconds since 1970 (7
// bytes), what the hop is like (1 byte), and an HMAC-SHA256 with the POP's key over
// the service, all of these and all that stands before in the list (32 bytes). So the
// last mark vouches for the whole list. Those before it are blanked, so that nobody
// who sees a list can make a shorter one of it.
//
// Origins get the list too, for they look for it, but with a mark that says so: an edge
// that it comes back to counts it as a loop, and believes it nothing else. Such a mark is
// of no service: it is the same for all, so that it is made once a second and found in
// the caches, and a loop that leads through several is one as well.
var fastlyFFKey = message.NewKey("Fastly-FF")

const (
	ffSeparator = ", "
	ffLabel     = "headwater Fastly-FF 1"
	stampSize   = 8
	markSize    = stampSize + sha256.Size

	// markTime is how far the clocks of two edges may differ from each other, with
	// the way between them: a mark that is older or younger is worth nothing.
	markTime = 60 * time.Second
)

// blankMark stands in the place of a mark.
var blankMark = base64.StdEncoding.EncodeToString(make([]byte, markSize))

// What a hop is like.
const (
	ffClientTLS byte = 1 << iota // the client spoke TLS to the first edge
	ffHopTLS                     // this hop counts as one over TLS
	ffOrigin                     // this is no hop to an edge
	ffKinds                      // how many combinations there are

	// ffLoops is how far left of these there stands how many edges the request had
	// passed before the list began, maxLoops at most.
	ffLoops = 3
)

// An arrival is what an edge of the fleet has told of a request that it passed on;
// one without a list is of a request from elsewhere.
type arrival struct {
	list  string // of the edges passed, with marks that are worth nothing
	kind  byte
	loops int // edges that the request passed before the list began
}

// A mark is an element of Fastly-FF that was made for one second.
type mark struct {
	unix int64
	text string
}

// A markCache keeps the last mark of each kind. The mark of a list's first element
// is the same for all requests within one second that have passed no edge: of a service
// if it is for a hop to an edge, and of all services if it is for an origin.
type markCache [ffKinds]atomic.Pointer[mark]

// arrive takes Fastly-FF off a request unless an edge of the fleet has signed it for
// an edge and this service a moment ago, and counts the edges that it lists.
func (x *exchange) arrive() {
	fields, v := &x.req.Fields, &x.vcl
	i := fields.Index(fastlyFFKey, 0)
	if i < 0 {
		return
	}
	h, list := &x.c.edge.home, message.Text(fields.At(i).Value())
	kind, ok := h.verify(list, x.site.service, x.clock())
	if !ok || fields.Index(fastlyFFKey, i+1) >= 0 {
		fields.Unset(fastlyFFKey)
		return
	}
	if kind&ffOrigin != 0 {
		fields.Unset(fastlyFFKey)
		x.arrival.loops = int(kind>>ffLoops) + strings.Count(list, ffSeparator) + 1
		return
	}
	list = blank(list)
	fields.Set(fastlyFFKey, list)
	x.arrival = arrival{list, kind, int(kind >> ffLoops)}
	for element := range strings.SplitSeq(list, ffSeparator) {
		v.Visits++
		at := h.codes[codeOf(element)]
		if at == nil {
			continue // gone from the fleet since
		}
		v.Passed = append(v.Passed, at.Shield)
		if at == h.own {
			v.VisitsPOP++
		}
	}
}

// blank makes the last mark of a list worth nothing.
func blank(list string) string {
	at := 0
	if i := strings.LastIndex(list, ffSeparator); i >= 0 {
		at = i + len(ffSeparator)
	}
	return list[:at] + blankMark + list[at+len(blankMark):]
}

// codeOf is the POP's code in an element.
func codeOf(element string) string {
	_, rest, _ := strings.Cut(element, "!")
	code, _, _ := strings.Cut(rest, "!")
	return code
}

// verify reports whether list ends in a valid mark, and what that says of the hop.
func (h *home) verify(list, service string, now time.Time) (kind byte, ok bool) {
	if h.own == nil {
		return 0, false
	}
	before, last := "", list
	if i := strings.LastIndex(list, ffSeparator); i >= 0 {
		before, last = list[:i], list[i+len(ffSeparator):]
	}
	text, from, _ := strings.Cut(last, "!")
	var raw [markSize + 2]byte // what decoding may write, with padding
	if len(text) != base64.StdEncoding.EncodedLen(markSize) {
		return 0, false
	}
	if n, err := base64.StdEncoding.Strict().Decode(raw[:], message.Bytes(text)); err != nil || n != markSize {
		return 0, false
	}
	at := h.codes[codeOf(last)]
	if at == nil {
		return 0, false
	}
	stamp := binary.BigEndian.Uint64(raw[:])
	want := seal(at.Key, service, stamp, before, from)
	if !hmac.Equal(raw[stampSize:markSize], want) {
		return 0, false
	}
	age := now.Unix() - int64(stamp>>8)
	return byte(stamp), age <= int64(markTime/time.Second) && age >= -int64(markTime/time.Second)
}

// seal is what a mark proves itself by, for an origin whatever the service. Each part has
// its length before it, so that none can be read as another's.
func seal(key []byte, service string, stamp uint64, before, from string) []byte {
	if byte(stamp)&ffOrigin != 0 {
		service = ""
	}
	m := hmac.New(sha256.New, key)
	b := make([]byte, 0, 512)
	b = append(b, ffLabel...)
	b = binary.BigEndian.AppendUint64(b, stamp)
	for _, part := range []string{service, before, from} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	m.Write(b)
	return m.Sum(nil)
}

// appendFF appends Fastly-FF to a request that goes on to an origin or a shield.
func (x *exchange) appendFF(dst []byte) []byte {
	h := &x.c.edge.home
	if h.own == nil {
		return dst
	}
	dst = append(dst, "Fastly-FF: "...)
	if list := x.arrival.list; list != "" {
		dst = append(dst, list...)
		dst = append(dst, ffSeparator...)
	}
	dst = append(dst, x.mark(h)...)
	return append(dst, '\r', '\n')
}

// kind tells the next edge what the hop to it is like.
func (x *exchange) kind() (k byte) {
	if x.vcl.EdgeTLS {
		k |= ffClientTLS
	}
	switch {
	case x.backend.node == nil:
		k |= ffOrigin
	case x.site.known(x.backend).Director.TLS:
		k |= ffHopTLS
	}
	return k | byte(x.arrival.loops)<<ffLoops
}

// mark returns the edge's own element of the list.
func (x *exchange) mark(h *home) string {
	now, kind := x.clock().Unix(), x.kind()
	if x.arrival.list != "" || kind >= ffKinds {
		return h.sign(x.site.service, x.arrival.list, now, kind)
	}
	cache := &x.site.marks
	if kind&ffOrigin != 0 {
		cache = &x.c.edge.originMarks
	}
	cached := &cache[kind]
	m := cached.Load()
	if m == nil || m.unix != now {
		m = &mark{now, h.sign(x.site.service, "", now, kind)}
		cached.Store(m)
	}
	return m.text
}

func (h *home) sign(service, before string, unix int64, kind byte) string {
	from := h.own.Code + "!" + h.server
	stamp := uint64(unix)<<8 | uint64(kind)
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, markSize), stamp)
	raw = append(raw, seal(h.own.Key, service, stamp, before, from)...)
	return base64.StdEncoding.EncodeToString(raw) + "!" + from
}

// edgeTLS reports whether the client spoke TLS to the first edge.
func (x *exchange) edgeTLS() bool {
	if x.arrival.list == "" {
		return x.c.secure
	}
	return x.arrival.kind&ffClientTLS != 0
}

// secure reports whether the request came over TLS, or counts as if it had.
func (x *exchange) secure() bool { return x.c.secure || x.arrival.kind&ffHopTLS != 0 }
