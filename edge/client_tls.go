package edge

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"headwater/dial"
	"headwater/vcl"
)

// Certificates finds what an edge shows to clients. Any number of goroutines call
// it.
type Certificates interface {
	// Certificate returns the one for a client that says hello so, nil if there is none.
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)

	// Covers reports whether c, which Certificate has returned, is for a host: a
	// name, or an address, which is in brackets if it is one of IPv6.
	Covers(c *tls.Certificate, host string) bool
}

// suites are those of TLS 1.2 that hide what was said from whoever gets hold of
// the key later, and that no padding betrays. TLS 1.3 has no others.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// An offer is what the handshakes of one listener go by. A session of one connection
// can be resumed on any other: crypto/tls makes the key of the tickets anew each
// day, and forgets it after a week.
type offer struct {
	config     *tls.Config
	nobody     *tls.Config // for clients to whom nothing can be shown
	validating *tls.Config // for authorities that look whether a name is ours
	from       Certificates
	validator  Validator // nil if none looks
}

func newOffer(from Certificates) *offer {
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		CipherSuites: suites,
		NextProtos:   []string{"h2", "http/1.1"},

		// Called for each hello, where GetCertificate is not called for one that
		// resumes a session.
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			return hello.Conn.(*wire).client.choose(hello)
		},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return hello.Conn.(*wire).client.shown, nil
		},

		// A message is one write. Small records at first would make it many.
		DynamicRecordSizingDisabled: true,
	}
	validator, _ := from.(Validator)
	return &offer{config, &tls.Config{SessionTicketsDisabled: true}, newValidating(), from, validator}
}

// A clientTLS is what there is of TLS on the connection of one client.
type clientTLS struct {
	link    *tlsLink
	offer   *offer
	shown   *tls.Certificate       // to the client; of a resumed session, what it would be shown now
	covered atomic.Pointer[string] // the host that was last found to be covered by it
	hello   *vcl.Hello             // what the client has said
}

func newClientTLS(inner link, remote net.Addr, o *offer) *clientTLS {
	c := &clientTLS{link: newTLSLink(inner, remote), offer: o}
	c.link.wire.client = c
	return c
}

// choose sets what the client is shown. It returns nil for the offer's usual config.
func (t *clientTLS) choose(hello *tls.ClientHelloInfo) (config *tls.Config, err error) {
	t.hello = helloOf(hello)
	if t.shown = t.offer.proof(hello); t.shown != nil {
		return t.offer.validating, nil
	}
	if t.shown, err = t.offer.from.Certificate(hello); t.shown == nil {
		return t.offer.nobody, err
	}
	return nil, err
}

// helloOf is what programs can know of a hello.
func helloOf(hello *tls.ClientHelloInfo) *vcl.Hello {
	const supportedVersions = 43 // the extension that leaves the version in the message's head at 1.2
	h := &vcl.Hello{
		Named:      hello.ServerName != "",
		Ciphers:    packed(hello.CipherSuites),
		Extensions: packed(hello.Extensions),
		Groups:     packed(hello.SupportedCurves),
		Signatures: packed(hello.SignatureSchemes),
		Points:     string(hello.SupportedPoints),
	}
	for _, v := range hello.SupportedVersions {
		if v <= tls.VersionTLS13 { // others are there to be ignored
			h.Newest = max(h.Newest, v)
		}
	}
	if h.Version = h.Newest; slices.Contains(hello.Extensions, supportedVersions) {
		h.Version = tls.VersionTLS12
	}
	if len(hello.SupportedProtos) > 0 {
		h.Protocol = hello.SupportedProtos[0]
	}
	return h
}

func packed[T ~uint16](all []T) string {
	b := make([]byte, 0, 2*len(all))
	for _, n := range all {
		b = append(b, byte(n>>8), byte(n))
	}
	return string(b)
}

// covers reports whether a request for host may come on this connection. One
// without a host may: there is no service for it.
func (t *clientTLS) covers(host []byte) bool {
	if last := t.covered.Load(); len(host) == 0 || last != nil && string(host) == *last {
		return true
	}
	var room [256]byte
	name := string(hostName(room[:0], host))
	if end := strings.IndexByte(name, ']'); end > 0 {
		name = name[:end+1] // which hostName leaves the port of
	}
	if !t.offer.from.Covers(t.shown, name) {
		return false
	}
	whole := string(host)
	t.covered.Store(&whole)
	return true
}

// fingerprint is the SHA-256 of the certificate, in hex.
func (t *clientTLS) fingerprint() string {
	sum := sha256.Sum256(t.shown.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// shaken reports whether the handshake has been tried, which is not done twice.
func (c *clientConn) shaken() bool { return c.tls.link.tls != nil }

// handshake has to be over as soon as a request's head would have to be. It reports
// whether the client may send requests.
func (c *clientConn) handshake() bool {
	began := c.quiet
	if err := c.tls.link.accept(c.tls.offer.config, began.Add(c.edge.cfg.Client.Header)); err != nil {
		c.edge.cfg.Log.Debug("handshake", "client", c.remote, "error", err)
		return false
	}
	s := c.tls.link.tls.ConnectionState()
	if s.NegotiatedProtocol == validationProtocol {
		return false // it has seen what it wanted to
	}
	c.peer.TLS, c.peer.ServerName = true, s.ServerName
	c.peer.TLSProtocol, c.peer.TLSCipher = protocols[s.Version], dial.SuiteName(s.CipherSuite)
	c.peer.Hello = c.tls.hello
	c.peer.Hello.Suite, c.peer.Hello.Sent = s.CipherSuite, c.tls.link.wire.sent
	c.quiet = time.Now()
	if s.NegotiatedProtocol == "h2" {
		c.startMux()
	}
	return true
}
