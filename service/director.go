package service

import (
	"fmt"
	"net/url"
	"strings"
)

// A Director spreads requests over backends.
type Director struct {
	Base
	Type                      int64 // 1 random, 2 round-robin, 3 hash, 4 client
	Quorum, Retries, Capacity int64
	Shield                    *string
	Comment                   string
	Backends                  []string // names, from the version's relations
}

// A DirectorBackend puts a backend under a director. Neither has to exist.
type DirectorBackend struct {
	Base
	Director, Backend string
}

// DirectorBackendKind is the relation's row in the engine.
var DirectorBackendKind = register(spec[DirectorBackend]{
	Name:  "director_backend",
	Model: "DirectorBackend",
	Wire:  Numbers,
	Apart: true,
	Fields: []Field[DirectorBackend]{
		{Name: "director_name", At: func(r *DirectorBackend) any { return &r.Director }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "backend_name", At: func(r *DirectorBackend) any { return &r.Backend }, Required: true, MaxLen: maxName, Check: checkName},
	},
	Settle: func(r *DirectorBackend, _ Input, _ bool) error {
		r.Name = DirectorBackendName(r.Director, r.Backend)
		return nil
	},
	Missing: missingDirectorBackend,
})

// DirectorBackendName is what the relation of the two is found by.
func DirectorBackendName(director, backend string) string {
	return url.PathEscape(director) + "/" + url.PathEscape(backend)
}

func missingDirectorBackend(at Ref, name string) string {
	rawDirector, rawBackend, _ := strings.Cut(name, "/")
	director, _ := url.PathUnescape(rawDirector) // the name is of our making
	backend, _ := url.PathUnescape(rawBackend)
	return fmt.Sprintf("Couldn't find DirectorBackend '{ backend => %s, deleted => 0000-00-00 00:00:00, director => %s, service => %s, version => %d }'",
		backend, director, at.Service, at.Version)
}

// DirectorKind is the director's row in the engine.
var DirectorKind = register(spec[Director]{
	Name:  "director",
	Model: "Director",
	Wire:  Numbers,
	Fields: []Field[Director]{
		{Name: "name", At: func(d *Director) any { return &d.Name }, Required: true, Access: AtCreation, MaxLen: maxName, Check: checkName},
		{Name: "type", At: func(d *Director) any { return &d.Type }, Default: int64(1), Min: 1, Max: 4},
		{Name: "quorum", At: func(d *Director) any { return &d.Quorum }, Default: int64(75), Max: 100},
		{Name: "retries", At: func(d *Director) any { return &d.Retries }, Default: int64(5), Max: maxCount},
		{Name: "capacity", At: func(d *Director) any { return &d.Capacity }, Default: int64(100), Max: maxCount},
		{Name: "shield", At: func(d *Director) any { return &d.Shield }},
		{Name: "comment", At: func(d *Director) any { return &d.Comment }, Lines: true},
		{Name: "backends", At: func(d *Director) any { return &d.Backends }, Access: Never, Derived: true},
	},
	Related: DirectorBackendKind,
	Gather: func(d *Director, o Object) bool {
		r := o.(*DirectorBackend)
		if r.Director != d.Name {
			return false
		}
		d.Backends = append(d.Backends[:len(d.Backends):len(d.Backends)], r.Backend)
		return true
	},
})
