package edge

import (
	"runtime"
	"sync"
	"weak"

	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
	"headwater/vcl/syntax"
)

// A sharedSet has what the programs of several services share: whole programs by their
// shapes, as most versions have backends and nothing else, and do alike; and of the
// others the subroutines to which they add nothing. It is shared only if nothing of it
// is any customer's, and none of it can be changed.
type sharedSet struct {
	programs weakMap[string, vcl.Program]
	commons  weakMap[program.Common, vcl.Common]
}

// code returns what s does, if that is a program that can be shared; ok is false if it
// is not, or does not compile.
func (set *sharedSet) code(s *service.Snapshot) (c code, ok bool) {
	shape, plain := program.ShapeOf(s)
	if !plain {
		return code{}, false
	}
	run := set.programs.find(shape)
	if run == nil {
		tree, o, problems := set.build(program.Reduced(s))
		if len(problems) > 0 {
			return code{}, false
		}
		if run, problems = vcl.Compile(tree.Unit, o); len(problems) > 0 {
			return code{}, false
		}
		run.Forget()
		run = set.programs.keep(shape, run)
	}
	c = code{run: run, objects: make([]*service.Backend, len(run.Backends))}
	copy(c.objects, s.Backends())
	return c, true
}

// build makes the program of s, which is not to be traced, and how it is compiled. A nil
// set makes one that is.
func (set *sharedSet) build(s *service.Snapshot) (tree *program.Program, o vcl.Options, problems syntax.Problems) {
	if set == nil {
		tree, problems = program.Build(s)
		return tree, o, problems
	}
	o.Untraced, o.Commons = true, map[*syntax.Sub]*vcl.Common{}
	tree, problems = program.BuildShared(s, func(c program.Common) *syntax.Sub {
		run := set.common(c)
		if run == nil {
			return c.Decl()
		}
		o.Commons[run.Decl()] = run
		return run.Decl()
	})
	return tree, o, problems
}

// common returns a subroutine, nil if it does not compile.
func (set *sharedSet) common(c program.Common) *vcl.Common {
	if run := set.commons.find(c); run != nil {
		return run
	}
	run, problems := vcl.CompileCommon(c.Decl())
	if len(problems) > 0 {
		return nil
	}
	return set.commons.keep(c, run)
}

// A weakMap has what somebody else keeps. A value is forgotten some time after its last
// keeper has.
type weakMap[K comparable, V any] struct {
	mu     sync.Mutex
	values map[K]weak.Pointer[V]
}

func (m *weakMap[K, V]) find(key K) *V {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key].Value()
}

// keep makes value that of key, unless there is one: it returns which it is.
func (m *weakMap[K, V]) keep(key K, value *V) *V {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.values[key].Value(); old != nil {
		return old
	}
	if m.values == nil {
		m.values = map[K]weak.Pointer[V]{}
	}
	m.values[key] = weak.Make(value)
	runtime.AddCleanup(value, m.forget, key)
	return value
}

// forget drops a value that is gone, unless there is another one of its key.
func (m *weakMap[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values[key].Value() == nil {
		delete(m.values, key)
	}
}
