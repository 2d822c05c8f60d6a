package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// demoDomain is the host name of the demo's service. Names under localhost lead
// to this machine (RFC 6761 section 6.3).
const demoDomain = "demo.localhost"

// demoBackends are the backends of the demo's pool, which share its requests
// evenly.
var demoBackends = []string{"north", "south"}

// startDemo starts the demo's origins and makes them the backends of a service,
// by the calls that any client would make. The function it returns ends the
// origins.
func (s *server) startDemo(ctx context.Context) (end func(), err error) {
	if s.secret == "" {
		return nil, fmt.Errorf("the API token of %s is not in its token file; set %s", s.flags.data, tokenVariable)
	}
	var ends []func()
	end = func() {
		for _, e := range ends {
			e()
		}
	}
	ports := map[string]int{}
	for _, name := range demoBackends {
		port, e, err := startTestOrigin("the backend " + name)
		if err != nil {
			end()
			return nil, err
		}
		ends, ports[name] = append(ends, e), port
	}
	client := demoClient{
		base:  "http://" + reachable(s.apiListener.Addr()),
		token: s.secret,
		http:  &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, // and no proxy
	}
	id, err := client.activateDemo(ctx, ports, s.demoHost())
	if err != nil {
		end()
		return nil, err
	}
	s.printDemo(id)
	return end, nil
}

// demoHost is the host of the URL that the demo tells: the edge's own address,
// which every client can reach, or the demo's domain if that is an IPv6 address.
func (s *server) demoHost() string {
	host, _, err := net.SplitHostPort(reachable(s.edgeListener.Addr()))
	if err != nil || strings.Contains(host, ":") {
		return demoDomain
	}
	return host
}

func (s *server) printDemo(id string) {
	_, port, _ := net.SplitHostPort(s.edgeListener.Addr().String()) // of a listener: it parses
	at := net.JoinHostPort(s.demoHost(), port)
	fmt.Fprintf(s.stdout, `headwater: the demo is ready to try

  a request through the edge, to one of two backends by chance:
    curl -i http://%s/hello
  one that the origin fails, and one that it is slow to answer:
    curl -i http://%s/status/404
    curl -i http://%s/delay/1500ms
  what else the origins can be asked:
    curl http://%s/
  the service's configuration, from the API:
    curl -H 'Fastly-Key: %s' http://%s/service/%s/version/active
`, at, at, at, at, s.secret, reachable(s.apiListener.Addr()), id)
	if s.tls != nil && s.tls.root != "" {
		fmt.Fprintf(s.stdout, `  a request over TLS, by trusting the authority that was made here for this machine's names:
    curl -i --cacert %s https://%s/hello
`, s.tls.root, s.demoTLSHost())
	}
	fmt.Fprintln(s.stdout)
}

// demoTLSHost is demoHost for TLS, with the port.
func (s *server) demoTLSHost() string {
	host, port, err := net.SplitHostPort(reachable(s.tls.listener.Addr()))
	if err != nil || host != s.demoHost() {
		host = demoDomain
	}
	return net.JoinHostPort(host, port)
}

// reachable is where a client on this machine finds a listener, which may accept
// on all addresses.
func reachable(a net.Addr) string {
	tcp := a.(*net.TCPAddr)
	if !tcp.IP.IsUnspecified() {
		return tcp.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// A demoClient makes calls on the API.
type demoClient struct {
	base, token string
	http        *http.Client
}

// activateDemo makes the service demo with backends on the given ports, or
// points that of an earlier run to them, and returns its id.
func (c demoClient) activateDemo(ctx context.Context, ports map[string]int, host string) (id string, err error) {
	id, version, err := c.demoDraft(ctx)
	if err != nil {
		return "", err
	}
	at := fmt.Sprintf("/service/%s/version/%d", id, version)
	for _, domain := range []string{demoDomain, host} {
		if err := c.put(ctx, at+"/domain", domain, nil); err != nil {
			return "", err
		}
	}
	for _, name := range demoBackends {
		err := c.put(ctx, at+"/backend", name, url.Values{
			"address":          {"127.0.0.1"},
			"port":             {strconv.Itoa(ports[name])},
			"auto_loadbalance": {"1"},
		})
		if err != nil {
			return "", err
		}
	}
	return id, c.call(ctx, http.MethodPut, at+"/activate", nil, nil)
}

// demoDraft returns a draft of the service demo: of a new one, or the latest
// version cloned.
func (c demoClient) demoDraft(ctx context.Context) (id string, version int, err error) {
	type item struct {
		ID, Name string
		Versions []struct{ Number int }
	}
	var all []item
	if err := c.call(ctx, http.MethodGet, "/service", nil, &all); err != nil {
		return "", 0, err
	}
	for _, s := range all {
		if s.Name != "demo" {
			continue
		}
		latest := s.Versions[len(s.Versions)-1].Number
		var clone struct{ Number int }
		err := c.call(ctx, http.MethodPut, fmt.Sprintf("/service/%s/version/%d/clone", s.ID, latest), nil, &clone)
		return s.ID, clone.Number, err
	}
	var made item
	err = c.call(ctx, http.MethodPost, "/service", url.Values{"name": {"demo"}}, &made)
	return made.ID, 1, err
}

// put changes the object of that name, or creates it.
func (c demoClient) put(ctx context.Context, collection, name string, form url.Values) error {
	err := c.call(ctx, http.MethodPut, collection+"/"+url.PathEscape(name), form, nil)
	if refused, ok := errors.AsType[*refusal](err); !ok || refused.status != http.StatusNotFound {
		return err
	}
	fields := url.Values{"name": {name}}
	for key, values := range form {
		fields[key] = values
	}
	return c.call(ctx, http.MethodPost, collection, fields, nil)
}

// A refusal is an answer of the API other than 200.
type refusal struct {
	status int
	call   string
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %d: %s", r.call, r.status, r.text) }

// call makes a call and decodes the answer into reply, if that is not nil.
func (c demoClient) call(ctx context.Context, method, path string, form url.Values, reply any) error {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Fastly-Key", c.token)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return &refusal{answer.StatusCode, method + " " + path, string(bytes.TrimSpace(text))}
	}
	if reply == nil {
		return nil
	}
	return json.Unmarshal(text, reply)
}
