package vcl

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"headwater/internal/message"
)

// Functions of texts: std.* and the like.

var _ = funcs(
	textOfText("std.tolower", func(x *Ctx, s string) string { return x.mapped(s, 'A', 'Z') }),
	textOfText("std.toupper", func(x *Ctx, s string) string { return x.mapped(s, 'a', 'z') }),
	textOfText("std.basename", func(_ *Ctx, s string) string { return baseName(s) }),
	textOfText("std.dirname", func(_ *Ctx, s string) string { return dirName(s) }),
	boolOfTwo("std.prefixof", strings.HasPrefix),
	boolOfTwo("std.suffixof", strings.HasSuffix),
	boolOfTwo("std.strcasecmp", equalFold),
	textOfThree("std.replace", func(x *Ctx, s, old, now string) string { return x.replaced(s, old, now, 1) }),
	textOfThree("std.replaceall", func(x *Ctx, s, old, now string) string { return x.replaced(s, old, now, -1) }),
	textOfThree("std.replace_prefix", func(x *Ctx, s, old, now string) string {
		if rest, ok := strings.CutPrefix(s, old); ok && old != "" {
			return x.arena.join([]string{now, rest})
		}
		return s
	}),
	textOfThree("std.replace_suffix", func(x *Ctx, s, old, now string) string {
		if rest, ok := strings.CutSuffix(s, old); ok && old != "" {
			return x.arena.join([]string{rest, now})
		}
		return s
	}),
	&function{name: "std.strrev", result: String, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofString(func(x *Ctx) (string, bool) { return x.reversed(s(x)) })
		}},
	&function{name: "std.strlen", result: Integer, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofInteger(func(x *Ctx) int64 { return int64(len(s(x))) })
		}},
	&function{name: "std.strstr", result: String, params: takes(String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, part := c.text(0), c.text(1)
			return ofString(func(x *Ctx) (string, bool) {
				s := s(x)
				if i := strings.Index(s, part(x)); i >= 0 {
					return s[i:], true
				}
				return "", false
			})
		}},
	&function{name: "std.strrep", result: String, params: takes(String, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, n := c.text(0), c.integer(1, 0)
			return ofSetString(func(x *Ctx) string { return x.repeated(s(x), n(x)) })
		}},
	&function{name: "std.strpad", result: String, params: takes(String, Integer, String), least: 3, scopes: everywhere,
		build: func(c *call) value {
			s, n, pad := c.text(0), c.integer(1, 0), c.text(2)
			return ofSetString(func(x *Ctx) string { return x.padTo(s(x), n(x), pad(x)) })
		}},
	&function{name: "substr", result: String, params: takes(String, Integer, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, from, n := c.text(0), c.integer(1, 0), c.integer(2, math.MaxInt64)
			return ofString(func(x *Ctx) (string, bool) {
				s := s(x)
				first, last, ok := span(int64(len(s)), from(x), n(x))
				return s[first:last], ok
			})
		}},
	&function{name: "std.itoa", result: String, params: takes(Integer, Integer), least: 1, scopes: everywhere,
		build: func(c *call) value {
			n, base := c.integer(0, 0), c.integer(1, 10)
			return ofString(func(x *Ctx) (string, bool) {
				b := base(x)
				if b < 2 || b > 36 {
					x.Failure = "EINVAL"
					return "", false
				}
				var space [72]byte
				return x.arena.keep(strconv.AppendInt(space[:0], n(x), int(b))), true
			})
		}},
	&function{name: "std.itoa_charset", result: String, params: takes(Integer, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			n, set := c.integer(0, 0), c.text(1)
			return ofString(func(x *Ctx) (string, bool) { return x.numberIn(n(x), set(x)) })
		}},
	&function{name: "std.atoi", result: Integer, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofInteger(func(x *Ctx) int64 { return x.parseInteger(s(x), 10) })
		}},
	&function{name: "std.strtol", result: Integer, params: takes(String, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, base := c.text(0), c.integer(1, 10)
			return ofInteger(func(x *Ctx) int64 { return x.parseInteger(s(x), base(x)) })
		}},
	&function{name: "std.atof", result: Float, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofFloat(func(x *Ctx) float64 { return x.parseFloat(s(x), 10) })
		}},
	&function{name: "std.strtof", result: Float, params: takes(String, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, base := c.text(0), c.integer(1, 10)
			return ofFloat(func(x *Ctx) float64 { return x.parseFloat(s(x), base(x)) })
		}},
	ipOfTexts("std.ip", parseIP),
	ipOfTexts("std.str2ip", parseIP),
	ipOfTexts("std.anystr2ip", parseAnyIP),
	&function{name: "std.ip2str", result: String, params: takes(IP), least: 1, scopes: everywhere,
		build: func(c *call) value { return toText(ofIP(c.ip(0))) }},
)

func equalFold(s, t string) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range len(s) {
		if message.Lower(s[i]) != message.Lower(t[i]) {
			return false
		}
	}
	return true
}

// mapped changes the case of the letters from first to last; a text without any
// stays as it is.
func (x *Ctx) mapped(s string, first, last byte) string {
	i := 0
	for i < len(s) && (s[i] < first || s[i] > last) {
		i++
	}
	if i == len(s) {
		return s
	}
	out := x.arena.take(len(s))
	for i := range out {
		if out[i] = s[i]; s[i] >= first && s[i] <= last {
			out[i] ^= 'a' ^ 'A'
		}
	}
	return message.Text(out)
}

// reversed turns the bytes round; a text with characters of several is refused.
func (x *Ctx) reversed(s string) (string, bool) {
	if utf8.ValidString(s) && utf8.RuneCountInString(s) < len(s) {
		x.Failure = "EUTF8"
		return "", false
	}
	out := x.arena.take(len(s))
	for i := range out {
		out[i] = s[len(s)-1-i]
	}
	return message.Text(out), true
}

// baseName is the last part of a path, as basename(3) has it.
func baseName(s string) string {
	switch trimmed := strings.TrimRight(s, "/"); {
	case s == "":
		return "."
	case trimmed == "":
		return "/"
	default:
		return trimmed[strings.LastIndexByte(trimmed, '/')+1:]
	}
}

// dirName is a path without its last part, as dirname(3) has it.
func dirName(s string) string {
	trimmed := strings.TrimRight(s, "/")
	i := strings.LastIndexByte(trimmed, '/')
	switch {
	case trimmed == "" && s != "":
		return "/"
	case i < 0:
		return "."
	}
	if dir := strings.TrimRight(trimmed[:i], "/"); dir != "" {
		return dir
	}
	return "/"
}

// replaced replaces so many of old, all of them for a negative number. Nothing
// occurs nowhere.
func (x *Ctx) replaced(s, old, now string, most int) string {
	if old == "" {
		return s
	}
	n := strings.Count(s, old)
	if most >= 0 {
		n = min(n, most)
	}
	if n == 0 {
		return s
	}
	out := x.arena.take(len(s) + n*(len(now)-len(old)))
	if out == nil {
		return ""
	}
	at := 0
	for range n {
		i := strings.Index(s, old)
		at += copy(out[at:], s[:i])
		at += copy(out[at:], now)
		s = s[i+len(old):]
	}
	copy(out[at:], s)
	return message.Text(out)
}

func (x *Ctx) repeated(s string, n int64) string {
	if n <= 0 || len(s) == 0 {
		return ""
	}
	if n > maxWorkspace {
		x.arena.over = true
		return ""
	}
	out := x.arena.take(len(s) * int(n))
	for at := 0; at < len(out); {
		at += copy(out[at:], s)
	}
	return message.Text(out)
}

// padTo fills a text up to a width: before it, or behind it for a negative one.
func (x *Ctx) padTo(s string, width int64, pad string) string {
	behind := width < 0
	if behind {
		width = -width
	}
	if pad == "" || width <= int64(len(s)) {
		return s
	}
	if width > maxWorkspace || width < 0 {
		x.arena.over = true
		return ""
	}
	out := x.arena.take(int(width))
	if out == nil {
		return ""
	}
	fill := out[:len(out)-len(s)]
	if behind {
		copy(out, s)
		fill = out[len(s):]
	} else {
		copy(out[len(fill):], s)
	}
	for at := 0; at < len(fill); {
		at += copy(fill[at:], pad)
	}
	return message.Text(out)
}

// span is what substr takes of a text of size bytes: from an offset that counts
// from the end if it is negative, so many, or up to so many from the end. It is ok
// unless all of that is outside of the text.
func span(size, from, n int64) (first, last int64, ok bool) {
	if from < 0 {
		from += size
	}
	switch {
	case n < 0:
		last = size + n
	case from > math.MaxInt64-n:
		last = math.MaxInt64
	default:
		last = from + n
	}
	if from > size || last < 0 {
		return 0, 0, false
	}
	first, last = max(from, 0), min(last, size)
	if last <= first {
		return 0, 0, from >= 0
	}
	return first, last, true
}

// numberIn writes a number with the digits that set gives.
func (x *Ctx) numberIn(n int64, set string) (string, bool) {
	base := uint64(len(set))
	if base < 2 {
		x.Failure = "EINVAL"
		return "", false
	}
	var space [72]byte
	at := len(space)
	left := uint64(n)
	if n < 0 {
		left = -left
	}
	for {
		at--
		space[at] = set[left%base]
		if left /= base; left == 0 {
			break
		}
	}
	if n < 0 {
		at--
		space[at] = '-'
	}
	return x.arena.keep(space[at:]), true
}

// ipOfTexts is the row of a function that reads an address, or else another text.
func ipOfTexts(name string, parse func(string) (netip.Addr, bool)) *function {
	return &function{name: name, result: IP, params: takes(String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, otherwise := c.text(0), c.text(1)
			return ofIP(func(x *Ctx) netip.Addr {
				ip, ok := parse(s(x))
				if !ok {
					ip, _ = parse(otherwise(x))
				}
				return ip
			})
		}}
}

// parseAnyIP reads all that inet_aton(3) does too: fewer parts than four, and
// parts in octal and hexadecimal.
func parseAnyIP(s string) (netip.Addr, bool) {
	if ip, ok := parseIP(s); ok {
		return ip, true
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 || len(s) > 64 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, p := range parts {
		if strings.ContainsAny(p, "_+-") || strings.HasPrefix(strings.ToLower(p), "0b") || strings.HasPrefix(strings.ToLower(p), "0o") {
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(p, 0, 32)
		width := uint(8)
		if i == len(parts)-1 {
			width = uint(8 * (5 - len(parts)))
		}
		if err != nil || n>>width != 0 {
			return netip.Addr{}, false
		}
		sum = sum<<width | n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}
