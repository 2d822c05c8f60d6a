package api

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"headwater/service"
)

// schema is a part of an OpenAPI document: JSON, whose keys encoding/json sorts.
type schema = map[string]any

const (
	openAPIPath     = "/headwater/openapi.json"
	openAPIPagePath = "/headwater/openapi"
)

// openAPI needs no token: it tells what the API is, and nothing of what is in it.
func (c *call) openAPI() ([]byte, error) { return c.document(), nil }

// newOpenAPI describes every route that n has, in OpenAPI 3.1.
func newOpenAPI(n *node) schema {
	paths := schema{}
	n.each("", func(path string, methods map[string]string) {
		item := schema{}
		for method, does := range methods {
			item[strings.ToLower(method)] = operation(method, path, does)
		}
		if parameters := parametersOf(path); len(parameters) > 0 {
			item["parameters"] = parameters
		}
		paths[path] = item
	})
	schemas := schema{"error": schema{
		"type":       "object",
		"required":   []string{"msg"},
		"properties": schema{"msg": schema{"type": "string"}, "detail": schema{"type": "string"}},
	}}
	for _, k := range documented() {
		schemas[schemaName(k)] = replySchema(k)
		schemas[schemaName(k)+"_input"] = inputSchema(k)
	}
	return schema{
		"openapi": "3.1.0",
		"info": schema{
			"title":       "Headwater",
			"version":     "1",
			"description": "Configuration of services, their versions and all that is in them.",
		},
		"security": []schema{{"token": []string{}}},
		"paths":    paths,
		"components": schema{
			"schemas":         schemas,
			"securitySchemes": schema{"token": schema{"type": "apiKey", "in": "header", "name": "Fastly-Key"}},
			"responses": schema{"error": schema{
				"description": "What is wrong, in words.",
				"content":     jsonContent(reference("error")),
			}},
		},
	}
}

// each calls do for every path under n that has actions, with its methods and
// what each is recorded as.
func (n *node) each(path string, do func(path string, methods map[string]string)) {
	if len(n.actions) > 0 {
		if n.rest {
			do(path+"/{rest}", n.events)
		} else {
			do(path, n.events)
		}
	}
	for _, segment := range slices.Sorted(maps.Keys(n.literals)) {
		n.literals[segment].each(path+"/"+segment, do)
	}
	if n.param != nil {
		n.param.each(path+"/{"+n.takes+"}", do)
	}
}

// documented are the kinds that have a schema.
func documented() []*service.Kind {
	return append(service.Kinds(), service.ACLEntryKind, service.DictionaryItemKind, service.ServerKind, service.SnippetContentKind)
}

func schemaName(k *service.Kind) string {
	return strings.NewReplacer("/", "_", "-", "_").Replace(k.Name)
}

func reference(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

func jsonContent(s schema) schema { return schema{"application/json": schema{"schema": s}} }

func parametersOf(path string) []schema {
	var all []schema
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			of := schema{"type": "string"}
			if name == "version" || name == "from" || name == "to" {
				of = schema{"type": "integer", "minimum": 1}
			}
			all = append(all, schema{"name": name, "in": "path", "required": true, "schema": of})
		}
	}
	return all
}

// operation describes one method of a path. Where the path is that of objects of
// a kind, it tells their shape.
func operation(method, path, does string) schema {
	ok := schema{"description": "Done."}
	op := schema{
		"operationId": strings.ToLower(method) + strings.NewReplacer("/", "_", "{", "", "}", "", "-", "_").Replace(path),
		"responses":   schema{"200": ok, "default": schema{"$ref": "#/components/responses/error"}},
	}
	if openPaths()[path] != nil {
		op["security"] = []schema{}
	}
	if noun, _, _ := strings.Cut(does, "."); noun != "" {
		op["tags"] = []string{noun}
	}
	if strings.HasPrefix(path, "/enabled-products/") && method == http.MethodDelete {
		op["responses"].(schema)["204"] = ok
		delete(op["responses"].(schema), "200")
	}
	if path == metricsPath {
		ok["content"] = schema{"text/plain": schema{"schema": textSchema}}
		return op
	}
	if d, special := described()[method+" "+path]; special {
		ok["content"] = d.reply
		if d.input != nil {
			op["requestBody"] = schema{"required": true, "content": jsonContent(d.input)}
		}
		return op
	}
	k, list := kindOf(path)
	if k == nil || method == http.MethodDelete {
		return op
	}
	reply := reference(schemaName(k))
	if list && method == http.MethodGet {
		reply = schema{"type": "array", "items": reply}
	}
	ok["content"] = jsonContent(reply)
	if k == service.PackageKind && method != http.MethodGet {
		op["requestBody"] = schema{"content": schema{"multipart/form-data": schema{"schema": schema{
			"type": "object", "required": []string{"package"},
			"properties": schema{"package": schema{"type": "string", "format": "binary"}},
		}}}}
		return op
	}
	if method != http.MethodGet {
		input := schema{"schema": reference(schemaName(k) + "_input")}
		op["requestBody"] = schema{"content": schema{
			"application/x-www-form-urlencoded": input, "application/json": input,
		}}
	}
	return op
}

const versionPath = "/service/{service}/version/{version}/"

// kindOf returns the kind whose objects, or whose list, a path is the place of.
func kindOf(path string) (k *service.Kind, list bool) {
	path, ours := strings.CutPrefix(path, "/headwater")
	under, ok := strings.CutPrefix(path, versionPath)
	if !ok {
		return nil, false
	}
	name, one := strings.CutSuffix(under, "/{name}")
	for _, k := range service.Kinds() {
		if k.Name == name && k.Ours == ours && !k.Apart && !(one && (k.Singleton || k.Optional)) {
			return k, !one && !k.Singleton && !k.Optional
		}
	}
	return nil, false
}

// replySchema describes an object as the API answers it.
func replySchema(k *service.Kind) schema {
	properties := schema{}
	for _, p := range k.Properties() {
		properties[p.Name] = typed(p.Type, p.Nullable)
	}
	if k.Places() {
		properties["service_id"] = schema{"type": "string"}
		properties["version"] = schema{"type": []string{"integer", "string"}}
	}
	times := []string{"created_at", "updated_at", "deleted_at"}
	switch k.Times() {
	case service.NoDeletedAt:
		times = times[:2]
	case service.NoTimes:
		times = nil
	}
	for _, name := range times {
		properties[name] = schema{"type": []string{"string", "null"}, "format": "date-time"}
	}
	return schema{"type": "object", "properties": properties}
}

// inputSchema describes what a client sends. Forms carry numbers and booleans as
// texts; in JSON those are accepted too.
func inputSchema(k *service.Kind) schema {
	properties, required := schema{}, []string{}
	for _, p := range k.Properties() {
		if p.Access == service.Never {
			continue
		}
		of := typed(p.Sends, p.Nullable)
		switch p.Sends {
		case "integer":
			of["minimum"], of["maximum"] = p.Min, p.Max
		case "string":
			of["maxLength"] = p.MaxLen
		}
		if len(p.Enum) > 0 {
			of["description"] = "One of " + strings.Join(p.Enum, ", ") + "."
		}
		if p.Refers != "" {
			of["description"] = "The name of a " + p.Refers + " of the same version."
		}
		properties[p.Name] = of
		if p.Required {
			required = append(required, p.Name)
		}
	}
	s := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["description"] = "A new one needs " + strings.Join(required, ", ") + "."
	}
	return s
}

func typed(name string, nullable bool) schema {
	s := schema{"type": name}
	if nullable {
		s["type"] = []string{name, "null"}
	}
	switch name {
	case "array":
		s["items"] = schema{"type": "string"}
	case "object":
		s = schema{}
	}
	return s
}
