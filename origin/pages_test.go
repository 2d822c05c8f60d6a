package origin_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"headwater/origin"
)

var update = flag.Bool("update", false, "write what came out into the pages")

// patience bounds every wait for what should come at once.
const patience = 30 * time.Second

// TestPages runs the pages of testdata/pages: each is what clients send on
// connections of their own, and all that comes back.
//
//	-- flags --    the origin's own, one a line
//	-- request --  what a client sends; behind it, it has no more to say
//	-- want --     what it gets, and whether the connection was reset
//
// Lines of want end in CR LF where no other end is shown.
func TestPages(t *testing.T) {
	paths, err := filepath.Glob("testdata/pages/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no pages", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if runPage(t, archive); *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runPage(t *testing.T, archive *txtar.Archive) {
	var addr, got string
	for i := range archive.Files {
		f := &archive.Files[i]
		switch f.Name {
		case "flags":
			addr = start(t, strings.Fields(string(f.Data))...)
		case "request":
			if addr == "" {
				addr = start(t)
			}
			got = say(t, addr, strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
		case "want":
			if diff := cmp.Diff(string(f.Data), got); diff != "" && !*update {
				t.Errorf("(-want +got):\n%s", diff)
			}
			f.Data = []byte(got)
		default:
			t.Fatalf("unknown section %s", f.Name)
		}
	}
}

// start starts an origin with these flags, and returns where it is.
func start(t *testing.T, flags ...string) string {
	t.Helper()
	_, l := serve(t, flags...)
	return l.Addr().String()
}

func serve(t *testing.T, flags ...string) (*origin.Server, net.Listener) {
	t.Helper()
	var o origin.Options
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.Define(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	s, err := origin.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	go s.Serve(l)
	t.Cleanup(func() { shutdown(s) })
	return s, l
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// shutdown ends s without waiting for answers.
func shutdown(s *origin.Server) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	s.Shutdown(now)
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// say sends a text and returns all that comes back, as pages show it.
func say(t *testing.T, addr, text string) string {
	t.Helper()
	c := dial(t, addr)
	if _, err := io.WriteString(c, text); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	c.CloseWrite()
	all, err := io.ReadAll(c)
	got := show(string(all))
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		got += "(reset)\n"
	case err != nil:
		t.Error(err)
	}
	return got
}

var (
	dates   = regexp.MustCompile(`(?m)^Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$`)
	clients = regexp.MustCompile(`"client": "127\.0\.0\.1:\d+"`)
	repeats = regexp.MustCompile(`x{50,}`)
)

// show makes a text of what came that is the same each time.
func show(came string) string {
	text := strings.ReplaceAll(came, "\r\n", "\n")
	text = strings.NewReplacer("\r", `\r`, "\x00", `\x00`, "\x01", `\x01`).Replace(text)
	text = dates.ReplaceAllString(text, "Date: now")
	text = clients.ReplaceAllString(text, `"client": "here"`)
	text = repeats.ReplaceAllStringFunc(text, func(run string) string { return fmt.Sprintf("(x, %d times)", len(run)) })
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "(no line end)\n"
	}
	return text
}
