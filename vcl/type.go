package vcl

import (
	"math"
	"strconv"
	"time"

	"headwater/vcl/syntax"
)

// A Type is a type of the language.
type Type uint8

// The types. Those below Ident have values at run time; an Ident is a name that is
// written out, such as the table of table.lookup.
const (
	Void Type = iota
	String
	Boolean
	Integer
	Float
	RTime
	Timestamp // TIME
	IP
	BackendRef // BACKEND
	ACLRef     // ACL
	TableRef   // TABLE
	Regex
	Ident // ID
)

var typeNames = [...]string{"VOID", "STRING", "BOOL", "INTEGER", "FLOAT", "RTIME", "TIME", "IP", "BACKEND", "ACL", "TABLE", "REGEX", "ID"}

func (t Type) String() string { return typeNames[t] }

// parseType returns the type that a program calls name.
func parseType(name string) (Type, bool) {
	for t, n := range typeNames {
		if n == name && Type(t) != Void && Type(t) != Ident {
			return Type(t), true
		}
	}
	return Void, false
}

// A Time is a moment: seconds since 1970 in UTC, and nanoseconds below 1e9. It
// reaches further than time.Duration does.
type Time struct {
	Unix int64
	Nano int64
}

// TimeOf returns t as a Time.
func TimeOf(t time.Time) Time { return Time{t.Unix(), int64(t.Nanosecond())} }

// Go returns t as a time.Time in UTC.
func (t Time) Go() time.Time { return time.Unix(t.Unix, t.Nano).UTC() }

// Add returns t moved by d.
func (t Time) Add(d time.Duration) Time {
	nano := t.Nano + int64(d%time.Second)
	unix := t.Unix + int64(d/time.Second)
	switch {
	case nano < 0:
		nano, unix = nano+1e9, unix-1
	case nano >= 1e9:
		nano, unix = nano-1e9, unix+1
	}
	return Time{unix, nano}
}

// Sub returns the span from u to t, as far as a span reaches.
func (t Time) Sub(u Time) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	secs := t.Unix - u.Unix
	switch {
	case secs >= most:
		return 1<<63 - 1
	case secs <= -most:
		return -1 << 63
	}
	return time.Duration(secs)*time.Second + time.Duration(t.Nano-u.Nano)
}

// Compare is negative if t is before u, positive if it is after.
func (t Time) Compare(u Time) int {
	switch {
	case t == u:
		return 0
	case t.Unix < u.Unix, t.Unix == u.Unix && t.Nano < u.Nano:
		return -1
	}
	return 1
}

// imfFixdate is how a TIME becomes a STRING (RFC 9110 section 5.6.7).
const imfFixdate = "Mon, 02 Jan 2006 15:04:05 GMT"

// How values become text, each appended to dst.

func appendFloat(dst []byte, f float64) []byte {
	switch {
	case f > math.MaxFloat64:
		return append(dst, "inf"...)
	case f < -math.MaxFloat64:
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'f', 3, 64)
}

// appendRTime writes seconds with three decimals.
func appendRTime(dst []byte, d time.Duration) []byte {
	if d < 0 {
		dst = append(dst, '-')
	}
	ms := d.Milliseconds()
	secs, rest := ms/1000, ms%1000
	if ms < 0 {
		secs, rest = -secs, -rest
	}
	dst = strconv.AppendInt(dst, secs, 10)
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}

// lastSecond is the end of the year 9999, which is the last that IMF-fixdate can write.
const lastSecond = 253402300799

// appendTime writes a moment as IMF-fixdate. Before 1970 there is none.
func appendTime(dst []byte, t Time) []byte {
	if t.Unix < 0 || t.Unix > lastSecond {
		return append(dst, "datetime out of bounds"...)
	}
	return t.Go().AppendFormat(dst, imfFixdate)
}

// typeOf returns the type that n names, or reports that there is none.
func (c *compiler) typeOf(n *syntax.Name) Type {
	t, ok := parseType(n.Text)
	if !ok {
		c.failf(n.Pos, "there is no type %s", n.Text)
	}
	return t
}
