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
		get := v.boolean
		return ofSetString(func(x *Ctx) string { return either(get(x), "1", "0") })
	case Integer:
		get := v.integer
		return ofSetString(func(x *Ctx) string {
			var space [24]byte
			return x.arena.keep(strconv.AppendInt(space[:0], get(x), 10))
		})
	case Float:
		get := v.float
		return ofSetString(func(x *Ctx) string {
			var space [64]byte
			return x.arena.keep(appendFloat(space[:0], get(x)))
		})
	case RTime:
		get := v.rtime
		return ofSetString(func(x *Ctx) string {
			var space [32]byte
			return x.arena.keep(appendRTime(space[:0], get(x)))
		})
	case Timestamp:
		get := v.time
		return ofSetString(func(x *Ctx) string {
			var space [40]byte
			return x.arena.keep(appendTime(space[:0], get(x)))
		})
	case IP:
		get := v.ip
		return ofString(func(x *Ctx) (string, bool) {
			ip := get(x)
			if !ip.IsValid() {
				return "", false
			}
			var space [64]byte
			return x.arena.keep(ip.AppendTo(space[:0])), true
		})
	case BackendRef:
		get := v.backend
		return ofString(func(x *Ctx) (string, bool) {
			if b := get(x); b != nil {
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
		get := v.float
		return ofInteger(func(x *Ctx) int64 { return truncate(get(x)) })
	case RTime:
		get := v.rtime
		return ofInteger(func(x *Ctx) int64 { return int64(get(x) / time.Second) })
	case Timestamp:
		get := v.time
		return ofInteger(func(x *Ctx) int64 { return get(x).Unix })
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
		get := v.integer
		out := ofFloat(func(x *Ctx) float64 { return float64(get(x)) })
		out.literal = v.literal
		return out
	case v.literal:
		return value{}
	case v.typ == RTime:
		get := v.rtime
		return ofFloat(func(x *Ctx) float64 { return get(x).Seconds() })
	case v.typ == Timestamp:
		get := v.time
		return ofFloat(func(x *Ctx) float64 { t := get(x); return float64(t.Unix) + float64(t.Nano)/1e9 })
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
		get := v.integer
		return ofRTime(func(x *Ctx) time.Duration { return seconds(float64(get(x))) })
	case Float:
		get := v.float
		return ofRTime(func(x *Ctx) time.Duration { return seconds(get(x)) })
	case Timestamp:
		get := v.time
		return ofRTime(func(x *Ctx) time.Duration { return get(x).Sub(Time{}) })
	}
	return value{}
}

func toTime(v value) value {
	if v.literal {
		return value{}
	}
	switch v.typ {
	case Integer:
		get := v.integer
		return ofTime(func(x *Ctx) Time { return Time{Unix: get(x)} })
	case Float:
		get := v.float
		return ofTime(func(x *Ctx) Time { return Time{}.Add(seconds(get(x))) })
	case RTime:
		get := v.rtime
		return ofTime(func(x *Ctx) Time { return Time{}.Add(get(x)) })
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
	get := v.str
	return ofIP(func(x *Ctx) netip.Addr {
		s, _ := get(x)
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
