package edge

import (
	"strconv"
	"time"
	"unicode/utf8"

	"headwater/internal/message"
)

// log writes the exchange's event, if anybody wants it. The answer has gone, so that
// its memory, which the caches have, is free for the line.
func (e *Edge) log(x *exchange) {
	l := e.cfg.AccessLog
	if l == nil {
		return
	}
	if x.out.home == nil || x.up.panicked {
		x.out = newOutput()
	}
	x.out.b = x.appendLine(x.out.b[:0], x.clock())
	l.Write(x.out.b)
}

// appendLine appends the line of the exchange, which ends now.
func (x *exchange) appendLine(dst []byte, now time.Time) []byte {
	v := &x.event
	dst = x.c.edge.cfg.AccessLog.appendTime(append(dst, `{"time":"`...), now)
	dst = appendMember(dst, `","level":"INFO","msg":"request","pop":"`, x.c.edge.server.POP)
	dst = appendMember(dst, `,"client":"`, x.c.remote)
	dst = appendMember(dst, `,"method":"`, message.Text(v.method))
	dst = appendMember(dst, `,"host":"`, message.Text(x.req.host))
	dst = appendMember(dst, `,"target":"`, message.Text(v.target))
	dst = appendCount(dst, `,"status":`, int64(x.resp.Status))
	if x.site != nil {
		dst = appendMember(dst, `,"service":"`, x.site.service)
		dst = appendCount(dst, `,"version":`, int64(x.site.version))
	}
	if x.backend != nil {
		dst = appendMember(dst, `,"backend":"`, x.backend.name)
	}
	if v.failure != failNone {
		dst = appendMember(dst, `,"reason":"`, v.failure.words(v.cause))
		dst = appendMember(dst, `,"side":"`, failures[v.failure].side.String())
	}
	if v.cause != nil {
		dst = appendMember(dst, `,"cause":"`, v.cause.Error())
	}
	dst = appendCount(dst, `,"connect":`, int64(v.connect))
	dst = appendCount(dst, `,"first_byte":`, int64(v.firstByte))
	dst = appendCount(dst, `,"total":`, int64(now.Sub(x.started)))
	dst = appendCount(dst, `,"request_body":`, v.requestBody)
	dst = appendCount(dst, `,"response_body":`, v.responseBody)
	dst = appendCount(dst, `,"written":`, v.written)
	dst = appendCount(dst, `,"retries":`, int64(v.retries))
	dst = x.appendSeldom(dst)
	return append(dst, '}', '\n')
}

// appendSeldom appends what most requests have nothing of.
func (x *exchange) appendSeldom(dst []byte) []byte {
	if x.event.protocol != nil {
		dst = appendMember(dst, `,"upgrade":"`, message.Text(x.event.protocol))
	}
	if x.recorder != nil {
		dst = appendMember(dst, `,"trace":"`, x.recorder.id)
	}
	if n := x.vcl.Restarts; n > 0 {
		dst = appendCount(dst, `,"restarts":`, int64(n))
	}
	if n := x.vcl.RegexGaveUp; n > 0 {
		dst = appendCount(dst, `,"regex_gave_up":`, int64(n))
	}
	if len(x.vcl.Logged) > 0 {
		dst = append(dst, `,"log":"`...)
		for i, text := range x.vcl.Logged {
			if i > 0 {
				dst = append(dst, `\n`...)
			}
			dst = appendQuoted(dst, text)
		}
		dst = append(dst, '"')
	}
	return dst
}

// A lineStamp is what the times of one second have in common.
type lineStamp struct {
	unix       int64
	head, zone []byte
}

// appendTime appends a time as RFC 3339 has it, with nine digits for the part of the
// second. It formats once a second.
func (l *AccessLog) appendTime(dst []byte, now time.Time) []byte {
	s := l.stamp.Load()
	if unix := now.Unix(); s == nil || s.unix != unix {
		s = &lineStamp{unix, now.AppendFormat(nil, "2006-01-02T15:04:05"), now.AppendFormat(nil, "Z07:00")}
		l.stamp.Store(s)
	}
	dst = append(append(dst, s.head...), ".000000000"...)
	return append(addDigits(dst, uint32(now.Nanosecond())), s.zone...)
}

// addDigits adds a number to the zeros that dst ends with, of which there are enough.
func addDigits(dst []byte, n uint32) []byte {
	for i := len(dst) - 1; n > 0; i, n = i-1, n/10 {
		dst[i] += byte(n % 10)
	}
	return dst
}

// appendCount appends a number behind its key, with what stands around that.
func appendCount(dst []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(dst, key...), n, 10)
}

// appendMember appends a text likewise, whose quotation its key begins.
func appendMember(dst []byte, key, text string) []byte {
	return append(appendQuoted(append(dst, key...), text), '"')
}

// verbatim are the bytes that stand for themselves in a string of JSON.
var verbatim = func() (all [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		all[c] = c != '"' && c != '\\'
	}
	return all
}()

// appendQuoted appends a text as the inside of a string of JSON (RFC 8259 section 7).
// What is no UTF-8 becomes the replacement character.
func appendQuoted(dst []byte, text string) []byte {
	for {
		n := 0
		for n < len(text) && verbatim[text[n]] {
			n++
		}
		dst, text = append(dst, text[:n]...), text[n:]
		if text == "" {
			return dst
		}
		n, dst = appendEscaped(dst, text)
		text = text[n:]
	}
}

// appendEscaped appends the first character of a text, which is one that does not stand
// for itself, and returns how many bytes of it that was.
func appendEscaped(dst []byte, text string) (int, []byte) {
	const hex = "0123456789abcdef"
	switch c := text[0]; {
	case c == '"' || c == '\\':
		return 1, append(dst, '\\', c)
	case c < utf8.RuneSelf:
		return 1, append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
	r, n := utf8.DecodeRuneInString(text)
	return n, utf8.AppendRune(dst, r)
}
