package dial

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"headwater/dial/dialtest"
)

// wantFault wants an err that is a contained panic, and a line in the log for each.
func wantFault(t *testing.T, err error, log *bytes.Buffer, lines int) {
	t.Helper()
	if causeOf(err) != Faulty || !errors.Is(err, errFault) {
		t.Errorf("%v, want a fault", err)
	}
	if n := strings.Count(log.String(), "msg=panicked"); n != lines || !strings.Contains(log.String(), "dial/contain.go") {
		t.Errorf("%d panics are logged, want %d with a stack:\n%s", n, lines, log)
	}
}

// A panic on the way to one address is a failure to reach it, with or without others
// beside it.
func TestPanicOnTheWay(t *testing.T) {
	for name, addrs := range map[string][]netip.Addr{
		"one address": {netip.MustParseAddr("127.0.0.1")},
		"two":         {netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")},
	} {
		t.Run(name, func(t *testing.T) {
			log := new(bytes.Buffer)
			n := &Network{Permit: func(netip.AddrPort) bool { panic("no idea") }, Log: slog.New(slog.NewTextHandler(log, nil))}
			o := &Origin{network: n, plan: &Plan{Endpoint: Endpoint{Port: 1}}, literal: newAddresses(addrs)}
			_, err := o.Dial(t.Context())
			wantFault(t, err, log, len(addrs))
		})
	}
}

// One in a handshake closes the connection, which is all that it costs.
func TestPanicInHandshake(t *testing.T) {
	log := new(bytes.Buffer)
	n := &Network{Log: slog.New(slog.NewTextHandler(log, nil))}
	here, there := net.Pipe()
	defer there.Close()
	go tls.Server(there, &tls.Config{Certificates: []tls.Certificate{dialtest.SelfSigned(t, []string{"origin.test"})}}).Handshake()
	_, err := n.handshake(t.Context(), here, &tls.Config{
		InsecureSkipVerify: true,
		VerifyConnection:   func(tls.ConnectionState) error { panic("what a certificate") },
	})
	wantFault(t, err, log, 1)
	if _, err := here.Read(make([]byte, 1)); err != io.ErrClosedPipe {
		t.Errorf("the connection: %v, want it closed", err)
	}
}

// Each family of addresses is asked for in a goroutine of its own.
func TestPanicInLookUp(t *testing.T) {
	log := new(bytes.Buffer)
	s := newStub(ResolverConfig{Server: netip.MustParseAddrPort("127.0.0.1:1"), Log: slog.New(slog.NewTextHandler(log, nil))})
	s.only.addrs, s.only.rotate = nil, true // which no configuration comes to
	_, err := s.lookup(context.Background(), "origin.test")
	wantFault(t, err, log, 2)
}

// A name whose look-up panicked is looked up again, and others are none the wiser.
// Whoever watches a name may panic too.
func TestResolverOutlivesPanics(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		log := new(bytes.Buffer)
		var found atomic.Bool
		var told atomic.Int64
		r := newResolver(func(_ context.Context, host string) (answer, error) {
			if host == "odd.test" && !found.Load() {
				panic("what an answer")
			}
			return answer{[]netip.Addr{netip.MustParseAddr("192.0.2.1")}, time.Minute}, nil
		}, slog.New(slog.NewTextHandler(log, nil)))
		defer r.Close()
		odd, other := r.Acquire("odd.test"), r.Acquire("other.test")
		defer odd.Release()
		defer other.Release()
		for range 2 {
			defer odd.watch(func() { told.Add(1); panic("what a change") })()
		}
		synctest.Wait()
		if got := known(t, other); !slices.Equal(got, []string{"192.0.2.1"}) {
			t.Errorf("the other name has %v", got)
		}
		err := odd.state.Load().err
		found.Store(true)
		time.Sleep(firstRetry)
		synctest.Wait()
		if got := known(t, odd); !slices.Equal(got, []string{"192.0.2.1"}) || told.Load() != 4 {
			t.Errorf("the odd name has %v, and was told of %d times, want 4", got, told.Load())
		}
		wantFault(t, err, log, 5)
	})
}
