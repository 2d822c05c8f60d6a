package dial

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"
	"time"

	"headwater/service"
)

// Errors of [Dialer.Dial] that no system error stands for. All others wrap the
// system's: syscall.ECONNREFUSED, syscall.ENETUNREACH and so on.
var (
	ErrTimeout   = errors.New("connect timeout")
	ErrNoAddress = errors.New("name resolves to no address")
)

// An Endpoint is everything that shapes a connection to an origin. Equal
// endpoints of one service may share connections.
type Endpoint struct {
	Host string // a name or an IP address
	Port uint16
}

// To returns the endpoint that a backend names.
func To(b *service.Backend) Endpoint {
	return Endpoint{Host: b.Address, Port: uint16(b.Port)}
}

// String returns host:port, with brackets around an IPv6 address.
func (e Endpoint) String() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// A Dialer opens connections. The zero value is ready and uses the system's
// resolver.
type Dialer struct {
	Resolver *net.Resolver
}

// Dial opens a TCP connection to e within timeout, which covers the name
// look-up too; 0 means no limit.
func (d *Dialer) Dial(ctx context.Context, e Endpoint, timeout time.Duration) (*net.TCPConn, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	dialer := net.Dialer{Resolver: d.Resolver}
	c, err := dialer.DialContext(ctx, "tcp", e.String())
	if err != nil {
		return nil, classify(ctx, err)
	}
	return c.(*net.TCPConn), nil
}

func classify(ctx context.Context, err error) error {
	var timeout net.Error
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT) ||
		errors.As(err, &timeout) && timeout.Timeout() {
		return errors.Join(ErrTimeout, err)
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return errors.Join(ErrNoAddress, err)
	}
	return err
}
