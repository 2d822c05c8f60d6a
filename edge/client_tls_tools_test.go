package edge_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"headwater/edge"
	"headwater/edge/edgetest"
)

// tool runs a program that real clients use, for a minute at most, and returns what
// it printed. Its input ends, unless it is said to be held open.
func tool(t *testing.T, input string, held bool, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing := name + " is not installed"
		if os.Getenv("HEADWATER_CI") == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, path, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		io.WriteString(in, input)
		if !held {
			in.Close()
		}
	}()
	if err := c.Wait(); err != nil {
		out.WriteString("\n" + err.Error())
	}
	return out.String()
}

// rootFile writes the certificate that clients are to trust.
func (s *secureEdge) rootFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(path, []byte(s.root.PEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCurl(t *testing.T) {
	o := edgetest.NewOrigin(t, edgetest.Handle(echo))
	s := startSecure(t, edge.Config{}, o)
	root := s.rootFile(t)
	for _, version := range []string{"1.2", "1.3"} {
		// Two requests, the second on the first one's connection.
		out := tool(t, "", false, "curl", "-sv", "--http1.1", "--tlsv"+version, "--tls-max", version, "--cacert", root,
			"--connect-to", "::"+s.addr, "https://"+edgetest.Host+"/a", "https://"+edgetest.Host+"/b")
		for _, want := range []string{"GET /a", "GET /b", "TLSv" + version} {
			if !strings.Contains(out, want) {
				t.Errorf("TLS %s: no %q in %s", version, want, out)
			}
		}
		if n := strings.Count(out, "SSL connection using"); n != 1 {
			t.Errorf("TLS %s: %d connections: %s", version, n, out)
		}
	}
	out := tool(t, strings.Repeat("0123456789", 100_000), false, "curl", "-s", "--http1.1", "--cacert", root, "-X", "POST", "--data-binary", "@-",
		"--connect-to", "::"+s.addr, "https://"+edgetest.Host+"/up")
	if want := "POST /up " + strings.Repeat("0123456789", 100_000); out != want {
		t.Errorf("of an upload of a megabyte %d bytes came back", len(out))
	}
	if out := tool(t, "", false, "curl", "-s", "--connect-to", "::"+s.addr, "https://"+edgetest.Host+"/"); !strings.Contains(out, "exit status 60") {
		t.Errorf("a client that does not trust the root ends with %q", out)
	}
}

func TestOpenSSLClient(t *testing.T) {
	s := startSecure(t, edge.Config{}, edgetest.NewOrigin(t, edgetest.Handle(echo)))
	root := s.rootFile(t)
	connect := []string{"s_client", "-connect", s.addr, "-servername", edgetest.Host, "-CAfile", root}
	session := filepath.Join(t.TempDir(), "session")
	for _, tt := range []struct {
		name  string
		args  []string
		input string
		held  bool
		want  []string
	}{
		{"a request", []string{"-tls1_3", "-sess_out", session, "-ign_eof"}, get("/x", "Connection: close"), false, []string{"Verification: OK", "GET /x", "TLSv1.3"}},
		{"a resumed session", []string{"-tls1_3", "-sess_in", session, "-ign_eof"}, get("/x", "Connection: close"), false, []string{"Reused, TLSv1.3", "GET /x"}},
		{"renegotiation", []string{"-tls1_2"}, "R\n", true, []string{"RENEGOTIATING", "alert"}},
		{"TLS 1.1", []string{"-tls1_1", "-cipher", "ALL@SECLEVEL=0"}, "", false, []string{"alert"}},
		{"a suite without forward secrecy", []string{"-tls1_2", "-cipher", "AES128-SHA"}, "", false, []string{"alert"}},
		{"an unknown name", []string{"-servername", "unknown.example", "-ign_eof"}, get("/", "Connection: close"), false, []string{"Verification: OK", "GET /"}},
	} {
		out := tool(t, tt.input, tt.held, "openssl", append(append([]string{}, connect...), tt.args...)...)
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", tt.name, want, out)
			}
		}
	}
}
