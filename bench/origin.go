package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/template"
	"time"
)

//go:embed conf
var conf embed.FS

// host is what every request is for, unless a scenario says otherwise.
const host = "bench.test"

// An origin is what all proxies send to: nginx with some files, and a server of ours
// that takes bodies.
type origin struct {
	settings
	sink net.Listener
}

// Settings are what the files in conf are filled in with.
type settings struct {
	Dir, Files        string
	Root              bool
	Threads           int
	Cert, Key, Both   string
	Origin, TLSOrigin string // addresses
	Sink              string
	Plain, ToTLS, TLS string // of a peer
}

// TLSPort is that of TLS, for a configuration that has no place for an address.
func (s settings) TLSPort() string {
	_, port, _ := net.SplitHostPort(s.TLS)
	return port
}

// sizes are the files that the origin has.
var sizes = map[string]int{"1k": 1 << 10, "100k": 100 << 10, "10m": 10 << 20}

func (b *bench) startOrigin(ctx context.Context) (*origin, error) {
	o := &origin{settings: settings{
		Dir: b.dir, Files: filepath.Join(b.dir, "files"), Root: os.Getuid() == 0, Threads: runtime.NumCPU(),
		Cert: filepath.Join(b.dir, "cert.pem"), Key: filepath.Join(b.dir, "key.pem"), Both: filepath.Join(b.dir, "both", "bench.pem"),
	}}
	if err := errors.Join(os.Mkdir(o.Files, 0o755), os.Mkdir(filepath.Dir(o.Both), 0o755)); err != nil {
		return nil, err
	}
	for name, size := range sizes {
		if err := os.WriteFile(filepath.Join(o.Files, name), []byte(strings.Repeat("x", size)), 0o644); err != nil {
			return nil, err
		}
	}
	if err := o.makeCertificate(); err != nil {
		return nil, err
	}
	var err error
	if o.sink, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	o.Sink = o.sink.Addr().String()
	go swallow(o.sink)
	if err := freeAddresses(&o.Origin, &o.TLSOrigin); err != nil {
		return nil, err
	}
	if _, err := b.run(ctx, o.settings, "origin.conf", "nginx", "-g", "daemon off;", "-c"); err != nil {
		return nil, err
	}
	return o, b.await(ctx, o.Origin)
}

func (o *origin) close() { o.sink.Close() }

// run starts a program with one of the files in conf, filled in, as its last argument.
func (b *bench) run(ctx context.Context, s settings, file, program string, args ...string) (pid int, err error) {
	t, err := template.ParseFS(conf, "conf/"+file)
	if err != nil {
		return 0, err
	}
	path := filepath.Join(b.dir, file)
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(t.Execute(f, s), f.Close()); err != nil {
		return 0, err
	}
	return b.launch(exec.CommandContext(ctx, program, append(args, path)...))
}

// launch starts a process that ends with the bench.
func (b *bench) launch(c *exec.Cmd) (pid int, err error) {
	log, err := os.OpenFile(filepath.Join(b.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	apart(c)
	c.Env = append(c.Environ(), "XDG_CONFIG_HOME="+b.dir, "XDG_DATA_HOME="+b.dir)
	if err := c.Start(); err != nil {
		return 0, err
	}
	b.started = append(b.started, c)
	return c.Process.Pid, nil
}

// await waits until somebody listens. If nobody does, what the processes have said is
// part of the error.
func (b *bench) await(ctx context.Context, address string) error {
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			said, _ := os.ReadFile(filepath.Join(b.dir, "log"))
			return fmt.Errorf("nobody listens: %w\n%s", err, said)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// freeAddresses fills in addresses that nobody listens on. A process gets all of its own
// from one call, which makes them different: HAProxy listens twice on one address without
// a word, and speaks TLS with some of the clients in clear.
func freeAddresses(all ...*string) error {
	for _, at := range all {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		*at = l.Addr().String()
	}
	return nil
}

// swallow answers requests when it has read their bodies.
func swallow(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			in := bufio.NewReaderSize(c, 64<<10)
			for {
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					return
				}
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		}()
	}
}

// makeCertificate makes the certificate that everybody uses who speaks TLS.
func (o *origin) makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certText := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyText := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return errors.Join(
		os.WriteFile(o.Cert, certText, 0o644),
		os.WriteFile(o.Key, keyText, 0o600),
		os.WriteFile(o.Both, append(certText, keyText...), 0o600))
}
