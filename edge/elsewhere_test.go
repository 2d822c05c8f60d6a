package edge_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"headwater/dial/dialtest"
	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// An origin that takes back a handshake of TLS 1.3 has been sent the request: a
// director must not send it to another member, be its body at hand or on its way.
func TestAlertIsNoReasonToGoElsewhere(t *testing.T) {
	const text = "director d fallback { { .backend = F_a; } { .backend = F_b; } }\nsub vcl_recv {\n#FASTLY recv\nset req.backend = d;\n}"
	root := dialtest.NewAuthority(t, "root")
	large := strings.Repeat("uploaded", 1<<16)
	tests := []struct {
		name, head, body string
		interim          int
	}{
		{"a POST", post("/", 5) + "hello", "", 0},
		{"an upload", post("/", len(large)), large, 0},
		{"an upload that waits", post("/", len(large), "Expect: 100-continue"), large, 1},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				arrived := make(chan bool)
				regretful := certified(root)
				regretful.VerifyConnection = func(tls.ConnectionState) error {
					<-arrived // the client has done its part, and sends
					return errors.New("second thoughts")
				}
				a := edgetest.NewTLSOrigin(t, regretful, func(*edgetest.Conn) {})
				b := edgetest.NewTLSOrigin(t, certified(root), edgetest.Reply(ok("b")))
				named := func(o *edgetest.Origin, name string) *service.Backend {
					return edgetest.Backend(o, securely(root), func(b *service.Backend) { b.Name = name })
				}
				log, logger := edgetest.NewEvents(t)
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger},
					edgetest.WithVCL(t, edgetest.Snapshot(named(a, "a"), named(b, "b")), text))
				c := e.Dial(t)
				c.Send(tt.head)
				interim := 0
				if tt.interim > 0 {
					c.ReadUntil("100 Continue\r\n\r\n")
					interim++
				}
				close(arrived)
				c.Push(tt.body)
				answer, err := c.TryAnswerTo("POST")
				if err == nil && (answer.Status != 503 || len(answer.Interim)+interim != tt.interim) {
					t.Errorf("%d %s, %d interim answers", answer.Status, answer.Reason, len(answer.Interim))
				} else if err != nil && tt.body == "" && err != io.EOF {
					t.Error(err)
				}
				if n := log.Next()["retries"].Int64(); n != 0 || b.Accepted() != 0 {
					t.Errorf("%d retries, %d connections to the other member", n, b.Accepted())
				}
			})
		}
	})
}

// What may go elsewhere: a request of which nothing was sent that must not be twice.
func TestGoesElsewhere(t *testing.T) {
	const text = "director d fallback { { .backend = F_a; } { .backend = F_b; } }\nsub vcl_recv {\n#FASTLY recv\nset req.backend = d;\n}"
	edgetest.Both(t, func(t *testing.T, plain bool) {
		b := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			c.Write(ok(fmt.Sprint(r.Method, len(r.Body))))
		}))
		refusing := edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t), func(b *service.Backend) { b.Name = "a" })
		s := edgetest.Snapshot(refusing, edgetest.Backend(b, func(b *service.Backend) { b.Name = "b" }))
		e := edgetest.Start(t, edge.Config{PlainIO: plain}, edgetest.WithVCL(t, s, text))
		c := e.Dial(t)
		for _, tt := range []struct{ head, body, want string }{
			{get("/"), "", "GET0"},
			{post("/", 5) + "hello", "", "POST5"},
			{post("/", 5, "Expect: 100-continue"), "hello", "POST5"},
		} {
			c.Send(tt.head)
			if tt.body != "" {
				c.ReadUntil("100 Continue\r\n\r\n")
				c.Send(tt.body)
			}
			if a := c.Answer(); string(a.Body) != tt.want || len(a.Interim) > 0 {
				t.Errorf("%d %q, %d interim answers, want %q", a.Status, a.Body, len(a.Interim), tt.want)
			}
		}
	})
}
