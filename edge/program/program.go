package program

import (
	"cmp"
	"fmt"
	"slices"

	"headwater/service"
	"headwater/vcl/syntax"
)

// A Program is what one version does with requests.
type Program struct {
	// Unit is the whole program, without includes and macros.
	Unit *syntax.Unit

	// Backends, Tables and ACLs are the objects behind the names that Unit
	// declares for them. What a customer has declared in VCL is not among them.
	// Tables and ACLs are empty in Unit: what they hold changes without it.
	Backends map[string]*service.Backend
	Tables   map[string]*service.Dictionary
	ACLs     map[string]*service.ACL

	// Conditions are those that some object names, by priority and age. An If of
	// Unit with such a condition has its Expr.
	Conditions []*Condition

	// Unused are the other conditions, which no part of the program has.
	Unused []*Condition

	// Warnings tell, each in one line, what of the version has no effect.
	Warnings []string
}

// A Condition is a condition and the expression that its statement is.
type Condition struct {
	*service.Condition
	Expr syntax.Expr
}

// Build returns the program of s, or all that is wrong with it, as far as it can
// be seen without types: at most [syntax.MaxErrors] problems.
func Build(s *service.Snapshot) (*Program, syntax.Problems) { return BuildShared(s, nil) }

// BuildShared is Build for a program that has its common subroutines from share, which
// returns the same tree each time it is asked for one, and no other. Nobody may change
// those trees, which several programs have.
func BuildShared(s *service.Snapshot, share func(Common) *syntax.Sub) (*Program, syntax.Problems) {
	b := newBuilder(s)
	b.share = share
	b.Unit = &syntax.Unit{Decls: b.declarations()}
	b.Unit.Decls = merge(append(b.Unit.Decls, b.subroutines(b.Unit.Decls)...))
	b.introduce()
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	for _, c := range b.conditions {
		if c.Expr != nil {
			b.Conditions = append(b.Conditions, c)
		} else {
			b.Unused = append(b.Unused, c)
		}
	}
	slices.SortFunc(b.Conditions, byPriority)
	slices.SortFunc(b.Unused, byPriority)
	return &b.Program, nil
}

// Generated returns the program as text that is the same program.
func (p *Program) Generated() string { return syntax.Print(p.Unit) }

// Acts reports whether objects of a kind have a part in programs.
func Acts(k *service.Kind) bool { return slices.Contains(acted, k) }

var acted = []*service.Kind{
	service.ACLKind, service.BackendKind, service.CacheSettingsKind, service.ConditionKind, service.DictionaryKind,
	service.DirectorKind, service.DirectorBackendKind, service.GzipKind, service.HeaderKind, service.HealthcheckKind,
	service.RequestSettingsKind, service.ResponseObjectKind, service.SettingsKind, service.SnippetKind, service.VCLKind,
}

// A builder makes one program.
type builder struct {
	Program
	s        *service.Snapshot
	settings *service.Settings
	share    func(Common) *syntax.Sub // nil if nothing is shared

	names      *namespace
	backends   map[string]string // their names in VCL, by their own
	directors  map[string]string
	checks     map[string]*service.Healthcheck // by name
	shields    map[shield]string
	conditions map[string]*Condition // by name; Expr is nil until one is used
	headers    []*service.Header     // by priority

	used     map[string]bool            // the VCLs that are included
	files    map[[2]string]*syntax.File // by name and text: one place has one Pos
	left     int                        // bytes of source that may still be parsed
	problems syntax.Problems
}

// maxSource bounds all source of one program, in bytes. What is included twice
// counts twice.
const maxSource = 4 << 20

func newBuilder(s *service.Snapshot) *builder {
	b := &builder{
		s: s, settings: s.Settings(),
		names:      newNamespace(),
		checks:     map[string]*service.Healthcheck{},
		conditions: map[string]*Condition{},
		used:       map[string]bool{},
		files:      map[[2]string]*syntax.File{},
		left:       maxSource,
	}
	for _, c := range service.All[*service.Condition](s, service.ConditionKind) {
		b.conditions[c.Name] = &Condition{Condition: c}
	}
	for _, h := range service.All[*service.Healthcheck](s, service.HealthcheckKind) {
		b.checks[h.Name] = h
	}
	b.headers = service.All[*service.Header](s, service.HeaderKind)
	slices.SortStableFunc(b.headers, func(x, y *service.Header) int { return cmp.Compare(x.Priority, y.Priority) })
	b.name()
	return b
}

// byPriority orders conditions: a lower priority comes first, then the older.
func byPriority(x, y *Condition) int {
	return cmp.Or(cmp.Compare(x.Priority, y.Priority), cmp.Compare(x.Seq, y.Seq))
}

// introduce puts a comment before everything.
func (b *builder) introduce() {
	if len(b.Unit.Decls) > 0 {
		remark(b.Unit.Decls[0], []string{comment(fmt.Sprintf("Service %s, version %d", b.s.Service, b.s.Version))})
	}
}

// complain notes a problem, unless it is known or there are enough.
func (b *builder) complain(problems ...*syntax.Problem) {
	for _, p := range problems {
		known := slices.ContainsFunc(b.problems, func(old *syntax.Problem) bool { return *old == *p })
		if !known && len(b.problems) < syntax.MaxErrors {
			b.problems = append(b.problems, p)
		}
	}
}

func (b *builder) complainf(at syntax.Pos, format string, args ...any) {
	b.complain(&syntax.Problem{Pos: at, Msg: fmt.Sprintf(format, args...)})
}

func (b *builder) warnf(format string, args ...any) {
	b.Warnings = append(b.Warnings, fmt.Sprintf(format, args...))
}
