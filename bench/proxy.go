package main

import (
	"context"
	"os/exec"
	"strings"
)

// A place is which of a proxy's endpoints a scenario is about.
type place int

const (
	plain     place = iota // in clear on both sides
	toTLS                  // TLS to the origin
	fromTLS                // TLS from the client
	fromH2                 // HTTP/2 over TLS from the client
	realistic              // a version with conditions, snippets, a pool and health checks
	services               // a thousand services
)

// An endpoint is where a proxy takes requests, and who does the work.
type endpoint struct {
	url  string
	host string
	pids []int
}

// A proxy is one of those that are compared.
type proxy struct {
	name, version string
	ours          bool
	aside         bool // it is compared with for itself, and not one of the best
	endpoints     map[place]endpoint
}

func (b *bench) startProxies(ctx context.Context, chosen []*scenario) error {
	for _, start := range []func(context.Context) (*proxy, error){b.startNginx, b.startHAProxy, b.startCaddy} {
		p, err := start(ctx)
		if err != nil {
			return err
		}
		if p != nil {
			b.proxies = append(b.proxies, p)
		}
	}
	for _, own := range []struct{ name, binary string }{{"headwater", b.binary}, {"against", b.against}} {
		if own.binary == "" {
			continue
		}
		p, err := b.startHeadwater(ctx, own.name, own.binary, chosen)
		if err != nil {
			return err
		}
		b.proxies = append(b.proxies, p)
	}
	return nil
}

func (b *bench) startNginx(ctx context.Context) (*proxy, error) {
	return b.startPeer(ctx, "nginx", "nginx.conf", "-v", "-g", "daemon off;", "-c")
}

func (b *bench) startHAProxy(ctx context.Context) (*proxy, error) {
	return b.startPeer(ctx, "haproxy", "haproxy.cfg", "-v", "-db", "-f")
}

// startCaddy starts what many would take instead of Headwater, for the one comparison
// with it.
func (b *bench) startCaddy(ctx context.Context) (*proxy, error) {
	p, err := b.startPeer(ctx, "caddy", "Caddyfile", "version", "run", "--adapter", "caddyfile", "--config")
	if p != nil {
		p.aside = true
		p.endpoints = map[place]endpoint{fromH2: p.endpoints[fromH2]}
	}
	return p, err
}

// startPeer returns nil if the program is not installed.
func (b *bench) startPeer(ctx context.Context, program, file, version string, args ...string) (*proxy, error) {
	if present(program) != nil {
		return nil, nil
	}
	s := b.origin.settings
	if err := freeAddresses(&s.Plain, &s.ToTLS, &s.TLS); err != nil {
		return nil, err
	}
	pid, err := b.run(ctx, s, file, program, args...)
	if err != nil {
		return nil, err
	}
	said, _ := exec.CommandContext(ctx, program, version).CombinedOutput()
	first, _, _ := strings.Cut(string(said), "\n")
	at := func(url string) endpoint { return endpoint{url: url, host: host, pids: []int{pid}} }
	p := &proxy{name: program, version: first, endpoints: map[place]endpoint{
		plain: at("http://" + s.Plain), toTLS: at("http://" + s.ToTLS),
		fromTLS: at("https://" + s.TLS), fromH2: at("https://" + s.TLS),
		// A peer has neither services nor conditions: what it does in the plain case is
		// what these are compared with.
		realistic: at("http://" + s.Plain), services: at("http://" + s.Plain),
	}}
	return p, b.await(ctx, s.TLS)
}
