package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"headwater/service"
)

// mediaJSONAPI is the type of replies of the newer part of the contract.
const mediaJSONAPI = "application/vnd.api+json"

// verbs are the last segments of paths that say what is done.
var verbs = map[string]string{
	"clone": "clone", "lock": "lock", "activate": "activate", "deactivate": "deactivate",
	"staging": "stage", "main": "main", "self": "delete",
}

// done is what each verb is called once it was done, where that is not the verb
// and a "d".
var done = map[string]string{
	"lock": "locked", "main": "made the main one",
	"sicken": "found sick", "recover": "found healthy", // by a health check
}

// eventType names what a route does, as "backend.update". It is derived from the
// path, so that no route can be without.
func eventType(method, path string) string {
	verb := map[string]string{
		http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "update", http.MethodDelete: "delete",
	}[method]
	noun, under := "", ""
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		switch {
		case strings.HasPrefix(segment, "{"), segment == "v1", segment == "services":
		case verbs[segment] != "":
			if segment == "staging" && verb == "deactivate" {
				verb = "unstage"
				continue
			}
			verb = verbs[segment]
		case noun == "logging": // one noun for all endpoints, as recorded
		case segment == "service", segment == "version":
			under = segment
		case noun == "":
			noun = segment
		default:
			noun += "_" + segment
		}
	}
	if noun == "" {
		noun = under
	}
	if strings.HasSuffix(noun, "tokens") {
		noun = strings.TrimSuffix(noun, "s")
	}
	return noun + "." + verb
}

// record prepares the event of a call that may write. The store keeps it with
// the write.
func (c *call) record() {
	if !c.changes() {
		return
	}
	c.event = &service.Event{
		Customer: c.who.Customer, User: c.who.User, Token: c.who.ID,
		Service: c.at.Service, Version: c.at.Version, Type: c.does, Name: c.name,
		IP: address(c.r.RemoteAddr),
	}
	if c.event.Name == "" {
		c.event.Name = c.id
	}
	c.r = c.r.WithContext(service.WithEvent(c.r.Context(), c.event))
}

// maxRecorded bounds the names that events keep.
const maxRecorded = 1024

// noted passes on what a body was decoded to. A new thing is recorded under the
// name that it asks for, as its path has none.
func (c *call) noted(in service.Input, err error) (service.Input, error) {
	if name := in["name"]; err == nil && c.event != nil && c.event.Name == "" && len(name.Text) <= maxRecorded {
		c.event.Name = name.Text
	}
	return in, err
}

// An eventReply is an event in JSON:API.
type eventReply struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Attributes eventAttributes `json:"attributes"`
}

type eventAttributes struct {
	CustomerID  string                     `json:"customer_id"`
	Description string                     `json:"description"`
	EventType   string                     `json:"event_type"`
	IP          string                     `json:"ip"`
	Metadata    map[string]json.RawMessage `json:"metadata"` // of an update: old and new values
	ServiceID   *string                    `json:"service_id"`
	UserID      string                     `json:"user_id"`
	TokenID     string                     `json:"token_id"`
	CreatedAt   string                     `json:"created_at"`
	Admin       bool                       `json:"admin"`
}

func newEventReply(e *service.Event) eventReply {
	metadata := map[string]json.RawMessage{}
	if e.Before != "" {
		metadata["old"], metadata["new"] = json.RawMessage(e.Before), json.RawMessage(e.After)
	}
	return eventReply{ID: e.ID, Type: "event", Attributes: eventAttributes{
		CustomerID: e.Customer, Description: describe(e), EventType: e.Type, IP: e.IP, Metadata: metadata,
		ServiceID: optionalText(e.Service), UserID: e.User, TokenID: e.Token, CreatedAt: timestamp(e.Created),
	}}
}

// describe says an event in words, as Fastly does: Logging 'a' was updated on
// Version '3'.
func describe(e *service.Event) string {
	noun, verb, _ := strings.Cut(e.Type, ".")
	past, known := done[verb]
	if !known {
		past = verb + "d"
	}
	name := e.Name
	if noun == "version" {
		name = strconv.Itoa(e.Version)
	}
	text := strings.ReplaceAll(noun, "_", " ")
	text = strings.ToUpper(text[:1]) + text[1:]
	if name != "" {
		text += fmt.Sprintf(" '%s'", name)
	}
	text += " was " + past
	if e.Version != 0 && noun != "version" {
		text += fmt.Sprintf(" on Version '%d'", e.Version)
	}
	return text
}

func (c *call) getEvent() ([]byte, error) {
	e, err := c.Store.Event(c.r.Context(), c.who, c.id)
	if err != nil {
		return nil, err
	}
	c.media = mediaJSONAPI
	return encode(struct {
		Data eventReply `json:"data"`
	}{newEventReply(e)}), nil
}

// listEvents answers what was written, the newest first.
func (c *call) listEvents() ([]byte, error) {
	query := c.r.URL.Query()
	p := service.Page{Descending: query.Get("sort") != "created_at"}
	var err error
	if p.Number, err = pageNumber(query, "page[number]", 1); err != nil {
		return nil, err
	}
	if p.Size, err = pageNumber(query, "page[size]", usualPage); err != nil {
		return nil, err
	}
	p.Size = min(p.Size, maxPage)
	filter := service.EventFilter{
		Service: query.Get("filter[service_id]"), User: query.Get("filter[user_id]"), Type: query.Get("filter[event_type]"),
	}
	if customer := query.Get("filter[customer_id]"); customer != "" && customer != c.who.Customer {
		filter.User = "-" // nobody: other customers' events are as if there were none
	}
	all, total, err := c.Store.Events(c.r.Context(), c.who, filter, p)
	if err != nil {
		return nil, err
	}
	replies := []eventReply{}
	for _, e := range all {
		replies = append(replies, newEventReply(e))
	}
	c.media = mediaJSONAPI
	return encode(struct {
		Data  []eventReply      `json:"data"`
		Links map[string]string `json:"links"`
		Meta  listMeta          `json:"meta"`
	}{replies, c.eventLinks(p, total), newListMeta(p, total)}), nil
}

// eventLinks are the addresses of the other pages, with the filters of this one.
func (c *call) eventLinks(p service.Page, total int) map[string]string {
	to := func(number int) string {
		params := url.Values{}
		for name, values := range c.r.URL.Query() {
			if strings.HasPrefix(name, "filter[") || name == "page[size]" || name == "sort" {
				params[name] = values
			}
		}
		params.Set("page[number]", strconv.Itoa(number))
		// As recorded, brackets stand as they are.
		return c.base() + c.r.URL.EscapedPath() + "?" + strings.NewReplacer("%5B", "[", "%5D", "]").Replace(params.Encode())
	}
	last := p.Pages(total)
	links := map[string]string{}
	if p.Number < last {
		links["next"], links["last"] = to(p.Number+1), to(last)
	}
	if p.Number > 1 {
		links["prev"], links["first"] = to(min(p.Number-1, last)), to(1)
	}
	return links
}
