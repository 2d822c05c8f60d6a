package vcl

import (
	"net/netip"
	"time"
)

// What stores values, for the rows of the library.

func setsString(f func(*Ctx, string)) func(value) func(*Ctx) {
	return func(v value) func(*Ctx) {
		text := v.str
		return func(x *Ctx) { s, _ := text(x); f(x, s) }
	}
}

func setsBool(f func(*Ctx) *bool) func(value) func(*Ctx) {
	return func(v value) func(*Ctx) {
		now := v.boolean
		return func(x *Ctx) { *f(x) = now(x) }
	}
}

func setsInteger(f func(*Ctx, int64)) func(value) func(*Ctx) {
	return func(v value) func(*Ctx) {
		now := v.integer
		return func(x *Ctx) { f(x, now(x)) }
	}
}

func setsRTime(f func(*Ctx) *time.Duration) func(value) func(*Ctx) {
	return func(v value) func(*Ctx) {
		now := v.rtime
		return func(x *Ctx) { *f(x) = now(x) }
	}
}

func setsBackend(f func(*Ctx, *Backend)) func(value) func(*Ctx) {
	return func(v value) func(*Ctx) {
		now := v.backend
		return func(x *Ctx) { f(x, now(x)) }
	}
}

// Rows that read and write one place.

func boolVar(name string, read, write Scopes, at func(*Ctx) *bool) *variable {
	return &variable{name: name, typ: Boolean, read: read, write: write,
		get: ofBool(func(x *Ctx) bool { return *at(x) }), set: setsBool(at)}
}

func rtimeVar(name string, read, write Scopes, at func(*Ctx) *time.Duration) *variable {
	return &variable{name: name, typ: RTime, read: read, write: write,
		get: ofRTime(func(x *Ctx) time.Duration { return *at(x) }), set: setsRTime(at)}
}

// Rows that are read only.

func readString(name string, read Scopes, f func(*Ctx) string) *variable {
	return &variable{name: name, typ: String, read: read, get: ofSetString(f)}
}

func readText(name string, read Scopes, f textFunc) *variable {
	return &variable{name: name, typ: String, read: read, get: ofString(f)}
}

func readBool(name string, read Scopes, f func(*Ctx) bool) *variable {
	return &variable{name: name, typ: Boolean, read: read, get: ofBool(f)}
}

func readInteger(name string, read Scopes, f func(*Ctx) int64) *variable {
	return &variable{name: name, typ: Integer, read: read, get: ofInteger(f)}
}

func readRTime(name string, read Scopes, f func(*Ctx) time.Duration) *variable {
	return &variable{name: name, typ: RTime, read: read, get: ofRTime(f)}
}

func readTime(name string, read Scopes, f func(*Ctx) Time) *variable {
	return &variable{name: name, typ: Timestamp, read: read, get: ofTime(f)}
}

func readIP(name string, read Scopes, f func(*Ctx) netip.Addr) *variable {
	return &variable{name: name, typ: IP, read: read, get: ofIP(f)}
}

// missing are rows that are refused, since what they tell of is not there.
func missing(reason string, typ Type, names ...string) bool {
	for _, name := range names {
		vars(&variable{name: name, typ: typ, read: everywhere, reason: reason})
	}
	return true
}
