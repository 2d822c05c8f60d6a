package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/acme"
)

// methods are how an authority can be shown that a name is ours, in the order in which
// they are tried: by TLS (RFC 8737), and by HTTP in clear (RFC 8555 section 8.3).
var methods = [...]string{"tls-alpn-01", "http-01"}

// An ordered certificate is one with the text that it is kept as: the chain and the
// key, in PEM.
type ordered struct {
	*tls.Certificate
	text []byte
}

// order gets a certificate for name. The method is how the authority is to check the
// name, if it offers that.
func (i *Issuer) order(ctx context.Context, name, method string) (*ordered, error) {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	if err := i.register(ctx); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	o, err := i.client.AuthorizeOrder(ctx, acme.DomainIDs(name))
	if err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	for _, url := range o.AuthzURLs {
		if err := i.authorize(ctx, url, name, method); err != nil {
			return nil, fmt.Errorf("authorization: %w", err)
		}
	}
	if o, err = i.client.WaitOrder(ctx, o.URI); err != nil {
		return nil, fmt.Errorf("order: %w", err)
	}
	return i.finalize(ctx, o, name)
}

// register makes sure that there is an account, once a process. Giving an address
// agrees to the authority's terms: the flag says so.
func (i *Issuer) register(ctx context.Context) error {
	i.registering.Lock()
	defer i.registering.Unlock()
	if i.registered {
		return nil
	}
	account := &acme.Account{Contact: []string{"mailto:" + i.cfg.Email}}
	_, err := i.client.Register(ctx, account, acme.AcceptTOS)
	if errors.Is(err, acme.ErrAccountAlreadyExists) {
		_, err = i.client.UpdateReg(ctx, account)
	}
	i.registered = err == nil
	return err
}

// authorize shows the authority that the name is ours.
func (i *Issuer) authorize(ctx context.Context, url, name, method string) error {
	z, err := i.client.GetAuthorization(ctx, url)
	if err != nil || z.Status == acme.StatusValid {
		return err
	}
	offered := slices.DeleteFunc(z.Challenges, func(c *acme.Challenge) bool { return !slices.Contains(methods[:], c.Type) })
	if len(offered) == 0 {
		return fmt.Errorf("the authority offers none of %v", methods)
	}
	c := offered[max(0, slices.IndexFunc(offered, func(c *acme.Challenge) bool { return c.Type == method }))]
	end, err := i.prove(c, name)
	if err != nil {
		return err
	}
	defer end()
	if _, err := i.client.Accept(ctx, c); err != nil {
		return err
	}
	_, err = i.client.WaitAuthorization(ctx, url)
	return err
}

// prove has the edge show what the challenge asks for, until end is called.
func (i *Issuer) prove(c *acme.Challenge, name string) (end func(), err error) {
	if c.Type == methods[0] {
		pair, err := i.client.TLSALPN01ChallengeCert(c.Token, name)
		if err != nil {
			return nil, err
		}
		return i.proofs.add(proof{name: name, certificate: &pair}), nil
	}
	text, err := i.client.HTTP01ChallengeResponse(c.Token)
	if err != nil {
		return nil, err
	}
	return i.proofs.add(proof{name: name, path: i.client.HTTP01ChallengePath(c.Token), text: []byte(text)}), nil
}

// finalize has the certificate made that was ordered, for a key of its own.
func (i *Issuer) finalize(ctx context.Context, o *acme.Order, name string) (*ordered, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{name}}, key)
	if err != nil {
		return nil, err
	}
	chain, _, err := i.client.CreateCertFromOrder(ctx, o, csr, true)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	text, err := encode(key)
	if err != nil {
		return nil, err
	}
	for _, der := range chain {
		text = append(text, encodeCertificate(der)...)
	}
	pair, err := parseOrdered(text, name)
	if err == nil && !time.Now().Before(pair.Leaf.NotAfter) {
		err = fmt.Errorf("the certificate expired on %s: is the clock right?", pair.Leaf.NotAfter)
	}
	return &ordered{pair, text}, err
}

// parseOrdered reads a chain and its key, and makes sure that they are for name.
func parseOrdered(text []byte, name string) (*tls.Certificate, error) {
	pair, err := parse(text, text)
	if err == nil {
		err = pair.Leaf.VerifyHostname(name)
	}
	if err != nil {
		return nil, err
	}
	return pair, nil
}

// A bounded transport cuts answers that are too long: what reads them does not.
type bounded struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.Transport.RoundTrip(r)
	if err == nil {
		answer.Body = body{io.LimitReader(answer.Body, maxResponse), answer.Body}
	}
	return answer, err
}

// A body is read in one way and closed in another.
type body struct {
	io.Reader
	io.Closer
}
