package edge

import (
	"bytes"

	"headwater/internal/message"
)

// Bounds of a message head. A request over one is refused with the status that
// names it; a response over one ends in "Header overflow".
const (
	maxHead   = 64 << 10 // the whole head, in bytes
	maxFields = 100
	maxTarget = 8 << 10
	maxMethod = 64
)

// A malformed is a message that we refuse to give a meaning. Its status is what
// a client is told; why goes to the log.
type malformed struct {
	status int
	why    string
}

func (m *malformed) Error() string { return m.why }

var (
	errLineEnd     = &malformed{400, "line ends without CR LF"}
	errStartLine   = &malformed{400, "malformed start line"}
	errTarget      = &malformed{400, "malformed request target"}
	errVersion     = &malformed{505, "HTTP version is neither 1.0 nor 1.1"}
	errFieldName   = &malformed{400, "malformed field name"}
	errFieldFold   = &malformed{400, "folded field line"}
	errFieldValue  = &malformed{400, "control character in a field value"}
	errFieldCount  = &malformed{431, "too many fields"}
	errHeadSize    = &malformed{431, "head too large"}
	errTargetSize  = &malformed{414, "request target too long"}
	errHeadTime    = &malformed{408, "head not complete in time"}
	errLength      = &malformed{400, "malformed Content-Length"}
	errLengths     = &malformed{400, "more than one Content-Length"}
	errFraming     = &malformed{400, "both Content-Length and Transfer-Encoding"}
	errCoding      = &malformed{400, "malformed Transfer-Encoding"}
	errCodingKnown = &malformed{501, "Transfer-Encoding other than chunked"}
	errHost        = &malformed{400, "malformed Host"}
	errHosts       = &malformed{400, "not exactly one Host"}
	errConnection  = &malformed{400, "Connection lists a framing field"}
	errOptions     = &malformed{400, "Connection lists too much"}
	errExpectation = &malformed{417, "Expect other than 100-continue"}
	errMethod      = &malformed{405, "method not allowed"}
	errStatus      = &malformed{400, "malformed status code"}
)

const (
	tokenByte  = 1 << iota // tchar, RFC 9110 section 5.6.2
	valueByte              // allowed in a field value: no control character but tab
	targetByte             // allowed in a request target, which has no fragment
	hostByte               // allowed in a host name
	digitByte
	hexByte
)

var byteClass = classify()

func classify() (class [256]uint8) {
	for c := 0; c < 256; c++ {
		if c >= ' ' && c != 0x7f || c == '\t' {
			class[c] |= valueByte
		}
		if c > ' ' && c != 0x7f && c != '#' {
			class[c] |= targetByte
		}
	}
	alnum := "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark := func(chars string, bit uint8) {
		for i := range len(chars) {
			class[chars[i]] |= bit
		}
	}
	mark(alnum+"!#$%&'*+-.^_`|~", tokenByte)
	mark(alnum+"-._", hostByte)
	mark("0123456789", digitByte)
	mark("0123456789abcdefABCDEF", hexByte)
	return class
}

// all reports whether every byte of b is of the class.
func all(b []byte, class uint8) bool {
	for _, c := range b {
		if byteClass[c]&class == 0 {
			return false
		}
	}
	return true
}

// A headScan finds the end of a head as its bytes come in, looking at each byte
// once however small the pieces are.
type headScan struct {
	line int // where the line that is not complete yet begins
	seen int // bytes of it known to hold no line feed
}

// end returns the length of the head at the start of b, blank line included,
// or 0 when it is not complete. A line feed without its CR is refused at once:
// it might be a request that another parser sees.
func (s *headScan) end(b []byte) (int, error) {
	for {
		i := bytes.IndexByte(b[s.seen:], '\n')
		if i < 0 {
			s.seen = len(b)
			return 0, nil
		}
		lf := s.seen + i
		if lf == s.line || b[lf-1] != '\r' {
			return 0, errLineEnd
		}
		if lf == s.line+1 {
			return lf + 1, nil
		}
		s.line, s.seen = lf+1, lf+1
	}
}

// parseRequest parses b, one whole head as headScan delimits it. The request
// points into b.
func parseRequest(b []byte, r *request) error {
	r.reset()
	eol := bytes.IndexByte(b, '\n')
	line := b[:eol-1]
	if err := r.parseStart(line); err != nil {
		return err
	}
	if _, err := r.parseFields(b[eol+1:], &r.Fields); err != nil {
		return err
	}
	return r.check()
}

func (r *request) parseStart(line []byte) error {
	sp := bytes.IndexByte(line, ' ')
	if sp <= 0 || sp > maxMethod || !all(line[:sp], tokenByte) {
		return errStartLine
	}
	r.Method, line = line[:sp], line[sp+1:]
	sp = bytes.IndexByte(line, ' ')
	if sp < 0 {
		return errStartLine
	}
	r.Target, line = line[:sp], line[sp+1:]
	switch {
	case string(line) == "HTTP/1.1":
	case string(line) == "HTTP/1.0":
		r.http10 = true
	case len(line) == 8 && string(line[:5]) == "HTTP/" && byteClass[line[5]]&digitByte != 0 && line[6] == '.' && byteClass[line[7]]&digitByte != 0:
		return errVersion
	default:
		return errStartLine
	}
	if len(r.Target) > maxTarget {
		return errTargetSize
	}
	if refusedMethod(r.Method) {
		return errMethod
	}
	return nil
}

// refusedMethod reports whether a method changes what the answer's framing means,
// or shows what was sent to whoever asks.
func refusedMethod(method []byte) bool {
	return message.EqualFold(method, "connect") || message.EqualFold(method, "trace")
}

// takeResponse parses the head that b begins with, and returns how long it is, or 0 if
// it is not complete. The response points into b. Most heads come whole, and are parsed
// at once; only of others does the scan find the end, or what is wrong.
func takeResponse(b []byte, s *headScan, r *response) (end int, err error) {
	if s.seen == 0 {
		if end, err = r.parse(b); err == nil {
			return end, nil
		}
	}
	if end, err = s.end(b); err != nil || end == 0 {
		return 0, err
	}
	return end, parseResponse(b[:end], r)
}

// parseResponse parses b, one whole head as headScan delimits it. The response
// points into b.
func parseResponse(b []byte, r *response) error {
	_, err := r.parse(b)
	return err
}

// parse parses the head that b begins with, and returns how long it is. It is an error
// if b ends before the head does.
func (r *response) parse(b []byte) (end int, err error) {
	r.reset()
	eol := bytes.IndexByte(b, '\n')
	if eol < 1 || b[eol-1] != '\r' {
		return 0, errStartLine
	}
	if err := r.parseStart(b[:eol-1]); err != nil {
		return 0, err
	}
	end, err = r.parseFields(b[eol+1:], &r.Fields)
	return eol + 1 + end, err
}

func (r *response) parseStart(line []byte) error {
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return errStartLine
	}
	r.http10 = line[7] == '0'
	code := line[9:12]
	if !all(code, digitByte) || code[0] == '0' || len(line) > 12 && line[12] != ' ' {
		return errStatus
	}
	r.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	r.Reason = nil
	if len(line) > 13 {
		r.Reason = line[13:]
	}
	if !message.IsValue(r.Reason) {
		return errStartLine
	}
	return nil
}

// parseFields parses the field lines of b, up to the blank line that ends them, into
// fields, and draws the conclusions from all of them. It returns how long they are with
// that.
func (h *head) parseFields(b []byte, fields *message.Fields) (end int, err error) {
	for {
		line := b[end:]
		if len(line) >= 2 && line[0] == '\r' && line[1] == '\n' {
			return end + 2, h.settle(fields)
		}
		if fields.Len() == maxFields {
			return 0, errFieldCount
		}
		used, err := h.parseField(line, fields)
		if err != nil {
			return 0, err
		}
		end += used
	}
}

// parseField parses the field line that b begins with, and returns how long it is with
// its CR LF. It is an error if b ends before that.
func (h *head) parseField(b []byte, fields *message.Fields) (int, error) {
	if len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		return 0, errFieldFold
	}
	colon := 0
	for colon < len(b) && byteClass[b[colon]]&tokenByte != 0 {
		colon++
	}
	if colon == 0 || colon == len(b) || b[colon] != ':' {
		return 0, errFieldName
	}
	eol := colon + 1 + message.EndOfValue(b[colon+1:])
	if eol+1 >= len(b) || b[eol] != '\r' || b[eol+1] != '\n' {
		return 0, errFieldValue
	}
	name, value, id := b[:colon], trim(b[colon+1:eol]), message.Identify(b[:colon])
	if b[colon+1] == ' ' && len(value) == eol-colon-2 {
		fields.PutLine(b[:eol+2], colon, id)
	} else {
		fields.Put(name, value, id)
	}
	switch id {
	case message.ContentLength:
		return eol + 2, h.setLength(value)
	case message.TransferEncoding:
		return eol + 2, h.setCoding(value)
	}
	return eol + 2, nil
}

// setLength holds Content-Length to one plain number. RFC 9110 section 8.6 lets
// a recipient fold equal repeats; we refuse them, as nothing sends them in good
// faith.
func (h *head) setLength(value []byte) error {
	if h.length >= 0 {
		return errLengths
	}
	n, ok := parseDecimal(value)
	if !ok {
		return errLength
	}
	h.length = n
	return nil
}

func (h *head) setCoding(value []byte) error {
	if h.chunked || h.http10 {
		return errCoding
	}
	if !message.EqualFold(value, "chunked") {
		if len(value) > 0 && all(value, tokenByte) {
			return errCodingKnown
		}
		return errCoding
	}
	h.chunked = true
	return nil
}

// settle draws the conclusions that need all fields: framing (RFC 9112 section
// 6.1) and what Connection lists.
func (h *head) settle(fields *message.Fields) error {
	if h.chunked && h.length >= 0 {
		return errFraming
	}
	if !fields.May(telling) {
		return nil
	}
	for i := range fields.Len() {
		switch f := fields.At(i); f.ID {
		case message.Connection:
			if err := h.applyConnection(f.Value(), fields); err != nil {
				return err
			}
		case message.Trailer:
			if !mayTrail(f.Value()) {
				f.EndHere()
			}
		case message.HeadwaterTrace:
			h.traced = true
		}
	}
	return nil
}

// telling are the fields that settle looks at.
var telling = message.SetOf(message.Connection, message.Trailer, message.HeadwaterTrace)

// mayTrail reports whether every field that a Trailer field announces is one
// that appendTrailer lets through. One that announces a length would have some
// recipients refuse the message; the field is but a hint and can be dropped.
func mayTrail(list []byte) bool {
	for len(list) > 0 {
		var name []byte
		name, list, _ = bytes.Cut(list, []byte(","))
		if !message.Identify(trim(name)).Passes() {
			return false
		}
	}
	return true
}

// maxOptions bounds what Connection may list: each option is compared with every
// field.
const maxOptions = 32

func (h *head) applyConnection(list []byte, fields *message.Fields) error {
	for len(list) > 0 {
		if h.options++; h.options > maxOptions {
			return errOptions
		}
		var option []byte
		if comma := bytes.IndexByte(list, ','); comma >= 0 {
			option, list = trim(list[:comma]), list[comma+1:]
		} else {
			option, list = trim(list), nil
		}
		switch {
		case len(option) == 0:
		case message.EqualFold(option, "close"):
			h.close = true
		case message.EqualFold(option, "keep-alive"):
			h.keepAlive = true
		case message.EqualFold(option, "upgrade"):
			h.upgradeOption = true
		default:
			if err := dropListed(option, fields); err != nil {
				return err
			}
		}
	}
	return nil
}

func dropListed(option []byte, fields *message.Fields) error {
	id := message.Identify(option)
	if id.Frames() {
		return errConnection
	}
	if id.Pinned() {
		return nil
	}
	for i := range fields.Len() {
		f := fields.At(i)
		if f.ID == id && (id != message.Other || foldEqual(f.Name(), option)) {
			f.EndHere()
		}
	}
	return nil
}

// check holds a request to what RFC 9112 section 3.2 asks of its target and
// Host, and to the expectations that we can meet.
func (r *request) check() error {
	hosts := 0
	for i := range r.Fields.Len() {
		f := r.Fields.At(i)
		switch f.ID {
		case message.Host:
			hosts++
			r.host = f.Value()
		case message.Expect:
			if r.http10 {
				continue // RFC 9110 section 10.1.1: ignored
			}
			if !message.EqualFold(f.Value(), "100-continue") {
				return errExpectation
			}
			r.expect = true
		}
	}
	if hosts > 1 || hosts == 0 && !r.http10 {
		return errHosts
	}
	if !validAuthority(r.host) {
		return errHost
	}
	r.upgrade = r.asksUpgrade()
	return r.checkTarget(hosts)
}

// checkTarget brings the target to origin-form. An absolute target must name
// the Host that the Host field names: a request that says two things is refused.
func (r *request) checkTarget(hosts int) error {
	t := r.Target
	if len(t) == 0 || !all(t, targetByte) {
		return errTarget
	}
	if string(t) == "*" {
		if string(r.Method) != "OPTIONS" {
			return errTarget
		}
		return nil
	}
	if t[0] != '/' {
		const scheme = "http://"
		if len(t) <= len(scheme) || !message.EqualFold(t[:len(scheme)], scheme) {
			return errTarget
		}
		t = t[len(scheme):]
		end := bytes.IndexByte(t, '/')
		if end < 0 {
			end = len(t)
		}
		authority := t[:end]
		if len(authority) == 0 || !validAuthority(authority) {
			return errHost
		}
		if hosts == 1 && !foldEqual(authority, r.host) {
			return errHosts
		}
		if t = t[end:]; len(t) == 0 {
			t = emptyPath(r.Method)
		}
		r.host, r.Target = authority, t
	}
	return checkEscapes(t)
}

// emptyPath is the origin-form of an absolute target that ends with its
// authority (RFC 9112 section 3.2.4).
func emptyPath(method []byte) []byte {
	if string(method) == "OPTIONS" {
		return []byte("*")
	}
	return []byte("/")
}

// checkEscapes refuses a path with a broken percent escape: origins disagree on
// what it names.
func checkEscapes(target []byte) error {
	if bytes.IndexByte(target, '%') < 0 {
		return nil
	}
	for i := 0; i < len(target) && target[i] != '?'; i++ {
		if target[i] != '%' {
			continue
		}
		if i+2 >= len(target) || !all(target[i+1:i+3], hexByte) {
			return errTarget
		}
	}
	return nil
}

// validAuthority accepts host, host:port, and both with an IPv6 literal in
// brackets; empty too, which HTTP/1.0 may mean and which no service matches.
func validAuthority(b []byte) bool {
	host, port := b, []byte(nil)
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 3 || !validIPLiteral(b[1:end]) {
			return false
		}
		host, port = nil, b[end+1:]
	} else if colon := bytes.IndexByte(b, ':'); colon >= 0 {
		host, port = b[:colon], b[colon:]
	}
	if len(host) > 255 || !all(host, hostByte) {
		return false
	}
	if len(port) == 0 {
		return true
	}
	return port[0] == ':' && len(port) <= 6 && all(port[1:], digitByte) && (len(host) > 0 || b[0] == '[')
}

func validIPLiteral(b []byte) bool {
	for _, c := range b {
		if byteClass[c]&hexByte == 0 && c != ':' && c != '.' {
			return false
		}
	}
	return true
}

// parseDecimal reads 1 to 18 digits: enough for any length, and no overflow.
func parseDecimal(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 || !all(b, digitByte) {
		return 0, false
	}
	var n int64
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// trim strips optional white space (RFC 9110 section 5.6.3).
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// foldEqual compares two names without case.
func foldEqual(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if message.Lower(a[i]) != message.Lower(b[i]) {
			return false
		}
	}
	return true
}
