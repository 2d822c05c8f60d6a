package vcl

import (
	"strconv"

	"headwater/vcl/syntax"
)

// Variables of backends, and of the last match.

var _ = vars(
	&variable{name: "req.backend", typ: BackendRef, read: everywhere, write: everywhere,
		get: ofBackend(func(x *Ctx) *Backend { return x.Backend }),
		set: setsBackend(func(x *Ctx, b *Backend) { x.Backend = b })},
	readBool("req.backend.healthy", everywhere, func(x *Ctx) bool { return x.healthy(x.Backend) }),
	readBool("req.backend.is_shield", everywhere, func(x *Ctx) bool { return x.Backend.shield() }),
	readBool("req.backend.is_origin", in(Pass, Miss, Fetch), func(x *Ctx) bool { return x.Backend != nil && !x.Backend.shield() }),
	ofBackends("backend.{NAME}.healthy", Boolean, func(b *Backend) value {
		return ofBool(func(x *Ctx) bool { return x.healthy(b) })
	}),
	ofBackends("director.{NAME}.healthy", Boolean, func(b *Backend) value {
		return ofBool(func(x *Ctx) bool { return x.healthy(b) })
	}),
	ofBackends("backend.{NAME}.connections_open", Integer, func(b *Backend) value {
		return ofInteger(func(x *Ctx) int64 { open, _ := x.World.Connections(b); return int64(open) })
	}),
	ofBackends("backend.{NAME}.connections_used", Integer, func(b *Backend) value {
		return ofInteger(func(x *Ctx) int64 { _, used := x.World.Connections(b); return int64(used) })
	}),
	&variable{name: "re.group.{N}", typ: String, read: everywhere, bind: bindGroup},
)

func (x *Ctx) healthy(b *Backend) bool { return b != nil && x.World.Healthy(b) }

func (b *Backend) shield() bool {
	return b != nil && b.Director != nil && b.Director.Type == ShieldDirector
}

// ofBackends is the row of a variable that each backend and director has.
func ofBackends(name string, typ Type, get func(*Backend) value) *variable {
	v := &variable{name: name, typ: typ, read: everywhere}
	v.bind = func(c *compiler, part string, at syntax.Pos) *variable {
		b := c.backends[part]
		if b == nil {
			if !c.loose {
				c.unknown(at, "backend", part, keys(c.backends))
				return nil
			}
			b = &Backend{Name: part}
		}
		return &variable{name: part, typ: typ, read: everywhere, get: get(b)}
	}
	return v
}

func bindGroup(c *compiler, part string, at syntax.Pos) *variable {
	n, err := strconv.Atoi(part)
	if err != nil || n < 0 || n > maxGroup || strconv.Itoa(n) != part {
		c.failf(at, "re.group has the numbers 0 to %d", maxGroup)
		return nil
	}
	return &variable{name: "re.group." + part, typ: String, read: everywhere,
		get: ofString(func(x *Ctx) (string, bool) { return x.group(n) })}
}
