package dial

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"net"
	"net/netip"
	"slices"

	"headwater/service"
)

// Rules are what the operator decides about connections to origins, whatever the
// backends say.
type Rules struct {
	// NameFromAddress has a certificate checked for the backend's address where
	// the backend names nothing to check it for. Without it such a backend is
	// refused, as Fastly does.
	NameFromAddress bool
}

// A secured is how TLS is spoken to an origin.
type secured struct {
	config *tls.Config // without a session cache: each Origin has its own
	digest Digest
	name   string // that the certificate is checked for, "" for none
}

// A Digest stands for all that a backend says of TLS. It is zero for a backend
// without TLS.
type Digest [sha256.Size]byte

// secure compiles the TLS of a backend that uses it. The error is a fault of one
// field, in the words of [service.Error].
func secure(b *service.Backend, rules Rules) (*secured, []string, error) {
	config := &tls.Config{
		ServerName:         text(first(b.SSLSNIHostname, b.SSLHostname)),
		NextProtos:         []string{"http/1.1"},
		InsecureSkipVerify: true, // the verifier does it, for a name that need not be the one sent
	}
	name, err := checkedName(b, rules)
	if err != nil {
		return nil, nil, err
	}
	if b.SSLCheckCert {
		v := verifier{name: name}
		if v.roots, err = authorities(b.SSLCACert); err != nil {
			return nil, nil, err
		}
		config.VerifyConnection = v.verify
	}
	if err := identify(config, b); err != nil {
		return nil, nil, err
	}
	warnings, err := restrict(config, b)
	if err != nil {
		return nil, nil, err
	}
	return &secured{config, digest(b, name), name}, warnings, nil
}

// checkedName returns what the certificate is checked for, "" for nothing.
func checkedName(b *service.Backend, rules Rules) (string, error) {
	name := text(first(b.SSLCertHostname, b.SSLHostname))
	switch {
	case !b.SSLCheckCert:
		return "", nil
	case name == "" && rules.NameFromAddress:
		return b.Address, nil
	case name == "":
		return "", service.Errorf(service.Invalid, "Mandatory SSL cert checks require specifying cert hostname: set 'ssl_cert_hostname', or clear 'ssl_check_cert'")
	}
	return name, nil
}

// authorities returns the pool that ssl_ca_cert puts in the place of the
// system's, nil if it is not set.
func authorities(bundle *string) (*x509.CertPool, error) {
	if bundle == nil {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(*bundle)) {
		return nil, service.Errorf(service.Invalid, "'ssl_ca_cert' holds no certificate that can be read")
	}
	return pool, nil
}

// identify gives config the client certificate. It is shown to whoever asks for
// one, as OpenSSL does, also where the origin lists authorities that did not
// sign it.
func identify(config *tls.Config, b *service.Backend) error {
	if b.SSLClientCert == nil && b.SSLClientKey == nil {
		return nil
	}
	if b.SSLClientCert == nil || b.SSLClientKey == nil {
		return service.Errorf(service.Invalid, "'ssl_client_cert' and 'ssl_client_key' need each other")
	}
	pair, err := tls.X509KeyPair([]byte(*b.SSLClientCert), []byte(*b.SSLClientKey))
	if err != nil {
		return service.Errorf(service.Invalid, "'ssl_client_cert' and 'ssl_client_key' do not make a pair that can be used")
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return nil
}

// restrict sets versions and suites. Without min_tls_version it is TLS 1.2, or
// 1.0 if max_tls_version forbids that.
func restrict(config *tls.Config, b *service.Backend) (warnings []string, err error) {
	config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS13
	if b.MaxTLSVersion != nil {
		config.MaxVersion = service.TLSVersion(*b.MaxTLSVersion)
	}
	if config.MaxVersion < config.MinVersion {
		config.MinVersion = tls.VersionTLS10
	}
	if b.MinTLSVersion != nil {
		config.MinVersion = service.TLSVersion(*b.MinTLSVersion)
	}
	if config.MinVersion > config.MaxVersion {
		return nil, service.Errorf(service.Invalid, "'min_tls_version' is above 'max_tls_version'")
	}
	if b.SSLCiphers == nil {
		return nil, nil
	}
	chosen, err := parseCiphers(*b.SSLCiphers)
	if err != nil {
		return nil, err
	}
	config.CipherSuites = slices.DeleteFunc(chosen, func(id uint16) bool { return needsTLS12(id) && config.MaxVersion < tls.VersionTLS12 })
	if len(config.CipherSuites) > 0 || config.MinVersion == tls.VersionTLS13 {
		return nil, nil
	}
	if config.MaxVersion < tls.VersionTLS13 {
		return nil, service.Errorf(service.Invalid, "'ssl_ciphers' leaves no cipher suite that can be offered up to the 'max_tls_version'")
	}
	config.MinVersion = tls.VersionTLS13
	return []string{"'ssl_ciphers' leaves no cipher suite of TLS 1.2 that can be offered, so that connections will be TLS 1.3 only"}, nil
}

// digest takes all that shapes a connection, and what does not is left out:
// authorities where nothing is checked. It has the private key in it, and is as
// hard to turn back as that is to guess.
func digest(b *service.Backend, name string) (d Digest) {
	h := sha256.New()
	add(h, first(b.SSLSNIHostname, b.SSLHostname), &name, b.SSLClientCert, b.SSLClientKey, b.SSLCiphers, b.MinTLSVersion, b.MaxTLSVersion)
	if b.SSLCheckCert {
		add(h, b.SSLCACert)
	}
	return Digest(h.Sum(nil))
}

func add(h hash.Hash, values ...*string) {
	for _, v := range values {
		if v == nil {
			fmt.Fprint(h, "-")
		} else {
			fmt.Fprintf(h, "%d:%s", len(*v), *v)
		}
	}
}

// first returns the first value that is set, nil if none is.
func first(values ...*string) *string {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// handshake makes a TLS connection of conn until ctx ends, and closes conn if
// that fails.
func (n *Network) handshake(ctx context.Context, conn net.Conn, config *tls.Config) (secured *tls.Conn, err error) {
	defer func() {
		if secured == nil {
			conn.Close()
		}
	}()
	defer contain(n.Log, &err)
	c := tls.Client(conn, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, handshakeError(ctx, conn, err)
	}
	return c, nil
}

// handshakeError finds the cause of a handshake's end. What crypto/tls refuses of
// an origin's messages has no type of its own.
func handshakeError(ctx context.Context, conn net.Conn, err error) *Error {
	var addr netip.AddrPort
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		addr = unmap(tcp.AddrPort())
	}
	e := failed(ctx, addr, err)
	e.Addr = addr
	switch {
	case e.Cause != Broken:
	case IsAlert(err):
		e.Cause = Alerted
	default:
		e.Cause = Incompatible
	}
	return e
}

// IsAlert reports whether err says that the other side's TLS refused something
// of ours. With TLS 1.3 that may reach the first read after a handshake: an
// origin that wants a client certificate tells then that it got none, or not the
// right one.
func IsAlert(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error"
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
