package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"headwater/api"
	"headwater/service"
)

func document(t *testing.T, f *fixture) map[string]any {
	t.Helper()
	r := f.send(t, "GET", "/headwater/openapi.json", "", nil) // without a token
	r.want(t, http.StatusOK, "")
	return r.object(t)
}

// The document has each route that is served, with its methods, and no other.
func TestOpenAPIRoutes(t *testing.T) {
	f := start(t)
	var got []string
	for path, item := range document(t, f)["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				got = append(got, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(got)
	want := api.Routes()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the document has\n%s\nand served are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Every reference leads somewhere, every parameter of a path is declared once,
// and no two operations share an id.
func TestOpenAPIHolds(t *testing.T) {
	f := start(t)
	d := document(t, f)
	if d["openapi"] != "3.1.0" {
		t.Errorf("version %v", d["openapi"])
	}
	body, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`"\$ref":"#/([^"]*)"`).FindAllStringSubmatch(string(body), -1) {
		at := any(d)
		for segment := range strings.SplitSeq(m[1], "/") {
			at = at.(map[string]any)[segment]
			if at == nil {
				t.Fatalf("%s leads nowhere", m[1])
			}
		}
	}
	ids := map[string]bool{}
	for path, item := range d["paths"].(map[string]any) {
		var declared []string
		item := item.(map[string]any)
		for _, p := range asList(item["parameters"]) {
			declared = append(declared, "{"+p.(map[string]any)["name"].(string)+"}")
		}
		if named := regexp.MustCompile(`\{\w+\}`).FindAllString(path, -1); !slices.Equal(named, declared) {
			t.Errorf("%s declares %v", path, declared)
		}
		for method, op := range item {
			if method == "parameters" {
				continue
			}
			id := op.(map[string]any)["operationId"].(string)
			if ids[id] {
				t.Errorf("two operations are called %s", id)
			}
			ids[id] = true
		}
	}
}

func asList(v any) []any { list, _ := v.([]any); return list }

// What the API answers of an object of each kind is what the document says.
func TestOpenAPIReplies(t *testing.T) {
	f := start(t)
	schemas := document(t, f)["components"].(map[string]any)["schemas"].(map[string]any)
	v := f.draft(t, "shop")
	for _, k := range service.Kinds() {
		var got map[string]any
		switch {
		case k.Apart, k.Optional:
			continue
		case k.Singleton:
			got = f.must(t, "GET", pathOf(k, v))
		default:
			name := "n" + strings.ReplaceAll(k.Name, "/", "")
			if k == service.DomainKind {
				name = "shop.test"
			}
			got = f.must(t, "POST", v+"/"+k.Name, append([]string{"name", name}, needed[k.Name]...)...)
		}
		name := strings.NewReplacer("/", "_", "-", "_").Replace(k.Name)
		properties := schemas[name].(map[string]any)["properties"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(got)) {
			p, known := properties[key].(map[string]any)
			if !known {
				t.Errorf("%s: %s is in the reply and not in the document", k.Name, key)
				continue
			}
			if is := jsonType(got[key]); p["type"] != nil && !allows(p["type"], is) {
				t.Errorf("%s: %s is %s, and %v in the document", k.Name, key, is, p["type"])
			}
		}
	}
}

func jsonType(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func allows(declared any, is string) bool {
	if list, ok := declared.([]any); ok {
		return slices.Contains(list, any(is))
	}
	return declared == is
}

// The page holds every path, runs no script and loads nothing.
func TestOpenAPIPage(t *testing.T) {
	f := start(t)
	r := f.send(t, "GET", "/headwater/openapi", "", nil)
	r.want(t, http.StatusOK, "")
	if got := r.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %s", got)
	}
	if got := r.header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("Content-Security-Policy %s", got)
	}
	for _, route := range api.Routes() {
		if _, path, _ := strings.Cut(route, " "); !strings.Contains(r.body, "<code>"+path+"</code>") {
			t.Errorf("%s is not on the page", path)
		}
	}
	if strings.Contains(r.body, "<script") || strings.Contains(r.body, "src=") {
		t.Error("the page loads something")
	}
}

// The shape of an explanation is told as it is answered: the document describes
// every member that a reply has.
func TestOpenAPIDescribesExplanations(t *testing.T) {
	f := start(t)
	d := document(t, f)
	op := d["paths"].(map[string]any)["/headwater/service/{service}/version/{version}/explain"].(map[string]any)["post"].(map[string]any)
	content := op["responses"].(map[string]any)["200"].(map[string]any)["content"].(map[string]any)
	if content["text/plain"] == nil {
		t.Error("no text")
	}
	described := content["application/json"].(map[string]any)["schema"].(map[string]any)
	v := f.draft(t, "shop")
	reply := f.send(t, "POST", "/headwater"+v+"/explain", ownerToken, strings.NewReader(`{"url":"http://a/"}`)).object(t)
	for name, value := range reply {
		s, ok := described["properties"].(map[string]any)[name].(map[string]any)
		if !ok {
			t.Errorf("%s is not described", name)
			continue
		}
		if nested, is := value.(map[string]any); is {
			for member := range nested {
				if s["properties"].(map[string]any)[member] == nil {
					t.Errorf("%s.%s is not described", name, member)
				}
			}
		}
	}
	input := op["requestBody"].(map[string]any)["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)
	if input["properties"].(map[string]any)["origins"] == nil || input["additionalProperties"] != false {
		t.Errorf("input %v", input)
	}
}
