package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/crypto/acme"

	"headwater/certificate"
	"headwater/edge"
	"headwater/service"
)

// acmeFlags say which authority certificates are ordered from, if from any.
type acmeFlags struct {
	email     string // "" orders none
	directory string
	root      string // a file; "" for the system's

	roots *x509.CertPool // of root; nil if that is ""
}

func (f *acmeFlags) define(fs *flag.FlagSet) {
	fs.StringVar(&f.email, "acme-email", "", "order certificates for the domains of active services that -edge-cert has none for, from an authority that speaks ACME, to which `ADDRESS` is given; agrees to its terms")
	fs.StringVar(&f.directory, "acme-ca", acme.LetsEncryptURL, "the directory of that authority is at `URL`")
	fs.StringVar(&f.root, "acme-ca-root", "", "trust the server of that authority by the certificates in `FILE`, in the place of the system's")
}

// check also reads the file of roots.
func (f *acmeFlags) check(secure, kept bool) error {
	if f.email == "" {
		if f.root != "" || f.directory != acme.LetsEncryptURL {
			return fmt.Errorf("%w: -acme-ca and -acme-ca-root need -acme-email", errUsage)
		}
		return nil
	}
	switch {
	case !secure:
		return fmt.Errorf("%w: -acme-email needs -edge-tls", errUsage)
	case !kept:
		return fmt.Errorf("%w: -acme-email needs a data directory", errUsage)
	}
	if a, err := mail.ParseAddress(f.email); err != nil || a.Address != f.email {
		return fmt.Errorf("%w: -acme-email: %q is no mail address", errUsage, f.email)
	}
	at, err := url.Parse(f.directory)
	if err != nil || at.Scheme != "https" || at.Host == "" || len(f.directory) > 200 {
		return fmt.Errorf("%w: -acme-ca: %q is no URL of https", errUsage, f.directory)
	}
	if f.root == "" {
		return nil
	}
	text, err := os.ReadFile(f.root)
	if err != nil {
		return fmt.Errorf("%w: -acme-ca-root: %w", errUsage, err)
	}
	if f.roots = x509.NewCertPool(); !f.roots.AppendCertsFromPEM(text) {
		return fmt.Errorf("%w: -acme-ca-root: no certificate in %s", errUsage, f.root)
	}
	return nil
}

// An issuer orders certificates while the process serves.
type issuer struct {
	*certificate.Issuer
	owned sync.WaitGroup
	end   context.CancelFunc
}

// openIssuer opens none if none is wanted. It orders nothing before there are services
// to order for.
func (s *server) openIssuer(sealer *service.Keeper) error {
	f := &s.flags.acme
	if f.email == "" {
		return nil
	}
	files := s.tls.certificates
	i, err := certificate.OpenIssuer(certificate.IssuerConfig{
		Directory: f.directory, Roots: f.roots, Email: f.email,
		Dir: filepath.Join(s.dir(), "acme"), Sealer: sealer,
		Wanted: func(name string) (customer string, wanted bool) {
			if files.Has(name) {
				return "", false
			}
			return s.edge.DomainOwner(name)
		},
		Log: s.log.Logger,
	})
	if err != nil {
		return errors.Join(errors.New("certificates from ACME"), err)
	}
	s.tls.issuer = &issuer{Issuer: i}
	return nil
}

// issue begins to order.
func (l *tlsListener) issue() {
	if l == nil || l.issuer == nil {
		return
	}
	ctx, end := context.WithCancel(context.Background())
	l.issuer.end = end
	l.issuer.owned.Go(func() { l.issuer.Run(ctx) })
}

// endIssue returns when no order is under way. It may be called again.
func (l *tlsListener) endIssue() {
	if l != nil && l.issuer != nil && l.issuer.end != nil {
		l.issuer.end()
		l.issuer.owned.Wait()
	}
}

// validation is what edges ask of requests in clear, nil if nothing is ordered.
func (l *tlsListener) validation() func(host, path string) []byte {
	if l == nil || l.issuer == nil {
		return nil
	}
	return l.issuer.ValidationText
}

// shown is where the edge gets its certificates.
func (l *tlsListener) shown() edge.Certificates {
	if l.issuer == nil {
		return l.certificates
	}
	return both{l.certificates, l.issuer.Issuer}
}

// both are the operator's certificates, and for other names those that were ordered.
type both struct {
	*certificate.Directory
	ordered *certificate.Issuer
}

// Certificate implements [edge.Certificates].
func (b both) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !b.Directory.Has(hello.ServerName) {
		if c := b.ordered.Certificate(hello); c != nil {
			return c, nil
		}
	}
	return b.Directory.Certificate(hello)
}

// Validation implements [edge.Validator].
func (b both) Validation(hello *tls.ClientHelloInfo) *tls.Certificate {
	return b.ordered.Validation(hello)
}
