package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// draftShop makes a service shop.test with one backend, and returns its id.
func (i *instance) draftShop(tb testing.TB, backendPort int) (id string) {
	tb.Helper()
	var s struct{ ID string }
	if err := json.Unmarshal([]byte(i.mustCall(tb, "POST", "/service", "name=shop")), &s); err != nil {
		tb.Fatal(err)
	}
	at := "/service/" + s.ID + "/version/1"
	i.mustCall(tb, "POST", at+"/domain", "name=shop.test")
	i.mustCall(tb, "POST", at+"/backend", "name=origin", "address=127.0.0.1", fmt.Sprintf("port=%d", backendPort), timeToConnect)
	return s.ID
}

func port(o *origin) int { return o.listener.Addr().(*net.TCPAddr).Port }

// TestActivationUnderLoad activates 20 versions a second, each with the backend
// on another port, under the load of connections that are never closed. No
// request may fail, no connection end, and what is served after an activation
// was answered must be that activation's.
func TestActivationUnderLoad(t *testing.T) {
	const connections, every = 64, 50 * time.Millisecond
	runs := 5 * time.Second
	if testing.Short() {
		runs = time.Second
	}
	origins := []*origin{ok(startOrigin("zero", nil))(t), ok(startOrigin("one", nil))(t)}
	defer origins[0].close()
	defer origins[1].close()
	i := start(t, nil)
	id := i.draftShop(t, port(origins[0]))
	i.mustCall(t, "PUT", "/service/"+id+"/version/1/activate")

	ctx, cancel := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var requests, failures atomic.Int64
	for range connections {
		load.Go(func() {
			n, err := keepAsking(ctx, i.edge)
			requests.Add(n)
			if err != nil && failures.Add(1) == 1 {
				t.Errorf("after %d requests: %v", n, err)
			}
		})
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	activations := 0
	// A busy machine takes as long as it needs for enough of them to prove something.
	enough := int(runs / every / 10)
	for end := time.Now().Add(runs); (time.Now().Before(end) || activations < enough) && !t.Failed(); <-tick.C {
		activations++
		to := origins[activations%len(origins)]
		clone := fmt.Sprintf("/service/%s/version/%d", id, activations)
		next := fmt.Sprintf("/service/%s/version/%d", id, activations+1)
		i.mustCall(t, "PUT", clone+"/clone")
		i.mustCall(t, "PUT", next+"/backend/origin", "port="+to.port())
		i.mustCall(t, "PUT", next+"/activate")
		wantBody(t, i, "shop.test", to.name)
	}
	cancel()
	load.Wait()
	t.Logf("%d activations, %d requests on %d connections, %d failures", activations, requests.Load(), connections, failures.Load())
}

// keepAsking makes requests on one connection until ctx ends, and returns how
// many were answered as they should.
func keepAsking(ctx context.Context, address string) (n int64, err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for ; ctx.Err() == nil; n++ {
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			return n, err
		}
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"); err != nil {
			return n, err
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return n, err
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return n, err
		}
		if text := string(body); r.StatusCode != http.StatusOK || text != "zero" && text != "one" || r.Close {
			return n, fmt.Errorf("answer %d %q, last of the connection: %v", r.StatusCode, text, r.Close)
		}
	}
	return n, nil
}
