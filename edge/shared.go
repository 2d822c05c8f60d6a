package edge

import (
	"runtime"
	"sync"
	"weak"

	"headwater/edge/program"
	"headwater/service"
	"headwater/vcl"
)

// A sharedSet has the programs that several services run, by their shapes: most
// versions have backends and nothing else, and do alike. A program is shared only if
// nothing of it is any customer's, and none can be changed. It is forgotten some time
// after its last site.
type sharedSet struct {
	mu       sync.Mutex
	programs map[string]weak.Pointer[vcl.Program]
}

// code returns what s does, if that is a program that can be shared; ok is false if it
// is not, or does not compile.
func (set *sharedSet) code(s *service.Snapshot) (c code, ok bool) {
	shape, plain := program.ShapeOf(s)
	if !plain {
		return code{}, false
	}
	run := set.find(shape)
	if run == nil {
		tree, problems := program.Build(program.Reduced(s))
		if len(problems) > 0 {
			return code{}, false
		}
		if run, problems = vcl.Compile(tree.Unit, vcl.Options{Untraced: true}); len(problems) > 0 {
			return code{}, false
		}
		run.Forget()
		set.keep(shape, run)
	}
	c = code{run: run, objects: make([]*service.Backend, len(run.Backends))}
	copy(c.objects, s.Backends())
	return c, true
}

func (set *sharedSet) find(shape string) *vcl.Program {
	set.mu.Lock()
	defer set.mu.Unlock()
	return set.programs[shape].Value()
}

func (set *sharedSet) keep(shape string, run *vcl.Program) {
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.programs == nil {
		set.programs = map[string]weak.Pointer[vcl.Program]{}
	}
	set.programs[shape] = weak.Make(run)
	runtime.AddCleanup(run, set.forget, shape)
}

// forget drops a program that is gone, unless there is another one of its shape.
func (set *sharedSet) forget(shape string) {
	set.mu.Lock()
	defer set.mu.Unlock()
	if set.programs[shape].Value() == nil {
		delete(set.programs, shape)
	}
}
