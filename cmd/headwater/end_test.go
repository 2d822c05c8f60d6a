package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// hold begins a request to a gated origin through i, and returns how it ends.
func hold(t *testing.T, i *instance, o *origin) <-chan *reply {
	t.Helper()
	id := i.draftShop(t, port(o))
	i.mustCall(t, "PUT", "/service/"+id+"/version/1/activate")
	r := ok(http.NewRequest(http.MethodGet, "http://"+i.edge+"/", nil))(t)
	r.Host = "shop.test"
	end := make(chan *reply, 1)
	go func() {
		reply, _ := exchange(&http.Transport{DisableKeepAlives: true}, r) // nil if there was no answer
		end <- reply
	}()
	<-o.arrived
	return end
}

// TestDrainIsBounded ends serve during a request that does not finish, while nobody reads
// standard error, where that is said.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	o := ok(startOrigin("stuck", []string{"-gate"}))(t)
	defer o.close()
	defer close(o.gate)
	out := &stage{read: make(chan struct{})}
	defer close(out.read)
	i := start(t, func(p *process) {
		out.Writer, p.stderr = p.stderr, out
		p.drainTime = 100 * time.Millisecond
	})
	end := hold(t, i, o)
	out.stuck.Store(true)
	if code, err := i.stop(); code != exitOK || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	if r := <-end; r != nil && r.status == http.StatusOK {
		t.Errorf("answered %d", r.status)
	}
}

// TestSignals sends a process signals: the first lets requests finish, the second
// does not.
func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		name   string
		second bool
	}{{"one", false}, {"two", true}} {
		t.Run(tt.name, func(t *testing.T) {
			o := ok(startOrigin("slow", []string{"-gate"}))(t)
			defer o.close()
			c := startChild(t, filepath.Join(t.TempDir(), "data"))
			end := hold(t, c.instance, o)
			send(t, c, syscall.SIGTERM)
			if err := c.stdout.waitFor("finishing requests"); err != nil {
				t.Fatal(err)
			}
			if tt.second {
				send(t, c, os.Interrupt)
				<-c.ended
				if code := c.cmd.ProcessState.ExitCode(); code != exitFail {
					t.Errorf("exit code %d: %s", code, c.stderr)
				}
				close(o.gate)
				if r := <-end; r != nil {
					t.Errorf("answered %d", r.status)
				}
				return
			}
			close(o.gate)
			if r := <-end; r == nil || r.status != http.StatusOK || r.body != "slow" {
				t.Errorf("answered %+v", r)
			}
			<-c.ended
			if code := c.cmd.ProcessState.ExitCode(); code != exitOK {
				t.Errorf("exit code %d: %s", code, c.stderr)
			}
		})
	}
}

func send(t *testing.T, c *child, s os.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// A stage is an output that nobody reads any more once it is stuck.
type stage struct {
	io.Writer
	stuck atomic.Bool
	read  chan struct{} // closed when somebody reads again
}

func (s *stage) Write(b []byte) (int, error) {
	if s.stuck.Load() {
		<-s.read
	}
	return s.Writer.Write(b)
}

// Whoever does not read standard output, the access log's lines with it, stops neither
// requests nor the end of the process.
func TestNobodyReadsTheLog(t *testing.T) {
	t.Parallel()
	o := ok(startOrigin("one", nil))(t)
	defer o.close()
	out := &stage{read: make(chan struct{})}
	defer close(out.read)
	i := start(t, func(p *process) {
		out.Writer, p.stdout = p.stdout, out
		p.args = append(p.args, "-access-log", "-")
	})
	id := i.draftShop(t, port(o))
	i.mustCall(t, "PUT", "/service/"+id+"/version/1/activate")
	out.stuck.Store(true)
	r := ok(http.NewRequest(http.MethodGet, "http://"+i.edge+"/"+strings.Repeat("x", 4000), nil))(t)
	r.Host = "shop.test"
	const lost = "headwater_access_log_lost_lines_total{}"
	for n := 0; ; n++ {
		if got, err := exchange(http.DefaultTransport, r); err != nil || got.status != http.StatusOK {
			t.Fatalf("request %d: %v, %+v", n, err, got)
		}
		if n%500 > 0 {
			continue
		}
		if _, page := i.scrape(t, testToken); page.samples[lost] > 0 {
			break
		}
	}
	if code, err := i.stop(); code != exitOK || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	if err := i.stderr.waitFor("nobody takes its last lines"); err != nil {
		t.Error(err)
	}
}
