package vcl

import (
	"net/netip"
	"strings"
	"time"

	"headwater/vcl/syntax"
)

// declareLocal compiles declare local. The variable begins anew each time it is
// passed.
func (c *compiler) declareLocal(s *syntax.Declare) runner {
	name := s.Name.Text
	if !strings.HasPrefix(name, "var.") || len(name) == len("var.") {
		c.failf(s.Name.Pos, "the name of a local variable begins with var.")
		return nil
	}
	if _, twice := c.locals[name]; twice {
		c.failf(s.Name.Pos, "%s is declared already", name)
		return nil
	}
	typ := c.typeOf(s.Type)
	if typ == Void {
		return nil
	}
	if !storable(typ) {
		c.failf(s.Type.Pos, "a local variable cannot have the type %s", typ)
		return nil
	}
	l := c.newLocal(typ)
	c.locals[name] = l
	if s.Block {
		c.inner = append(c.inner, name)
	}
	return does(l.zero())
}

// zero gives the variable the value that all begin with.
func (l local) zero() func(*Ctx) {
	switch i := l.slot; l.typ {
	case String:
		return func(x *Ctx) { x.strs[i] = text{} }
	case Boolean:
		return func(x *Ctx) { x.bools[i] = false }
	case Integer:
		return func(x *Ctx) { x.ints[i] = 0 }
	case Float:
		return func(x *Ctx) { x.floats[i] = 0 }
	case RTime:
		return func(x *Ctx) { x.rtimes[i] = 0 }
	case Timestamp:
		return func(x *Ctx) { x.times[i] = Time{} }
	case IP:
		return func(x *Ctx) { x.ips[i] = netip.Addr{} }
	case BackendRef:
		return func(x *Ctx) { x.backends[i] = nil }
	default:
		return func(x *Ctx) { x.acls[i] = nil }
	}
}

// get reads the variable.
func (l local) get() value {
	switch i := l.slot; l.typ {
	case String:
		return ofString(func(x *Ctx) (string, bool) { return x.strs[i].s, x.strs[i].set })
	case Boolean:
		return ofBool(func(x *Ctx) bool { return x.bools[i] })
	case Integer:
		return ofInteger(func(x *Ctx) int64 { return x.ints[i] })
	case Float:
		return ofFloat(func(x *Ctx) float64 { return x.floats[i] })
	case RTime:
		return ofRTime(func(x *Ctx) time.Duration { return x.rtimes[i] })
	case Timestamp:
		return ofTime(func(x *Ctx) Time { return x.times[i] })
	case IP:
		return ofIP(func(x *Ctx) netip.Addr { return x.ips[i] })
	case BackendRef:
		return ofBackend(func(x *Ctx) *Backend { return x.backends[i] })
	default:
		return ofACL(func(x *Ctx) *ACL { return x.acls[i] })
	}
}

// set stores a value that has the variable's type. A STRING that is not set becomes an
// empty one.
func (l local) set(v value) func(*Ctx) {
	switch i := l.slot; l.typ {
	case String:
		now := v.str
		return func(x *Ctx) { s, _ := now(x); x.strs[i] = text{s, true} }
	case Boolean:
		now := v.boolean
		return func(x *Ctx) { x.bools[i] = now(x) }
	case Integer:
		now := v.integer
		return func(x *Ctx) { x.ints[i] = now(x) }
	case Float:
		now := v.float
		return func(x *Ctx) { x.floats[i] = now(x) }
	case RTime:
		now := v.rtime
		return func(x *Ctx) { x.rtimes[i] = now(x) }
	case Timestamp:
		now := v.time
		return func(x *Ctx) { x.times[i] = now(x) }
	case IP:
		now := v.ip
		return func(x *Ctx) { x.ips[i] = now(x) }
	case BackendRef:
		now := v.backend
		return func(x *Ctx) { x.backends[i] = now(x) }
	default:
		now := v.acl
		return func(x *Ctx) { x.acls[i] = now(x) }
	}
}

// variable makes a row of a local, like those of the library.
func (l local) variable(name string) *variable {
	return &variable{
		name: name, typ: l.typ, local: true, read: everywhere, write: everywhere, unset: everywhere,
		get: l.get(), set: l.set, clear: l.zero(),
	}
}

// storeResult stores what a function returns.
func storeResult(v value) func(*Ctx) {
	switch v.typ {
	case String:
		now := v.str
		return func(x *Ctx) { s, set := now(x); x.result.str = text{s, set} }
	case Boolean:
		now := v.boolean
		return func(x *Ctx) { x.result.boolean = now(x) }
	case Integer:
		now := v.integer
		return func(x *Ctx) { x.result.integer = now(x) }
	case Float:
		now := v.float
		return func(x *Ctx) { x.result.float = now(x) }
	case RTime:
		now := v.rtime
		return func(x *Ctx) { x.result.rtime = now(x) }
	case Timestamp:
		now := v.time
		return func(x *Ctx) { x.result.time = now(x) }
	case IP:
		now := v.ip
		return func(x *Ctx) { x.result.ip = now(x) }
	case BackendRef:
		now := v.backend
		return func(x *Ctx) { x.result.backend = now(x) }
	case ACLRef:
		now := v.acl
		return func(x *Ctx) { x.result.acl = now(x) }
	}
	return func(*Ctx) {}
}

// arguments compiles the passing of arguments. All are computed before any is
// stored: one of them may call the same subroutine.
func (c *compiler) arguments(r *routine, args []syntax.Expr, at syntax.Pos) func(*Ctx) {
	if len(args) != len(r.params) {
		c.failf(at, "%s takes %d arguments, not %d", r.name, len(r.params), len(args))
		return func(*Ctx) {}
	}
	steps := make([]func(*Ctx), 0, 2*len(args))
	var last []func(*Ctx)
	for i, a := range args {
		v := c.convert(c.expr(a), r.params[i].typ, a.Place())
		if v.typ == Void {
			continue
		}
		aside := c.newLocal(v.typ)
		steps = append(steps, aside.set(v))
		last = append(last, r.params[i].set(aside.get()))
	}
	steps = append(steps, last...)
	return func(x *Ctx) {
		for _, s := range steps {
			s(x)
		}
	}
}

// resultOf compiles a call of a function of the program's own.
func (c *compiler) resultOf(r *routine, e *syntax.Call) value {
	if r.result == Void {
		c.failf(e.Pos, "%s returns nothing; call %s; runs it", r.name, r.name)
		return value{}
	}
	pass := c.arguments(r, e.Args, e.Pos)
	run := func(x *Ctx) {
		x.charge(1)
		pass(x)
		x.result = result{}
		kept := x.save()
		r.run(x)
		x.restore(kept)
	}
	switch r.result {
	case String:
		return ofString(func(x *Ctx) (string, bool) { run(x); return x.result.str.s, x.result.str.set })
	case Boolean:
		return ofBool(func(x *Ctx) bool { run(x); return x.result.boolean })
	case Integer:
		return ofInteger(func(x *Ctx) int64 { run(x); return x.result.integer })
	case Float:
		return ofFloat(func(x *Ctx) float64 { run(x); return x.result.float })
	case RTime:
		return ofRTime(func(x *Ctx) time.Duration { run(x); return x.result.rtime })
	case Timestamp:
		return ofTime(func(x *Ctx) Time { run(x); return x.result.time })
	case IP:
		return ofIP(func(x *Ctx) netip.Addr { run(x); return x.result.ip })
	case BackendRef:
		return ofBackend(func(x *Ctx) *Backend { run(x); return x.result.backend })
	default:
		return ofACL(func(x *Ctx) *ACL { run(x); return x.result.acl })
	}
}

// clears returns what clears the variables whose places were given out in between, a
// function for each type of which there are some.
func clears(from, to *slots) (all []func(*Ctx)) {
	all = clearing(all, from[String], to[String], func(x *Ctx) []text { return x.strs })
	all = clearing(all, from[Boolean], to[Boolean], func(x *Ctx) []bool { return x.bools })
	all = clearing(all, from[Integer], to[Integer], func(x *Ctx) []int64 { return x.ints })
	all = clearing(all, from[Float], to[Float], func(x *Ctx) []float64 { return x.floats })
	all = clearing(all, from[RTime], to[RTime], func(x *Ctx) []time.Duration { return x.rtimes })
	all = clearing(all, from[Timestamp], to[Timestamp], func(x *Ctx) []Time { return x.times })
	all = clearing(all, from[IP], to[IP], func(x *Ctx) []netip.Addr { return x.ips })
	all = clearing(all, from[BackendRef], to[BackendRef], func(x *Ctx) []*Backend { return x.backends })
	return clearing(all, from[ACLRef], to[ACLRef], func(x *Ctx) []*ACL { return x.acls })
}

func clearing[V any](all []func(*Ctx), from, to int, of func(*Ctx) []V) []func(*Ctx) {
	if from == to {
		return all
	}
	return append(all, func(x *Ctx) { clear(of(x)[from:to]) })
}
