package vcl

import (
	"net/netip"
	"strconv"
	"time"

	"headwater/vcl/syntax"
)

// convert compiles v as a value of another type, as an assignment does. A number
// or a span that is written out does not become a text, or a number of another
// sort, by itself.
func (c *compiler) convert(v value, to Type, at syntax.Pos) value {
	if v.typ == to || v.typ == Void {
		return v
	}
	if out := converted(v, to); out.typ == to {
		out.node = v.node
		return out
	}
	if v.typ == String && v.literal && to == IP {
		c.failf(at, "%q is no IP address", v.text)
		return value{}
	}
	c.failf(at, "%s is wanted here, not %s", to, describe(v))
	return value{}
}

// converted returns a value of type Void if there is no way.
func converted(v value, to Type) value {
	switch to {
	case String:
		return toText(v)
	case Integer:
		return toInteger(v)
	case Float:
		return toFloat(v)
	case RTime:
		return toRTime(v)
	case Timestamp:
		return toTime(v)
	case IP:
		return toIP(v)
	}
	return value{}
}

// toText makes a STRING of all that has one form as a text.
func toText(v value) value {
	if v.literal && v.typ != Boolean {
		return value{}
	}
	switch v.typ {
	case Boolean:
		return ofSetString(func(x *Ctx) string { return either(v.boolean(x), "1", "0") })
	case Integer:
		return ofSetString(func(x *Ctx) string {
			var space [24]byte
			return x.arena.keep(strconv.AppendInt(space[:0], v.integer(x), 10))
		})
	case Float:
		return ofSetString(func(x *Ctx) string {
			var space [64]byte
			return x.arena.keep(appendFloat(space[:0], v.float(x)))
		})
	case RTime:
		return ofSetString(func(x *Ctx) string {
			var space [32]byte
			return x.arena.keep(appendRTime(space[:0], v.rtime(x)))
		})
	case Timestamp:
		return ofSetString(func(x *Ctx) string {
			var space [40]byte
			return x.arena.keep(appendTime(space[:0], v.time(x)))
		})
	case IP:
		return ofString(func(x *Ctx) (string, bool) {
			ip := v.ip(x)
			if !ip.IsValid() {
				return "", false
			}
			var space [64]byte
			return x.arena.keep(ip.AppendTo(space[:0])), true
		})
	case BackendRef:
		return ofString(func(x *Ctx) (string, bool) {
			if b := v.backend(x); b != nil {
				return b.Name, true
			}
			return "", false
		})
	}
	return value{}
}

func toInteger(v value) value {
	if v.literal {
		return value{}
	}
	switch v.typ {
	case Float:
		return ofInteger(func(x *Ctx) int64 { return truncate(v.float(x)) })
	case RTime:
		return ofInteger(func(x *Ctx) int64 { return int64(v.rtime(x) / time.Second) })
	case Timestamp:
		return ofInteger(func(x *Ctx) int64 { return v.time(x).Unix })
	}
	return value{}
}

// truncate drops the fraction. What no INTEGER can hold becomes the nearest.
func truncate(f float64) int64 {
	switch {
	case f != f:
		return 0
	case f >= 1<<63:
		return 1<<63 - 1
	case f < -1<<63:
		return -1 << 63
	}
	return int64(f)
}

func toFloat(v value) value {
	switch {
	case v.typ == Integer:
		out := ofFloat(func(x *Ctx) float64 { return float64(v.integer(x)) })
		out.literal = v.literal
		return out
	case v.literal:
		return value{}
	case v.typ == RTime:
		return ofFloat(func(x *Ctx) float64 { return v.rtime(x).Seconds() })
	case v.typ == Timestamp:
		return ofFloat(func(x *Ctx) float64 { t := v.time(x); return float64(t.Unix) + float64(t.Nano)/1e9 })
	}
	return value{}
}

// seconds is a span of so many, or the longest there is.
func seconds(f float64) time.Duration { return time.Duration(truncate(f * 1e9)) }

func toRTime(v value) value {
	if v.literal {
		return value{}
	}
	switch v.typ {
	case Integer:
		return ofRTime(func(x *Ctx) time.Duration { return seconds(float64(v.integer(x))) })
	case Float:
		return ofRTime(func(x *Ctx) time.Duration { return seconds(v.float(x)) })
	case Timestamp:
		return ofRTime(func(x *Ctx) time.Duration { return v.time(x).Sub(Time{}) })
	}
	return value{}
}

func toTime(v value) value {
	if v.literal {
		return value{}
	}
	switch v.typ {
	case Integer:
		return ofTime(func(x *Ctx) Time { return Time{Unix: v.integer(x)} })
	case Float:
		return ofTime(func(x *Ctx) Time { return Time{}.Add(seconds(v.float(x))) })
	case RTime:
		return ofTime(func(x *Ctx) Time { return Time{}.Add(v.rtime(x)) })
	}
	return value{}
}

// toIP reads an address. A text that is none is NOTSET, if it was not written out.
func toIP(v value) value {
	if v.typ != String {
		return value{}
	}
	if v.literal {
		ip, ok := parseIP(v.text)
		if !ok {
			return value{}
		}
		out := ofIP(func(*Ctx) netip.Addr { return ip })
		out.literal = true
		return out
	}
	return ofIP(func(x *Ctx) netip.Addr {
		s, _ := v.str(x)
		ip, _ := parseIP(s)
		return ip
	})
}

// parseIP reads an address without a zone.
func parseIP(s string) (netip.Addr, bool) {
	if len(s) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, false
	}
	return ip, true
}
