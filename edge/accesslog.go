package edge

import (
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// An AccessLog writes a line of JSON for each request. Lines of many requests go out
// in one write, no later than its delay after the first of them. Several edges may
// share one.
type AccessLog struct {
	to     io.Writer
	delay  time.Duration
	failed func(error)

	mu    sync.Mutex
	lines []byte      // not written yet
	timer *time.Timer // that writes them; running while there are lines
}

// maxLines is how many bytes of lines wait at most. Whoever fills them up writes.
const maxLines = 64 << 10

// NewAccessLog returns a log that writes to w, and never longer than delay after the
// end of a request; a delay of 0 is a write for each. It calls failed, one call at a
// time, for each write that fails; its lines are lost.
func NewAccessLog(w io.Writer, delay time.Duration, failed func(error)) *AccessLog {
	l := &AccessLog{to: w, delay: delay, failed: failed}
	l.timer = time.AfterFunc(time.Hour, l.Flush)
	l.timer.Stop()
	return l
}

// Flush writes what waits.
func (l *AccessLog) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
}

func (l *AccessLog) flush() {
	if len(l.lines) == 0 {
		return
	}
	l.timer.Stop()
	if _, err := l.to.Write(l.lines); err != nil {
		l.failed(err)
	}
	l.lines = l.lines[:0]
}

// add takes a line to be written.
func (l *AccessLog) add(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == 0 {
		l.timer.Reset(l.delay)
	}
	l.lines = append(l.lines, line...)
	if l.delay == 0 || len(l.lines) >= maxLines {
		l.flush()
	}
}

// log writes the exchange's event, if anybody wants it.
func (e *Edge) log(x *exchange) {
	if e.cfg.AccessLog == nil {
		return
	}
	b := getBuffer(0)
	e.cfg.AccessLog.add(x.appendLine(b.b[:0], time.Now()))
	b.free()
}

// appendLine appends the line of the exchange, which ends now.
func (x *exchange) appendLine(dst []byte, now time.Time) []byte {
	v := &x.event
	dst = now.AppendFormat(append(dst, `{"time":"`...), time.RFC3339Nano)
	dst = append(dst, `","level":"INFO","msg":"request"`...)
	dst = appendMember(dst, "pop", x.c.edge.server.POP)
	dst = appendMember(dst, "client", x.c.remote)
	dst = appendMember(dst, "method", v.method)
	dst = appendMember(dst, "host", x.req.host)
	dst = appendMember(dst, "target", v.target)
	dst = appendCount(dst, "status", int64(x.resp.Status))
	if x.site != nil {
		dst = appendMember(dst, "service", x.site.service)
		dst = appendCount(dst, "version", int64(x.site.version))
	}
	if x.backend != nil {
		dst = appendMember(dst, "backend", x.backend.name)
	}
	if v.failure != failNone {
		dst = appendMember(dst, "reason", v.failure.words(v.cause))
		dst = appendMember(dst, "side", failures[v.failure].side.String())
	}
	if v.cause != nil {
		dst = appendMember(dst, "cause", v.cause.Error())
	}
	dst = appendCount(dst, "connect", int64(v.connect))
	dst = appendCount(dst, "first_byte", int64(v.firstByte))
	dst = appendCount(dst, "total", int64(now.Sub(x.started)))
	dst = appendCount(dst, "request_body", v.requestBody)
	dst = appendCount(dst, "response_body", v.responseBody)
	dst = appendCount(dst, "written", v.written)
	dst = appendCount(dst, "retries", int64(v.retries))
	dst = x.appendSeldom(dst)
	return append(dst, '}', '\n')
}

// appendSeldom appends what most requests have nothing of.
func (x *exchange) appendSeldom(dst []byte) []byte {
	if x.event.protocol != nil {
		dst = appendMember(dst, "upgrade", x.event.protocol)
	}
	if x.recorder != nil {
		dst = appendMember(dst, "trace", x.recorder.id)
	}
	if n := x.vcl.Restarts; n > 0 {
		dst = appendCount(dst, "restarts", int64(n))
	}
	if n := x.vcl.RegexGaveUp; n > 0 {
		dst = appendCount(dst, "regex_gave_up", int64(n))
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

func appendCount(dst []byte, key string, n int64) []byte {
	dst = append(append(append(dst, ',', '"'), key...), '"', ':')
	return strconv.AppendInt(dst, n, 10)
}

func appendMember[T string | []byte](dst []byte, key string, text T) []byte {
	dst = append(append(append(dst, ',', '"'), key...), `":"`...)
	return append(appendQuoted(dst, text), '"')
}

// appendQuoted appends a text as the inside of a string of JSON (RFC 8259 section 7).
// What is no UTF-8 becomes the replacement character.
func appendQuoted[T string | []byte](dst []byte, text T) []byte {
	const hex = "0123456789abcdef"
	dst = slices.Grow(dst, len(text))
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, n := utf8.DecodeRuneInString(string(text[i:min(i+utf8.UTFMax, len(text))]))
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
	}
	return dst
}
