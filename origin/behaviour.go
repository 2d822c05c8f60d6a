package origin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of what a request may ask for.
const (
	maxSize  = 64 << 30
	maxPiece = 16 << 20
	maxFill  = 16 << 20
	maxExtra = 10_000
	maxHints = 100
	maxLines = 32 // fields, and trailer fields
	maxRaw   = 64 << 10
	maxTime  = 10 * time.Minute
)

// A behaviour is one thing that an answer can be told to do.
type behaviour struct {
	name string

	// value names what stands behind the name: "" for a behaviour that takes no
	// value, "[N]" in brackets for one that may.
	value string

	help string // what it does, with the bounds of its value
	set  func(s *script, value string) error

	page page // that it answers with, in the place of all else
}

// takes reports whether the behaviour takes a value, and whether it needs one.
func (b *behaviour) takes() (value, needed bool) {
	return b.value != "", b.value != "" && b.value[0] != '['
}

// behaviours are all that there are, in the order in which they are told.
var behaviours = []behaviour{
	number("status", 200, 999, "answers with the status N",
		func(s *script, n int64) { s.status = int(n) }),
	number("body", 0, maxSize, "answers with a body of N bytes, in lines of 64",
		func(s *script, n int64) { s.size, s.echo = n, false }),
	word("echo", "answers with the request in JSON: method, target, fields in their order, size of the body, TLS",
		func(s *script) { s.echo = true }),
	line("field", "adds a field",
		func(s *script) *[]string { return &s.fields }),
	word("http10", "answers as HTTP/1.0",
		func(s *script) { s.http10 = true }),
	word("last", "says Connection: close, and closes behind the answer",
		func(s *script) { s.last = true }),

	duration("delay", "answers no earlier than D after the request",
		func(s *script, d time.Duration) { s.delay = d }),
	duration("pause", "waits for D before each further piece of the body",
		func(s *script, d time.Duration) { s.pause = d }),
	number("piece", 1, maxPiece, "sends the body in pieces of N bytes; of one byte if there is a pause and no piece",
		func(s *script, n int64) { s.piece = n }),
	word("chunked", "frames the body in chunks, a piece in each",
		func(s *script) { s.chunked = true }),
	word("unframed", "does not tell where the body ends, but closes there",
		func(s *script) { s.unframed = true }),
	line("trailer", "sends a field behind the body, which is chunked then",
		func(s *script) *[]string { return &s.trailer }),
	number("hints", 0, maxHints, "sends 103 Early Hints N times before the answer",
		func(s *script, n int64) { s.hints = n }),

	ended("reset", "resets the connection", endReset),
	ended("cut", "closes the connection", endCut),
	ended("hang", "goes silent, with the connection open,", endHang),
	number("fill", 0, maxFill, "adds a field of N bytes to the head",
		func(s *script, n int64) { s.fill = n }),
	number("extra", 0, maxExtra, "adds N fields to the head",
		func(s *script, n int64) { s.extra = n }),
	word("garbage", "sends what is no HTTP, and closes",
		func(s *script) { s.raw = []byte("\x00\x01 this is no HTTP\n") }),
	rawText("raw", "sends TEXT in the place of an answer, and closes"),
	word("unread", "answers without reading the request's body, and closes",
		func(s *script) { s.unread = true }),

	word("upgrade", "takes an Upgrade, and sends back what comes: messages of a WebSocket, or else bytes",
		func(s *script) { s.upgrade = true }),

	own("help", pageHelp, "this page"),
	own("ca", pageCA, "the certificate of the authority that signs the origin's own, in PEM"),
	own("client-cert", pageClientCert, "a client certificate that this origin trusts, in PEM"),
	own("client-key", pageClientKey, "the key of that"),
}

// named returns the behaviour of that name, or nil.
func named(name string) *behaviour {
	i := slices.IndexFunc(behaviours, func(b behaviour) bool { return b.name == name })
	if i < 0 {
		return nil
	}
	return &behaviours[i]
}

func number(name string, least, most int64, help string, set func(*script, int64)) behaviour {
	bounds := fmt.Sprintf("; N is %s to %s", count(least), count(most))
	return behaviour{name: name, value: "N", help: help + bounds, set: func(s *script, value string) error {
		n, err := parseCount(value)
		if err != nil {
			return err
		}
		if n < least || n > most {
			return fmt.Errorf("%d is not within %s and %s", n, count(least), count(most))
		}
		set(s, n)
		return nil
	}}
}

func duration(name, help string, set func(*script, time.Duration)) behaviour {
	help = fmt.Sprintf("%s; D is up to %v", help, maxTime)
	return behaviour{name: name, value: "D", help: help, set: func(s *script, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil {
			return errors.New("is no time such as 1500ms or 2s")
		}
		if d < 0 || d > maxTime {
			return fmt.Errorf("%v is not within 0 and %v", d, maxTime)
		}
		set(s, d)
		return nil
	}}
}

func word(name, help string, set func(*script)) behaviour {
	return behaviour{name: name, help: help, set: func(s *script, value string) error {
		if value != "" {
			return errors.New("takes no value")
		}
		set(s)
		return nil
	}}
}

func own(name string, p page, help string) behaviour {
	b := word(name, help, func(s *script) { s.page = p })
	b.page = p
	return b
}

func line(name, help string, lines func(*script) *[]string) behaviour {
	help = fmt.Sprintf("%s; up to %d times", help, maxLines)
	return behaviour{name: name, value: "NAME:VALUE", help: help, set: func(s *script, value string) error {
		field, text, ok := strings.Cut(value, ":")
		if !ok || !isToken(field) || !isText(text) {
			return errors.New("is no field such as X-Name:value")
		}
		all := lines(s)
		if len(*all) == maxLines {
			return fmt.Errorf("there are more than %d", maxLines)
		}
		*all = append(slices.Clip(*all), field+": "+strings.Trim(text, " \t"))
		return nil
	}}
}

func ended(name, help string, end ending) behaviour {
	help += fmt.Sprintf(" behind the head and N bytes of the body; N is up to %s; without N it is in the place of an answer", count(maxSize))
	return behaviour{name: name, value: "[N]", help: help, set: func(s *script, value string) error {
		s.end, s.at = end, beforeHead
		if value == "" {
			return nil
		}
		n, err := parseCount(value)
		if err != nil {
			return err
		}
		if n > maxSize {
			return fmt.Errorf("%d is above %s", n, count(maxSize))
		}
		s.at = n
		return nil
	}}
}

func rawText(name, help string) behaviour {
	help = fmt.Sprintf("%s; TEXT has up to %s", help, count(maxRaw))
	return behaviour{name: name, value: "TEXT", help: help, set: func(s *script, value string) error {
		if len(value) > maxRaw {
			return fmt.Errorf("has %d bytes", len(value))
		}
		s.raw = []byte(value)
		return nil
	}}
}

var units = []struct {
	name string
	size int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// parseCount reads a number that is not negative, with a unit or without.
func parseCount(text string) (int64, error) {
	unit := int64(1)
	for _, u := range units {
		if digits, ok := strings.CutSuffix(text, u.name); ok {
			text, unit = digits, u.size
			break
		}
	}
	n, err := strconv.ParseUint(text, 10, 32) // times a unit it still fits
	if err != nil || text[0] == '+' {
		return 0, errors.New("is no number such as 100 or 10KiB, below 4294967296")
	}
	return int64(n) * unit, nil
}

// count writes a number as parseCount reads it.
func count(n int64) string {
	for _, u := range units {
		if n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func isToken(s string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(marks, c) >= 0) {
			return false
		}
	}
	return s != ""
}

// isText reports whether s can stand in a field's value.
func isText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}
