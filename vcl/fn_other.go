package vcl

import (
	"net/netip"
	"slices"

	"headwater/internal/message"
)

// Functions of patterns, addresses, statuses and shields.

var _ = funcs(
	replaceRow("regsub", false),
	replaceRow("regsuball", true),
	addressRow("addr.is_ipv4", netip.Addr.Is4),
	addressRow("addr.is_ipv6", netip.Addr.Is6),
	&function{name: "addr.extract_bits", result: Integer, params: takes(IP, Integer, Integer), least: 3, scopes: everywhere,
		build: func(c *call) value {
			ip, from, n := c.ip(0), c.integer(1, 0), c.integer(2, 0)
			c.checkBits(from, n)
			return ofInteger(func(x *Ctx) int64 { return extractBits(ip(x).Unmap(), from(x), n(x)) })
		}},
	&function{name: "http_status_matches", result: Boolean, params: takes(Integer, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			status, list := c.integer(0, 0), c.text(1)
			return ofBool(func(x *Ctx) bool { return statusMatches(status(x), list(x)) })
		}},
	&function{name: "fastly.try_select_shield", result: BackendRef, params: takes(BackendRef, BackendRef), least: 2, scopes: everywhere,
		build: func(c *call) value {
			shield, otherwise := c.args[0].backend, c.args[1].backend
			return ofBackend(func(x *Ctx) *Backend {
				b := shield(x)
				if !b.shield() || slices.Contains(x.Passed, b.Director.Shield) || !x.healthy(b) {
					return otherwise(x)
				}
				x.Shield, x.Unshielded = b, otherwise(x)
				return b
			})
		}},
)

// replaceRow is the row of a function that replaces what a pattern matches. It
// leaves re.group alone.
func replaceRow(name string, all bool) *function {
	return &function{name: name, result: String, params: takes(String, Regex, String), least: 3, scopes: everywhere,
		build: func(c *call) value {
			s, pattern, by := c.text(0), c.args[1].regex, c.text(2)
			return ofSetString(func(x *Ctx) string {
				s := s(x)
				if !pattern.Linear() {
					x.charge(maxSteps / 100)
				}
				if !x.test(pattern, s) {
					return s
				}
				out, err := pattern.Replace(s, by(x), all)
				if err != nil {
					x.Failure = "EREGRECUR"
					x.RegexGaveUp++
					return s
				}
				return x.arena.keep(message.Bytes(out))
			})
		}}
}

func addressRow(name string, is func(netip.Addr) bool) *function {
	return &function{name: name, result: Boolean, params: takes(IP), least: 1, scopes: everywhere,
		build: func(c *call) value {
			ip := c.ip(0)
			return ofBool(func(x *Ctx) bool { return is(ip(x).Unmap()) })
		}}
}

// checkBits refuses bits that no address has, and those that are not written out.
func (c *call) checkBits(from, n func(*Ctx) int64) {
	switch {
	case !c.args[1].literal || !c.args[2].literal:
		c.failf(c.at, "%s takes numbers that are written out", c.fun.name)
	case from(nil) < 0 || from(nil) > 127 || n(nil) < 0 || n(nil) > 32 || from(nil)+n(nil) > 128:
		c.failf(c.at, "%s takes at most 32 bits, of those from 0 to 127", c.fun.name)
	}
}

// extractBits is the number that n bits of an address are, counted from the lowest.
func extractBits(ip netip.Addr, from, n int64) (bits int64) {
	raw := ip.AsSlice()
	size := int64(8 * len(raw))
	if from < 0 || n <= 0 || n > 63 || from >= size {
		return 0
	}
	for i := min(from+n, size) - 1; i >= from; i-- {
		b := raw[len(raw)-1-int(i/8)] >> (i % 8) & 1
		bits = bits<<1 | int64(b)
	}
	return bits
}
