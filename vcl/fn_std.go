package vcl

import (
	"strings"

	"headwater/internal/message"
)

// Functions of texts.

var _ = funcs(
	textOfText("std.tolower", func(x *Ctx, s string) string { return x.mapped(s, 'A', 'Z', 'a'-'A') }),
	textOfText("std.toupper", func(x *Ctx, s string) string { return x.mapped(s, 'a', 'z', 0xe0) }),
	boolOfTwo("std.prefixof", strings.HasPrefix),
	boolOfTwo("std.suffixof", strings.HasSuffix),
)

// mapped moves the bytes from first to last by so much; a text without any stays as
// it is.
func (x *Ctx) mapped(s string, first, last, by byte) string {
	i := 0
	for i < len(s) && (s[i] < first || s[i] > last) {
		i++
	}
	if i == len(s) {
		return s
	}
	out := x.arena.take(len(s))
	if out == nil {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if c >= first && c <= last {
			c += by
		}
		out[i] = c
	}
	return message.Text(out)
}
