package vcl

import (
	"strings"

	"headwater/internal/message"
	"headwater/vcl/syntax"
)

// Headers of the five messages, as variables.

func reqFields(x *Ctx) *message.Fields    { return &x.Req.Fields }
func bereqFields(x *Ctx) *message.Fields  { return &x.Bereq.Fields }
func berespFields(x *Ctx) *message.Fields { return &x.Beresp.Fields }
func objFields(x *Ctx) *message.Fields    { return &x.Obj.Fields }
func respFields(x *Ctx) *message.Fields   { return &x.Resp.Fields }

var _ = vars(
	headers("req.http.{NAME}", everywhere, everywhere, reqFields),
	headers("bereq.http.{NAME}", in(Miss, Pass, Fetch), in(Miss, Pass, Fetch), bereqFields),
	headers("beresp.http.{NAME}", in(Fetch), in(Fetch), berespFields),
	headers("obj.http.{NAME}", in(Hit, Failure), in(Hit, Failure), objFields),
	headers("resp.http.{NAME}", in(Deliver, Log), in(Deliver, Log), respFields),
)

// headers is the row of all headers of one message.
func headers(name string, read, write Scopes, of func(*Ctx) *message.Fields) *variable {
	prefix := strings.TrimSuffix(name, "{NAME}")
	return &variable{
		name: name, typ: String, read: read, write: write, unset: write,
		bind: func(c *compiler, part string, at syntax.Pos) *variable {
			v := &variable{name: prefix + part, typ: String, read: read, write: write, unset: write}
			field, sub, hasSub := strings.Cut(part, ":")
			all, wild := strings.CutSuffix(field, "*")
			switch {
			case !token(all) && !(wild && all == ""), wild && hasSub, hasSub && sub == "":
				c.failf(at, "%s is no name of a header", part)
				return nil
			case wild:
				v.read, v.write = 0, 0
				low := strings.ToLower(all)
				v.clear = func(x *Ctx) { of(x).UnsetPrefix(low) }
				return v
			case protected(field):
				v.write, v.unset = 0, 0
			}
			key := message.NewKey(field)
			if hasSub {
				subfieldOf(v, key, sub, of)
			} else {
				fieldOf(v, key, of)
			}
			return v
		},
	}
}

// fieldOf makes the row of one header.
func fieldOf(v *variable, key *message.Key, of func(*Ctx) *message.Fields) {
	v.get = ofString(func(x *Ctx) (string, bool) { return of(x).Get(key) })
	v.get.has = func(x *Ctx) bool { return of(x).Has(key) }
	v.set = func(a value) func(*Ctx) {
		s := a.str
		return func(x *Ctx) {
			if text, set := s(x); set {
				x.setField(of(x), key, text)
			} else {
				of(x).Unset(key)
			}
		}
	}
	v.add = func(a value) func(*Ctx) {
		get := a.str
		return func(x *Ctx) {
			if text, set := get(x); set {
				x.addField(of(x), key, text)
			}
		}
	}
	v.clear = func(x *Ctx) { of(x).Unset(key) }
	if key.ID() != message.Other {
		v.field = &field{strings.TrimSuffix(v.name, key.Name), key.ID(), of}
	}
}

// maxFields is how many fields a program may make of a message (Fastly's limit for
// requests).
const maxFields = 255

// setField and addField change a message, whose size counts as workspace: a value
// that is used many times is written to the wire as often.
func (x *Ctx) setField(fs *message.Fields, key *message.Key, text string) {
	if x.spend(fs.Len(), key, text) {
		fs.Set(key, oneLine(text))
	}
}

func (x *Ctx) addField(fs *message.Fields, key *message.Key, text string) {
	if x.spend(fs.Len(), key, text) {
		fs.Add(key, oneLine(text))
	}
}

func (x *Ctx) spend(fields int, key *message.Key, text string) bool {
	a := &x.arena
	a.used += len(key.Name) + len(text)
	a.over = a.over || a.used > maxWorkspace || fields >= maxFields
	return !a.over
}

// token reports whether s can be the name of a header (RFC 9110 section 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		switch b := s[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0:
		default:
			return false
		}
	}
	return s != "" && len(s) <= message.MaxName
}

// protected reports whether a program may read a header only: it says where a
// message ends, or is a mark that others trust.
func protected(name string) bool {
	switch low := strings.ToLower(name); low {
	case "content-length", "content-range", "expect", "fastly-ff", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	default:
		return strings.HasPrefix(low, "proxy-")
	}
}

// oneLine is s up to what must not be in a header.
func oneLine(s string) string {
	if b := message.Bytes(s); !message.IsValue(b) {
		return s[:message.EndOfValue(b)]
	}
	return s
}
