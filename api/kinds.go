package api

import (
	"strings"

	"headwater/service"
)

// addKinds makes the routes of all kinds, under the path of a version, and of
// the items that some hold.
func (n *node) addKinds(version string) {
	for _, k := range service.Kinds() {
		o := newObjects(k)
		path := version + "/" + k.Name
		if k.Ours {
			path = "/headwater" + path
		}
		switch {
		case k.Apart, k.Optional: // below, each with what can be done to it
		case k.Singleton:
			n.add("GET    "+path, o.get)
			n.add("PUT    "+path, o.update)
		default:
			n.add("GET    "+path, o.list)
			n.add("POST   "+path, o.create)
			n.add("GET    "+path+"/{name}", o.get)
			n.add("PUT    "+path+"/{name}", o.update)
			n.add("DELETE "+path+"/{name}", o.delete)
		}
	}

	http3 := newObjects(service.HTTP3Kind)
	n.add("GET    "+version+"/http3", http3.get)
	n.add("POST   "+version+"/http3", http3.create)
	n.add("DELETE "+version+"/http3", http3.delete)

	relation := newObjects(service.DirectorBackendKind)
	path := version + "/director/{name}/backend/{id}"
	n.add("GET    "+path, related(relation.get))
	n.add("POST   "+path, relate)
	n.add("DELETE "+path, related(relation.delete))

	vcl := newObjects(service.VCLKind)
	n.add("PUT    "+version+"/vcl/{name}/main", vcl.setMain)
	n.add("GET    "+version+"/vcl/{name}/content", (*call).contentVCL)
	n.add("GET    "+version+"/vcl/{name}/download", (*call).downloadVCL)
	n.add("GET    "+version+"/boilerplate", (*call).boilerplate)
	n.add("GET    "+version+"/generated_vcl", (*call).generatedVCL)
	n.add("GET    "+version+"/generated_vcl/content", (*call).generatedContent)

	optimizer := imageOptimizer{newObjects(service.ImageOptimizerKind)}
	n.add("GET    "+version+"/image_optimizer_default_settings", optimizer.get)
	n.add("PATCH  "+version+"/image_optimizer_default_settings", optimizer.patch)

	program := packages{newObjects(service.PackageKind)}
	n.add("GET    "+version+"/package", program.get)
	n.add("PUT    "+version+"/package", program.put)

	limiter := newObjects(service.RateLimiterKind)
	n.add("GET    /rate-limiters/{name}", found(service.RateLimiterKind, limiter.get))
	n.add("PUT    /rate-limiters/{name}", found(service.RateLimiterKind, limiter.update))
	n.add("DELETE /rate-limiters/{name}", found(service.RateLimiterKind, limiter.delete))

	n.addItems(version)
}

// addItems makes the routes of what objects hold beside all versions.
func (n *node) addItems(version string) {
	content := newItems(service.SnippetKind)
	n.add("GET    /service/{service}/snippet/{id}", content.get)
	n.add("PUT    /service/{service}/snippet/{id}", content.update)

	for _, h := range []struct {
		kind             *service.Kind
		path, one, items string
	}{
		{service.DictionaryKind, "dictionary", "item", "items"},
		{service.ACLKind, "acl", "entry", "entries"},
		{service.PoolKind, "pool", "server", "servers"},
	} {
		i := newItems(h.kind)
		path := "/service/{service}/" + h.path + "/{id}/"
		n.add("GET    "+path+h.items, i.list)
		n.add("POST   "+path+h.one, i.create)
		n.add("GET    "+path+h.one+"/{name}", i.get)
		n.add("PATCH  "+path+h.one+"/{name}", i.update)
		n.add("DELETE "+path+h.one+"/{name}", i.delete)
		if h.kind == service.DictionaryKind {
			n.add("PUT    "+path+h.one+"/{name}", i.upsert)
		} else {
			n.add("PUT    "+path+h.one+"/{name}", i.update)
		}
		if h.kind != service.PoolKind {
			n.add("PATCH  "+path+h.items, i.batch(h.items))
		}
	}
	n.add("GET    "+version+"/dictionary/{name}/info", (*call).dictionaryInfo)
}

// found runs do at the newest version that has the object which the path names
// by its ID alone.
func found(k *service.Kind, do action) action {
	return func(c *call) (body []byte, err error) {
		if c.at, err = c.Store.FindObject(c.r.Context(), c.who, k, c.name); err != nil {
			return nil, err
		}
		return do(c)
	}
}

// related finds the relation of the two objects that the path names.
func related(do action) action {
	return func(c *call) (body []byte, err error) {
		err = c.named(func(director string) error {
			own := *c
			own.name, own.altName = service.DirectorBackendName(director, c.id), ""
			if backend := strings.ReplaceAll(c.id, "+", " "); backend != c.id {
				own.altName = service.DirectorBackendName(director, backend)
			}
			body, err = do(&own)
			return err
		})
		return body, err
	}
}

// relate makes a relation of what the path names. Neither has to exist, and the
// body says nothing.
func relate(c *call) ([]byte, error) {
	k := service.DirectorBackendKind
	o, err := k.Create(service.Input{"director_name": {Text: c.name}, "backend_name": {Text: c.id}})
	if err != nil {
		return nil, err
	}
	if o, err = c.Store.CreateObject(c.r.Context(), c.who, c.at, k, o); err != nil {
		return nil, err
	}
	return k.AppendJSON(nil, o, c.place(false)), nil
}

func (o objects) setMain(c *call) (body []byte, err error) {
	err = c.named(func(name string) error {
		object, err := c.Store.UpdateObject(c.r.Context(), c.who, c.at, o.kind, name, func(old service.Object) (service.Object, error) {
			return o.kind.Update(old, service.Input{"main": {Text: "true"}})
		})
		if err == nil {
			body = o.kind.AppendJSON(nil, object, c.place(false))
		}
		return err
	})
	return body, err
}

func (c *call) vcl() (v *service.VCL, err error) {
	err = c.named(func(name string) error {
		o, _, err := c.Store.Object(c.r.Context(), c.who, c.at, service.VCLKind, name)
		if err == nil {
			v = o.(*service.VCL)
		}
		return err
	})
	return v, err
}

// contentVCL answers the program as HTML.
func (c *call) contentVCL() ([]byte, error) {
	v, err := c.vcl()
	if err != nil {
		return nil, err
	}
	return c.highlighted(v), nil
}

func (c *call) downloadVCL() ([]byte, error) {
	v, err := c.vcl()
	if err != nil {
		return nil, err
	}
	return c.plain(v.Content), nil
}

// boilerplate answers a program to begin with.
func (c *call) boilerplate() ([]byte, error) {
	if _, err := c.Store.Version(c.r.Context(), c.who, c.at); err != nil {
		return nil, err
	}
	return c.plain(service.BoilerplateVCL), nil
}

// plain answers with a text that is no JSON.
func (c *call) plain(text string) []byte {
	c.media = "text/plain"
	return []byte(text)
}

// check compiles s as an activation would, once all that its objects name is
// there.
func (c *call) check(s *service.Snapshot) (warnings []string, err error) {
	if err := s.CheckReferences(); err != nil {
		return nil, err
	}
	return c.Edge.Check(s)
}

// compiles is check for those whom no warning would reach.
func (c *call) compiles(s *service.Snapshot) error {
	_, err := c.check(s)
	return err
}
