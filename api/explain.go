package api

import (
	"mime"
	"strings"

	"headwater/explain"
	"headwater/service"
)

// explainVersion answers what a version, active or not, would do with the request
// that the body describes: as JSON, or as text to whoever prefers that.
func (c *call) explainVersion() ([]byte, error) {
	body, err := c.readBody()
	if err != nil {
		return nil, err
	}
	request, err := explain.Read(body)
	if err != nil {
		return nil, service.Errorf(service.Invalid, "%v", err)
	}
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	v, err := c.Store.Version(c.r.Context(), c.who, c.at)
	if err != nil {
		return nil, err
	}
	told, err := c.explain(request)
	if err != nil {
		return nil, err
	}
	told.Service.Name, told.Service.State = s.Name, stateOf(v)
	return c.told(told), nil
}

// told answers an explanation.
func (c *call) told(e *explain.Explanation) []byte {
	if c.prefersText() {
		return c.plain(e.Text())
	}
	return e.JSON()
}

func (c *call) explain(request *explain.Request) (*explain.Explanation, error) {
	snapshot, err := c.Store.Snapshot(c.r.Context(), c.who, c.at)
	if err != nil {
		return nil, err
	}
	if err := snapshot.CheckReferences(); err != nil {
		return nil, err
	}
	holdings, err := c.Store.Holdings(c.r.Context(), snapshot.Holders()...)
	if err != nil {
		return nil, err
	}
	return c.Edge.Explain(snapshot, holdings, request)
}

// stateOf is what a version is, in one word.
func stateOf(v *service.Version) string {
	switch {
	case v.Active:
		return "active"
	case v.Staged:
		return "staged"
	case v.Locked:
		return "locked"
	}
	return "draft"
}

// prefersText reports whether the call asks for text and not for JSON.
func (c *call) prefersText() bool {
	for part := range strings.SplitSeq(c.r.Header.Get("Accept"), ",") {
		switch kind, _, _ := mime.ParseMediaType(part); kind {
		case "text/plain":
			return true
		case "application/json":
			return false
		}
	}
	return false
}
