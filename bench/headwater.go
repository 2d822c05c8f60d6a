package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const token = "0123456789abcdef0123456789abcdef"

// startHeadwater starts processes of one binary: one for most scenarios, another that
// writes an access log, and one that has a thousand services.
func (b *bench) startHeadwater(ctx context.Context, name, binary string, chosen []*scenario) (*proxy, error) {
	p := &proxy{name: name, version: binary, ours: true, endpoints: map[place]endpoint{}}
	h, err := b.serve(ctx, binary)
	if err != nil {
		return nil, err
	}
	for _, setup := range []struct {
		at    place
		url   string
		setup func(*headwater, *bench) error
	}{
		{plain, "http://" + h.edge, (*headwater).setPlain},
		{fromTLS, "https://" + h.tls, sameService},
		{fromH2, "https://" + h.tls, sameService},
		{toTLS, "http://" + h.edge, (*headwater).setToTLS},
	} {
		if setup.at != plain && !isChosen(chosen, setup.at) {
			continue
		}
		if err := setup.setup(h, b); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.endpoints[setup.at] = endpoint{url: setup.url, host: hostOf(setup.at), pids: []int{h.pid}}
	}
	for _, own := range []struct {
		at    place
		args  []string
		setup func(*headwater, *bench) error
	}{
		{realistic, []string{"-access-log", filepath.Join(b.dir, name+".log")}, (*headwater).setRealistic},
		{services, nil, (*headwater).setServices},
	} {
		if !isChosen(chosen, own.at) {
			continue
		}
		h, err := b.serve(ctx, binary, own.args...)
		if err == nil {
			err = own.setup(h, b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.endpoints[own.at] = endpoint{url: "http://" + h.edge, host: host, pids: []int{h.pid}}
	}
	return p, nil
}

func sameService(*headwater, *bench) error { return nil }

func isChosen(chosen []*scenario, at place) bool {
	return slices.ContainsFunc(chosen, func(s *scenario) bool { return s.at == at })
}

// hostOf is the domain of what is set up for a place.
func hostOf(at place) string {
	if at == toTLS {
		return "tls." + host
	}
	return host
}

// A headwater is one process of it.
type headwater struct {
	ctx            context.Context
	api, edge, tls string
	pid            int
}

func (b *bench) serve(ctx context.Context, binary string, args ...string) (*headwater, error) {
	h := &headwater{ctx: ctx}
	err := freeAddresses(&h.api, &h.edge, &h.tls)
	if err != nil {
		return nil, err
	}
	args = append([]string{"serve", "-data", ":memory:", "-api", h.api, "-edge", h.edge,
		"-edge-tls", h.tls, "-edge-cert", filepath.Dir(b.origin.Both)}, args...)
	c := exec.CommandContext(ctx, binary, args...)
	c.Env = append(os.Environ(), "HEADWATER_TOKEN="+token)
	if h.pid, err = b.launch(c); err != nil {
		return nil, err
	}
	return h, errors.Join(b.await(ctx, h.api), b.await(ctx, h.edge))
}

// call makes one call of the API, with pairs of names and values.
func (h *headwater) call(method, path string, pairs ...string) (string, error) {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(h.ctx, method, "http://"+h.api+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Fastly-Key", token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return string(text), err
}

// A draft is a version that is being made. What fails first is kept.
type draft struct {
	*headwater
	path string
	err  error
}

func (h *headwater) draft(name string) *draft {
	d := &draft{headwater: h}
	var text string
	if text, d.err = h.call("POST", "/service", "name", name); d.err == nil {
		_, rest, _ := strings.Cut(text, `"id":"`)
		id, _, _ := strings.Cut(rest, `"`)
		d.path = "/service/" + id + "/version/1/"
	}
	return d
}

func (d *draft) add(kind string, pairs ...string) {
	if d.err == nil {
		_, d.err = d.call("POST", d.path+kind, pairs...)
	}
}

func (d *draft) backend(name, address string, pairs ...string) {
	at, port, err := net.SplitHostPort(address)
	d.err = errors.Join(d.err, err)
	d.add("backend", append([]string{"name", name, "address", at, "port", port, "max_conn", "0"}, pairs...)...)
}

func (d *draft) activate() error {
	if d.err == nil {
		_, d.err = d.call("PUT", d.path+"activate")
	}
	return d.err
}

// setPlain has uploads go to the sink, as the peers do. Its second domain is the one of a load that
// names one of one host.
func (h *headwater) setPlain(b *bench) error {
	d := h.draft("plain")
	d.add("domain", "name", host)
	d.add("domain", "name", "s1."+host)
	d.backend("origin", b.origin.Origin)
	d.add("condition", "name", "upload", "type", "REQUEST", "statement", `req.url == "/upload"`)
	d.backend("sink", b.origin.Sink, "request_condition", "upload")
	return d.activate()
}

func (h *headwater) setToTLS(b *bench) error {
	d := h.draft("to tls")
	d.add("domain", "name", hostOf(toTLS))
	d.backend("origin", b.origin.TLSOrigin, "use_ssl", "1", "ssl_check_cert", "0", "min_tls_version", "1.3")
	return d.activate()
}

const manyServices = 1000

func (h *headwater) setServices(b *bench) error {
	for i := range manyServices {
		name := "s" + strconv.Itoa(i+1)
		d := h.draft(name)
		d.add("domain", "name", name+"."+host)
		for n := range 10 {
			d.backend("b"+strconv.Itoa(n), b.origin.Origin)
		}
		if err := d.activate(); err != nil {
			return err
		}
	}
	return nil
}

// setRealistic sets up what a customer's version may look like.
func (h *headwater) setRealistic(b *bench) error {
	d := h.draft("realistic")
	d.add("domain", "name", host)
	d.add("healthcheck", "name", "up", "path", "/1k", "check_interval", "5000", "method", "HEAD",
		"host", host, "initial", "2", "threshold", "2", "window", "4", "timeout", "1000", "expected_response", "200")
	for i := range 4 {
		d.backend("b"+strconv.Itoa(i), b.origin.Origin, "auto_loadbalance", "1", "weight", strconv.Itoa(10*(i+1)), "healthcheck", "up")
	}
	for i := range 20 {
		name := "c" + strconv.Itoa(i)
		d.add("condition", "name", name, "type", "REQUEST", "priority", strconv.Itoa(i), "statement", fmt.Sprintf(statements[i%len(statements)], i))
		d.add("header", "name", name, "request_condition", name, "action", "set", "type", "request",
			"dst", "http.X-Condition-"+strconv.Itoa(i), "src", `"1"`, "ignore_if_set", "0", "priority", "10")
	}
	for _, s := range snippets {
		d.add("snippet", "name", s.at, "type", s.at, "content", s.text, "dynamic", "0")
	}
	return d.activate()
}

var statements = []string{
	`req.url ~ "^/section-%d/"`,
	`req.http.Host == "www-%d.bench.test"`,
	`req.http.User-Agent ~ "(?i)bot-%d"`,
	`req.http.X-Beta && req.url.ext == "e%d"`,
}

var snippets = []struct{ at, text string }{
	{"recv", `set req.http.X-Start = time.start.sec; unset req.http.Cookie;`},
	{"miss", `set bereq.http.X-Edge = server.identity;`},
	{"fetch", `unset beresp.http.Server; set beresp.ttl = 60s;`},
	{"deliver", `set resp.http.Strict-Transport-Security = "max-age=31536000";`},
	{"error", `set obj.http.X-Error = obj.response;`},
}
