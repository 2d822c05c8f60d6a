package edge

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
	"headwater/vcl/syntax"
)

// A code is what a version does with requests.
type code struct {
	tree    *program.Program   // as it is written; nil of one that is shared
	run     *vcl.Program       // and compiled
	objects []*service.Backend // what its backends are, by its numbers; nil for directors and what VCL declares
}

// build compiles s and all that it does, with what is known of its holders. Whatever
// would fail at run time fails here, as [service.Invalid].
func (e *Edge) build(i *items, s *service.Snapshot) (*site, []string, error) {
	c, notes, err := i.code(s, nil, false)
	if err != nil {
		return nil, nil, err
	}
	site, warnings, err := compile(s, c, e.cfg.Rules, &e.home)
	return site, append(warnings, notes...), err
}

// readyAll readies versions on all processors. That of number 0 is none, and its site
// nil.
func (e *Edge) readyAll(snapshots []*service.Snapshot) ([]*site, error) {
	sites, errs := make([]*site, len(snapshots)), make([]error, len(snapshots))
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; int(i) < len(snapshots); i = next.Add(1) - 1 {
			if s := snapshots[i]; s.Version != 0 {
				sites[i], errs[i] = e.ready(s)
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(snapshots)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return sites, cmp.Or(errs...)
}

// ready is build of a version that is about to serve. It keeps the version, to make
// the tree of its program again for whoever asks what becomes of a request. A bug that
// it runs into is that version's error: nobody else's service may end for it.
func (e *Edge) ready(s *service.Snapshot) (made *site, err error) {
	defer func() {
		if p := recover(); p != nil {
			e.notePanic(p)
			made, err = nil, fmt.Errorf("version %d of service %s: %w: %v", s.Version, s.Service, errPanic, p)
		}
	}()
	c, shared := e.shared.code(s)
	if !shared {
		if c, _, err = e.items.code(s, &e.shared, true); err != nil {
			return nil, err
		}
		c.tree = nil
	}
	site, _, err := compile(s, c, e.cfg.Rules, &e.home)
	if err != nil {
		return nil, err
	}
	site.source = s
	if !shared {
		site.program.Forget()
	}
	site.follow(&e.healthEpoch)
	return site, nil
}

// written returns the site with its program as it is written, for requests that are to
// be told of. It stays as long as the site, of which there are few that anybody asks.
func (e *Edge) written(s *site) (*site, error) {
	if w := s.asWritten.Load(); w != nil {
		return w, nil
	}
	c, _, err := e.items.code(s.source, nil, true)
	if err != nil {
		return nil, err
	}
	w := &site{
		service: s.service, version: s.version, exact: s.exact, wild: s.wild,
		tree: c.tree, program: c.run, logs: s.logs, about: s.about,
		strict: s.strict, upgrades: s.upgrades, traffic: s.traffic,
		backends: s.backends, directors: s.directors, nodes: s.nodes,
	}
	s.asWritten.Store(w)
	return w, nil
}

// compileTime is how long a program may take to compile. The largest that there may
// be takes a tenth of it.
const compileTime = 10 * time.Second

// code makes the program of s, which may be about to serve, and compiles it with what is
// known of its holders. With a set, it shares what it can, and is not to be traced.
func (i *items) code(s *service.Snapshot, set *sharedSet, serves bool) (c code, warnings []string, err error) {
	tree, o, problems := set.build(s)
	if len(problems) > 0 {
		return code{}, nil, refused(problems)
	}
	i.provide(&o, s.Service, tree, serves)
	o.Deadline = time.Now().Add(compileTime)
	run, problems := vcl.Compile(tree.Unit, o)
	if len(problems) > 0 {
		return code{}, nil, refused(problems)
	}
	warnings = tree.Warnings
	for _, w := range run.Warnings() {
		warnings = append(warnings, told(w))
	}
	c = code{tree: tree, run: run, objects: make([]*service.Backend, len(run.Backends))}
	for n, b := range run.Backends {
		c.objects[n] = tree.Backends[b.Name]
	}
	return c, warnings, nil
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
	_, warnings, err = e.items.code(s, &e.shared, false)
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
