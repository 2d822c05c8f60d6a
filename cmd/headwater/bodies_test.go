//go:build !race

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

var bodySize = flag.Int64("body-size", 64<<20, "bytes of each body of TestBodiesOfAnySize")

// maxResident is what serve may have held in memory, in MiB, whatever went through it.
const maxResident = 64

// zeros are a body of that many bytes.
type zeros struct{ left int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), z.left))
	clear(b[:n])
	z.left -= int64(n)
	return n, nil
}

// bodies is an origin that answers with a body of that size, or counts what it is
// sent. Below /chunked it says no length.
func bodies(t *testing.T, size int64) (port int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
			return
		}
		if r.URL.Path != "/chunked" {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		io.CopyBuffer(w, &zeros{size}, make([]byte, 64<<10))
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// Bodies of any size go through serve both ways, with a length and without, and need
// no more memory for it. Those of 10 GiB:
//
//	go test ./cmd/headwater -run TestBodiesOfAnySize -v -args -body-size 10737418240
func TestBodiesOfAnySize(t *testing.T) {
	c := startChild(t, filepath.Join(t.TempDir(), "data"))
	id := c.draftShop(t, bodies(t, *bodySize))
	c.mustCall(t, "PUT", "/service/"+id+"/version/1/activate")
	for _, path := range []string{"/length", "/chunked"} {
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequest(method, "http://"+c.edge+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "shop.test"
			if method == "POST" {
				r.Body, r.ContentLength = io.NopCloser(&zeros{*bodySize}), *bodySize
				if path == "/chunked" {
					r.ContentLength = -1
				}
			}
			answer, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if method == "POST" {
				n, err := io.ReadAll(answer.Body)
				if err != nil || string(n) != fmt.Sprint(*bodySize) {
					t.Errorf("POST %s: the origin counts %q of %d, %v", path, n, *bodySize, err)
				}
			} else if n, err := io.Copy(io.Discard, answer.Body); err != nil || n != *bodySize {
				t.Errorf("GET %s: %d bytes of %d, %v", path, n, *bodySize, err)
			}
			answer.Body.Close()
			most := memoryOf(t, c.cmd.Process.Pid, "VmHWM:")
			t.Logf("%s %s: at most %.1f MiB resident", method, strings.TrimPrefix(path, "/"), most)
			if most > maxResident {
				t.Errorf("serve held %.1f MiB", most)
			}
		}
	}
}
