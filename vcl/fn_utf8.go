package vcl

import (
	"math"
	"unicode/utf8"
)

// Functions that count characters instead of bytes. A text that is no UTF-8 has none.

var _ = funcs(
	&function{name: "utf8.is_valid", result: Boolean, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofBool(func(x *Ctx) bool { return utf8.ValidString(s(x)) })
		}},
	&function{name: "utf8.codepoint_count", result: Integer, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofInteger(func(x *Ctx) int64 {
				s := s(x)
				if !utf8.ValidString(s) {
					return 0
				}
				return int64(utf8.RuneCountInString(s))
			})
		}},
	&function{name: "utf8.substr", result: String, params: takes(String, Integer, Integer), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, from, n := c.text(0), c.integer(1, 0), c.integer(2, math.MaxInt64)
			return ofString(func(x *Ctx) (string, bool) {
				s := s(x)
				if !utf8.ValidString(s) {
					return "", false
				}
				first, last, ok := span(int64(utf8.RuneCountInString(s)), from(x), n(x))
				begin := runeOffset(s, first)
				return s[begin : begin+runeOffset(s[begin:], last-first)], ok
			})
		}},
	&function{name: "utf8.strpad", result: String, params: takes(String, Integer, String), least: 3, scopes: everywhere,
		build: func(c *call) value {
			s, width, pad := c.text(0), c.integer(1, 0), c.text(2)
			return ofString(func(x *Ctx) (string, bool) {
				s, pad := s(x), pad(x)
				if !utf8.ValidString(s) || !utf8.ValidString(pad) {
					x.Failure = "EUTF8"
					return "", false
				}
				return x.padRunes(s, width(x), pad), true
			})
		}},
)

// runeOffset is where the character of that number begins.
func runeOffset(s string, number int64) int {
	at := 0
	for ; number > 0; number-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

// padRunes fills a text up to so many characters: before it, or behind it for a
// negative number.
func (x *Ctx) padRunes(s string, width int64, pad string) string {
	behind := width < 0
	if behind {
		width = -width
	}
	missing := width - int64(utf8.RuneCountInString(s))
	if pad == "" || missing <= 0 {
		return s
	}
	if width > maxWorkspace || width < 0 {
		x.arena.over = true
		return ""
	}
	size := int64(utf8.RuneCountInString(pad))
	fill := x.arena.join([]string{x.repeated(pad, missing/size), pad[:runeOffset(pad, missing%size)]})
	if behind {
		return x.arena.join([]string{s, fill})
	}
	return x.arena.join([]string{fill, s})
}
