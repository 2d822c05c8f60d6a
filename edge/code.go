package edge

import (
	"fmt"
	"strings"
	"time"

	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
	"headwater/vcl/syntax"
)

// build compiles s, which may be about to serve, and all that it does, with what is
// known of its holders. Whatever would fail at run time fails here, as
// [service.Invalid].
func (e *Edge) build(i *items, s *service.Snapshot, serves bool) (*site, []string, error) {
	tree, run, notes, err := i.program(s, serves)
	if err != nil {
		return nil, nil, err
	}
	site, warnings, err := compile(s, tree, run, e.cfg.Rules, &e.home)
	if err != nil {
		return nil, nil, err
	}
	site.follow(&e.healthEpoch)
	return site, append(warnings, notes...), nil
}

// compileTime is how long a program may take to compile. The largest that there may
// be takes a tenth of it.
const compileTime = 10 * time.Second

// program makes the program of s and compiles it.
func (i *items) program(s *service.Snapshot, serves bool) (tree *program.Program, run *vcl.Program, warnings []string, err error) {
	tree, problems := program.Build(s)
	if len(problems) > 0 {
		return nil, nil, nil, refused(problems)
	}
	o := i.options(s.Service, tree, serves)
	o.Deadline = time.Now().Add(compileTime)
	run, problems = vcl.Compile(tree.Unit, o)
	if len(problems) > 0 {
		return nil, nil, nil, refused(problems)
	}
	warnings = tree.Warnings
	for _, w := range run.Warnings() {
		warnings = append(warnings, told(w))
	}
	return tree, run, warnings, nil
}

// question waits for its turn: what is compiled only to answer a question, which
// costs no more than a token that may read, keeps one processor busy at most.
func (e *Edge) question() (done func()) {
	e.questions.Lock()
	return e.questions.Unlock
}

// Lint is [Edge.Check] for the program of s alone.
func (e *Edge) Lint(s *service.Snapshot) (warnings []string, err error) {
	defer e.question()()
	_, _, warnings, err = e.items.program(s, false)
	return warnings, err
}

// Program returns the program of s in VCL. What dictionaries and ACLs hold is not
// in it, as it changes without a version.
func (e *Edge) Program(s *service.Snapshot) (string, error) {
	defer e.question()()
	tree, problems := program.Build(s)
	if len(problems) > 0 {
		return "", refused(problems)
	}
	return tree.Generated(), nil
}

// refused is the error of a version whose program has problems.
func refused(problems syntax.Problems) error {
	e := service.Errorf(service.Invalid, "%s", told(problems[0]))
	for _, p := range problems[1:] {
		e.More = append(e.More, told(p))
	}
	return e
}

// told tells a problem in the shape that clients know from Fastly: the message,
// the place, the line, and a mark under it.
func told(p *syntax.Problem) string {
	text := p.Msg
	if p.Hint != "" {
		text += "; " + p.Hint
	}
	if !p.Pos.Known() {
		return text
	}
	line, column := p.Pos.Line()
	excerpt, at := p.Excerpt()
	mark := strings.Repeat("-", at) + "#" + strings.Repeat("-", max(len(excerpt)-at-1, 0))
	return fmt.Sprintf("%s\nat: (%s Line %d Pos %d)\n%s\n%s", text, p.Pos.File.Name, line, column, excerpt, mark)
}
