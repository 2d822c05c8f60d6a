package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// paced loads at a fixed rate over so many connections. Latency counts from when a
// request was due, so that a proxy that stalls is charged for those that had to wait.
func paced(connections int, path string) loader {
	return func(ctx context.Context, b *bench, to endpoint) (sample, error) {
		began := time.Now()
		gap := time.Duration(connections) * time.Second / time.Duration(b.rate)
		all := make([][]time.Duration, connections)
		failed := make([]error, connections)
		var done sync.WaitGroup
		for i := range connections {
			done.Go(func() {
				first := began.Add(gap * time.Duration(i) / time.Duration(connections))
				all[i], failed[i] = pace(ctx, to, path, first, gap, began.Add(b.length))
			})
		}
		done.Wait()
		s := sample{}
		for _, err := range failed {
			if err != nil {
				s.errors++
			}
		}
		took := slices.Concat(all...)
		if len(took) == 0 {
			return s, fmt.Errorf("no answer: %w", failed[0])
		}
		slices.Sort(took)
		at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))] }
		s.requests, s.p50, s.p99, s.p999 = len(took), at(0.5), at(0.99), at(0.999)
		s.rate = float64(len(took)) / time.Since(began).Seconds()
		return s, nil
	}
}

// pace sends a request at first and then one each gap, until the end.
func pace(ctx context.Context, to endpoint, path string, first time.Time, gap time.Duration, end time.Time) (took []time.Duration, err error) {
	c, err := connect(ctx, to)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for due := first; due.Before(end) && ctx.Err() == nil; due = due.Add(gap) {
		time.Sleep(time.Until(due))
		if err := c.get(path); err != nil {
			return took, err
		}
		took = append(took, time.Since(due))
	}
	return took, nil
}

// A conn is a kept connection in clear.
type conn struct {
	net.Conn
	in   *bufio.Reader
	host string
}

func connect(ctx context.Context, to endpoint) (*conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(to.url, "http://"))
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, in: bufio.NewReader(c), host: to.host}, nil
}

func (c *conn) get(path string) error {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.host); err != nil {
		return err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", r.Status)
	}
	return nil
}
