package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"headwater/service"
)

// A versionReply is a version as Fastly answers it.
type versionReply struct {
	Number    int    `json:"number"`
	ServiceID string `json:"service_id"`
	Active    bool   `json:"active"`
	Locked    bool   `json:"locked"`

	Staging bool `json:"staging"` // Fastly's CLI unstages no other

	// False on every version that Fastly answers, too.
	Testing  bool `json:"testing"`
	Deployed bool `json:"deployed"`

	Comment      string        `json:"comment"`
	CreatedAt    string        `json:"created_at"`
	UpdatedAt    string        `json:"updated_at"`
	DeletedAt    *string       `json:"deleted_at"` // null: what is deleted is not answered
	Environments []environment `json:"environments"`
}

// An environment is where a version serves traffic.
type environment struct {
	Name          string `json:"name"`
	ActiveVersion int    `json:"active_version"`
	ServiceID     string `json:"service_id"`
}

func newVersionReply(v *service.Version) versionReply {
	return versionReply{
		Number:       v.Number,
		ServiceID:    v.Service,
		Active:       v.Active,
		Locked:       v.Locked,
		Staging:      v.Staged,
		Comment:      v.Comment,
		CreatedAt:    timestamp(v.Created),
		UpdatedAt:    timestamp(v.Updated),
		Environments: environments(v),
	}
}

// environments is empty, and not null, for a version that serves nowhere.
func environments(v *service.Version) []environment {
	serves := []environment{}
	if v.Active {
		serves = append(serves, environment{Name: "production", ActiveVersion: v.Number, ServiceID: v.Service})
	}
	if v.Staged {
		serves = append(serves, environment{Name: "staging", ActiveVersion: v.Number, ServiceID: v.Service})
	}
	return serves
}

// serviceEnvironments are those of all versions of the service.
func serviceEnvironments(s *service.Service) []environment {
	serves := []environment{}
	for _, v := range s.Versions {
		serves = append(serves, environments(v)...)
	}
	return serves
}

func newVersionReplies(versions []*service.Version) []versionReply {
	replies := make([]versionReply, len(versions))
	for i, v := range versions {
		replies[i] = newVersionReply(v)
	}
	return replies
}

func timestamp(t time.Time) string { return t.UTC().Format(service.TimeFormat) }

// versionBody ends the actions whose store call returns the reply's version.
func versionBody(v *service.Version, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return encode(newVersionReply(v)), nil
}

func (c *call) listVersions() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	return encode(newVersionReplies(s.Versions)), nil
}

// createVersion answers the few keys that Fastly does; its clients take active
// and locked as not known.
func (c *call) createVersion() ([]byte, error) {
	in, err := c.input(versionKeys)
	if err != nil {
		return nil, err
	}
	var comment string
	sent, err := textOf(in, "comment", &comment)
	if err != nil {
		return nil, err
	}
	v, err := c.Store.CreateVersion(c.r.Context(), c.who, c.at.Service, comment)
	if err != nil {
		return nil, err
	}
	reply := struct {
		ServiceID string  `json:"service_id"`
		Number    int     `json:"number"`
		Comment   *string `json:"comment,omitempty"`
	}{ServiceID: v.Service, Number: v.Number}
	if sent {
		reply.Comment = &v.Comment
	}
	return encode(reply), nil
}

func (c *call) getVersion() ([]byte, error) {
	return versionBody(c.Store.Version(c.r.Context(), c.who, c.at))
}

// activeVersion answers the pseudo version number "active".
func (c *call) activeVersion() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	v := s.Active()
	if v == nil {
		return nil, service.Errorf(service.Missing,
			"Couldn't find Version '{ active => 1, deleted => 0000-00-00 00:00:00, service => %s }'", s.ID)
	}
	return encode(newVersionReply(v)), nil
}

// updateVersion changes the comment, which no lock protects: it configures
// nothing, and Terraform writes it to active versions.
func (c *call) updateVersion() ([]byte, error) {
	in, err := c.input(versionKeys)
	if err != nil {
		return nil, err
	}
	return versionBody(c.Store.UpdateVersion(c.r.Context(), c.who, c.at, func(v *service.Version) error {
		_, err := textOf(in, "comment", &v.Comment)
		return err
	}))
}

func (c *call) cloneVersion() ([]byte, error) {
	return versionBody(c.Store.CloneVersion(c.r.Context(), c.who, c.at))
}

func (c *call) lockVersion() ([]byte, error) {
	return versionBody(c.Store.LockVersion(c.r.Context(), c.who, c.at))
}

// validateVersion compiles the version as an activation would. What is wrong
// with it is the answer, not a failure of the call.
func (c *call) validateVersion() ([]byte, error) {
	snapshot, err := c.Store.Snapshot(c.r.Context(), c.who, c.at)
	if err != nil {
		return nil, err
	}
	known, err := c.warnOfType()
	if err != nil {
		return nil, err
	}
	v := newVerdict()
	warnings, err := c.check(snapshot)
	if err := v.refuse(err); err != nil {
		return nil, err
	}
	v.Warnings = append(append(v.Warnings, known...), warnings...)
	return encode(v), nil
}

// warnOfType tells those who bring a program that it does not run here.
func (c *call) warnOfType() ([]string, error) {
	name, err := c.Store.ServiceType(c.r.Context(), c.who, c.at.Service)
	if err != nil || name != "wasm" {
		return nil, err
	}
	return []string{"Service is of type wasm: the edge runs no programs, and answers from the backends alone"}, nil
}

func (c *call) activateVersion() ([]byte, error) {
	return c.install(c.Store.Activate, c.Publisher, "is the active one, but not every edge took it over; activate it again")
}

// stageVersion makes the version the one of the staging edge. Without such an
// edge that is only recorded.
func (c *call) stageVersion() ([]byte, error) {
	return c.install(c.Store.Stage, c.Staging, "is staged, but the staging edge did not take it over; stage it again")
}

// install makes the version serve, and tells what the caller should know though
// it does not prevent that.
func (c *call) install(
	do func(context.Context, *service.Token, service.Ref, func(*service.Snapshot) error) (*service.Version, *service.Snapshot, error),
	to Publisher, stands string,
) ([]byte, error) {
	known, err := c.warnOfType()
	if err != nil {
		return nil, err
	}
	var warnings []string
	v, snapshot, err := do(c.r.Context(), c.who, c.at, func(s *service.Snapshot) (err error) {
		warnings, err = c.check(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := c.publish(to, snapshot, stands); err != nil {
		return nil, err
	}
	reply := struct {
		versionReply
		Msg *string `json:"msg"`
	}{versionReply: newVersionReply(v)}
	reply.Environments = []environment{} // as recorded; the next read has it
	if warnings = append(known, warnings...); len(warnings) > 0 {
		msg := "Warning: " + strings.Join(warnings, "\n")
		reply.Msg = &msg
	}
	return encode(reply), nil
}

func (c *call) deactivateVersion() ([]byte, error) {
	v, snapshot, err := c.Store.Deactivate(c.r.Context(), c.who, c.at)
	if err != nil {
		return nil, err
	}
	if err := c.publish(c.Publisher, snapshot, "is no longer active, but some edges may still serve it; deactivate it again"); err != nil {
		return nil, err
	}
	return versionBody(v, nil)
}

func (c *call) unstageVersion() ([]byte, error) {
	v, snapshot, err := c.Store.Unstage(c.r.Context(), c.who, c.at)
	if err == nil {
		err = c.publish(c.Staging, snapshot, "is no longer staged, but the staging edge may still serve it; deactivate it again")
	}
	return versionBody(v, err)
}

// publish carries to the edges what the store has made durable. A client that
// hangs up now must not leave the two apart. When it fails, the answer says
// where the version stands: retrying is safe. A nil Publisher has no edges.
func (c *call) publish(to Publisher, s *service.Snapshot, stands string) error {
	if to == nil {
		return nil
	}
	err := to.Publish(context.WithoutCancel(c.r.Context()), s)
	if err == nil {
		return nil
	}
	return &fault{
		status: http.StatusInternalServerError,
		msg:    msgInternal,
		detail: fmt.Sprintf("Version '%d' of service '%s' %s", c.at.Version, c.at.Service, stands),
		cause:  err,
	}
}
