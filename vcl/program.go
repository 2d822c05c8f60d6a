package vcl

import (
	"errors"
	"fmt"
	"math/bits"
	"runtime/debug"
	"time"

	"headwater/vcl/regex"
	"headwater/vcl/syntax"
)

// A Program is a compiled program. It is immutable, but for the contents of its
// tables and ACLs, and may be run by any number of goroutines at once.
type Program struct {
	// Backends are all that it declares: backends in their order, and then directors.
	Backends []*Backend
	// Directors are those of Backends that are directors, by name.
	Directors map[string]*Director

	// Hashes is whether vcl_hash has to run: it does more than to add up
	// [Request.HashKey], or that is read, by the program itself or by who picks for a
	// director.
	Hashes bool

	subs     [numScopes]*routine
	slots    slots
	untraced bool
	warnings syntax.Problems
}

// Options are what a program takes from outside.
type Options struct {
	// Tables and ACLs are those whose contents are kept elsewhere, by name. A
	// declaration of that name gets them in the place of what it says.
	Tables map[string]*Table
	ACLs   map[string]*ACL

	// Commons are compiled already, by their declarations, each of which is the only one
	// of its name. They are for programs that are Untraced.
	Commons map[*syntax.Sub]*Common

	// Deadline is when compiling has to be over; zero for no such moment.
	Deadline time.Time

	// Untraced makes a program that cannot be run with a [Trace], and keeps nothing of
	// its tree but what Decl of its backends and its warnings refer to.
	Untraced bool
}

// Compile checks and compiles a program. If there are problems, there is no
// program. A bug that panics on the way is a problem too.
func Compile(u *syntax.Unit, o Options) (p *Program, problems syntax.Problems) {
	c := newCompiler(o)
	defer func() {
		if r := recover(); r != nil {
			p, problems = nil, append(c.problems, c.bug(r))
		}
	}()
	c.unit(u)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return c.program, nil
}

// bug makes a problem of what a panic left.
func (c *compiler) bug(r any) *syntax.Problem {
	return &syntax.Problem{Pos: c.at, Msg: fmt.Sprintf("the compiler has a bug here: %v\n%s", r, debug.Stack())}
}

// Forget drops the warnings, and the declarations of the backends. Nobody may use the
// program meanwhile.
func (p *Program) Forget() {
	p.warnings = nil
	for _, b := range p.Backends {
		b.Decl = nil
	}
}

// Warnings are what deserves notice in the program.
func (p *Program) Warnings() syntax.Problems { return p.warnings }

// Has reports whether the program does anything in a subroutine.
func (p *Program) Has(s Scope) bool { return p.subs[s] != nil && len(p.subs[s].body.steps) > 0 }

// Why a run could not go on.
var (
	ErrWorkspace = errors.New("vcl: the request's workspace is used up")
	ErrSteps     = errors.New("vcl: the request has run too many statements")
	ErrUntraced  = errors.New("vcl: the program cannot be traced")
)

// maxSteps bounds the statements that run for one request. What costs more than a
// statement is charged as several.
const maxSteps = 100_000

// Run runs one subroutine for a request. It returns Default if the program has
// none, or if it came to its end without a return; DoFail if it could not go on,
// for the reason in c.Fault.
func (p *Program) Run(c *Ctx, s Scope) (a Action) {
	r := p.subs[s]
	if r == nil {
		return Default
	}
	if r.fixed && c.Trace == nil {
		return r.always
	}
	if c.program != p {
		c.adopt(p)
	}
	defer func() {
		if e := recover(); e != nil {
			c.Fault = fmt.Errorf("vcl: the program panicked: %v\n%s", e, debug.Stack())
			a = DoFail
		}
	}()
	c.captures.regex = nil
	if c.Trace != nil {
		if p.untraced {
			c.Fault = ErrUntraced
			return DoFail
		}
		c.Trace.enter(s)
	}
	if a = r.run(c); a == leaves {
		a = Default
	}
	if c.steps < 0 || c.arena.over {
		a = c.exhausted() // by the last statement, which nothing came after
	}
	if c.Trace != nil {
		c.Trace.leave(a)
	}
	return a
}

// slots counts the local variables of a program by type, of which ACLRef is the last
// that one can have. Each has a place of its own: subroutines do not call themselves.
type slots [ACLRef + 1]int

// adopt readies c for a program.
func (c *Ctx) adopt(p *Program) {
	c.program = p
	n := &p.slots
	c.strs = room(c.strs, n[String])
	c.bools = room(c.bools, n[Boolean])
	c.ints = room(c.ints, n[Integer])
	c.floats = room(c.floats, n[Float])
	c.rtimes = room(c.rtimes, n[RTime])
	c.times = room(c.times, n[Timestamp])
	c.ips = room(c.ips, n[IP])
	c.backends = room(c.backends, n[BackendRef])
	c.acls = room(c.acls, n[ACLRef])
}

// room is a slice of n values that have nothing of another program's.
func room[V any](s []V, n int) []V {
	clear(s[:cap(s)])
	if cap(s) < n {
		return make([]V, n)
	}
	return s[:n]
}

// Reset readies c for another request. All texts that programs made are gone.
func (c *Ctx) Reset() {
	logged := c.Logged[:0]
	c.Request = Request{}
	c.Logged, c.steps = logged, maxSteps
	c.arena.reset()
}

// A routine is a compiled subroutine.
type routine struct {
	name   string
	scopes Scopes // from where it is reached
	body   *block
	always Action // what it always leads to, if fixed
	fixed  bool   // it has nothing to do besides
	result Type
	params []local

	// Until it is compiled.
	decls []*syntax.Sub // more than one only of those that the edge calls
	calls []*syntax.Name

	anew []func(*Ctx) // clear the local variables that it declares itself
}

// run runs the subroutine. Its own variables begin anew, so that one whose
// declaration is not passed has nothing of another run's, or another request's.
func (r *routine) run(c *Ctx) Action {
	for _, clear := range r.anew {
		clear(c)
	}
	return r.body.run(c)
}

// scope is the first one that it is reached from.
func (r *routine) scope() Scope {
	return Scope(bits.TrailingZeros16(uint16(r.scopes | 1<<(numScopes-1))))
}

// A block is a row of statements.
type block struct {
	steps  []step
	labels map[string]int // the step that follows each label
}

type step struct {
	when   func(*Ctx) bool // of an if without an else, which runs only then; nil of all others
	run    func(*Ctx) Action
	node   syntax.Stmt
	unsets *gathering // of which it is the first
}

func (b *block) run(c *Ctx) Action {
	for i := 0; i < len(b.steps); i++ {
		if c.steps--; c.steps < 0 || c.arena.over {
			return c.exhausted()
		}
		s := &b.steps[i]
		if c.Trace != nil {
			c.Trace.reach(s.node)
		} else if s.unsets != nil {
			i += s.unsets.run(c) - 1
			continue
		}
		if s.when != nil && !s.met(c) {
			continue
		}
		a := s.run(c)
		if a == Default {
			continue
		}
		if a != jumps {
			return a
		}
		to, here := b.labels[c.label]
		if !here {
			return a
		}
		i = to - 1
	}
	return Default
}

// met reports whether the condition of an if holds.
func (s *step) met(c *Ctx) bool {
	yes := s.when(c)
	if c.Trace != nil {
		c.Trace.decide(s.node.(*syntax.If).Cond, yes)
	}
	return yes
}

// charge takes what costs more than a statement out of what a request may run.
func (c *Ctx) charge(steps int) { c.steps -= steps }

func (c *Ctx) exhausted() Action {
	c.Fault = ErrSteps
	if c.arena.over {
		c.Fault = ErrWorkspace
	}
	return DoFail
}

// saved is what a call of a subroutine must not change.
type saved struct {
	regex   *regex.Regex
	subject string
}

func (c *Ctx) save() saved { return saved{c.captures.regex, c.captures.subject} }

func (c *Ctx) restore(s saved) {
	c.captures.regex, c.captures.subject, c.captures.found = s.regex, s.subject, false
}
