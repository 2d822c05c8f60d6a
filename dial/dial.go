package dial

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

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
