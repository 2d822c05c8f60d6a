package dial

import (
	"context"
	"crypto/tls"
	"net"
)

// An Inspection is what a handshake has shown, whether or not it ended well.
type Inspection struct {
	// Agreed is whether version and suite were agreed on, and the origin has sent
	// its certificates: State has all that, whatever came of the certificates.
	Agreed bool
	State  tls.ConnectionState

	Asked bool // the origin wants a client certificate
	Shown bool // and gets the backend's
}

// Inspect is [Origin.Handshake] for who wants to see more of it.
func (o *Origin) Inspect(ctx context.Context, conn net.Conn) (*tls.Conn, *Inspection, error) {
	seen, config := new(Inspection), o.tls.Clone()
	verify, identify := config.VerifyConnection, config.GetClientCertificate
	config.VerifyConnection = func(s tls.ConnectionState) error {
		seen.Agreed, seen.State = true, s
		if verify == nil {
			return nil
		}
		return verify(s)
	}
	config.GetClientCertificate = func(wanted *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		seen.Asked = true
		if identify == nil {
			return new(tls.Certificate), nil // which is none
		}
		seen.Shown = true
		return identify(wanted)
	}
	c, err := o.network.handshake(ctx, conn, config)
	if err == nil {
		seen.State = c.ConnectionState()
	}
	return c, seen, err
}
