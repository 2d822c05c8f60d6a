package edge

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"headwater/explain"
	"headwater/internal/message"
	"headwater/service"
	"headwater/vcl"
)

// A stage is the world of an exchange that only pretends. Its program and phases
// are those of every exchange; what origins answer is the stage's to say.
type stage struct {
	site    *site
	origins map[string]explain.Origin
	now     time.Time
}

// Healthy makes a stage the [vcl.World] of its program.
func (s *stage) Healthy(b *vcl.Backend) bool {
	d := s.site.destination(b)
	return d != nil && d.healthy()
}

// Connections makes a stage the [vcl.World] of its program. It has none.
func (s *stage) Connections(*vcl.Backend) (open, used int) { return 0, 0 }

// fetch pretends to fetch from b.
func (s *stage) fetch(x *exchange, b *backend) failure {
	o, told := s.origins[b.name]
	if !told {
		o, told = s.origins[s.site.known(b).Name]
	}
	if !told {
		o, told = s.origins["*"]
	}
	if !told {
		o.Status = 200
	}
	if o.Failure != "" {
		f := failureNamed(o.Failure)
		x.connected = !f.unconnected()
		return f
	}
	if x.in == nil {
		x.in = getBuffer(0)
	}
	head := appendAnswer(nil, &o)
	if len(head) > len(x.in.b) {
		return failHeaderOverflow
	}
	if err := parseResponse(x.in.b[:copy(x.in.b, head)], &x.beresp); err != nil {
		return x.badResponse(err)
	}
	x.body = body{x: x, in: x.incoming(), left: x.beresp.length}
	return failNone
}

// appendAnswer appends the head of what an origin answers.
func appendAnswer(dst []byte, o *explain.Origin) []byte {
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(o.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, cmp.Or(o.Reason, reasonPhrase(o.Status))...)
	dst = append(dst, '\r', '\n')
	for _, h := range o.Headers {
		dst = appendText(dst, h.Name, h.Value)
	}
	if !slices.ContainsFunc(o.Headers, frames) {
		dst = appendLength(dst, o.BodyBytes)
	}
	return append(dst, '\r', '\n')
}

// frames reports whether a field says where a body ends.
func frames(h explain.Header) bool {
	return message.Identify([]byte(h.Name)).Frames()
}

// failureNamed returns the failure of origins that has that reason, or failNone.
func failureNamed(reason string) failure {
	for f, d := range failures {
		if d.side == sideOrigin && d.status != 0 && d.reason == reason {
			return failure(f)
		}
	}
	return failNone
}

// perform runs the request to its end.
func (s *stage) perform(x *exchange) {
	x.vcl.World = s
	x.live(receiving)
	x.leave()
}

// errStage is what a link without a connection is not for.
var errStage = errors.New("there is no connection")

// paper is the link of a client that is not there, and takes what is written.
type paper struct{}

func (paper) write(b []byte, _ time.Duration) (int, error) { return len(b), nil }
func (paper) post(b []byte, _ time.Duration) (int, error)  { return len(b), nil }
func (paper) read([]byte, time.Time) (int, error)          { return 0, io.EOF }
func (paper) lend(*clientConn)                             {}
func (paper) park(time.Time) bool                          { return false }
func (paper) stale(*lot) bool                              { return true }
func (paper) move(*lot) bool                               { return false }
func (paper) share() bool                                  { return false }
func (paper) keep([]byte) error                            { return errStage }
func (paper) flush() (bool, error)                         { return false, errStage }
func (paper) reside(resident) error                        { return errStage }
func (paper) interrupt()                                   {}
func (paper) interrupted() bool                            { return false }
func (paper) closeWrite()                                  {}
func (paper) tear(bool)                                    {}
func (paper) close()                                       {}

// requestHead is the request as a client would send it, or [service.Invalid] if that is
// none.
func requestHead(r *explain.Request, host, target string) ([]byte, error) {
	named := false
	b := []byte(r.Method + " " + target + " HTTP/" + r.HTTP + "\r\n")
	for _, h := range r.Headers {
		for _, text := range []string{h.Name, h.Value} {
			if i := bytes.IndexAny([]byte(text), "\r\n\x00"); i >= 0 {
				return nil, service.Errorf(service.Invalid, "a header has a line break or a NUL")
			}
		}
		named = named || foldEqual([]byte(h.Name), []byte("host"))
		b = appendText(b, h.Name, h.Value)
	}
	if !named {
		b = appendText(b, "Host", host)
	}
	if r.BodyBytes > 0 {
		b = appendLength(b, r.BodyBytes)
	}
	return append(b, '\r', '\n'), nil
}
