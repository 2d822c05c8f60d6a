package vcl

import (
	"maps"
	"strings"

	"headwater/vcl/syntax"
)

// name compiles a name that is read: a variable, or something declared.
func (c *compiler) name(n *syntax.Name) value {
	if v := c.declared(n); v.typ != Void {
		return v
	}
	t := c.find(n)
	if t == nil || !c.allowed(n.Pos, t, t.read, "read") {
		return value{}
	}
	return t.get
}

// declared is the value of a name of the program's own.
func (c *compiler) declared(n *syntax.Name) value {
	if b := c.backends[n.Text]; b != nil {
		return ofBackend(func(*Ctx) *Backend { return b })
	}
	if a := c.acls[n.Text]; a != nil {
		return ofACL(func(*Ctx) *ACL { return a })
	}
	if t := c.tables[n.Text]; t != nil {
		return value{typ: TableRef, table: t}
	}
	return value{}
}

// target finds the variable that a statement changes.
func (c *compiler) target(n *syntax.Name) *variable {
	if c.declared(n).typ != Void {
		c.failf(n.Pos, "%s is no variable", n.Text)
		return nil
	}
	return c.find(n)
}

// find finds a variable. It says what is wrong if there is none.
func (c *compiler) find(n *syntax.Name) *variable {
	if l, ok := c.locals[n.Text]; ok {
		return l.variable(n.Text)
	}
	v, part := lookup(n.Text)
	switch {
	case v == nil && c.loose && !strings.Contains(n.Text, "."):
		return nil
	case v == nil:
		c.unknown(n.Pos, "variable", n.Text, c.like(n.Text))
		return nil
	case v.reason != "":
		c.failf(n.Pos, "%s is not implemented: %s", n.Text, v.reason)
		return nil
	case v.bind != nil:
		return v.bind(c, part, n.Pos)
	}
	return v
}

// typeOfName is the type of a name, without a word if it has none.
func (c *compiler) typeOfName(n *syntax.Name) Type {
	if l, ok := c.locals[n.Text]; ok {
		return l.typ
	}
	if v, _ := lookup(n.Text); v != nil {
		return v.typ
	}
	return Void
}

// like are all names that a misspelt one may have been meant to be. What varies of
// a name stays as it was written.
func (c *compiler) like(name string) func(func(string) bool) {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return func(yield func(string) bool) {
		for _, all := range []func(func(string) bool){keys(variables), keys(c.locals), keys(c.backends), keys(c.acls), keys(c.tables)} {
			for known := range all {
				if before, _, varies := strings.Cut(known, "{"); varies {
					known = before + last
				}
				if !yield(known) {
					return
				}
			}
		}
	}
}

func keys[V any](m map[string]V) func(func(string) bool) { return maps.Keys(m) }

// allowed reports whether a variable may be read, set or unset in all subroutines
// that this one is reached from.
func (c *compiler) allowed(at syntax.Pos, v *variable, scopes Scopes, verb string) bool {
	if scopes == 0 {
		c.failf(at, "%s cannot be %s", v.name, verb)
		return false
	}
	bad := c.sub.scopes &^ scopes
	if bad == 0 {
		return true
	}
	c.failf(at, "%s cannot be %s in %s, but only in: %s", v.name, verb, c.where(bad), scopes)
	return false
}

// backendNamed finds the backend or director of a name; nil, with a word, if there
// is none.
func (c *compiler) backendNamed(n *syntax.Name) *Backend {
	b := c.backends[n.Text]
	if b == nil && !c.loose {
		c.unknown(n.Pos, "backend", n.Text, keys(c.backends))
	}
	return b
}

func (c *compiler) aclNamed(n *syntax.Name) *ACL {
	a := c.acls[n.Text]
	if a == nil && !c.loose {
		c.unknown(n.Pos, "ACL", n.Text, keys(c.acls))
	}
	return a
}
