package edge_test

import (
	"strings"
	"testing"

	"headwater/edge/edgetest"
)

// behindAnother has a request come whole while the one before it waits for its answer: a body
// of which the last part is there when its head is looked at.
func behindAnother(t *testing.T, e *edgetest.Edge, asked <-chan bool, answer chan<- bool, request string) *edgetest.Client {
	t.Helper()
	c := e.Dial(t)
	c.Send(get("/first"))
	<-asked
	c.Send(request)
	answer <- true
	if a := c.Answer(); a.Status != 200 {
		t.Fatalf("the first was answered by %d %s", a.Status, a.Reason)
	}
	return c
}

// An upload that is all there leaves both connections fit for what follows.
func TestPromptUploads(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		asked, answer := make(chan bool), make(chan bool)
		e, o := startScript(t, plain, edgetest.Handle(func(c *edgetest.Conn, r *edgetest.Request) {
			if r.Target == "/first" {
				asked <- true
				<-answer
			}
			c.Write(ok(r.Target))
		}))
		for _, n := range []int{17 << 10, 40 << 10, 100 << 10} {
			c := behindAnother(t, e, asked, answer, post("/upload", n)+long(n)+get("/next"))
			expect(t, c, []string{"/upload", "/next"})
			o.Next()
			if r := o.Next(); string(r.Body) != long(n) {
				t.Errorf("%d bytes: %d came, or others", n, len(r.Body))
			}
			o.Next()
		}
		if n := o.Accepted(); n != 1 {
			t.Errorf("%d connections to the origin, want 1", n)
		}
	})
}

// Its body is gone when the connection ends without an answer: even a PUT is not sent again.
func TestPromptUploadsGoOnce(t *testing.T) {
	edgetest.Both(t, func(t *testing.T, plain bool) {
		asked, answer := make(chan bool), make(chan bool)
		e, o := startScript(t, plain, func(c *edgetest.Conn) {
			c.ReadRequest()
			asked <- true
			<-answer
			c.Write(ok("first"))
			c.ReadRequest()
		})
		put := strings.Replace(post("/", 40<<10), "POST", "PUT", 1)
		c := behindAnother(t, e, asked, answer, put+long(40<<10))
		if a := c.Answer(); a.Status != 503 || a.Reason != "backend read error" || o.Accepted() != 1 {
			t.Errorf("%d %s over %d connections, want 503 over one", a.Status, a.Reason, o.Accepted())
		}
	})
}
