package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"headwater/service"
)

// A model is a service in memory, as plain as can be: what the API must agree
// with, whatever is done to it in whatever order.
type model struct {
	f        *fixture
	t        *testing.T
	path     string // of the service's versions
	versions []*modelVersion
}

type modelVersion struct {
	locked  bool
	objects map[string]map[string]string // kind, name, comment
}

var modelKinds = map[string][]string{
	service.BackendKind.Name:     {"address", "a.test"},
	service.HealthcheckKind.Name: {"host", "a.test", "path", "/"},
}

// Names that need escapes, that need none, and that differ only in case.
var modelNames = []string{"a", "A", "a/b", "a b", "a+b", "é%2F"}

func (m *model) call(method, path string, form ...string) reply {
	return m.f.do(m.t, method, m.path+path, form...)
}

// draw picks what to act on.
func (m *model) draw(rt *rapid.T) (v *modelVersion, kind, name, comment, path string) {
	n := rapid.IntRange(1, len(m.versions)).Draw(rt, "version")
	kind = rapid.SampledFrom(slices.Sorted(maps.Keys(modelKinds))).Draw(rt, "kind")
	name = rapid.SampledFrom(modelNames).Draw(rt, "name")
	comment = rapid.StringMatching(`[a-z]{0,3}`).Draw(rt, "comment")
	return m.versions[n-1], kind, name, comment, fmt.Sprintf("/%d/%s", n, kind)
}

// segment escapes a name for a path. A bare "+" would also be read as a blank.
func segment(name string) string { return strings.ReplaceAll(url.PathEscape(name), "+", "%2B") }

// expect compares the status of a reply.
func expect(rt *rapid.T, r reply, status int) {
	if r.status != status {
		rt.Fatalf("%d %s; want %d", r.status, r.body, status)
	}
}

func (m *model) create(rt *rapid.T) {
	v, kind, name, comment, path := m.draw(rt)
	r := m.call("POST", path, append([]string{"name", name, "comment", comment}, modelKinds[kind]...)...)
	_, taken := v.objects[kind][name]
	switch {
	case v.locked:
		expect(rt, r, http.StatusUnprocessableEntity)
	case taken:
		expect(rt, r, http.StatusConflict)
	default:
		expect(rt, r, http.StatusOK)
		v.objects[kind][name] = comment
	}
}

// update changes the comment, the name, or both.
func (m *model) update(rt *rapid.T) {
	v, kind, name, comment, path := m.draw(rt)
	form, to := []string{"comment", comment}, name
	if rapid.Bool().Draw(rt, "rename") {
		to = rapid.SampledFrom(modelNames).Draw(rt, "to")
		form = append(form, "name", to)
	}
	r := m.call("PUT", path+"/"+segment(name), form...)
	_, there := v.objects[kind][name]
	_, taken := v.objects[kind][to]
	switch {
	case v.locked:
		expect(rt, r, http.StatusUnprocessableEntity)
	case !there:
		expect(rt, r, http.StatusNotFound)
	case taken && to != name:
		expect(rt, r, http.StatusConflict)
	default:
		expect(rt, r, http.StatusOK)
		delete(v.objects[kind], name)
		v.objects[kind][to] = comment
	}
}

func (m *model) delete(rt *rapid.T) {
	v, kind, name, _, path := m.draw(rt)
	r := m.call("DELETE", path+"/"+segment(name))
	_, there := v.objects[kind][name]
	switch {
	case v.locked:
		expect(rt, r, http.StatusUnprocessableEntity)
	case !there:
		expect(rt, r, http.StatusNotFound)
	default:
		expect(rt, r, http.StatusOK)
		delete(v.objects[kind], name)
	}
}

func (m *model) clone(rt *rapid.T) {
	if len(m.versions) == 4 {
		rt.Skip("enough versions")
	}
	n := rapid.IntRange(1, len(m.versions)).Draw(rt, "version")
	expect(rt, m.call("PUT", fmt.Sprintf("/%d/clone", n)), http.StatusOK)
	copied := &modelVersion{objects: map[string]map[string]string{}}
	for kind, objects := range m.versions[n-1].objects {
		copied.objects[kind] = maps.Clone(objects)
	}
	m.versions = append(m.versions, copied)
}

func (m *model) lock(rt *rapid.T) {
	n := rapid.IntRange(1, len(m.versions)).Draw(rt, "version")
	expect(rt, m.call("PUT", fmt.Sprintf("/%d/lock", n)), http.StatusOK)
	m.versions[n-1].locked = true
}

// check compares all versions with what the API lists: one that was not written
// to must not have changed either.
func (m *model) check(rt *rapid.T) {
	for i, v := range m.versions {
		if locked := m.call("GET", fmt.Sprintf("/%d", i+1)).object(m.t)["locked"]; locked != v.locked {
			rt.Fatalf("version %d: locked is %v, want %v", i+1, locked, v.locked)
		}
		for kind, want := range v.objects {
			got := map[string]string{}
			for _, o := range m.call("GET", fmt.Sprintf("/%d/%s", i+1, kind)).list(m.t) {
				got[o["name"].(string)], _ = o["comment"].(string)
			}
			if !maps.Equal(got, want) {
				rt.Fatalf("version %d: %s are %v, want %v", i+1, kind, got, want)
			}
		}
	}
}

// Any sequence of writes to the drafts of a service leaves what the same
// sequence leaves in a few maps.
func TestModel(t *testing.T) {
	f := start(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := f.must(t, "POST", "/service", "name", "s "+service.NewID())["id"].(string)
		m := &model{f: f, t: t, path: "/service/" + id + "/version", versions: []*modelVersion{{objects: map[string]map[string]string{}}}}
		for kind := range modelKinds {
			m.versions[0].objects[kind] = map[string]string{}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"create": m.create, "update": m.update, "delete": m.delete,
			"clone": m.clone, "lock": m.lock,
		})
		m.check(rt)
	})
}
