package syntax

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// units are those of an RTIME, in which a year has 365 days.
var units = map[string]time.Duration{
	"ms": time.Millisecond,
	"s":  time.Second,
	"m":  time.Minute,
	"h":  time.Hour,
	"d":  24 * time.Hour,
	"w":  7 * 24 * time.Hour,
	"y":  365 * 24 * time.Hour,
}

// number reads a number, with its unit if that follows without a space.
func (l *lexer) number() (kind, string) {
	begin, k := l.off, integer
	hex := strings.HasPrefix(l.src[l.off:], "0x") || strings.HasPrefix(l.src[l.off:], "0X")
	digit, exponent := isDigit, "eE"
	if hex {
		l.off += 2
		digit, exponent = isHexDigit, "pP"
	}
	l.digits(digit)
	if l.at(0, ".") && l.off+1 < len(l.src) && digit(l.src[l.off+1]) {
		l.off++
		l.digits(digit)
		k = float
	}
	if l.exponent(exponent) {
		k = float
	}
	plain := !hex && !strings.ContainsAny(l.src[begin:l.off], exponent)
	return l.suffix(begin, k, plain)
}

// suffix reads what stands right behind a number. A plain one is decimal and has
// no exponent: only such a one has a unit.
func (l *lexer) suffix(begin int, k kind, plain bool) (kind, string) {
	unit := l.off
	l.nameChars()
	_, known := units[l.src[unit:l.off]]
	switch {
	case l.off-begin > MaxName:
		l.reject(begin, fmt.Sprintf("a number of more than %d digits", MaxName), "")
	case known && plain:
		return rtime, l.src[begin:l.off]
	case l.off > unit || l.src[begin:l.off] == "0x" || l.src[begin:l.off] == "0X":
		l.reject(begin, fmt.Sprintf("%q is not a number", l.src[begin:l.off]), numberHint(l.src[begin:l.off]))
	case k == integer && plain && l.at(0, "%") && !l.at(1, "="):
		l.off++
		return percent, l.src[begin : l.off-1]
	}
	return k, l.src[begin:l.off]
}

func numberHint(text string) string {
	switch {
	case strings.Count(text, ".") > 1:
		return `an address is written "..."`
	case isLetter(text[len(text)-1]):
		return "units are ms, s, m, h, d, w and y"
	}
	return ""
}

func (l *lexer) digits(digit func(byte) bool) {
	for l.off < len(l.src) && digit(l.src[l.off]) {
		l.off++
	}
}

// exponent reads an exponent that begins with one of the letters.
func (l *lexer) exponent(letters string) bool {
	if !l.at(0, letters) {
		return false
	}
	digits := 1
	if l.at(1, "+-") {
		digits = 2
	}
	if !l.at(digits, "0123456789") {
		return false
	}
	l.off += digits
	l.digits(isDigit)
	return true
}

// at reports whether the byte at that distance is one of chars.
func (l *lexer) at(distance int, chars string) bool {
	return l.off+distance < len(l.src) && strings.IndexByte(chars, l.src[l.off+distance]) >= 0
}

// integerValue returns the value of an integer as written, with its sign.
func integerValue(text string) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	base := 10
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		digits, base = digits[2:], 16
	}
	if negative {
		digits = "-" + digits
	}
	return strconv.ParseInt(digits, base, 64)
}

// floatValue returns the value of a float as written, with its sign.
func floatValue(text string) (float64, error) {
	if strings.ContainsAny(text, "xX") && !strings.ContainsAny(text, "pP") {
		text += "p0"
	}
	return strconv.ParseFloat(text, 64)
}

// rtimeValue returns the span of a decimal number, with its sign, and a unit. One
// too long for 64 bits of nanoseconds is the longest.
func rtimeValue(number, unit string) time.Duration {
	each := units[unit]
	n, err := strconv.ParseInt(number, 10, 64)
	if most := math.MaxInt64 / each; err == nil && time.Duration(n) <= most && time.Duration(n) >= -most {
		return time.Duration(n) * each
	}
	exact, ok := new(big.Rat).SetString(number)
	if !ok {
		return 0
	}
	exact.Mul(exact, new(big.Rat).SetInt64(int64(each)))
	whole := new(big.Int).Quo(exact.Num(), exact.Denom())
	switch {
	case whole.IsInt64():
		return time.Duration(whole.Int64())
	case whole.Sign() < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// short reads a string in quotes, in which % begins an escape.
func (l *lexer) short() (kind, string) {
	begin := l.off
	end := strings.IndexAny(l.src[begin+1:], "\"\n")
	if end < 0 || l.src[begin+1+end] == '\n' {
		hint := `it ends with " on the same line; one of several lines is written {"..."}`
		l.reject(begin, "a string that does not end", hint)
		l.line()
		return nothing, ""
	}
	l.off = begin + 1 + end + 1
	raw := l.src[begin+1 : l.off-1]
	if strings.IndexByte(raw, '%') < 0 {
		return shortString, raw
	}
	return shortString, l.unescape(raw, begin+1)
}

// unescape decodes the escapes of a string that begins at off. A zero byte ends
// the string, but not the search for faults.
func (l *lexer) unescape(raw string, off int) string {
	var b strings.Builder
	ended := -1
	for i := 0; i < len(raw); {
		if raw[i] != '%' {
			b.WriteByte(raw[i])
			i++
			continue
		}
		c, size := escape(raw[i:])
		if size == 0 {
			l.reject(off+i, fmt.Sprintf("%q is not an escape", firstRunes(raw[i:], 3)),
				`a percent sign is written %25; in {"..."} nothing is an escape`)
			return ""
		}
		if c == "\x00" && ended < 0 {
			ended = b.Len()
		}
		b.WriteString(c)
		i += size
	}
	if !utf8.ValidString(b.String()) {
		l.reject(off-1, "a string that is not UTF-8 once its escapes are decoded", "")
	}
	if ended >= 0 {
		return b.String()[:ended]
	}
	return b.String()
}

// escape decodes the escape that s begins with: %hh is a byte, %uhhhh and
// %u{h...} are a character. It returns its size in s, 0 if it is none.
func escape(s string) (decoded string, size int) {
	digits, begin, end := "", 1, 3
	switch {
	case strings.HasPrefix(s, "%u{"):
		begin, end = 3, 3+max(0, strings.IndexByte(s[3:], '}'))
		size = end + 1
	case strings.HasPrefix(s, "%u"):
		begin, end = 2, 6
		size = end
	default:
		size = end
	}
	if end > len(s) || end == begin || end-begin > 6 {
		return "", 0
	}
	digits = s[begin:end]
	for i := range len(digits) {
		if !isHexDigit(digits[i]) {
			return "", 0
		}
	}
	n, _ := strconv.ParseUint(digits, 16, 32)
	if begin == 1 {
		return string([]byte{byte(n)}), size
	}
	if n > utf8.MaxRune || n >= 0xD800 && n <= 0xDFFF {
		return "", 0
	}
	return string(rune(n)), size
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// delimiter returns what stands between the brace and the quote of a long string
// that begins here, if one does.
func (l *lexer) delimiter() (string, bool) {
	i := l.off + 1
	for i < len(l.src) && i-l.off <= MaxName && (isLetter(l.src[i]) || isDigit(l.src[i])) {
		i++
	}
	return l.src[l.off+1 : i], i < len(l.src) && l.src[i] == '"'
}

// long reads a long string, in which nothing is an escape.
func (l *lexer) long(delimiter string) (kind, string) {
	begin := l.off + 1 + len(delimiter) + 1
	mark := `"` + delimiter + `}`
	end := strings.Index(l.src[begin:], mark)
	if end < 0 {
		l.reject(l.off, "a string that does not end", "it ends with "+mark)
		l.off = len(l.src)
		return nothing, ""
	}
	l.off = begin + end + len(mark)
	return longString, l.src[begin : begin+end]
}
