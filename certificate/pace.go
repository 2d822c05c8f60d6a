package certificate

import (
	"crypto/x509"
	"net/netip"
	"strings"
	"time"
)

// How many orders an Issuer may begin: burst at once, and one more each refill. It
// stays below the 300 in three hours that Let's Encrypt allows an account.
const (
	burst  = 20
	refill = 40 * time.Second
)

// A pace is an allowance of orders. The zero value is full.
type pace struct {
	full time.Time // when all of burst is there again
}

// wait tells how long to wait for an order; 0 is not at all.
func (p *pace) wait(now time.Time) time.Duration {
	if p.full.Before(now) {
		return 0
	}
	return max(0, p.full.Sub(now)-(burst-1)*refill)
}

// take takes one order from the allowance, which has one.
func (p *pace) take(now time.Time) {
	if p.full.Before(now) {
		p.full = now
	}
	p.full = p.full.Add(refill)
}

// pauses are how long to wait after a failure, by how many there were before it. The
// last holds for all that follow. The first leads to the other method at once. Five
// orders are in the first hour, as many as may fail for one name at Let's Encrypt.
var pauses = [...]time.Duration{
	5 * time.Second, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

func backoff(failures int) time.Duration { return pauses[min(failures, len(pauses)-1)] }

// renewalOf is when a certificate has a third of its life left.
func renewalOf(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3)
}

// nextRenewal is renewalOf for a certificate that was just had. One that is due already,
// by a clock that is wrong, is not asked for again at once.
func nextRenewal(c *x509.Certificate, now time.Time) time.Time {
	due, soonest := renewalOf(c), now.Add(c.NotAfter.Sub(now)/2)
	if due.Before(soonest) {
		return soonest
	}
	return due
}

// orderable reports whether name, in lower case, is one that an authority may have
// a certificate for: a DNS name of more than one label, and no wildcard. It is good
// for the name of a file.
func orderable(name string) bool {
	if len(name) > 253 || !strings.Contains(name, ".") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}
