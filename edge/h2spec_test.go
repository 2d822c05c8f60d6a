package edge_test

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	"github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// TestH2Spec runs h2spec, the strict cases too: the judgement of others on what we
// make of the RFCs.
func TestH2Spec(t *testing.T) {
	const least = 145
	o := edgetest.NewOrigin(t, edgetest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"))
	s := edgetest.Service("test", 1, []string{"127.0.0.1"}, edgetest.Backend(o))
	for _, secure := range []bool{false, true} {
		name := map[bool]string{false: "clear", true: "TLS"}[secure]
		t.Run(name, func(t *testing.T) {
			e := edgetest.StartFor(t, secure, edge.Config{H2C: true}, s)
			host, port, err := net.SplitHostPort(e.Addr)
			if err != nil {
				t.Fatal(err)
			}
			c := &config.Config{Host: host, Path: "/", Timeout: 10 * time.Second, MaxHeaderLen: 4000, Strict: true, TLS: secure, Insecure: true}
			if c.Port, err = strconv.Atoi(port); err != nil {
				t.Fatal(err)
			}
			cases := 0
			for _, g := range []*spec.TestGroup{generic.Spec(), http2.Spec(), hpack.Spec()} {
				cases += judge(t, c, g)
			}
			if cases < least {
				t.Errorf("%d cases, want %d at least", cases, least)
			}
		})
	}
}

// spoken is the case that does not hold in clear: what has no preface there is
// taken for HTTP/1, and refused in its words.
const spoken = "Sends invalid connection preface"

// judge runs the cases of g and returns how many there were.
func judge(t *testing.T, c *config.Config, g *spec.TestGroup) (cases int) {
	for _, tc := range append(g.Tests, g.StrictTests...) {
		if !c.TLS && tc.Desc == spoken {
			continue
		}
		cases++
		t.Run(g.ID()+" "+tc.Desc, func(t *testing.T) {
			t.Parallel()
			conn, err := spec.Dial(c)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			var failed *spec.TestError
			err = tc.Run(c, conn)
			if errors.As(err, &failed) {
				t.Errorf("%s\ngot  %s\nwant %q", tc.Requirement, failed.Actual, failed.Expected)
			} else if err != nil && !errors.Is(err, spec.ErrSkipped) {
				t.Error(err)
			}
		})
	}
	for _, sub := range g.Groups {
		cases += judge(t, c, sub)
	}
	return cases
}
