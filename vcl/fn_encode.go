package vcl

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"headwater/internal/message"
)

// Functions that escape texts and take the escapes back.

var _ = funcs(
	textOfText("urlencode", func(x *Ctx, s string) string { return x.urlEncode(s) }),
	textOfText("urldecode", func(x *Ctx, s string) string { return x.urlDecode(s) }),
	textOfText("xml_escape", func(x *Ctx, s string) string { return x.escaped(s, xmlEscape) }),
	textOfText("json.escape", func(x *Ctx, s string) string { return x.escaped(s, jsonEscape) }),
	textOfText("cstr_escape", func(x *Ctx, s string) string { return x.escaped(s, cEscape) }),
)

const hexDigits = "0123456789ABCDEF"

// unreserved reports whether a byte needs no escape in a URL (RFC 3986 section
// 2.3).
func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

func (x *Ctx) urlEncode(s string) string {
	n := 0
	for i := range len(s) {
		if !unreserved(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	out := x.arena.take(len(s) + 2*n)
	if out == nil {
		return ""
	}
	at := 0
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			out[at] = c
			at++
		} else {
			out[at], out[at+1], out[at+2] = '%', hexDigits[c>>4], hexDigits[c&15]
			at += 3
		}
	}
	return message.Text(out)
}

// urlDecode takes back %XX. What is no escape stays; a NUL ends the text.
func (x *Ctx) urlDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := x.arena.take(len(s))
	if out == nil {
		return ""
	}
	at := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if high, low := hexValue(s[i+1]), hexValue(s[i+2]); high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
				if c == 0 {
					break
				}
			}
		}
		out[at] = c
		at++
	}
	return message.Text(out[:at])
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// escaped replaces each character for which escape has something else.
func (x *Ctx) escaped(s string, escape func(r rune, size int) string) string {
	var parts []string
	from := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = rune(s[i])
		}
		if e := escape(r, size); e != "" {
			parts = append(parts, s[from:i], e)
			from = i + size
		}
		i += size
	}
	if parts == nil {
		return s
	}
	return x.arena.join(append(parts, s[from:]))
}

func xmlEscape(r rune, _ int) string {
	switch r {
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '&':
		return "&amp;"
	case '\'':
		return "&#39;"
	case '"':
		return "&quot;"
	}
	return ""
}

// jsonEscape escapes what a string of JSON cannot hold (RFC 8259 section 7). A byte
// that is no UTF-8 becomes the character that stands for one.
func jsonEscape(r rune, size int) string {
	switch r {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	switch {
	case r < ' ' || r == 0x7f:
		return fmt.Sprintf(`\u%04x`, r)
	case size == 1 && r >= 0x80:
		return `\ufffd`
	}
	return ""
}

func cEscape(r rune, size int) string {
	switch r {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	case '\v':
		return `\v`
	}
	if r < ' ' || r == 0x7f || size == 1 && r >= 0x80 {
		return fmt.Sprintf(`\x%02x`, r)
	}
	return ""
}
