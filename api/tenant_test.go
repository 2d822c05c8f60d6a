package api_test

import (
	"net/http"
	"strings"
	"testing"

	"headwater/service"
)

// Each route of each kind answers another customer as if nothing were there,
// whether or not something is.
func TestKindsOfOthers(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	base := strings.TrimSuffix(v, "/version/1")
	const nothing = `{"msg":"Not found"}`
	try := func(method, path string) {
		t.Helper()
		f.as(t, otherToken, method, path, "name", "x", "address", "a.test").want(t, http.StatusNotFound, nothing)
		// The same of a service that does not exist, byte for byte.
		unknown := strings.Replace(path, base, "/service/"+service.NewID(), 1)
		f.as(t, otherToken, method, unknown, "name", "x", "address", "a.test").want(t, http.StatusNotFound, nothing)
	}
	for _, k := range service.Kinds() {
		if k.Apart || k.Singleton {
			continue
		}
		name := "n" + strings.ReplaceAll(k.Name, "/", "")
		if k == service.DomainKind {
			name = "shop.test"
		}
		got := f.must(t, "POST", v+"/"+k.Name, append([]string{"name", name}, needed[k.Name]...)...)
		try("GET", v+"/"+k.Name)
		try("GET", v+"/"+k.Name+"/"+name)
		try("DELETE", v+"/"+k.Name+"/"+name)
		if id, ok := got["id"].(string); ok {
			for _, item := range [][2]string{{"dictionary", "item"}, {"acl", "entry"}, {"pool", "server"}} {
				if item[0] == k.Name {
					try("GET", base+"/"+item[0]+"/"+id+"/"+item[1]+"/x")
					try("DELETE", base+"/"+item[0]+"/"+id+"/"+item[1]+"/x")
				}
			}
		}
	}
	for _, path := range []string{"/http3", "/package", "/image_optimizer_default_settings", "/director/d/backend/b", "/boilerplate", "/vcl/v/content", "/vcl/v/download"} {
		try("GET", v+path)
	}
	try("POST", v+"/http3")
	try("DELETE", v+"/http3")
	try("POST", v+"/director/d/backend/b")
	try("PATCH", v+"/image_optimizer_default_settings")
	try("PUT", v+"/vcl/v/main")
}
