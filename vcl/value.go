package vcl

import (
	"net/netip"
	"time"

	"headwater/vcl/regex"
)

// A textFunc computes a STRING, and whether it is set.
type textFunc = func(*Ctx) (string, bool)

// A value is a compiled expression: its type and the one function, of that type,
// that computes it. There is a function type for each type of the language, so
// that nothing is boxed at run time. A STRING can be NOTSET, which its second
// result says; an IP is NOTSET if it is not valid; a BACKEND and an ACL, if nil.
type value struct {
	typ Type

	// literal says that the value was written out, which the language treats
	// apart. The constants below are then what the functions return.
	literal bool
	text    string // of a literal STRING, and the name of an Ident

	parts []textFunc // of a concatenation, in the place of str

	str     textFunc
	plain   func(*Ctx) string // what str says, of a STRING that is never NOTSET; may be nil
	has     func(*Ctx) bool   // whether str is set, if that costs less to know
	boolean func(*Ctx) bool
	integer func(*Ctx) int64
	float   func(*Ctx) float64
	rtime   func(*Ctx) time.Duration
	time    func(*Ctx) Time
	ip      func(*Ctx) netip.Addr
	backend func(*Ctx) *Backend
	acl     func(*Ctx) *ACL

	table *Table       // of a TableRef
	regex *regex.Regex // of a literal Regex
	regs  func(*Ctx) *regex.Regex
}

// Values from functions, for the rows of the library.

func ofString(f func(*Ctx) (string, bool)) value { return value{typ: String, str: f} }
func ofBool(f func(*Ctx) bool) value             { return value{typ: Boolean, boolean: f} }
func ofInteger(f func(*Ctx) int64) value         { return value{typ: Integer, integer: f} }
func ofFloat(f func(*Ctx) float64) value         { return value{typ: Float, float: f} }
func ofRTime(f func(*Ctx) time.Duration) value   { return value{typ: RTime, rtime: f} }
func ofTime(f func(*Ctx) Time) value             { return value{typ: Timestamp, time: f} }
func ofIP(f func(*Ctx) netip.Addr) value         { return value{typ: IP, ip: f} }
func ofBackend(f func(*Ctx) *Backend) value      { return value{typ: BackendRef, backend: f} }
func ofACL(f func(*Ctx) *ACL) value              { return value{typ: ACLRef, acl: f} }
func ofRegex(f func(*Ctx) *regex.Regex) value    { return value{typ: Regex, regs: f} }
func ofAction(f func(*Ctx)) value {
	return value{typ: Void, boolean: func(c *Ctx) bool { f(c); return true }}
}
func ofSetString(f func(*Ctx) string) value {
	return value{typ: String, plain: f, str: func(c *Ctx) (string, bool) { return f(c), true }}
}
func constant(s string) value { return ofString(func(*Ctx) (string, bool) { return s, true }) }
