package edge_test

import (
	"strings"
	"testing"

	"headwater/edge/edgetest"
)

// What a client says may be in the reason of a program's error, and is text in the
// page. The status line has it as it is.
func TestPagesEscapeReasons(t *testing.T) {
	const said = `/?<script>alert("1")</script>&'`
	edgetest.Both(t, func(t *testing.T, plain bool) {
		e, _, _ := startVCL(t, plain, "sub vcl_recv {\n#FASTLY recv\nerror 404 req.url;\n}", edgetest.Reply(ok("")))
		a := e.Dial(t).Get(edgetest.Host, said)
		if a.Status != 404 || a.Reason != said {
			t.Errorf("%d %q", a.Status, a.Reason)
		}
		const escaped = "/?&lt;script&gt;alert(\"1\")&lt;/script&gt;&amp;'"
		if body := string(a.Body); strings.Count(body, escaped) != 3 || strings.Contains(body, "<script") {
			t.Errorf("page %s", body)
		}
	})
}
