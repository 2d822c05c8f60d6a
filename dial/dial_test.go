package dial

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

func listen(t testing.TB, network, address string) Endpoint {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	at := l.Addr().(*net.TCPAddr).AddrPort()
	return Endpoint{Host: at.Addr().String(), Port: at.Port()}
}

// resolver answers every question to it with f.
func resolver(f func(context.Context) error) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return nil, f(ctx)
	}}
}

func TestDial(t *testing.T) {
	addresses := map[string]string{"tcp4": "127.0.0.1:0"}
	if l, err := net.Listen("tcp6", "[::1]:0"); err == nil { // or this machine has no IPv6
		l.Close()
		addresses["tcp6"] = "[::1]:0"
	}
	for network, address := range addresses {
		t.Run(network, func(t *testing.T) {
			e := listen(t, network, address)
			c, err := new(Dialer).Dial(context.Background(), e, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := c.RemoteAddr().String(); got != e.String() {
				t.Errorf("connected to %s, want %s", got, e)
			}
		})
	}
	t.Run("without a limit", func(t *testing.T) {
		c, err := new(Dialer).Dial(context.Background(), listen(t, "tcp4", "127.0.0.1:0"), 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}

func TestDialErrors(t *testing.T) {
	taken := listen(t, "tcp4", "127.0.0.1:0")
	c, err := net.Dial("tcp", taken.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	refuses := Endpoint{Host: "127.0.0.1", Port: c.LocalAddr().(*net.TCPAddr).AddrPort().Port()}
	hangs := resolver(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	fails := resolver(func(context.Context) error { return errors.New("no name server") })
	tests := []struct {
		name     string
		dialer   Dialer
		endpoint Endpoint
		want     error
	}{
		{"refused", Dialer{}, refuses, syscall.ECONNREFUSED},
		{"a look-up that hangs", Dialer{Resolver: hangs}, Endpoint{Host: "a.example", Port: 80}, ErrTimeout},
		{"a look-up that fails", Dialer{Resolver: fails}, Endpoint{Host: "a.example", Port: 80}, ErrNoAddress},
		{"a name that is none", Dialer{Resolver: fails}, Endpoint{Host: "a..b", Port: 80}, ErrNoAddress},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Now()
			_, err := tt.dialer.Dial(context.Background(), tt.endpoint, 200*time.Millisecond)
			if !errors.Is(err, tt.want) {
				t.Errorf("Dial: %v, want %v", err, tt.want)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// An edge that is cut ends its dials, and that is no time-out of the origin's.
func TestDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan bool, 8)
	d := Dialer{Resolver: resolver(func(ctx context.Context) error { asked <- true; <-ctx.Done(); return ctx.Err() })}
	go func() {
		<-asked
		cancel()
	}()
	began := time.Now()
	_, err := d.Dial(ctx, Endpoint{Host: "a.example", Port: 80}, 30*time.Second)
	if err == nil || errors.Is(err, ErrTimeout) {
		t.Errorf("Dial: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
