package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

// A scenario is one kind of load.
type scenario struct {
	name, about string
	at          place
	tool        string // that it needs besides wrk
	load        loader
	base        *scenario                           // that ours are taken through as well, to compare with
	once        func(context.Context, *bench) error // of one that has a table of its own
}

// oneService is what many services are compared with: the same load, whose generator takes time to
// choose a Host, on one.
var oneService = &scenario{name: "one", load: visiting(64, 1, "/1k")}

var scenarios = []*scenario{
	{name: "1k", about: "1 KiB, 64 kept connections", load: wrk(64, "/1k")},
	{name: "100k", about: "100 KiB, 32 kept connections", load: wrk(32, "/100k")},
	{name: "10m", about: "10 MiB, 8 kept connections", load: wrk(8, "/10m")},
	{name: "up100k", about: "bodies of 100 KiB to the origin, 32 kept connections", load: posting(32, 100<<10)},
	{name: "up10m", about: "bodies of 10 MiB to the origin, 8 kept connections", load: posting(8, 10<<20)},
	{name: "to-tls", about: "1 KiB with TLS to the origin, 64 kept connections", at: toTLS, load: wrk(64, "/1k")},
	{name: "from-tls", about: "1 KiB with TLS from the client, 64 kept connections", at: fromTLS, load: wrk(64, "/1k")},
	{name: "h2", about: "1 KiB with HTTP/2 and TLS from the client, 8 connections with 16 streams", at: fromH2, tool: "h2load", load: h2load(8, 16, "/1k")},
	{name: "new", about: "1 KiB, a new connection each", load: wrk(64, "/1k", "-HConnection: close")},
	{name: "paced", about: "1 KiB at a fixed rate, 32 kept connections", load: paced(32, "/1k")},
	{name: "realistic", about: "1 KiB through 20 conditions, 5 snippets, a weighted pool with health checks, and an access log; the peers plain", at: realistic, load: wrk(64, "/1k")},
	{name: "services", about: "1 KiB to a thousand services of ten backends each, Hosts at random; the peers plain", at: services, load: visiting(64, manyServices, "/1k"), base: oneService},
	{name: "idle", about: "5,000 idle connections", once: idle},
}

const idleConnections = 5000

// settle is how long a proxy may take to let go of what idle connections do not need.
const settle = 3 * time.Second

// idle prints what resident memory 5,000 connections add that have had one answer.
func idle(ctx context.Context, b *bench) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tMiB before\tMiB with them\tKiB each\t")
	for _, p := range b.proxies {
		to, able := p.endpoints[plain]
		if !able {
			continue
		}
		before := resident(to.pids, "VmRSS")
		conns := make([]*conn, idleConnections)
		for i := range conns {
			var err error
			if conns[i], err = answered(ctx, to); err != nil {
				return fmt.Errorf("%s: connection %d of %d: %w", p.name, i+1, len(conns), err)
			}
		}
		time.Sleep(settle)
		after := resident(to.pids, "VmRSS")
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.2f\t\n", p.name, float64(before)/1024, float64(after)/1024, float64(after-before)/idleConnections)
		for _, c := range conns {
			c.Close()
		}
	}
	return w.Flush()
}

// answered returns a connection that has had one answer.
func answered(ctx context.Context, to endpoint) (*conn, error) {
	c, err := connect(ctx, to)
	if err != nil {
		return nil, err
	}
	if err := c.get("/1k"); err != nil {
		c.Close()
		return nil, fmt.Errorf("its request: %w", err)
	}
	return c, nil
}
