package vcl

import (
	"net/netip"
	"time"
)

// How rows of functions read their arguments. A STRING that is NOTSET is an empty
// text to most of them.

// text reads argument i as a STRING, "" if it is NOTSET or was not given.
func (c *call) text(i int) func(*Ctx) string {
	if !c.has(i) {
		return func(*Ctx) string { return "" }
	}
	f := c.args[i].str
	return func(x *Ctx) string {
		s, _ := f(x)
		x.charge(1 + len(s)/bytesAStep)
		return s
	}
}

// str reads argument i as a STRING that may be NOTSET.
func (c *call) str(i int) textFunc {
	if !c.has(i) {
		return func(*Ctx) (string, bool) { return "", false }
	}
	return c.args[i].str
}

func (c *call) integer(i int, otherwise int64) func(*Ctx) int64 {
	if !c.has(i) {
		return func(*Ctx) int64 { return otherwise }
	}
	return c.args[i].integer
}

func (c *call) boolean(i int) func(*Ctx) bool {
	if !c.has(i) {
		return no
	}
	return c.args[i].boolean
}

func (c *call) float(i int) func(*Ctx) float64       { return c.args[i].float }
func (c *call) rtime(i int) func(*Ctx) time.Duration { return c.args[i].rtime }
func (c *call) time(i int) func(*Ctx) Time           { return c.args[i].time }
func (c *call) ip(i int) func(*Ctx) netip.Addr       { return c.args[i].ip }

// Rows of the commonest shapes.

// takes makes the parameters of a row of types alone.
func takes(types ...Type) (all []param) {
	for _, t := range types {
		all = append(all, param{typ: t})
	}
	return all
}

// textOfText is the row of a function that makes a text of one.
func textOfText(name string, f func(x *Ctx, s string) string) *function {
	return &function{name: name, result: String, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofSetString(func(x *Ctx) string { return f(x, s(x)) })
		}}
}

// textOfTwo is the row of a function that makes a text of two.
func textOfTwo(name string, f func(x *Ctx, s, t string) string) *function {
	return &function{name: name, result: String, params: takes(String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, t := c.text(0), c.text(1)
			return ofSetString(func(x *Ctx) string { return f(x, s(x), t(x)) })
		}}
}

// textOfThree is the row of a function that makes a text of three.
func textOfThree(name string, f func(x *Ctx, s, t, u string) string) *function {
	return &function{name: name, result: String, params: takes(String, String, String), least: 3, scopes: everywhere,
		build: func(c *call) value {
			s, t, u := c.text(0), c.text(1), c.text(2)
			return ofSetString(func(x *Ctx) string { return f(x, s(x), t(x), u(x)) })
		}}
}

// boolOfTwo is the row of a function that tells something of two texts.
func boolOfTwo(name string, f func(s, t string) bool) *function {
	return &function{name: name, result: Boolean, params: takes(String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, t := c.text(0), c.text(1)
			return ofBool(func(x *Ctx) bool { return f(s(x), t(x)) })
		}}
}

// floatOfFloat is the row of a function of mathematics.
func floatOfFloat(name string, f func(x *Ctx, n float64) float64) *function {
	return &function{name: name, result: Float, params: takes(Float), least: 1, scopes: everywhere,
		build: func(c *call) value {
			n := c.float(0)
			return ofFloat(func(x *Ctx) float64 { return f(x, n(x)) })
		}}
}

// absent are rows that are refused, since what they do is not here yet.
func absent(reason string, names ...string) bool {
	for _, name := range names {
		funcs(&function{name: name, scopes: everywhere, reason: reason})
	}
	return true
}
