package probe

import (
	"strings"
	"time"

	"headwater/service"
)

// A definition is what a health check says, compiled. Equal definitions probe in the
// same way.
type definition struct {
	request  string // as it is sent
	expected int

	interval, timeout          time.Duration
	window, threshold, initial int
}

// What stands in where a health check of a customer's VCL does not say, and for
// values that could not be stored today.
const (
	defaultInterval = 5 * time.Second
	defaultTimeout  = 5 * time.Second
)

func newDefinition(h *service.Healthcheck) definition {
	d := definition{
		request:   strings.Join(h.Request(), "\r\n") + "\r\n\r\n",
		expected:  int(h.ExpectedResponse),
		interval:  millis(h.CheckInterval),
		timeout:   millis(h.Timeout),
		window:    max(int(h.Window), 1),
		threshold: int(h.Threshold),
	}
	d.initial = min(max(int(h.Initial), 0), d.window)
	if d.interval <= 0 {
		d.interval = defaultInterval
	}
	if d.timeout <= 0 {
		d.timeout = defaultTimeout
	}
	return d
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// optimistic reports whether an address is healthy before it has been tried.
func (d *definition) optimistic() bool { return d.initial >= d.threshold }
