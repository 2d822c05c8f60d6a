package api

import (
	"cmp"
	"slices"
	"strings"

	"headwater/service"
)

// The lists of a version in the details of its service, as Fastly names them. A
// kind that is not known here is an empty one.
var (
	listsOfVCL = []string{
		"acls", "backends", "cache_settings", "conditions", "dictionaries", "directors", "domains", "gzips", "headers",
		"healthchecks", "request_settings", "response_objects", "snippets", "vcls", "wordpress",
	}
	listsOfWasm = []string{"backends", "domains", "healthchecks"}
)

// listName is the plural of a kind's name.
func listName(kind string) string {
	switch {
	case strings.HasSuffix(kind, "s"):
		return kind
	case strings.HasSuffix(kind, "y"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}

// kindsByList returns the kinds that the lists of a service of that type hold.
func kindsByList(serviceType string) (lists []string, byList map[string]*service.Kind) {
	byList = map[string]*service.Kind{}
	for _, k := range service.Kinds() {
		byList[listName(k.Name)] = k
	}
	if serviceType == "wasm" {
		return listsOfWasm, byList
	}
	return listsOfVCL, byList
}

// A detailsReply is a service; the whole content of two of its versions follows.
type detailsReply struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Comment      string         `json:"comment"`
	Type         string         `json:"type"`
	CustomerID   string         `json:"customer_id"`
	Versions     []versionReply `json:"versions"`
	Environments []environment  `json:"environments"`
	CreatedAt    string         `json:"created_at"`
	UpdatedAt    string         `json:"updated_at"`
	DeletedAt    *string        `json:"deleted_at"` // null: what is deleted is not answered
}

func (c *call) serviceDetails() ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	shown, listed, err := c.detailed(s)
	if err != nil {
		return nil, err
	}
	version, err := c.versionDetails(s, shown)
	if err != nil {
		return nil, err
	}
	activeVersion := version
	if active := s.Active(); active != shown {
		if activeVersion, err = c.versionDetails(s, active); err != nil {
			return nil, err
		}
	}
	body := encode(detailsReply{
		ID: s.ID, Name: s.Name, Comment: s.Comment, Type: s.Type, CustomerID: s.Customer,
		Versions: newVersionReplies(listed), Environments: serviceEnvironments(s),
		CreatedAt: timestamp(s.Created), UpdatedAt: timestamp(s.Updated),
	})
	// Appended as they are: to encode them again would cost more than all else.
	body = append(body[:len(body)-1], `,"version":`...)
	body = append(body, version...)
	body = append(body, `,"active_version":`...)
	body = append(body, activeVersion...)
	return append(body, '}'), nil
}

// detailed returns the version that the query asks to see whole, nil if there is
// none, and those to list. Unless it says otherwise that is the latest.
func (c *call) detailed(s *service.Service) (shown *service.Version, listed []*service.Version, err error) {
	query := c.r.URL.Query()
	if text := query.Get("version"); text != "" {
		n, ok := versionNumber(text)
		if !ok {
			return nil, nil, service.Errorf(service.Invalid, "'version' must be a version's number")
		}
		shown, err := c.Store.Version(c.r.Context(), c.who, service.Ref{Service: s.ID, Version: n})
		if err != nil {
			return nil, nil, err
		}
		if active := s.Active(); active != nil && active.Number == n {
			shown = active
		}
		return shown, s.Versions, nil
	}
	if query.Get("filter[versions.staged]") == "true" {
		if staged := s.Staged(); staged != nil {
			return staged, []*service.Version{staged}, nil
		}
		return nil, []*service.Version{}, nil
	}
	if query.Get("filter[versions.active]") == "true" {
		if active := s.Active(); active != nil {
			return active, []*service.Version{active}, nil
		}
	}
	return s.Latest(), s.Versions, nil
}

// versionDetails is v with all that it holds; null for no version.
func (c *call) versionDetails(s *service.Service, v *service.Version) ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	at := service.Ref{Service: s.ID, Version: v.Number}
	snapshot, err := c.Store.Snapshot(c.r.Context(), c.who, at)
	if err != nil {
		return nil, err
	}
	place := service.Place{Service: s.ID, Version: v.Number, Locked: v.Locked, Reader: !c.who.Writes()}
	body := encode(newVersionReply(v))
	body = body[:len(body)-1] // the object goes on
	lists, byList := kindsByList(s.Type)
	for _, name := range lists {
		body = append(body, `,"`+name+`":`...)
		body = appendObjects(body, snapshot, byList[name], place)
	}
	if s.Type != "wasm" {
		body = append(body, `,"settings":`...)
		body = appendFields(body, service.SettingsKind, snapshot.Settings(), place)
	}
	return append(body, '}'), nil
}

// appendObjects appends the list of the kind's objects in s, by name. A nil kind
// has none.
func appendObjects(dst []byte, s *service.Snapshot, k *service.Kind, at service.Place) []byte {
	dst = append(dst, '[')
	for i, o := range byName(s, k) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = k.AppendJSON(dst, o, at)
	}
	return append(dst, ']')
}

// appendFields appends the object's own fields, without where it stands and when it
// was made.
func appendFields(dst []byte, k *service.Kind, o service.Object, at service.Place) []byte {
	dst = append(dst, '{')
	values := k.Values(o, at)
	for i, p := range k.Properties() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `"`+p.Name+`":`...)
		dst = append(dst, values[i]...)
	}
	return append(dst, '}')
}

// byName returns the kind's objects in s in the order of their names.
func byName(s *service.Snapshot, k *service.Kind) []service.Object {
	if k == nil {
		return nil
	}
	all := slices.Clone(s.Objects[k.Name])
	slices.SortStableFunc(all, func(a, b service.Object) int { return cmp.Compare(a.Meta().Name, b.Meta().Name) })
	return all
}

// searchService finds a service by its exact name.
func (c *call) searchService() ([]byte, error) {
	s, err := c.Store.ServiceByName(c.r.Context(), c.who, c.r.URL.Query().Get("name"))
	return serviceBody(s, err)
}
