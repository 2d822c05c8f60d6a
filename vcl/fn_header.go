package vcl

import (
	"strings"

	"headwater/internal/message"
)

// Functions of headers: of one message, or of one header of it.

// whereabouts are the messages that functions take as an ID.
var whereabouts = map[string]struct {
	of     func(*Ctx) *message.Fields
	scopes Scopes
}{
	"req":    {reqFields, everywhere},
	"bereq":  {bereqFields, in(Miss, Pass, Fetch)},
	"beresp": {berespFields, in(Fetch)},
	"obj":    {objFields, in(Hit, Failure)},
	"resp":   {respFields, in(Deliver, Log)},
}

// where is the message that argument 0 names.
func (c *call) where() func(*Ctx) *message.Fields {
	name := c.args[0].text
	w, ok := whereabouts[name]
	if !ok {
		c.failf(c.place(0), "%s is no message: req, bereq, beresp, obj and resp are", name)
		return func(*Ctx) *message.Fields { return &message.Fields{} }
	}
	if bad := c.sub.scopes &^ w.scopes; bad != 0 {
		c.failf(c.place(0), "there is no %s in %s", name, c.compiler.where(bad))
	}
	return w.of
}

// key is the header that an argument names. Most are written out, and are prepared
// once.
func (c *call) key(i int) func(*Ctx) *message.Key {
	if c.args[i].literal {
		key := message.NewKey(c.args[i].text)
		return func(*Ctx) *message.Key { return key }
	}
	name := c.text(i)
	return func(x *Ctx) *message.Key { return message.NewKey(name(x)) }
}

var _ = funcs(
	&function{name: "header.get", result: String, params: takes(Ident, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			of, key := c.where(), c.key(1)
			return ofString(func(x *Ctx) (string, bool) { return of(x).Get(key(x)) })
		}},
	&function{name: "header.set", params: takes(Ident, String, String), least: 3, scopes: everywhere,
		build: func(c *call) value {
			of, key, text := c.where(), c.key(1), c.str(2)
			return ofAction(func(x *Ctx) {
				k := key(x)
				if !token(k.Name) || protected(k.Name) {
					return
				}
				if s, set := text(x); set {
					x.setField(of(x), k, s)
				} else {
					of(x).Unset(k)
				}
			})
		}},
	&function{name: "header.unset", params: takes(Ident, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			of, key := c.where(), c.key(1)
			return ofAction(func(x *Ctx) {
				if k := key(x); !protected(k.Name) {
					of(x).Unset(k)
				}
			})
		}},
	filterRow("header.filter", false),
	filterRow("header.filter_except", true),
	&function{name: "setcookie.get_value_by_name", result: String, params: takes(Ident, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			of, name := c.where(), c.text(1)
			return ofString(func(x *Ctx) (string, bool) {
				fs := of(x)
				i := lastCookie(fs, name(x))
				if i < 0 {
					return "", false
				}
				_, text := cookie(message.Text(fs.At(i).Value()))
				return text, true
			})
		}},
	&function{name: "setcookie.delete_by_name", result: Boolean, params: takes(Ident, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			of, name := c.where(), c.text(1)
			return ofBool(func(x *Ctx) bool { return deleteCookie(of(x), name(x)) })
		}},
	&function{name: "std.collect", params: takes(Ident, String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			of, key := c.headerNamed(0)
			sep := c.text(1)
			if !c.has(1) {
				sep = func(*Ctx) string { return "," }
			}
			return ofAction(func(x *Ctx) { x.collect(of(x), key, sep(x)) })
		}},
	&function{name: "std.count", result: Integer, params: takes(Ident), least: 1, scopes: everywhere,
		build: func(c *call) value {
			if name, ok := strings.CutSuffix(c.args[0].text, ".headers"); ok {
				c.args[0].text = name
				of := c.where()
				return ofInteger(func(x *Ctx) int64 { return int64(of(x).Len()) })
			}
			of, key := c.headerNamed(0)
			return ofInteger(func(x *Ctx) int64 { return countOf(of(x), key) })
		}},
	&function{name: "subfield", result: String, params: takes(String, String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, name, sep := c.text(0), c.text(1), c.text(2)
			if c.has(2) && c.args[2].literal && len(c.args[2].text) != 1 {
				c.failf(c.place(2), "a separator is one character")
			}
			return ofString(func(x *Ctx) (string, bool) {
				by := byte(',')
				if text := sep(x); text != "" {
					by = text[0]
				}
				return subfield(s(x), name(x), by)
			})
		}},
)

// headerNamed is the header that an argument names as a variable: req.http.Cookie.
func (c *call) headerNamed(i int) (func(*Ctx) *message.Fields, *message.Key) {
	a := &c.args[i]
	before, name, ok := strings.Cut(a.text, ".http.")
	if !ok || !token(name) {
		c.failf(c.place(i), "a header is wanted here, such as req.http.Cookie")
		return func(*Ctx) *message.Fields { return &message.Fields{} }, message.NewKey("")
	}
	kept := a.text
	a.text = before
	of := c.where()
	a.text = kept
	return of, message.NewKey(name)
}

// filterRow is the row of a function that takes out the headers it is given, or all
// others.
func filterRow(name string, except bool) *function {
	return &function{name: name, params: takes(Ident, String), least: 1, more: true, scopes: everywhere,
		build: func(c *call) value {
			of := c.where()
			names := make([]func(*Ctx) string, 0, len(c.args)-1)
			for i := 1; i < len(c.args); i++ {
				if a := &c.args[i]; a.literal && !token(a.text) {
					c.failf(c.place(i), "%q is no name of a header", a.text)
				}
				names = append(names, c.text(i))
			}
			return ofAction(func(x *Ctx) {
				var space [8]string
				all := space[:0]
				for _, name := range names {
					all = append(all, name(x))
				}
				fs := of(x)
				x.charge(fs.Len() * len(all) / bytesAStep)
				fs.Filter(func(f *message.Field) bool {
					name := message.Text(f.Name())
					return listed(all, name) == except || protected(name)
				})
			})
		}}
}

func listed(names []string, name string) bool {
	for _, one := range names {
		if equalFold(one, name) {
			return true
		}
	}
	return false
}

// collect makes one field of all of a name, with a separator and a blank between them.
func (x *Ctx) collect(fs *message.Fields, key *message.Key, sep string) {
	var space [16]string
	all := space[:0]
	for i := fs.Index(key, 0); i >= 0; i = fs.Index(key, i+1) {
		if len(all) > 0 {
			all = append(all, sep, " ")
		}
		all = append(all, message.Text(fs.At(i).Value()))
	}
	if len(all) > 1 {
		fs.Set(key, x.arena.join(all))
	}
}

func countOf(fs *message.Fields, key *message.Key) (n int64) {
	for i := fs.Index(key, 0); i >= 0; i = fs.Index(key, i+1) {
		n++
	}
	return n
}

var setCookie = message.NewKey("Set-Cookie")

// cookie reads the name and value of a Set-Cookie.
func cookie(s string) (name, text string) {
	s, _, _ = strings.Cut(s, ";")
	name, text, _ = strings.Cut(s, "=")
	return trimBlanks(name), trimBlanks(text)
}

// lastCookie finds the last Set-Cookie of a name, which is the one that counts, or
// returns -1.
func lastCookie(fs *message.Fields, name string) int {
	last := -1
	for i := fs.Index(setCookie, 0); i >= 0; i = fs.Index(setCookie, i+1) {
		if n, _ := cookie(message.Text(fs.At(i).Value())); n == name {
			last = i
		}
	}
	return last
}

func deleteCookie(fs *message.Fields, name string) bool {
	had := fs.Len()
	fs.Filter(func(f *message.Field) bool {
		if f.ID != message.SetCookie {
			return true
		}
		n, _ := cookie(message.Text(f.Value()))
		return n != name
	})
	return fs.Len() < had
}
