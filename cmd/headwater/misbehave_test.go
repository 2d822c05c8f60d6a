package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	testorigin "headwater/origin"
)

var originLines = regexp.MustCompile(`^headwater: the origin is on http://(\S+)
headwater: the origin is on https://(\S+) \(good\)
headwater: the origin is on https://(\S+) \(expired\)
headwater: ready; the path /help tells what it can be asked
`)

// The command tells where it listens, does by default what its flags say, writes what
// a client needs to trust it, and ends at a signal.
func TestOriginCommand(t *testing.T) {
	certs := filepath.Join(t.TempDir(), "certs")
	i := launch(nil, nil, "origin", "-listen", "127.0.0.1:0", "-tls", "127.0.0.1:0", "-tls", "expired=127.0.0.1:0", "-certs", certs, "-status", "418", "-name", "me")
	if err := i.stdout.waitFor("ready"); err != nil {
		t.Fatal(err, i.stderr)
	}
	at := originLines.FindStringSubmatch(i.stdout.String())
	if at == nil {
		t.Fatalf("it told %q", i.stdout)
	}
	client := clientOf(t, certs)
	for url, want := range map[string]string{
		"http://" + at[1] + "/x":          "418 GET /x answered by me\n",
		"http://" + at[1] + "/status/200": "200 GET /status/200 answered by me\n",
		"http://" + at[1] + "/help":       "200 " + testorigin.Help(),
		"https://" + at[2] + "/x":         "418 GET /x answered by me\n",
		"https://" + at[3] + "/x":         "expired",
	} {
		if got := bodyAt(client, url); got != want && !(want == "expired" && strings.Contains(got, want)) {
			t.Errorf("%s: %q, want %q", url, got, want)
		}
	}
	if key, err := os.Stat(filepath.Join(certs, "client.key")); err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", key, err)
	}
	if code, err := i.stop(); code != exitOK || err != nil {
		t.Errorf("code %d, %v: %s", code, err, i.stderr)
	}
}

// clientOf returns a client that trusts the authority of dir alone.
func clientOf(t *testing.T, dir string) *http.Client {
	text, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	return &http.Client{Transport: transport, Timeout: patience}
}

// bodyAt returns the status and the body at url, or what went wrong.
func bodyAt(c *http.Client, url string) string {
	a, err := c.Get(url)
	if err != nil {
		return err.Error()
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return err.Error()
	}
	return a.Status[:3] + " " + string(body)
}

func TestOriginUsage(t *testing.T) {
	i := launch(nil, nil, "origin", "--help")
	if code, err := i.wait(); code != exitOK || err != nil || !strings.HasSuffix(i.stdout.String(), testorigin.Help()) {
		t.Errorf("code %d, %v: %s", code, err, i.stdout)
	}
	for _, tt := range []struct {
		want string
		args []string
	}{
		{`origin takes no argument "x"`, []string{"x"}},
		{`neither -listen nor -tls names an address`, []string{"-listen", ""}},
		{`there is no fault "perfect"`, []string{"-tls", "perfect=127.0.0.1:0"}},
		{`status: 7 is not within 200 and 999`, []string{"-status", "7"}},
		{`-delay: delay: is no time such as 1500ms or 2s`, []string{"-delay", "soon"}},
		{`flag provided but not defined: -nothing`, []string{"-nothing"}},
		{`-echo: echo: takes no value`, []string{"-echo=much"}},
	} {
		i := launch(nil, nil, append([]string{"origin"}, tt.args...)...)
		if code, err := i.wait(); code != exitUsage || err != nil || !strings.Contains(i.stderr.String(), tt.want) {
			t.Errorf("%q: code %d, %v: %s", tt.args, code, err, i.stderr)
		}
	}
}

// An origin whose requests hang ends at once.
func TestOriginEndsAtOnce(t *testing.T) {
	i := launch(nil, nil, "origin", "-listen", "127.0.0.1:0", "-hang")
	if err := i.stdout.waitFor("ready"); err != nil {
		t.Fatal(err, i.stderr)
	}
	at := regexp.MustCompile(`http://\S+`).FindString(i.stdout.String())
	client := &http.Client{Timeout: 20 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	if got := bodyAt(client, at); !strings.Contains(got, "Timeout") {
		t.Error(got)
	}
	if code, err := i.stop(); code != exitOK || err != nil {
		t.Errorf("code %d, %v: %s", code, err, i.stderr)
	}
}
