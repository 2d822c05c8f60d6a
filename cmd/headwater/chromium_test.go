package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"headwater/certificate"
)

// present fails or skips a test unless all tools are installed.
func present(t *testing.T, tools ...string) {
	t.Helper()
	for _, name := range tools {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("HEADWATER_CI") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// A gallery is an origin of a page with many scripts, each of which writes a line
// onto the page.
type gallery struct {
	scripts int

	mu   sync.Mutex
	seen map[string]int // requests, by path and what the edge says of the client
}

func (g *gallery) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.seen[r.URL.Path+" "+r.Header.Get("X-Client")]++
	g.mu.Unlock()
	if r.URL.Path != "/" {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, "document.write('<p>%s %s</p>')", r.URL.Path, r.Header.Get("X-Client"))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!DOCTYPE html><title>gallery</title><link rel=icon href=data:,><body>")
	for n := range g.scripts {
		fmt.Fprintf(w, "<script src=/%d.js></script>", n)
	}
	fmt.Fprint(w, strings.Repeat(" ", 100_000), "<p>end</p></body>") // more than a window
}

// browse has Chromium, which trusts what the directory's authority says, open a page,
// and returns what became of it.
func browse(t *testing.T, root, url string) (page, said string) {
	t.Helper()
	home := t.TempDir()
	trust := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(trust, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*patience)
	defer cancel()
	for _, args := range [][]string{
		{"-N", "--empty-password"},
		{"-A", "-n", "headwater", "-t", "C,,", "-i", root},
	} {
		c := exec.CommandContext(ctx, "certutil", append([]string{"-d", "sql:" + trust}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("certutil %v: %v: %s", args, err, out)
		}
	}
	c := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--no-first-run",
		"--user-data-dir="+filepath.Join(home, "profile"), "--dump-dom", url)
	c.Env = append(os.Environ(), "HOME="+home)
	c.WaitDelay = patience // for what it has started
	var out, errors bytes.Buffer
	c.Stdout, c.Stderr = &out, &errors
	if err := c.Run(); err != nil {
		fmt.Fprintln(&errors, err)
	}
	return out.String(), errors.String()
}

// Chromium trusts the development authority, chooses HTTP/2 and shows a page whose
// parts come all at once.
func TestChromium(t *testing.T) {
	present(t, "chromium", "certutil")
	certificates := t.TempDir()
	root, err := certificate.Develop(certificates, slog.New(slog.DiscardHandler), "gallery.localhost")
	if err != nil {
		t.Fatal(err)
	}
	g := &gallery{scripts: 30, seen: map[string]int{}}
	from := httptest.NewServer(g)
	defer from.Close()
	i := launch(map[string]string{tokenVariable: testToken}, nil, "serve", "-api", "127.0.0.1:0", "-edge", "127.0.0.1:0",
		"-edge-tls", "127.0.0.1:0", "-edge-cert", certificates, "-data", filepath.Join(t.TempDir(), "data"))
	defer i.stop()
	if err := i.waitReady(); err != nil {
		t.Fatal(err, i.stderr)
	}
	i.publishGallery(t, from.Listener.Addr().(*net.TCPAddr).Port)
	at := "https://gallery.localhost:" + fmt.Sprint(portOf(t, secureLine.FindStringSubmatch(i.stdout.String())[1])) + "/"

	page, said := browse(t, root, at)
	const client = "h2 HTTP/2 1 gallery.localhost"
	want := []string{"<p>end</p>"}
	for n := range g.scripts {
		want = append(want, fmt.Sprintf("<p>/%d.js %s</p>", n, client))
	}
	for _, text := range want {
		if !strings.Contains(page, text) {
			t.Fatalf("no %q in %s\n%s\n%s", text, page, said, i.stderr)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := g.seen["/ "+client]; n != 1 || len(g.seen) != 1+g.scripts {
		t.Errorf("the origin saw %v", g.seen)
	}
}

// publishGallery has origins told what the edge knows of a client.
func (i *instance) publishGallery(t *testing.T, originPort int) {
	t.Helper()
	var s struct{ ID string }
	if err := json.Unmarshal([]byte(i.mustCall(t, "POST", "/service", "name=gallery")), &s); err != nil {
		t.Fatal(err)
	}
	at := "/service/" + s.ID + "/version/1"
	i.mustCall(t, "POST", at+"/domain", "name=gallery.localhost")
	i.mustCall(t, "POST", at+"/backend", "name=origin", "address=127.0.0.1", fmt.Sprint("port=", originPort), timeToConnect)
	i.mustCall(t, "POST", at+"/snippet", "name=client", "type=recv", "dynamic=0", `content=`+
		`set req.http.X-Client = if(fastly_info.is_h2, "h2 ", "h1 ") req.proto " " fastly_info.edge.is_tls " " tls.client.servername;`)
	i.mustCall(t, "PUT", "/service/"+s.ID+"/version/1/activate")
}
