package check_test

import (
	"strings"
	"testing"

	"headwater/dial/dialtest"
	"headwater/service"
)

// An address that swallows everything costs connect_timeout, and no more.
func TestBlackHole(t *testing.T) {
	told := checker(t, "any").Check(t.Context(), backend(dialtest.BlackHole(t), func(b *service.Backend) { b.ConnectTimeout = 50 }), healthcheck(204))
	if got := strings.Join(told.Problems, "\n"); got != "127.0.0.1: connect: Connection timed out" {
		t.Errorf("problems %q", got)
	}
	if told.Addresses[0].Probe != nil {
		t.Error("the health check was tried all the same")
	}
}
