package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"headwater/service"
)

// maxDepth bounds objects and lists within each other. Nothing that the API
// reads nests deeper than three.
const maxDepth = 32

var errNotJSON = service.Errorf(service.Invalid, "the body is not a valid JSON object")

// decodeJSON reads one JSON object of texts, numbers, booleans and nulls.
// Numbers keep their digits: nothing is rounded on the way. Like forms, an
// object may not hold a key twice. An empty body is an empty object.
func decodeJSON(body []byte, takes func(key string) bool) (service.Input, error) {
	in := service.Input{}
	if len(bytes.TrimSpace(body)) == 0 {
		return in, nil
	}
	// The decoder below reads leniently: broken surrogates become U+FFFD.
	if !json.Valid(body) || !wholeSurrogates(body) {
		return nil, errNotJSON
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, errNotJSON
	}
	for d.More() {
		token, err := d.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		v, nested, err := decodeValue(d)
		if err != nil {
			return nil, err
		}
		if nested && takes(key) {
			return nil, service.Errorf(service.Invalid, "'%s' must be a single value", key)
		}
		// A nested value takes its key all the same, so that it counts.
		if err := put(in, key, v); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// decodeValue reads the value at hand. Of one that is nested it reads past the
// end, and tells.
func decodeValue(d *json.Decoder) (v service.Value, nested bool, err error) {
	token, err := d.Token()
	if err != nil {
		return v, false, errNotJSON
	}
	switch t := token.(type) {
	case string:
		return service.Value{Type: service.TextValue, Text: t}, false, nil
	case json.Number:
		return service.Value{Type: service.NumberValue, Text: t.String()}, false, nil
	case bool:
		return service.Value{Type: service.BoolValue, Text: strconv.FormatBool(t)}, false, nil
	case json.Delim:
		return service.Value{Type: service.NullValue}, true, skipNested(d)
	}
	return service.Value{Type: service.NullValue}, false, nil
}

// skipNested reads to the end of the object or list that was just entered.
func skipNested(d *json.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return errNotJSON
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth {
			return service.Errorf(service.Invalid, "the body is nested too deeply")
		}
	}
	return nil
}

// wholeSurrogates reports whether each \u escape of a surrogate in valid JSON
// is half of a pair. Backslashes stand only within texts there.
func wholeSurrogates(body []byte) bool {
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 {
			return true
		}
		body = body[at:]
		if body[1] != 'u' {
			body = body[2:]
			continue
		}
		r := escapedUnit(body)
		body = body[6:]
		if !utf16.IsSurrogate(r) {
			continue
		}
		if len(body) < 6 || body[0] != '\\' || body[1] != 'u' || utf16.DecodeRune(r, escapedUnit(body)) == utf8.RuneError {
			return false
		}
		body = body[6:]
	}
}

// escapedUnit reads the UTF-16 unit of the escape \uXXXX that body begins with.
func escapedUnit(body []byte) rune {
	n, _ := strconv.ParseUint(string(body[2:6]), 16, 16) // four hex digits in valid JSON
	return rune(n)
}

// checkUTF8 refuses texts that JSON could not carry back.
func checkUTF8(text string) error {
	if !utf8.ValidString(text) {
		return service.Errorf(service.Invalid, "the body is not valid UTF-8")
	}
	return nil
}
