package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"headwater/service"
)

func nested(s string) service.Value { return service.Value{Type: service.NestedValue, Text: s} }

// knows is a kind that knows name only.
func knows(key string) bool { return key == "name" }

func TestDecodeJSON(t *testing.T) {
	null := service.Value{Type: service.NullValue}
	tests := []struct {
		name, body string
		want       service.Input // nil: refused
	}{
		{"empty", "", service.Input{}},
		{"blank", " \r\n", service.Input{}},
		{"empty object", "{}", service.Input{}},
		{"all types", `{"a":"x","b":1,"c":true,"d":false,"e":null}`, service.Input{
			"a": text("x"), "b": number("1"),
			"c": {Type: service.BoolValue, Text: "true"}, "d": {Type: service.BoolValue, Text: "false"}, "e": null,
		}},
		{"numbers keep their digits", `{"a":1e400,"b":123456789012345678901234567890,"c":1.0,"d":-0}`, service.Input{
			"a": number("1e400"), "b": number("123456789012345678901234567890"), "c": number("1.0"), "d": number("-0"),
		}},
		{"escapes", `{"n\u0061me":"\u00e9\n\\u\ud83d\ude00"}`, service.Input{"name": text("é\n\\u😀")}},
		{"nested under a key that is not known", `{"x":{"y":[1,{"z":2}]},"w":[],"name":"b"}`, service.Input{
			"x": nested(`{"y":[1,{"z":2}]}`), "w": nested("[]"), "name": text("b"),
		}},
		{"nested under a known key", `{"name":["b"]}`, nil},
		{"object under a known key", `{"name":{}}`, nil},
		{"twice", `{"a":1,"a":2}`, nil},
		{"twice, escaped", `{"a":1,"\u0061":2}`, nil},
		{"twice, nested", `{"a":[],"a":{}}`, nil},
		{"list", `[]`, nil},
		{"null", `null`, nil},
		{"number", `1`, nil},
		{"text", `"x"`, nil},
		{"trailing bytes", `{} x`, nil},
		{"two objects", `{}{}`, nil},
		{"cut short", `{"a":1`, nil},
		{"trailing comma", `{"a":1,}`, nil},
		{"leading zero", `{"a":01}`, nil},
		{"single quotes", `{'a':1}`, nil},
		{"high surrogate alone", `{"a":"\ud800"}`, nil},
		{"low surrogate alone", `{"a":"\udc00"}`, nil},
		{"surrogates in the wrong order", `{"a":"\ude00\ud83d"}`, nil},
		{"high surrogate and a letter", `{"a":"\ud800\u0061"}`, nil},
		{"high surrogate in a key", `{"\ud800":1}`, nil},
		{"100,000 lists in each other", `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, nil},
		{"lists just too deep", `{"a":` + strings.Repeat("[", DefaultDepth+1) + strings.Repeat("]", DefaultDepth+1) + `}`, nil},
		{"objects without an end", strings.Repeat(`{"a":`, 100_000), nil},
		{"too many fields", "{" + strings.TrimSuffix(manyFields(`"k%d":1,`, DefaultFields+1), ",") + "}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := usual.decodeJSON([]byte(tt.body), knows)
			checkDecoded(t, got, tt.want, err)
		})
	}
}

// What decodeJSON accepts means to it what it means to encoding/json.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"a":"b"}`, `{"a":1,"b":[{}]}`, `{"a":"\ud83d\ude00"}`, `{"a":"\ud83d"}`, `{"a":1,"a":2}`, `[1]`, `{"a":1e9}`, `{"a":"\\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := usual.decodeJSON(body, knows)
		if err != nil {
			if !isCode(err, service.Invalid) {
				t.Fatalf("error %v is not an Invalid one", err)
			}
			return
		}
		if len(bytes.TrimSpace(body)) == 0 {
			return
		}
		var want map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("encoding/json refuses: %v", err)
		}
		if len(want) != len(in) {
			t.Fatalf("got %v, encoding/json has %v", in, want)
		}
		for key, v := range in {
			if !means(v, want[key]) {
				t.Fatalf("got %q: %v, encoding/json has %v", key, v, want[key])
			}
		}
	})
}

// means reports whether v is what encoding/json calls want.
func means(v service.Value, want any) bool {
	switch want := want.(type) {
	case string:
		return v == text(want)
	case json.Number:
		return v == number(want.String())
	case bool:
		return v.Type == service.BoolValue && (v.Text == "true") == want
	}
	if want == nil {
		return v.Type == service.NullValue
	}
	var have any
	d := json.NewDecoder(strings.NewReader(v.Text))
	d.UseNumber()
	return v.Type == service.NestedValue && d.Decode(&have) == nil && reflect.DeepEqual(have, want)
}

func TestBodyFormat(t *testing.T) {
	tests := []struct {
		contentType, body string
		want              format
	}{
		{"application/x-www-form-urlencoded", `{"a":1}`, formatForm},
		{"application/x-www-form-urlencoded; charset=utf-8", "a=1", formatForm},
		{"application/json", "a=1", formatJSON},
		{"Application/JSON; charset=utf-8", "{}", formatJSON},
		{"application/vnd.api+json", "{}", formatJSON},
		{"text/json", "{}", formatJSON},
		{"", "a=1", formatForm},
		{"", " \n{}", formatJSON},
		{"text/plain", "{}", formatJSON},
		{"text/plain", "a=1", formatForm},
		{strings.Repeat("x", 5<<10), "a=1", formatForm},
		{"multipart/form-data; boundary=x", "--x", formatMultipart},
	}
	for _, tt := range tests {
		if got := bodyFormat(tt.contentType, []byte(tt.body)); got != tt.want {
			t.Errorf("bodyFormat(%.40q, %q) = %d, want %d", tt.contentType, tt.body, got, tt.want)
		}
	}
}
