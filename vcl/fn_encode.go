package vcl

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"headwater/internal/message"
)

// Functions that escape texts and take the escapes back.

var _ = funcs(
	textOfText("urlencode", func(x *Ctx, s string) string { return x.urlEncode(s) }),
	textOfText("urldecode", func(x *Ctx, s string) string { return x.urlDecode(s) }),
	textOfText("xml_escape", func(x *Ctx, s string) string { return x.escapedBytes(s, xmlEscape) }),
	textOfText("json.escape", func(x *Ctx, s string) string {
		if !utf8.ValidString(s) {
			x.Failure = "EUTF8"
			return ""
		}
		return x.escaped(s, jsonEscape)
	}),
	textOfText("cstr_escape", func(x *Ctx, s string) string { return x.escapedBytes(s, cEscape) }),
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

// urlDecode takes back %XX, and + is a blank. What is no escape stays; a NUL ends the
// text.
func (x *Ctx) urlDecode(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := x.arena.take(len(s))
	if out == nil {
		return ""
	}
	at := 0
	for i := 0; i < len(s); i++ {
		c, escaped := unescape(s[i:])
		if escaped {
			i += 2
		}
		if c == 0 {
			break
		}
		out[at] = c
		at++
	}
	return message.Text(out[:at])
}

// unescape reads one byte of a text that is escaped, and whether it was.
func unescape(s string) (c byte, escaped bool) {
	if s[0] == '+' {
		return ' ', false
	}
	if s[0] == '%' && len(s) > 2 {
		if high, low := hexValue(s[1]), hexValue(s[2]); high >= 0 && low >= 0 {
			return byte(high<<4 | low), true
		}
	}
	return s[0], false
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
func (x *Ctx) escaped(s string, escape func(rune) string) string {
	var parts []string
	from := 0
	for i, r := range s {
		if e := escape(r); e != "" {
			parts = append(parts, s[from:i], e)
			from = i + utf8.RuneLen(r)
		}
	}
	if parts == nil {
		return s
	}
	return x.arena.join(append(parts, s[from:]))
}

// escapedBytes is escaped for a text of bytes.
func (x *Ctx) escapedBytes(s string, escape func(byte) string) string {
	var parts []string
	from := 0
	for i := range len(s) {
		if e := escape(s[i]); e != "" {
			parts = append(parts, s[from:i], e)
			from = i + 1
		}
	}
	if parts == nil {
		return s
	}
	return x.arena.join(append(parts, s[from:]))
}

func xmlEscape(c byte) string {
	switch c {
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '&':
		return "&amp;"
	case '\'':
		return "&apos;"
	case '"':
		return "&quot;"
	}
	return ""
}

// jsonEscape escapes what a string of JSON cannot hold (RFC 8259 section 7), the line
// separators of JavaScript, and what is beyond the first plane, as two surrogates.
func jsonEscape(r rune) string {
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
	case r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029:
		return fmt.Sprintf(`\u%04X`, r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04X\u%04X`, high, low)
	}
	return ""
}

func cEscape(c byte) string {
	switch c {
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
	if c < ' ' || c >= 0x7f {
		return fmt.Sprintf(`\x%02x`, c)
	}
	return ""
}
