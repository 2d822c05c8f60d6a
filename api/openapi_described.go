package api

import (
	"reflect"
	"strings"
	"time"

	"headwater/explain"
	"headwater/report"
)

// A description is what a route takes and answers that is of no kind.
type description struct {
	input schema // nil: nothing
	reply schema // by media type
}

// described are the routes that have a description, by method and path.
func described() map[string]description {
	lint := object(schema{"vcl": textSchema}, "vcl")
	verdict := schemaOf(reflect.TypeFor[verdict]())
	linted := object(schema{"data": object(schema{"attributes": verdict})})
	const version = "/service/{service}/version/{version}"
	explanation := jsonContent(schemaOf(reflect.TypeFor[explain.Explanation]()))
	explanation["text/plain"] = schema{"schema": textSchema}
	checked := jsonContent(schemaOf(reflect.TypeFor[report.Check]()))
	checked["text/plain"] = schema{"schema": textSchema}
	return map[string]description{
		"POST /vcl_lint":                            {lint, jsonContent(linted)},
		"POST /service/{service}/lint":              {lint, jsonContent(linted)},
		"GET " + version + "/validate":              {nil, jsonContent(verdict)},
		"GET " + version + "/generated_vcl":         {nil, jsonContent(reference("vcl"))},
		"GET " + version + "/generated_vcl/content": {nil, jsonContent(object(schema{"content": textSchema}))},
		"POST /headwater" + version + "/explain":    {questionSchema(), explanation},

		"POST /headwater/service/{service}/trace": {
			object(schema{"lifetime": schema{"type": "integer", "minimum": 1, "maximum": maxTraceTime}}),
			jsonContent(object(schema{"token": textSchema, "header": textSchema, "expires_at": schemaOf(reflect.TypeFor[time.Time]())})),
		},
		"GET /headwater/service/{service}/trace":      {nil, jsonContent(schemaOf(reflect.TypeFor[[]explain.Traced]()))},
		"GET /headwater/service/{service}/trace/{id}": {nil, explanation},

		"POST /headwater" + version + "/backend/{name}/check": {nil, checked},
		"GET /headwater/service/{service}/backends":           {nil, jsonContent(schemaOf(reflect.TypeFor[report.Backends]()))},
	}
}

// questionSchema is the one of an explain.Request, which reads more than it writes.
func questionSchema() schema {
	s := schemaOf(reflect.TypeFor[explain.Request]())
	s["required"], s["additionalProperties"] = []string{"url"}, false
	return s
}

var textSchema = schema{"type": "string"}

func object(properties schema, required ...string) schema {
	s := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// schemaOf describes how encoding/json writes a value of type t. Of types that
// write themselves it knows those that replies have.
func schemaOf(t reflect.Type) schema {
	switch t {
	case reflect.TypeFor[explain.Headers]():
		return schema{"type": "array", "items": schema{"type": "string", "examples": []string{"Name: value"}}}
	case reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := schemaOf(t.Elem())
		s["type"] = []string{s["type"].(string), "null"}
		return s
	case reflect.Slice:
		return schema{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint16, reflect.Uint64:
		return schema{"type": "integer"}
	case reflect.Struct:
		if t.NumField() > 0 && t.Field(0).PkgPath == "" {
			return schema{"type": "object", "properties": propertiesOf(t)}
		}
	}
	return schema{"type": "string"} // a text, or what is written as one
}

func propertiesOf(t reflect.Type) schema {
	all := schema{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			for name, s := range propertiesOf(f.Type) {
				all[name] = s
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all[name] = schemaOf(f.Type)
	}
	return all
}
