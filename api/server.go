package api

import (
	"log/slog"
	"net/http"
	"time"
)

// Bounds of what a client may send.
const (
	maxHeader = 64 << 10
	maxURL    = 8 << 10
)

// Timeouts bound how slow a client may be. Zero values choose the defaults.
type Timeouts struct {
	Header time.Duration // the whole head; 10 s
	Body   time.Duration // the whole body; 30 s
	Write  time.Duration // between two writes of an answer; 30 s
	Idle   time.Duration // between two calls on one connection; 60 s
}

func (t Timeouts) withDefaults() Timeouts {
	for _, d := range []struct {
		at  *time.Duration
		def time.Duration
	}{
		{&t.Header, 10 * time.Second},
		{&t.Body, 30 * time.Second},
		{&t.Write, 30 * time.Second},
		{&t.Idle, 60 * time.Second},
	} {
		if *d.at == 0 {
			*d.at = d.def
		}
	}
	return t
}

// NewServer returns the API as a server that is ready for Serve.
func NewServer(o Options) *http.Server {
	o = o.withDefaults()
	return &http.Server{
		Handler:           New(o),
		ReadHeaderTimeout: o.Timeouts.Header,
		IdleTimeout:       o.Timeouts.Idle,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),

		// Bodies and answers get their deadlines from each call, which knows
		// where it stands. A server-wide ReadTimeout would also cancel calls
		// that have read all and are waiting for the store.

		// "OPTIONS *" needs a token as all else does.
		DisableGeneralOptionsHandler: true,
	}
}

// limitBody starts the time that the client has for the body. It also bounds a
// body that no action reads: the server discards it before the next call.
func (c *call) limitBody() {
	// Writers that are no connection, in tests, know no deadlines.
	_ = c.control.SetReadDeadline(time.Now().Add(c.Timeouts.Body))
}

// unlimitBody ends it. The deadline would otherwise fire in the server's watch
// for a client that hangs up, and cancel a call that is being answered.
func (c *call) unlimitBody() {
	_ = c.control.SetReadDeadline(time.Time{})
}
