package origin

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"
)

// handshakeTime is how long a handshake may take.
const handshakeTime = 30 * time.Second

// A fault is one way in which TLS can go wrong.
type fault struct {
	name, help string
	change     func(*certificates, *tls.Config)
}

// Good is the name of no fault.
const Good = "good"

// faults are all that there are, in the order in which they are told.
var faults = []fault{
	{Good, "a certificate for the name that is asked for, for localhost and for loopback addresses, signed by the origin's authority", func(*certificates, *tls.Config) {}},
	{"expired", "one that expired an hour ago", leafWith(leaf{end: -time.Hour})},
	{"future", "one that is valid an hour from now", leafWith(leaf{begin: time.Hour})},
	{"wronghost", "one for wronghost.invalid alone", leafWith(leaf{name: "wronghost.invalid"})},
	{"selfsigned", "one that nobody else has signed", leafWith(leaf{self: true})},
	{"untrusted", "one that an authority has signed which the origin does not tell", leafWith(leaf{untrusted: true})},
	{"incomplete", "one whose chain lacks the certificate between it and the authority", leafWith(leaf{incomplete: true})},
	{"tls10", "TLS 1.0 and nothing newer", version(tls.VersionTLS10)},
	{"tls12", "TLS 1.2 and nothing else", version(tls.VersionTLS12)},
	{"clientcert", "wants a client certificate that the origin's authority has signed, such as /client-cert", func(c *certificates, t *tls.Config) {
		t.ClientAuth, t.ClientCAs = tls.RequireAndVerifyClientCert, c.pool()
	}},
	{"silent", "does not answer the handshake", silent},
}

// Faults returns the names of all faults of TLS, that of none included.
func Faults() []string {
	var all []string
	for _, f := range faults {
		all = append(all, f.name)
	}
	return all
}

func leafWith(l leaf) func(*certificates, *tls.Config) {
	return func(c *certificates, t *tls.Config) {
		t.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(l, hello.ServerName) }
	}
}

func version(v uint16) func(*certificates, *tls.Config) {
	return func(_ *certificates, t *tls.Config) { t.MinVersion, t.MaxVersion = v, v }
}

func silent(_ *certificates, t *tls.Config) {
	t.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		<-hello.Context().Done()
		return nil, hello.Context().Err()
	}
}

// tlsConfig returns how a listener speaks TLS.
func (s *Server) tlsConfig(fault string) (*tls.Config, error) {
	configs := map[string]*tls.Config{}
	for _, f := range faults {
		config := &tls.Config{MinVersion: tls.VersionTLS10, NextProtos: []string{"http/1.1"}}
		leafWith(leaf{})(s.certs, config)
		f.change(s.certs, config)
		configs[f.name] = config
	}
	own := configs[fault]
	if own == nil {
		return nil, fmt.Errorf("%q is no fault of TLS; there are %s", fault, strings.Join(Faults(), ", "))
	}
	return &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		config := own
		label, _, _ := strings.Cut(hello.ServerName, ".")
		if asked := configs[strings.ToLower(label)]; asked != nil {
			config = asked
		}
		if config.GetConfigForClient != nil {
			return config.GetConfigForClient(hello)
		}
		return config, nil
	}}, nil
}

// handshake makes TLS of the connection, if it is to be.
func (c *conn) handshake() error {
	secure, ok := c.stream.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.server.live, handshakeTime)
	defer cancel()
	return secure.HandshakeContext(ctx)
}

// An echoTLS is the part of an echo about TLS.
type echoTLS struct {
	Version    string `json:"version"`
	Cipher     string `json:"cipher"`
	ServerName string `json:"server_name"` // "" if the client sent none
	Client     string `json:"client"`      // the common name of its certificate
	Resumed    bool   `json:"resumed"`
}

func (c *conn) echoTLS() *echoTLS {
	secure, ok := c.stream.(*tls.Conn)
	if !ok {
		return nil
	}
	state := secure.ConnectionState()
	e := &echoTLS{Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite), ServerName: state.ServerName, Resumed: state.DidResume}
	if len(state.PeerCertificates) > 0 {
		e.Client = state.PeerCertificates[0].Subject.CommonName
	}
	return e
}
