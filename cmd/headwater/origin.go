package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	testorigin "headwater/origin"
)

// originDrainTime is how long answers of the test origin may go on after a signal.
const originDrainTime = 5 * time.Second

// originFlags are the flags of origin, but for the behaviours, which are in options.
type originFlags struct {
	listen  string
	secure  []secureAddress
	certs   string
	options testorigin.Options
}

// A secureAddress is where TLS is spoken, with which fault.
type secureAddress struct{ fault, address string }

func (f *originFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.listen, "listen", "127.0.0.1:9000", "answer on `ADDR`; \"\" is nowhere")
	fs.Func("tls", "answer with TLS on `[FAULT=]ADDR`; can be given many times. FAULT is one of "+strings.Join(testorigin.Faults(), ", "), func(value string) error {
		at := secureAddress{testorigin.Good, value}
		if fault, address, ok := strings.Cut(value, "="); ok {
			at = secureAddress{fault, address}
		}
		if !slices.Contains(testorigin.Faults(), at.fault) {
			return fmt.Errorf("there is no fault %q", at.fault)
		}
		f.secure = append(f.secure, at)
		return nil
	})
	fs.StringVar(&f.certs, "certs", "", "write ca.pem, client.pem and client.key to `DIR`")
	fs.StringVar(&f.options.Name, "name", "the origin", "what answers call the origin: `TEXT`")
	f.options.Define(fs)
}

// parseOrigin reads the flags of origin. Its help is the origin's own page, so that
// there is one text of what behaviours do.
func parseOrigin(p *process, args []string) (*originFlags, error) {
	var f originFlags
	fs := flag.NewFlagSet("headwater origin", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f.define(fs)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(p.stdout, originUsage, testorigin.Help())
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUsage, err)
	case fs.NArg() > 0:
		return nil, fmt.Errorf("%w: origin takes no argument %q", errUsage, fs.Arg(0))
	case f.listen == "" && len(f.secure) == 0:
		return nil, fmt.Errorf("%w: neither -listen nor -tls names an address", errUsage)
	}
	return &f, nil
}

const originUsage = `Usage: headwater origin [flags]

  -listen ADDR        answer on ADDR (127.0.0.1:9000); "" is nowhere
  -tls [FAULT=]ADDR   answer with TLS on ADDR, which goes wrong as FAULT says; can be
                      given many times
  -certs DIR          write ca.pem, client.pem and client.key to DIR; they are new at
                      each start
  -name TEXT          what answers call the origin ("the origin")

Each behaviour below is a flag too, as in -status 503 -delay=2s -reset=100: what
requests do that say nothing else.

`

// serveOrigin runs a test origin until ctx ends.
func serveOrigin(ctx context.Context, p *process, args []string) error {
	f, err := parseOrigin(p, args)
	if err != nil {
		return err
	}
	s, err := testorigin.New(f.options)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), originDrainTime)
		defer cancel()
		s.Shutdown(ctx)
	}()
	if err := writeCertificates(s, f.certs); err != nil {
		return err
	}
	failed := make(chan error, 1+len(f.secure))
	if f.listen != "" {
		l, err := listen("origin", f.listen, systemKeepAlive)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "headwater: the origin is on http://%s\n", l.Addr())
		go func() { failed <- s.Serve(l) }()
	}
	for _, at := range f.secure {
		l, err := listen("origin", at.address, systemKeepAlive)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "headwater: the origin is on https://%s (%s)\n", l.Addr(), at.fault)
		go func() { failed <- s.ServeTLS(l, at.fault) }()
	}
	fmt.Fprintln(p.stdout, "headwater: ready; the path /help tells what it can be asked")
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// writeCertificates writes what a client of the origin needs into dir, unless that
// is "".
func writeCertificates(s *testorigin.Server, dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		mode os.FileMode
		text []byte
	}{
		{"ca.pem", 0o644, s.CA()},
		{"client.pem", 0o644, s.ClientCert()},
		{"client.key", 0o600, s.ClientKey()},
	} {
		if err := os.WriteFile(filepath.Join(dir, file.name), file.text, file.mode); err != nil {
			return err
		}
	}
	return nil
}

// startTestOrigin starts a test origin of that name on a port of its own. The function
// it returns ends it.
func startTestOrigin(name string) (port int, end func(), err error) {
	s, err := testorigin.New(testorigin.Options{Name: name})
	if err != nil {
		return 0, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	go s.Serve(l)
	return l.Addr().(*net.TCPAddr).Port, func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		s.Shutdown(now)
	}, nil
}
