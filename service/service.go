package service

import (
	"strings"
	"time"
)

// A Service is one customer site: a name and a growing row of numbered
// versions, at most one of them active.
type Service struct {
	ID       string
	Customer string
	Name     string
	Comment  string
	Type     string // "vcl" or "wasm"
	Created  time.Time
	Updated  time.Time
	Versions []*Version // ascending by number
}

// Active returns the active version, or nil.
func (s *Service) Active() *Version {
	for _, v := range s.Versions {
		if v.Active {
			return v
		}
	}
	return nil
}

// Staged returns the version that serves the staging edge, or nil.
func (s *Service) Staged() *Version {
	for _, v := range s.Versions {
		if v.Staged {
			return v
		}
	}
	return nil
}

// Latest returns the version with the highest number. A service has at least
// one.
func (s *Service) Latest() *Version { return s.Versions[len(s.Versions)-1] }

// A Version is one numbered configuration of a service: a draft until it is
// locked. Activation locks; nothing unlocks.
type Version struct {
	Service string
	Number  int
	Active  bool
	Staged  bool // serves the staging edge; active versions may be staged too
	Locked  bool
	Comment string
	Created time.Time
	Updated time.Time
}

// Check reports what a client may not store in s: Name is required, Type is one
// of Fastly's two. Errors are [Invalid].
func (s *Service) Check() error {
	if strings.TrimSpace(s.Name) == "" {
		return Errorf(Invalid, "'name' is required")
	}
	if err := checkText("name", s.Name, maxName, false); err != nil {
		return err
	}
	if s.Type != "vcl" && s.Type != "wasm" {
		return Errorf(Invalid, "'type' must be one of vcl, wasm")
	}
	return checkText("comment", s.Comment, maxText, true)
}

// Check reports what a client may not store in v. Errors are [Invalid].
func (v *Version) Check() error { return checkText("comment", v.Comment, maxText, true) }
