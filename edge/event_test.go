package edge_test

import (
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	type want map[string]any
	host := edgetest.Host
	tests := []struct {
		name, request, answer string
		broken                bool // there is no whole answer
		want                  want
		absent                []string
	}{
		{"a plain request", get("/a?b"), ok("hello"), false, want{
			"client": "127.0.0.1", "method": "GET", "host": host, "target": "/a?b", "status": 200, "service": "test", "version": 1,
			"backend": "origin", "request_body": 0, "response_body": 5, "retries": 0,
		}, []string{"reason", "side", "cause"}},
		{"a body", post("/", 3) + "abc", ok(""), false, want{"method": "POST", "request_body": 3, "response_body": 0}, []string{"reason"}},
		{"unknown domain", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", false,
			want{"status": 500, "reason": "Domain Not Found", "side": "client"}, []string{"service", "backend"}},
		{"a malformed request", "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", "", false,
			want{"status": 400, "side": "client", "cause": "malformed field name"}, []string{"service", "backend"}},
		{"too many loops", get("/", "CDN-Loop: Headwater,Headwater,Headwater,Headwater"), "", false,
			want{"status": 503, "reason": "Loop detected", "side": "edge", "service": "test"}, []string{"backend"}},
		{"a malformed answer", get("/"), "HTTP/9.9 200 OK\r\n\r\n", false,
			want{"status": 503, "reason": "Service Unavailable", "side": "origin", "cause": "malformed start line", "backend": "origin"}, nil},
		{"a time-out", get("/"), "", false, want{"status": 503, "reason": "first byte timeout", "side": "origin"}, nil},
		{"a truncated answer", get("/"), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nhello", true,
			want{"status": 200, "reason": "truncated response", "side": "origin", "response_body": 5}, nil},
	}
	edgetest.Both(t, func(t *testing.T, plain bool) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				log, logger := edgetest.NewEvents(t)
				o := edgetest.NewOrigin(t, edgetest.Handle(func(c *edgetest.Conn, _ *edgetest.Request) {
					c.Write(tt.answer)
					if tt.broken {
						c.Close()
					}
				}))
				e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.Snapshot(edgetest.Backend(o, firstByte(2000))))
				c := e.Dial(t)
				c.Send(tt.request)
				a := c.Answer()
				if (a.Err != nil) != tt.broken {
					t.Errorf("answer: %v", a.Err)
				}
				event := log.Next()
				for key, value := range tt.want {
					v := event[key]
					switch value := value.(type) {
					case string:
						if v.String() != value {
							t.Errorf("%s: %q, want %q", key, v, value)
						}
					case int:
						if v.Any() == nil || v.Int64() != int64(value) {
							t.Errorf("%s: %v, want %d", key, v, value)
						}
					}
				}
				for _, key := range tt.absent {
					if v, ok := event[key]; ok {
						t.Errorf("%s: %v, want none", key, v)
					}
				}
				if total := event["total"].Duration(); total < 0 || total > 10*time.Second {
					t.Errorf("total: %v", total)
				}
				if w := event["written"].Int64(); w != int64(len(a.Raw)) {
					t.Errorf("written: %d, want %d", w, len(a.Raw))
				}
				c.TCP.Close()
				time.Sleep(settle)
				log.None()
			})
		}
	})
}

func TestEventOfARetry(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		log, logger := edgetest.NewEvents(t)
		o := edgetest.NewOrigin(t, dropSecond((*edgetest.Conn).Close))
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.Snapshot(edgetest.Backend(o)))
		c := e.Dial(t)
		c.Get(edgetest.Host, "/")
		if n := log.Next()["retries"].Int64(); n != 0 {
			t.Errorf("retries: %d, want 0", n)
		}
		c.Get(edgetest.Host, "/")
		event := log.Next()
		if n := event["retries"].Int64(); n != 1 {
			t.Errorf("retries: %d, want 1", n)
		}
		if _, ok := event["reason"]; ok || event["status"].Int64() != 200 {
			t.Errorf("event: %v", event)
		}
	})
}

func TestEventOfAnUpload(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		log, logger := edgetest.NewEvents(t)
		o := edgetest.NewOrigin(t, edgetest.Handle(echo))
		e := edgetest.Start(t, edge.Config{PlainIO: plain, AccessLog: logger}, edgetest.Snapshot(edgetest.Backend(o)))
		c := e.Dial(t)
		c.Send(post("/", 6) + "abc")
		time.Sleep(settle)
		c.Send("def")
		c.Answer()
		if n := log.Next()["request_body"].Int64(); n != 6 {
			t.Errorf("request_body: %d, want 6", n)
		}
		c.Send(chunkedPost("/") + "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
		c.Answer()
		if n := log.Next()["request_body"].Int64(); n != 6 {
			t.Errorf("request_body of a chunked upload: %d, want 6, framing left out", n)
		}
		c.Send(post("/", 6) + "abc")
		c.TCP.Close()
		event := log.Next()
		if event["reason"].String() != "client read error" || event["side"].String() != "client" {
			t.Errorf("an aborted upload: %v", event)
		}
	})
}

func TestNoEventWithoutALog(t *testing.T) {
	e := edgetest.Start(t, edge.Config{}, edgetest.Snapshot(edgetest.BackendAt("127.0.0.1", edgetest.RefusedPort(t), func(b *service.Backend) { b.ConnectTimeout = 1 })))
	if a := e.Dial(t).Get(edgetest.Host, "/"); a.Status != 503 {
		t.Errorf("status %d", a.Status)
	}
}
