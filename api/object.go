package api

import (
	"bytes"
	"encoding/json"
	"io"

	"headwater/service"
)

// objects are the actions on the objects of one kind. All kinds share them;
// what differs, the kind's own table says.
type objects struct {
	kind  *service.Kind
	known map[string]json.RawMessage // only the keys count
}

func newObjects(k *service.Kind) objects {
	o := objects{kind: k}
	// What a kind answers is what it knows.
	if err := json.Unmarshal(k.AppendJSON(nil, k.Default(), service.Place{}), &o.known); err != nil {
		panic("api: kind " + k.Name + " does not render as JSON: " + err.Error())
	}
	return o
}

func (o objects) input(c *call) (service.Input, error) {
	in, err := c.input(func(key string) bool {
		_, known := o.known[key]
		return known && !o.kind.Nests(key)
	})
	for key, v := range in {
		if len(v.Text) > c.Limits.PEM && o.kind.PEM(key) {
			return nil, service.Errorf(service.Invalid, "'%s' is longer than %d bytes", key, c.Limits.PEM)
		}
	}
	return in, err
}

// place is where the call's objects are rendered from.
func (c *call) place(locked bool) service.Place {
	p := service.Place{Service: c.at.Service, Version: c.at.Version, Locked: locked, Reader: !c.who.Writes()}
	if c.r.URL.Query().Get("no_content") == "1" {
		p.Omit = "content"
	}
	return p
}

func (o objects) list(c *call) ([]byte, error) {
	all, v, err := c.Store.Objects(c.r.Context(), c.who, c.at, o.kind)
	if err != nil {
		return nil, err
	}
	place, more := c.place(v.Locked), o.more(c)
	if len(all) > streamed {
		c.stream(func(w io.Writer) error { return o.writeList(w, all, place, more) })
		return nil, nil
	}
	var body bytes.Buffer
	err = o.writeList(&body, all, place, more)
	return body.Bytes(), err
}

// streamed is how many objects a list may have that is in memory as a whole.
const streamed = 100

// writeList writes the objects as a JSON list, one at a time. Each ends with more.
func (o objects) writeList(w io.Writer, all []service.Object, place service.Place, more string) error {
	var one []byte
	for i, object := range all {
		one = append(one[:0], ","...)
		if i == 0 {
			one[0] = '['
		}
		one = o.kind.AppendJSON(one, object, place)
		if more != "" {
			one = append(one[:len(one)-1], more...)
		}
		if _, err := w.Write(one); err != nil {
			return err
		}
	}
	end := "]"
	if len(all) == 0 {
		end = "[]"
	}
	_, err := io.WriteString(w, end)
	return err
}

// more is what each object of a list ends with, if the query asks for more than
// usual: domains tell where they are staged.
func (o objects) more(c *call) string {
	if o.kind != service.DomainKind || c.r.URL.Query().Get("include") != "staging_ips" {
		return ""
	}
	return `,"staging_ip":"` + c.stagingIP() + `"}`
}

func (o objects) get(c *call) (body []byte, err error) {
	err = c.named(func(name string) error {
		object, v, err := c.Store.Object(c.r.Context(), c.who, c.at, o.kind, name)
		if err == nil {
			body = o.kind.AppendJSON(nil, object, c.place(v.Locked))
		}
		return err
	})
	return body, err
}

func (o objects) create(c *call) ([]byte, error) {
	in, err := o.input(c)
	if err != nil {
		return nil, err
	}
	object, err := o.kind.Create(in)
	if err != nil {
		return nil, err
	}
	object, err = c.Store.CreateObject(c.r.Context(), c.who, c.at, o.kind, object)
	if err != nil {
		return nil, err
	}
	return o.kind.AppendJSON(nil, object, c.place(false)), nil // a locked version takes no writes
}

func (o objects) update(c *call) (body []byte, err error) {
	in, err := o.input(c)
	if err != nil {
		return nil, err
	}
	err = c.named(func(name string) error {
		object, err := c.Store.UpdateObject(c.r.Context(), c.who, c.at, o.kind, name,
			func(old service.Object) (service.Object, error) { return o.kind.Update(old, in) })
		if err == nil {
			body = o.kind.AppendJSON(nil, object, c.place(false))
		}
		return err
	})
	return body, err
}

func (o objects) delete(c *call) ([]byte, error) {
	err := c.named(func(name string) error {
		return c.Store.DeleteObject(c.r.Context(), c.who, c.at, o.kind, name)
	})
	if err != nil {
		return nil, err
	}
	return statusOK()
}

// put changes the object of which a version has one or none, and makes it if it
// has none.
func (o objects) put(c *call, in service.Input) ([]byte, error) {
	object, err := c.Store.UpdateObject(c.r.Context(), c.who, c.at, o.kind, "",
		func(old service.Object) (service.Object, error) { return o.kind.Update(old, in) })
	if isCode(err, service.Hidden) {
		if object, err = o.kind.Create(in); err != nil {
			return nil, err
		}
		object, err = c.Store.CreateObject(c.r.Context(), c.who, c.at, o.kind, object)
	}
	if err != nil {
		return nil, err
	}
	return o.kind.AppendJSON(nil, object, c.place(false)), nil
}
