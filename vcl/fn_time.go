package vcl

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"headwater/internal/message"
)

// Functions of time.

var _ = funcs(
	&function{name: "strftime", result: String, params: takes(String, Timestamp), least: 2, scopes: everywhere,
		build: func(c *call) value {
			format, at := c.text(0), c.time(1)
			return ofSetString(func(x *Ctx) string { return x.strftime(format(x), at(x).Go()) })
		}},
	&function{name: "std.time", result: Timestamp, params: takes(String, Timestamp), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, otherwise := c.text(0), c.time(1)
			return ofTime(func(x *Ctx) Time {
				if t, ok := parseTime(s(x)); ok {
					return t
				}
				return otherwise(x)
			})
		}},
	&function{name: "std.integer2time", result: Timestamp, params: takes(Integer), least: 1, scopes: everywhere,
		build: func(c *call) value {
			n := c.integer(0, 0)
			return ofTime(func(x *Ctx) Time { return Time{Unix: n(x)} })
		}},
	&function{name: "time.add", result: Timestamp, params: takes(Timestamp, RTime), least: 2, scopes: everywhere,
		build: func(c *call) value {
			t, d := c.time(0), c.rtime(1)
			return ofTime(func(x *Ctx) Time { return t(x).Add(d(x)) })
		}},
	&function{name: "time.sub", result: Timestamp, params: takes(Timestamp, RTime), least: 2, scopes: everywhere,
		build: func(c *call) value {
			t, d := c.time(0), c.rtime(1)
			return ofTime(func(x *Ctx) Time { return t(x).Add(-d(x)) })
		}},
	&function{name: "time.is_after", result: Boolean, params: takes(Timestamp, Timestamp), least: 2, scopes: everywhere,
		build: func(c *call) value {
			t, u := c.time(0), c.time(1)
			return ofBool(func(x *Ctx) bool { return t(x).Compare(u(x)) > 0 })
		}},
	&function{name: "time.interval_elapsed_ratio", result: Float, params: takes(Timestamp, Timestamp, Timestamp), least: 3, scopes: everywhere,
		build: func(c *call) value {
			at, start, end := c.time(0), c.time(1), c.time(2)
			return ofFloat(func(x *Ctx) float64 { return elapsedRatio(at(x), start(x), end(x)) })
		}},
	&function{name: "time.hex_to_time", result: Timestamp, params: takes(Integer, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			divisor, digits := c.integer(0, 1), c.text(1)
			return ofTime(func(x *Ctx) Time {
				n, err := strconv.ParseUint(digits(x), 16, 63)
				by := divisor(x)
				if err != nil || by <= 0 {
					x.Failure = "EDOM"
					return Time{}
				}
				rest := float64(n%uint64(by)) / float64(by)
				return Time{Unix: int64(n) / by, Nano: int64(rest * 1e9)}
			})
		}},
	&function{name: "time.units", result: String, params: takes(String, Timestamp), least: 2, scopes: everywhere,
		build: func(c *call) value {
			unit, t := c.text(0), c.time(1)
			return ofString(func(x *Ctx) (string, bool) { return x.inUnits(unit(x), t(x), "") })
		}},
	&function{name: "time.runits", result: String, params: takes(String, RTime), least: 2, scopes: everywhere,
		build: func(c *call) value {
			unit, d := c.text(0), c.rtime(1)
			return ofString(func(x *Ctx) (string, bool) {
				d := max(d(x), -math.MaxInt64)
				if d < 0 {
					return x.inUnits(unit(x), Time{}.Add(-d), "-")
				}
				return x.inUnits(unit(x), Time{}.Add(d), "")
			})
		}},
	&function{name: "parse_time_delta", result: Integer, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofInteger(func(x *Ctx) int64 { return parseDelta(s(x)) })
		}},
)

// elapsedRatio is how far at is from start to end: 0 before, 1 after.
func elapsedRatio(at, start, end Time) float64 {
	whole := end.Sub(start)
	switch passed := at.Sub(start); {
	case passed <= 0:
		return 0
	case whole <= 0 || passed >= whole:
		return 1
	default:
		return float64(passed) / float64(whole)
	}
}

// inUnits is a moment in seconds, with as many decimals as the unit says: none for
// s, 3 for ms, 6 for us, 9 for ns. It is not set for another unit.
func (x *Ctx) inUnits(unit string, t Time, sign string) (string, bool) {
	n := slices.Index([]string{"s", "ms", "us", "ns"}, unit)
	if n < 0 {
		x.Failure = "EINVAL"
		return "", false
	}
	secs := x.digits(t.Unix)
	if n == 0 {
		return x.arena.join([]string{sign, secs}), true
	}
	return x.arena.join([]string{sign, secs, ".", x.padded(t.Nano, 9)[:3*n]}), true
}

// parseDelta reads a number with a unit, such as 5m or 5M, as seconds; -1 if it is
// none.
func parseDelta(s string) int64 {
	if s == "" {
		return -1
	}
	by := map[byte]int64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400}[message.Lower(s[len(s)-1])]
	if by == 0 {
		return -1
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 40)
	if err != nil {
		return -1
	}
	return int64(n) * by
}

// timeForms are those of RFC 9110 section 5.6.7, and one of ISO 8601.
var timeForms = []string{
	"Mon, 02 Jan 2006 15:04:05 GMT", "Monday, 02-Jan-06 15:04:05 GMT", "Mon Jan _2 15:04:05 2006", "2006-01-02 15:04:05",
}

// parseTime reads a moment in one of the forms, or as seconds since 1970.
func parseTime(s string) (Time, bool) {
	s = trimBlanks(s)
	if len(s) > 64 {
		return Time{}, false
	}
	if whole, fraction, _ := strings.Cut(s, "."); whole != "" && strings.Trim(whole+fraction, "0123456789") == "" {
		n, err := strconv.ParseInt(whole, 10, 62)
		nano, also := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
		return Time{n, int64(nano)}, err == nil && also == nil
	}
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			return TimeOf(t), true
		}
	}
	return Time{}, false
}
