package vcl

import (
	"encoding/base64"
	"slices"

	"headwater/internal/message"
	"headwater/vcl/syntax"
)

// A runner is a compiled statement.
type runner = func(*Ctx) Action

// does makes a runner of what always goes on.
func does(f func(*Ctx)) runner {
	return func(x *Ctx) Action {
		f(x)
		return Default
	}
}

// block compiles statements. Those of a macro stand where it stands.
func (c *compiler) block(stmts []syntax.Stmt) *block {
	b := &block{}
	c.open = append(c.open, b)
	around := len(c.inner)
	c.append(b, stmts)
	b.steps = slices.Clone(b.steps) // without the room that it has grown
	b.gather()
	for _, name := range c.inner[around:] {
		delete(c.locals, name)
	}
	c.inner = c.inner[:around]
	c.open = c.open[:len(c.open)-1]
	return b
}

func (c *compiler) append(b *block, stmts []syntax.Stmt) {
	for _, s := range stmts {
		if c.stopped() {
			return
		}
		c.at = s.Place()
		switch s := s.(type) {
		case *syntax.Macro:
			c.append(b, s.Body)
		case *syntax.Label:
			c.label(b, s)
		case *syntax.If:
			b.steps = append(b.steps, c.condition(s))
		case *syntax.Unset:
			if st, ok := c.clear(s); ok {
				b.steps = append(b.steps, st)
			}
		default:
			if run := c.stmt(s); run != nil {
				b.steps = append(b.steps, step{run: run, node: kept[syntax.Stmt](c, s)})
			}
		}
	}
}

// label notes where a goto leads. It must have been named before, since nothing
// leads back, and from inside of the block that it is in.
func (c *compiler) label(b *block, s *syntax.Label) {
	name := s.Name.Text
	if c.labels[name] {
		c.failf(s.Pos, "there is a label %s already", name)
		return
	}
	c.labels[name] = true
	if len(c.gotos[name]) == 0 {
		c.warnf(s.Pos, "no goto leads to the label %s", name)
		return
	}
	for _, from := range c.gotos[name] {
		if !slices.Contains(from, b) {
			c.failf(s.Pos, "a goto cannot lead into a block, to the label %s", name)
		}
	}
	delete(c.gotos, name)
	if b.labels == nil {
		b.labels = map[string]int{}
	}
	b.labels[name] = len(b.steps)
}

// stmt compiles one statement; nil if nothing is to run.
func (c *compiler) stmt(s syntax.Stmt) runner {
	switch s := s.(type) {
	case *syntax.Set:
		return c.assign(s)
	case *syntax.Add:
		return c.add(s)
	case *syntax.If:
		return c.branch(s)
	case *syntax.Switch:
		return c.choose(s)
	case *syntax.Block:
		return c.block(s.Stmts).run
	case *syntax.Invoke:
		return c.invoke(s)
	case *syntax.Return:
		return c.leave(s)
	case *syntax.Error:
		return c.raise(s)
	case *syntax.Restart:
		return c.end(s.Pos, "restart", "restart")
	case *syntax.Log:
		return c.log(s)
	case *syntax.Synthetic:
		return c.synthetic(s)
	case *syntax.Declare:
		return c.declareLocal(s)
	case *syntax.Goto:
		return c.jump(s)
	case *syntax.Break:
		return func(*Ctx) Action { return breaks }
	case *syntax.Fallthrough:
		return func(*Ctx) Action { return fallsThrough }
	case *syntax.Do:
		return c.do(s)
	case *syntax.ESI:
		c.failf(s.Pos, "esi is not implemented")
	case *syntax.Include:
		c.failf(s.Pos, "there is nothing to include by the name %q", s.Name)
	}
	return nil
}

// condition compiles an if, of which most have no else.
func (c *compiler) condition(s *syntax.If) step {
	st := step{node: kept[syntax.Stmt](c, s)}
	if s.Else != nil {
		st.run = c.branch(s)
		return st
	}
	st.when = c.truth(s.Cond)
	st.run = c.block(s.Then.Stmts).run
	return st
}

// branch compiles an if, and all the else if behind it.
func (c *compiler) branch(s *syntax.If) runner {
	cond := c.truth(s.Cond)
	then := c.block(s.Then.Stmts)
	var otherwise runner
	if s.Else != nil {
		otherwise = c.stmt(s.Else)
	}
	told := kept(c, s.Cond)
	return func(x *Ctx) Action {
		yes := cond(x)
		if x.Trace != nil {
			x.Trace.decide(told, yes)
		}
		switch {
		case yes:
			return then.run(x)
		case otherwise != nil:
			return otherwise(x)
		}
		return Default
	}
}

// choose compiles a switch: the first case that matches runs, and those behind it
// as long as they fall through.
func (c *compiler) choose(s *syntax.Switch) runner {
	control := c.text(c.expr(s.Value), s.Value.Place(), "")
	matches := make([]func(*Ctx, string, bool) bool, len(s.Cases))
	bodies := make([]*block, len(s.Cases))
	usual := -1
	for i, k := range s.Cases {
		bodies[i] = c.block(k.Stmts)
		if k.Match != nil {
			matches[i] = c.caseOf(k)
		} else if usual = i; c.seenDefault(s.Cases[:i]) {
			c.failf(k.Pos, "a switch has one default")
		}
	}
	return func(x *Ctx) Action {
		subject, set := control(x)
		at := usual
		for i, m := range matches {
			if x.charge(1); m != nil && m(x, subject, set) {
				at = i
				break
			}
		}
		for ; at >= 0 && at < len(bodies); at++ {
			switch a := bodies[at].run(x); a {
			case breaks:
				return Default
			case fallsThrough:
			default:
				return a
			}
		}
		return Default
	}
}

func (c *compiler) seenDefault(cases []*syntax.Case) bool {
	for _, k := range cases {
		if k.Match == nil {
			return true
		}
	}
	return false
}

func (c *compiler) caseOf(k *syntax.Case) func(*Ctx, string, bool) bool {
	if k.Regex {
		r := c.pattern(k.Match)
		return func(x *Ctx, s string, _ bool) bool { return r != nil && x.match(r, s) }
	}
	want := c.literalText(k.Match)
	return func(_ *Ctx, s string, set bool) bool { return set && s == want }
}

// invoke compiles a call of a subroutine. What it matched is its own.
func (c *compiler) invoke(s *syntax.Invoke) runner {
	r := c.subs[s.Sub.Text]
	switch {
	case r == nil:
		if !c.loose {
			c.unknown(s.Sub.Pos, "subroutine", s.Sub.Text, keys(c.subs))
		}
		return nil
	case r.result != Void:
		c.failf(s.Pos, "%s returns %s: it is called in an expression", r.name, r.result)
		return nil
	}
	if _, builtin := scopeOf(r.name); builtin {
		c.failf(s.Pos, "%s cannot be called", r.name)
		return nil
	}
	pass := c.arguments(r, s.Args, s.Pos)
	return func(x *Ctx) Action {
		pass(x)
		kept := x.save()
		a := r.run(x)
		x.restore(kept)
		if a == leaves {
			return Default
		}
		return a
	}
}

// leave compiles a return: of a state, of a value, or of nothing.
func (c *compiler) leave(s *syntax.Return) runner {
	switch {
	case c.sub.result != Void:
		if s.Value == nil {
			c.failf(s.Pos, "%s returns %s", c.sub.name, c.sub.result)
			return nil
		}
		store := storeResult(c.convert(c.expr(s.Value), c.sub.result, s.Value.Place()))
		return func(x *Ctx) Action {
			store(x)
			return leaves
		}
	case s.State != nil:
		return c.end(s.State.Pos, s.State.Text, "return("+s.State.Text+")")
	case s.Value != nil:
		c.failf(s.Pos, "%s returns no value", c.sub.name)
		return nil
	}
	return func(*Ctx) Action { return leaves }
}

// end compiles what ends the whole subroutine, in a state that it must know.
func (c *compiler) end(at syntax.Pos, state, shown string) runner {
	known, ok := states[state]
	if !ok {
		c.unknown(at, "state", state, keys(states))
		return nil
	}
	if bad := c.sub.scopes &^ known.scopes; bad != 0 {
		c.failf(at, "%s is not allowed in %s", shown, c.where(bad))
		return nil
	}
	if c.sub.result != Void {
		c.failf(at, "%s returns %s, and cannot %s", c.sub.name, c.sub.result, shown)
		return nil
	}
	action := known.action
	if action == DoHash && c.sub.scopes == in(Recv) {
		action = DoLookup
	}
	return func(*Ctx) Action { return action }
}

// where says in which subroutines something is not allowed: this one, or those
// that it is called from.
func (c *compiler) where(bad Scopes) string {
	if c.subs[c.sub.name] == nil || c.program.subs[c.sub.scope()] == c.sub {
		return c.sub.name // a condition, or what the edge calls
	}
	return c.sub.name + ", which is called in " + bad.String()
}

// raise compiles an error statement.
func (c *compiler) raise(s *syntax.Error) runner {
	stop := c.end(s.Pos, "error", "error")
	status := func(*Ctx) int64 { return 503 }
	if s.Status != nil {
		status = c.convert(c.expr(s.Status), Integer, s.Status.Place()).integer
	}
	reason := func(*Ctx) (string, bool) { return "", false }
	if s.Reason != nil {
		reason = c.text(c.expr(s.Reason), s.Reason.Place(), "(null)")
	}
	if stop == nil || status == nil {
		return nil
	}
	return func(x *Ctx) Action {
		x.ErrorStatus = clampStatus(status(x))
		x.ErrorReason, x.HasReason = reason(x)
		x.ErrorReason = oneLine(x.ErrorReason)
		return DoError
	}
}

// clampStatus makes a status that can go on the wire of any number.
func clampStatus(n int64) int {
	if n < 100 || n > 999 {
		return 503
	}
	return int(n)
}

func (c *compiler) log(s *syntax.Log) runner {
	line := c.text(c.expr(s.Value), s.Value.Place(), "(null)")
	return does(func(x *Ctx) {
		text, set := line(x)
		if !set {
			text = "(null)"
		}
		// Copied, as the message that it is a part of may be gone when it is read.
		x.Logged = append(x.Logged, x.arena.keep(message.Bytes(text)))
	})
}

func (c *compiler) synthetic(s *syntax.Synthetic) runner {
	if bad := c.sub.scopes &^ in(Failure); bad != 0 {
		c.failf(s.Pos, "synthetic is not allowed in %s", c.where(bad))
		return nil
	}
	body := c.text(c.expr(s.Value), s.Value.Place(), "(null)")
	if s.Base64 {
		return does(func(x *Ctx) {
			text, _ := body(x)
			decoded, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				x.Failure = "EINVAL"
			}
			x.Synthetic, x.HasSynthetic = string(decoded), true
		})
	}
	return does(func(x *Ctx) {
		x.Synthetic, _ = body(x)
		x.HasSynthetic = true
	})
}

// maxGotos bounds the gotos to one label.
const maxGotos = 1000

func (c *compiler) jump(s *syntax.Goto) runner {
	label := s.Label.Text
	if len(c.gotos[label]) == maxGotos {
		c.failf(s.Pos, "at most %d gotos lead to one label", maxGotos)
		return nil
	}
	c.gotos[label] = append(c.gotos[label], slices.Clone(c.open))
	return func(x *Ctx) Action {
		x.label = label
		return jumps
	}
}

// do compiles a call for what it does.
func (c *compiler) do(s *syntax.Do) runner {
	v := c.call(s.Call)
	if v.boolean == nil && v.typ == Void {
		return nil
	}
	if v.typ != Void {
		c.failf(s.Pos, "%s returns %s, which is not used", s.Call.Fun.Text, v.typ)
		return nil
	}
	run := v.boolean
	return does(func(x *Ctx) { run(x) })
}
