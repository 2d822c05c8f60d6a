package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"headwater/api"
	"headwater/dial"
	"headwater/store"
)

// serveFlags are the flags of serve. Each can also be set in the environment, as
// HEADWATER_ and its name; the command line wins.
type serveFlags struct {
	data       string
	api        string
	edge       string
	edgeTLS    string
	edgeCert   string
	acme       acmeFlags
	staging    string
	pops       popFlags
	popsFile   string
	publicIPs  string
	demo       bool
	h2c        bool
	accessLog  string
	secretsKey string

	resolver        string
	originPolicy    string
	nameFromAddress bool
	metricsOpen     bool

	header, body, write, idle, tunnel time.Duration

	maxBody, maxFields, maxDepth int
	maxField, maxPEM, maxPackage int
	maxWrites, maxWrongTokens    int
	maxServices, maxVersions     int
	maxObjects, maxItems         int
	maxVersionSize               int
	maxEventAge                  time.Duration

	networks  []netip.Prefix // of publicIPs
	server    netip.AddrPort // of resolver; not valid if that is ""
	policy    *dial.Policy   // of originPolicy
	dataGiven bool
	tlsGiven  bool // edgeTLS is what the operator says
}

// The flag of all commands that open the data directory.
const (
	secretsKeyFlag  = "secrets-key"
	secretsKeyUsage = "the key that secrets are sealed with is in `FILE`, in the place of secrets.key in the data directory"
)

// inMemory is the value of --data that keeps nothing.
const inMemory = ":memory:"

func (f *serveFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.data, "data", "headwater-data", "keep data in `DIR`; \""+inMemory+"\" keeps nothing")
	fs.StringVar(&f.secretsKey, secretsKeyFlag, "", secretsKeyUsage)
	fs.StringVar(&f.api, "api", "127.0.0.1:8081", "serve the API on `ADDR`")
	fs.StringVar(&f.edge, "edge", "127.0.0.1:8080", "serve traffic on `ADDR`")
	fs.StringVar(&f.edgeTLS, "edge-tls", "", "serve traffic over TLS on `ADDR`; with -demo it is "+demoTLS+" unless given")
	fs.StringVar(&f.edgeCert, "edge-cert", "", "read the certificates of -edge-tls from `DIR`, in the place of tls in the data directory")
	f.acme.define(fs)
	fs.BoolVar(&f.h2c, "edge-h2c", false, "speak HTTP/2 with clients that begin with it in clear")
	fs.StringVar(&f.staging, "edge-staging", "", "serve staged versions, and nothing else, on `ADDR`")
	fs.Var(&f.pops, "pop", "model a POP in this process, as `CODE[/SHIELD]=ADDR`, or tell with CODE[/SHIELD] the POP of -edge; may be given several times")
	fs.StringVar(&f.popsFile, "pops", "", "read the POPs of a fleet from `FILE`")
	fs.StringVar(&f.publicIPs, "public-ips", "", "networks that the edge is reached at, as `CIDR,CIDR`: what /public-ip-list answers and domain checks look for")
	fs.BoolVar(&f.demo, "demo", false, "begin with a service that has backends of its own, in a temporary directory unless -data is given")
	fs.StringVar(&f.accessLog, "access-log", "", "append a line of JSON for each request to `FILE`; \"-\" is standard output")
	fs.StringVar(&f.resolver, "resolver", "", "look backends' names up at the name server `ADDR`, in the place of those in /etc/resolv.conf")
	fs.StringVar(&f.originPolicy, "origin-policy", "any", "the addresses that backends, and checks of them, may be at: any, or public for those that the whole internet can reach, with allow:CIDR and deny:CIDR behind it, as `POLICY,RULE,RULE`")
	fs.BoolVar(&f.nameFromAddress, "tls-name-from-address", false, "check the certificate of a backend that names nothing to check it for against the backend's address; without this such a backend is refused")
	fs.BoolVar(&f.metricsOpen, "metrics-open", false, "answer /metrics on the API's address without a token, for all customers")
	fs.DurationVar(&f.header, "client-header-timeout", 10*time.Second, "how long a client may take over a request's head")
	fs.DurationVar(&f.body, "client-body-timeout", 30*time.Second, "how long a client may pause within a request's body")
	fs.DurationVar(&f.write, "client-write-timeout", 30*time.Second, "how long a client may pause within an answer")
	fs.DurationVar(&f.idle, "client-idle-timeout", 60*time.Second, "how long a connection may stay open between requests")
	fs.DurationVar(&f.tunnel, "tunnel-timeout", 10*time.Minute, "how long a connection whose protocol was changed, as to WebSocket, may carry nothing either way")
	fs.IntVar(&f.maxBody, "api-max-body", api.DefaultBody, "how many bytes the body of an API call may have")
	fs.IntVar(&f.maxFields, "api-max-fields", api.DefaultFields, "how many keys the body of an API call may have")
	fs.IntVar(&f.maxDepth, "api-max-depth", api.DefaultDepth, "how deep objects and lists in the body of an API call may nest")
	fs.IntVar(&f.maxField, "api-max-field", api.DefaultField, "how many bytes one value in the body of an API call may have")
	fs.IntVar(&f.maxPEM, "api-max-pem", api.DefaultPEM, "how many bytes a certificate or key in the body of an API call may have")
	fs.IntVar(&f.maxPackage, "api-max-package", api.DefaultPackage, "how many bytes the upload of a package may have")
	fs.IntVar(&f.maxWrites, "api-max-writes", 0, "how many writes an API token has an hour; 0 is no limit")
	fs.IntVar(&f.maxWrongTokens, "api-max-wrong-tokens", api.DefaultWrongTokens, "how many wrong API tokens an address may try a minute")
	fs.IntVar(&f.maxServices, "max-services", store.DefaultServices, "how many services there may be in all")
	fs.IntVar(&f.maxVersions, "max-versions", store.DefaultVersions, "how many versions a service may have")
	fs.IntVar(&f.maxVersionSize, "max-version-size", store.DefaultVersionSize, "how many bytes the objects of a version may have, as they are stored")
	fs.IntVar(&f.maxObjects, "max-objects", store.DefaultObjects, "how many objects a version may have")
	fs.DurationVar(&f.maxEventAge, "max-event-age", 8760*time.Hour, "how long events are kept; 0 is for ever")
	fs.IntVar(&f.maxItems, "max-items", store.DefaultItems, "how many items a dictionary, an ACL or a pool may have")
}

// parseServe reads the flags of serve.
func parseServe(p *process, args []string) (*serveFlags, error) {
	var f serveFlags
	fs := flag.NewFlagSet("headwater serve", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are told by run, in one line
	f.define(fs)
	if err := setFromEnvironment(fs, p.lookup); err != nil {
		return nil, err
	}
	f.pops.inherited = true
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fs.SetOutput(p.stdout)
			fmt.Fprintf(p.stdout, "Usage: headwater serve [flags]\n\nEach flag can be set as an environment variable too: -access-log as %s.\n\n", variable("access-log"))
			fs.PrintDefaults()
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("%w: serve takes no argument %q", errUsage, fs.Arg(0))
	}
	fs.Visit(func(given *flag.Flag) {
		f.dataGiven = f.dataGiven || given.Name == "data"
		f.tlsGiven = f.tlsGiven || given.Name == "edge-tls"
	})
	return &f, f.check()
}

func (f *serveFlags) check() error {
	for _, d := range []struct {
		name string
		time time.Duration
	}{
		{"client-header-timeout", f.header},
		{"client-body-timeout", f.body},
		{"client-write-timeout", f.write},
		{"client-idle-timeout", f.idle},
		{"tunnel-timeout", f.tunnel},
	} {
		if d.time <= 0 {
			return fmt.Errorf("%w: -%s must be above 0", errUsage, d.name)
		}
	}
	if f.maxEventAge < 0 {
		return fmt.Errorf("%w: -max-event-age must be at least 0", errUsage)
	}
	for _, n := range []struct {
		name  string
		value int
		least int
	}{
		{"api-max-body", f.maxBody, 1},
		{"api-max-fields", f.maxFields, 1},
		{"api-max-depth", f.maxDepth, 1},
		{"api-max-field", f.maxField, 1},
		{"api-max-pem", f.maxPEM, 1},
		{"api-max-package", f.maxPackage, 1},
		{"api-max-writes", f.maxWrites, 0},
		{"api-max-wrong-tokens", f.maxWrongTokens, 1},
		{"max-services", f.maxServices, 1},
		{"max-versions", f.maxVersions, 1},
		{"max-objects", f.maxObjects, 1},
		{"max-version-size", f.maxVersionSize, 1},
		{"max-items", f.maxItems, 1},
	} {
		if n.value < n.least {
			return fmt.Errorf("%w: -%s must be at least %d", errUsage, n.name, n.least)
		}
	}
	for text := range strings.SplitSeq(f.publicIPs, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%w: -public-ips: %w", errUsage, err)
		}
		f.networks = append(f.networks, network.Masked())
	}
	if f.resolver != "" {
		server, err := dial.ParseServer(f.resolver)
		if err != nil {
			return fmt.Errorf("%w: -resolver: %w", errUsage, err)
		}
		f.server = server
	}
	if f.data == "" {
		return fmt.Errorf("%w: -data names no directory", errUsage)
	}
	if err := f.checkTLS(); err != nil {
		return err
	}
	if err := f.checkPOPs(); err != nil {
		return err
	}
	return f.checkPolicy()
}

// checkTLS also gives the demo its address.
func (f *serveFlags) checkTLS() error {
	kept := f.data != inMemory || f.edgeCert != ""
	if f.demo && !f.tlsGiven && kept {
		f.edgeTLS = demoTLS
	}
	switch {
	case f.edgeCert != "" && f.edgeTLS == "":
		return fmt.Errorf("%w: -edge-cert needs -edge-tls", errUsage)
	case f.edgeTLS != "" && !kept:
		return fmt.Errorf("%w: -edge-tls needs -edge-cert with the data in memory", errUsage)
	}
	return f.acme.check(f.edgeTLS != "", f.data != inMemory)
}

// checkPolicy also refuses a demo whose backends, on this machine, would be out of
// reach.
func (f *serveFlags) checkPolicy() (err error) {
	if f.policy, err = dial.ParsePolicy(f.originPolicy); err != nil {
		return fmt.Errorf("%w: -origin-policy: %w", errUsage, err)
	}
	if f.demo && !f.policy.Permit(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)) {
		return fmt.Errorf("%w: -demo has backends on this machine, which -origin-policy forbids", errUsage)
	}
	return nil
}

// variable is the environment's name of a flag.
func variable(flagName string) string {
	return "HEADWATER_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

func setFromEnvironment(fs *flag.FlagSet, lookup func(string) (string, bool)) (err error) {
	fs.VisitAll(func(f *flag.Flag) {
		value, set := lookup(variable(f.Name))
		if !set || err != nil {
			return
		}
		if bad := fs.Set(f.Name, value); bad != nil {
			err = fmt.Errorf("%w: %s: %q: %w", errUsage, variable(f.Name), value, bad)
		}
	})
	return err
}
