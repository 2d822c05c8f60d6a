// Package certificate has what the edge shows to clients that speak TLS: it reads
// certificates from a directory, reads them anew when they change, and finds the
// one for a client.
package certificate

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// How often a directory is looked at for changes, and how often it is read all the
// same: a certificate that expires loses to another of its names then.
const (
	lookInterval = time.Second
	readInterval = time.Hour
)

// settleTime is how long after a change of a file another one may have the same
// time, and so has to be looked for in the file itself.
const settleTime = 2 * time.Second

// A Directory is the certificates in the files of a directory:
//
//	NAME.pem   a certificate, and those that lead from it to a root
//	NAME.key   its key; in NAME.pem if there is no such file
//	NAME.ocsp  what its issuer says of it (RFC 6960, DER), which clients are given; may be absent
//
// Files in directories below do not count. Any number of goroutines may ask it.
type Directory struct {
	path   string
	sparse bool // there may be no certificate
	log    *slog.Logger
	set    atomic.Pointer[set]

	// Of Refresh alone.
	stamp string    // of the files when they were last read
	again time.Time // when they are to be read whatever their stamp
	said  string    // the error that was last logged
}

// Open reads a directory. It is an error if a file is broken or there is no
// certificate.
func Open(path string, log *slog.Logger) (*Directory, error) {
	return open(&Directory{path: path, log: log})
}

// OpenSparse is Open for a directory that may be without a certificate, as long as
// there are others beside it.
func OpenSparse(path string, log *slog.Logger) (*Directory, error) {
	return open(&Directory{path: path, log: log, sparse: true})
}

func open(d *Directory) (*Directory, error) {
	now := time.Now()
	d.stamp, d.again = d.look(now)
	s, err := read(d.path, d.sparse, now)
	if err != nil {
		return nil, err
	}
	d.adopt(s)
	return d, nil
}

// Watch refreshes the directory until ctx ends.
func (d *Directory) Watch(ctx context.Context) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.Refresh()
		}
	}
}

// Refresh reads the files anew if they have changed. While one is broken, all are
// served as they were, and the log says why. Connections stay as they are. No two
// goroutines may call it at a time.
func (d *Directory) Refresh() {
	now := time.Now()
	stamp, again := d.look(now)
	if stamp == d.stamp && now.Before(d.again) {
		return
	}
	d.stamp, d.again = stamp, again
	s, err := read(d.path, d.sparse, now)
	if err == nil {
		d.said = ""
		d.adopt(s)
		return
	}
	if text := err.Error(); text != d.said {
		d.said = text
		d.log.Error("certificates stay as they were", "error", err)
	}
}

// look returns what tells a change of the files, and when they have to be read even
// without one.
func (d *Directory) look(now time.Time) (stamp string, again time.Time) {
	again = now.Add(readInterval)
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err.Error(), again
	}
	var b strings.Builder
	for _, e := range entries {
		switch filepath.Ext(e.Name()) {
		case ".pem", ".key", ".ocsp":
		default:
			continue
		}
		f, err := os.Stat(filepath.Join(d.path, e.Name())) // of what a link leads to
		if err != nil {
			fmt.Fprintln(&b, e.Name(), err)
			continue
		}
		fmt.Fprintln(&b, e.Name(), f.Size(), f.ModTime().UnixNano())
		if now.Sub(f.ModTime()) < settleTime {
			again = now
		}
	}
	return b.String(), again
}

// adopt makes s what is served.
func (d *Directory) adopt(s *set) {
	if old := d.set.Swap(s); old != nil && old.print == s.print {
		return
	}
	for _, c := range s.all {
		d.log.Info("certificate", "file", c.file, "names", strings.Join(c.names(), " "), "expires", c.Leaf.NotAfter)
	}
	for _, text := range s.warnings {
		d.log.Warn(text)
	}
}

// Certificate returns the certificate for a client that says hello so: one of the
// name that it asks for, else of a wildcard that covers that, else the first one,
// which is default.pem if there is such a file. Of several it is the first that the
// client can do with: ECDSA, Ed25519, RSA; the newest. It is nil if there are none at
// all.
func (d *Directory) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return d.set.Load().choose(hello), nil
}

// Has reports whether there is a certificate for a name, or for a wildcard that covers
// it, whatever its state.
func (d *Directory) Has(name string) bool {
	s, name := d.set.Load(), canonical(name)
	return len(s.exact[name]) > 0 || len(s.wildcards(name)) > 0
}

// Covers reports whether c is for host.
func (d *Directory) Covers(c *tls.Certificate, host string) bool {
	return c.Leaf.VerifyHostname(host) == nil
}
