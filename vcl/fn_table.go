package vcl

import "net/netip"

// Functions that look into tables.

var _ = funcs(
	&function{name: "table.contains", result: Boolean, params: takes(TableRef, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			t, key := c.args[0].table, c.text(1)
			return ofBool(func(x *Ctx) bool { return t.Contains(key(x)) })
		}},
	lookupRow("table.lookup", String, func(c *call, t *Table, key func(*Ctx) string) value {
		otherwise := c.str(2)
		return ofString(func(x *Ctx) (string, bool) {
			if s, found := t.Lookup(key(x)); found {
				return s, true
			}
			return otherwise(x)
		})
	}),
	lookupRow("table.lookup_bool", Boolean, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofBool(found(t.bools, key, argOr(c, func(v value) func(*Ctx) bool { return v.boolean })))
	}),
	lookupRow("table.lookup_integer", Integer, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofInteger(found(t.ints, key, argOr(c, func(v value) func(*Ctx) int64 { return v.integer })))
	}),
	lookupRow("table.lookup_float", Float, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofFloat(found(t.floats, key, argOr(c, func(v value) func(*Ctx) float64 { return v.float })))
	}),
	lookupRow("table.lookup_rtime", RTime, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofRTime(found(t.rtimes, key, argOr(c, func(v value) func(*Ctx) rtime { return v.rtime })))
	}),
	lookupRow("table.lookup_ip", IP, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofIP(found(t.ips, key, argOr(c, func(v value) func(*Ctx) netip.Addr { return v.ip })))
	}),
	lookupRow("table.lookup_backend", BackendRef, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofBackend(found(t.backends, key, argOr(c, func(v value) func(*Ctx) *Backend { return v.backend })))
	}),
	lookupRow("table.lookup_acl", ACLRef, func(c *call, t *Table, key func(*Ctx) string) value {
		return ofACL(found(t.acls, key, argOr(c, func(v value) func(*Ctx) *ACL { return v.acl })))
	}),
	&function{name: "table.lookup_regex", result: Regex, params: takes(TableRef, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			if !c.typed(Regex) {
				return value{}
			}
			return ofRegex(found(c.args[0].table.regexes, c.text(1), nil))
		}},
)

// lookupRow is the row of a look-up in tables of one type, with something to return
// where there is nothing.
func lookupRow(name string, typ Type, build func(*call, *Table, func(*Ctx) string) value) *function {
	f := &function{name: name, result: typ, params: takes(TableRef, String, typ), least: 3, scopes: everywhere}
	if typ == String {
		f.least = 2
	}
	f.build = func(c *call) value {
		if !c.typed(typ) {
			return value{}
		}
		return build(c, c.args[0].table, c.text(1))
	}
	return f
}

// typed reports whether the first argument is a table of that type.
func (c *call) typed(typ Type) bool {
	if t := c.args[0].table; t.Type != typ {
		c.failf(c.place(0), "%s is a table of %s, and %s looks into one of %s", t.Name, t.Type, c.fun.name, typ)
		return false
	}
	return true
}

func argOr[V any](c *call, read func(value) func(*Ctx) V) func(*Ctx) V { return read(c.args[2]) }

func found[V any](m map[string]V, key func(*Ctx) string, otherwise func(*Ctx) V) func(*Ctx) V {
	return func(x *Ctx) (v V) {
		if v, found := m[key(x)]; found {
			return v
		}
		if otherwise != nil {
			return otherwise(x)
		}
		return v
	}
}
