package vcl

import (
	"fmt"
	"strings"
	"time"

	"headwater/vcl/regex"
	"headwater/vcl/syntax"
)

// A compiler makes one program. What it cannot make sense of becomes a problem, and
// a value of type Void, about which nothing more is said.
type compiler struct {
	options  Options
	program  *Program
	problems syntax.Problems
	at       syntax.Pos // roughly where it is, should it panic

	backends  map[string]*Backend
	directors []*Backend // in their order
	acls      map[string]*ACL
	tables    map[string]*Table
	subs      map[string]*routine
	order     []*routine
	taken     map[string]syntax.Pos // names of all declarations
	patterns  map[string]*regex.Regex

	patternSize int // bytes of memory that patterns take

	groups bool // some subroutine reads re.group.N

	late bool // the deadline has passed

	// loose says that names without a dot may be declared elsewhere.
	loose bool

	// Of the subroutine that is being compiled.
	sub    *routine
	locals map[string]local
	open   []*block              // those around what is being compiled
	gotos  map[string][][]*block // those that have met no label yet: the blocks around each
	labels map[string]bool       // those that were passed
	inner  []string              // locals that end with a block around
}

func newCompiler(o Options) *compiler {
	return &compiler{
		options:  o,
		program:  &Program{Directors: map[string]*Director{}, untraced: o.Untraced},
		backends: map[string]*Backend{},
		acls:     map[string]*ACL{},
		tables:   map[string]*Table{},
		subs:     map[string]*routine{},
		taken:    map[string]syntax.Pos{},
		patterns: map[string]*regex.Regex{},
	}
}

// failf notes a problem.
func (c *compiler) failf(at syntax.Pos, format string, args ...any) {
	c.fail(&syntax.Problem{Pos: at, Msg: fmt.Sprintf(format, args...)})
}

func (c *compiler) fail(p *syntax.Problem) {
	if len(c.problems) < syntax.MaxErrors {
		c.problems = append(c.problems, p)
	}
}

func (c *compiler) warnf(at syntax.Pos, format string, args ...any) {
	if w := &c.program.warnings; len(*w) < syntax.MaxErrors {
		*w = append(*w, &syntax.Problem{Pos: at, Msg: fmt.Sprintf(format, args...)})
	}
}

// unit compiles a whole program: names first, so that they may be used before they
// are declared, then what they stand for.
func (c *compiler) unit(u *syntax.Unit) {
	for _, d := range u.Decls {
		c.declare(d)
	}
	c.number()
	c.checkCalls()
	for _, d := range u.Decls {
		c.at = d.Place()
		c.define(d)
	}
	for _, r := range c.order {
		if !c.stopped() {
			c.routine(r)
		}
	}
	for _, r := range c.order {
		r.decls, r.calls = nil, nil
	}
}

// declare makes a declaration known by its name.
func (c *compiler) declare(d syntax.Decl) {
	switch d := d.(type) {
	case *syntax.Backend:
		c.declareBackend(d.Name, &Backend{Decl: d})
	case *syntax.Director:
		c.declareDirector(d)
	case *syntax.ACL:
		if c.take(d.Name) {
			c.acl(d)
		}
	case *syntax.Table:
		if c.take(d.Name) {
			c.declareTable(d)
		}
	case *syntax.Sub:
		c.declareSub(d)
	case *syntax.Penaltybox:
		c.failf(d.Pos, "penaltybox is not implemented")
	case *syntax.Ratecounter:
		c.failf(d.Pos, "ratecounter is not implemented")
	case *syntax.Include:
		c.failf(d.Pos, "there is nothing to include by the name %q", d.Name)
	}
}

// take claims a name, which must be free.
func (c *compiler) take(n *syntax.Name) bool {
	if _, taken := c.taken[n.Text]; taken {
		c.failf(n.Pos, "%s is declared already", n.Text)
		return false
	}
	if v, _ := lookup(n.Text); v != nil {
		c.failf(n.Pos, "%s is the name of a variable", n.Text)
		return false
	}
	c.taken[n.Text] = n.Pos
	return true
}

// define compiles what a declaration holds.
func (c *compiler) define(d syntax.Decl) {
	switch d := d.(type) {
	case *syntax.Backend:
		c.checkBackend(d)
	case *syntax.Director:
		c.director(d)
	case *syntax.Table:
		if c.tables[d.Name.Text] != nil {
			c.fillTable(d)
		}
	}
}

// stopped reports whether nothing more is compiled: there are problems enough, or
// it has taken too long.
func (c *compiler) stopped() bool {
	if len(c.problems) >= syntax.MaxErrors {
		return true
	}
	if !c.late && !c.options.Deadline.IsZero() && time.Now().After(c.options.Deadline) {
		c.late = true
		c.failf(c.at, "compiling the program takes too long")
	}
	return c.late
}

// unknown says that there is nothing of a name, and what may have been meant.
func (c *compiler) unknown(at syntax.Pos, what, name string, known func(yield func(string) bool)) {
	if c.stopped() {
		return
	}
	p := &syntax.Problem{Pos: at, Msg: fmt.Sprintf("there is no %s %s", what, name)}
	if near := nearest(name, known); near != "" {
		p.Hint = "did you mean " + near + "?"
	}
	c.fail(p)
}

// nearest returns the one of known that takes the fewest changes to become name, if
// they are few.
func nearest(name string, known func(yield func(string) bool)) string {
	best, few := "", 1+len(name)/4
	for k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k), few)
		if d < few || d == few && (best == "" || k < best) {
			best, few = k, d
		}
	}
	return best
}

// distance counts the bytes to change, add or leave out (Levenshtein), as far as
// that is at most limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
