package vcl

import (
	"strconv"
	"time"
)

// Variables of time.

var _ = vars(
	readTime("now", everywhere, func(x *Ctx) Time { return TimeOf(x.now()) }),
	readString("now.sec", everywhere, func(x *Ctx) string { return x.digits(x.now().Unix()) }),
	readTime("time.now", everywhere, func(x *Ctx) Time { return TimeOf(x.now()) }),
	readString("time.now.sec", everywhere, func(x *Ctx) string { return x.digits(x.now().Unix()) }),
	readRTime("time.elapsed", everywhere, func(x *Ctx) time.Duration { return x.now().Sub(x.Start) }),
	readTime("time.start", everywhere, func(x *Ctx) Time { return TimeOf(x.Start) }),
	readTime("time.end", in(Deliver, Log), func(x *Ctx) Time { return TimeOf(x.end()) }),
	readRTime("time.to_first_byte", in(Deliver, Log), func(x *Ctx) time.Duration { return x.Written.FirstByte }),
)

var (
	_ = timeParts("time.elapsed", everywhere, func(x *Ctx) Time { return Time{}.Add(x.now().Sub(x.Start)) })
	_ = timeParts("time.start", everywhere, func(x *Ctx) Time { return TimeOf(x.Start) })
	_ = timeParts("time.end", in(Deliver, Log), func(x *Ctx) Time { return TimeOf(x.end()) })
)

// timeParts are the rows of a moment's parts: whole seconds, milliseconds and
// microseconds, and the fraction of a second in each of the last two.
func timeParts(name string, read Scopes, at func(*Ctx) Time) bool {
	return vars(
		readString(name+".sec", read, func(x *Ctx) string { return x.digits(at(x).Unix) }),
		readString(name+".msec", read, func(x *Ctx) string { t := at(x); return x.digits(t.Unix*1e3 + t.Nano/1e6) }),
		readString(name+".usec", read, func(x *Ctx) string { t := at(x); return x.digits(t.Unix*1e6 + t.Nano/1e3) }),
		readString(name+".msec_frac", read, func(x *Ctx) string { return x.padded(at(x).Nano/1e6, 3) }),
		readString(name+".usec_frac", read, func(x *Ctx) string { return x.padded(at(x).Nano/1e3, 6) }),
	)
}

// now is the moment of this run: all of a subroutine sees the same.
func (x *Ctx) now() time.Time {
	if x.Now.IsZero() {
		x.Now = time.Now()
	}
	return x.Now
}

// end is when the answer had been written, or now before that.
func (x *Ctx) end() time.Time {
	if x.Written.End.IsZero() {
		return x.now()
	}
	return x.Written.End
}

// padded is n with zeros before it, to that many digits.
func (x *Ctx) padded(n int64, digits int) string {
	var space, number [24]byte
	text := strconv.AppendInt(number[:0], n, 10)
	out := space[:0]
	for range digits - len(text) {
		out = append(out, '0')
	}
	return x.arena.keep(append(out, text...))
}
