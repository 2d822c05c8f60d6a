package edge

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// An event is what is known of one exchange when it ends: one line of the access
// log.
type event struct {
	failure failure
	cause   error // what the system or the parser said; for the log only

	connect   time.Duration // 0 for a warm connection
	firstByte time.Duration // from the request's first byte to the answer's

	requestBody, responseBody int64
	written                   int64 // to the client, heads included
	sent                      int   // to the origin, in the last try
	retries                   int

	method, target []byte // as the client sent them
	protocol       []byte // of a tunnel
	head           int    // bytes of the answer's head
	completed      bool   // the answer went out whole
}

// log writes the exchange's event, if anybody wants it.
func (e *Edge) log(x *exchange) {
	if e.cfg.AccessLog == nil {
		return
	}
	v := &x.event
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs,
		slog.String("client", x.c.remote),
		slog.String("method", string(v.method)),
		slog.String("host", string(x.req.host)),
		slog.String("target", string(v.target)),
		slog.Int("status", x.resp.Status))
	if x.site != nil {
		attrs = append(attrs, slog.String("service", x.site.service), slog.Int("version", x.site.version))
	}
	if x.backend != nil {
		attrs = append(attrs, slog.String("backend", x.backend.name))
	}
	if v.failure != failNone {
		attrs = append(attrs, slog.String("reason", v.failure.words(v.cause)), slog.String("side", failures[v.failure].side.String()))
	}
	if v.cause != nil {
		attrs = append(attrs, slog.String("cause", v.cause.Error()))
	}
	attrs = append(attrs,
		slog.Duration("connect", v.connect),
		slog.Duration("first_byte", v.firstByte),
		slog.Duration("total", time.Since(x.started)),
		slog.Int64("request_body", v.requestBody),
		slog.Int64("response_body", v.responseBody),
		slog.Int64("written", v.written),
		slog.Int("retries", v.retries))
	if v.protocol != nil {
		attrs = append(attrs, slog.String("upgrade", string(v.protocol)))
	}
	if x.recorder != nil {
		attrs = append(attrs, slog.String("trace", x.recorder.id))
	}
	if n := x.vcl.Restarts; n > 0 {
		attrs = append(attrs, slog.Int("restarts", n))
	}
	if n := x.vcl.RegexGaveUp; n > 0 {
		attrs = append(attrs, slog.Int("regex_gave_up", n))
	}
	if len(x.vcl.Logged) > 0 {
		attrs = append(attrs, slog.String("log", strings.Clone(strings.Join(x.vcl.Logged, "\n")))) // Join of one text does not copy it
	}
	e.cfg.AccessLog.LogAttrs(context.Background(), slog.LevelInfo, "request", attrs...)
}
