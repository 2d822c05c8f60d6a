package edge

import (
	"runtime"
	"testing"

	"headwater/service"
	"headwater/vcl"
)

// plainVersion is a version of two backends, of a customer of its own.
func plainVersion(t *testing.T, id string) *service.Snapshot {
	t.Helper()
	s := &service.Snapshot{Customer: "customer of " + id, Service: id, Version: 1, Generation: 1, Objects: map[string][]service.Object{}}
	for _, name := range []string{"first", "second"} {
		b, err := service.BackendKind.Create(service.Input{"name": {Text: id + " " + name}, "address": {Text: id + "-" + name + ".test"}})
		if err != nil {
			t.Fatal(err)
		}
		s.Objects["backend"] = append(s.Objects["backend"], b)
	}
	return s
}

// Services that do alike share a program, which knows none of them; what it chooses
// leads each to its own origins.
func TestSharedPrograms(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	var sites []*site
	for _, id := range []string{"one", "two"} {
		s, err := e.ready(plainVersion(t, id))
		if err != nil {
			t.Fatal(err)
		}
		sites = append(sites, s)
	}
	if sites[0].program != sites[1].program {
		t.Error("two plain versions have two programs")
	}
	for i, s := range sites {
		if s.tree != nil {
			t.Error("a site that serves keeps its tree")
		}
		for n, b := range s.reached() {
			if want := []string{"one-", "two-"}[i] + []string{"first", "second"}[n] + ".test"; string(b.address) != want || s.destination(s.known(b)) != b {
				t.Errorf("backend %d of service %d leads to %s", n, i, b.address)
			}
		}
	}
	for n, b := range sites[0].program.Backends {
		if want := []string{"F_b0", "F_b1"}[n]; b.Name != want {
			t.Errorf("the program's backend %d is called %s", n, b.Name)
		}
	}
}

// A program as it is written, for requests that are told of, is the service's own.
func TestWrittenIsOwn(t *testing.T) {
	e := New(Config{})
	defer e.Shutdown(t.Context())
	s, err := e.ready(plainVersion(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := e.written(s)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := e.written(s); again != w {
		t.Error("it is made again for each request")
	}
	if w.program == s.program || w.tree == nil || w.known(&s.backends[1]).Name != "F_one_second" {
		t.Errorf("its second backend is called %s", w.known(&s.backends[1]).Name)
	}
	for _, b := range w.reached() {
		if w.destination(w.known(b)) != b {
			t.Errorf("%s leads elsewhere", w.known(b).Name)
		}
	}
}

// What is forgotten late does not take away what has come in its place.
func TestForgetShared(t *testing.T) {
	var programs weakMap[string, vcl.Program]
	run := &vcl.Program{}
	programs.keep("shape", run)
	if programs.forget("shape"); programs.find("shape") != run {
		t.Error("a program that is there is forgotten")
	}
	if programs.keep("shape", &vcl.Program{}) != run {
		t.Error("a program that is there is replaced")
	}
	if programs.find("other") != nil {
		t.Error("a shape that nobody has is found")
	}
	runtime.KeepAlive(run)
}
