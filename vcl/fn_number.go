package vcl

import (
	"math"
	"strconv"
	"strings"
)

// How std.strtol and std.strtof read numbers.

// parseInteger reads the number that a text begins with, after blanks. What follows
// it does not matter.
func (x *Ctx) parseInteger(s string, base int64) int64 {
	if base != 0 && (base < 2 || base > 36) {
		x.Failure = "ERANGE"
		return 0
	}
	digits, minus := sign(strings.TrimLeft(s, " \t\n\v\f\r"))
	digits, base = withBase(digits, base)
	n, err := strconv.ParseUint(leadingDigits(digits, base), int(base), 64)
	switch {
	case err != nil && !isRange(err):
		x.Failure = "EPARSENUM"
		return 0
	case err != nil, minus && n > 1<<63, !minus && n > math.MaxInt64:
		x.Failure = "ERANGE"
		return either[int64](minus, math.MinInt64, math.MaxInt64)
	case minus:
		return -int64(n)
	}
	return int64(n)
}

// sign cuts off a sign.
func sign(s string) (rest string, minus bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:], s[0] == '-'
	}
	return s, false
}

// withBase finds the base of a number that may say it itself. A 0x with no digit
// behind it is a zero.
func withBase(s string, base int64) (digits string, of int64) {
	switch {
	case (base == 0 || base == 16) && hexadecimal(s) && leadingDigits(s[2:], 16) != "":
		return s[2:], 16
	case base == 0 && s != "" && s[0] == '0':
		return s, 8
	case base == 0:
		return s, 10
	}
	return s, base
}

func hexadecimal(s string) bool {
	return len(s) > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')
}

// leadingDigits are the digits of a base that s begins with.
func leadingDigits(s string, base int64) string {
	for i := range len(s) {
		if digit := digitValue(s[i]); digit < 0 || digit >= base {
			return s[:i]
		}
	}
	return s
}

func digitValue(c byte) int64 {
	switch {
	case c >= '0' && c <= '9':
		return int64(c - '0')
	case c >= 'a' && c <= 'z':
		return int64(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int64(c-'A') + 10
	}
	return -1
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// parseFloat reads a number that is all of a text: in base 16 with 0x before it, in
// base 10 without, and either way for 0; or NaN, inf, +inf and -inf, written so.
func (x *Ctx) parseFloat(s string, base int64) float64 {
	if base != 0 && base != 10 && base != 16 {
		x.Failure = "ERANGE"
		return 0
	}
	switch s {
	case "NaN":
		return math.NaN()
	case "inf", "+inf":
		return math.Inf(1)
	case "-inf":
		return math.Inf(-1)
	}
	digits, _ := sign(s)
	hex := hexadecimal(digits)
	if strings.Trim(s, "+-.0123456789abcdefABCDEFpPxX") != "" || base == 10 && hex || base == 16 && !hex {
		x.Failure = "EPARSENUM"
		return 0
	}
	if hex && !strings.ContainsAny(s, "pP") {
		s += "p0"
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil && isRange(err):
		x.Failure = "ERANGE"
	case err != nil:
		x.Failure = "EPARSENUM"
		return 0
	}
	return f
}
