package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"headwater/service"
)

var errNotJSON = service.Errorf(service.Invalid, "the body is not a valid JSON object")

// decodeJSON reads one JSON object. Numbers keep their digits, and what nests its
// text: nothing is rounded on the way. Like forms, an object may not hold a key
// twice. An empty body is an empty object.
func (l Limits) decodeJSON(body []byte, single func(key string) bool) (service.Input, error) {
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
		v, err := l.decodeValue(d, body)
		if err != nil {
			return nil, err
		}
		if v.Type == service.NestedValue && single(key) {
			return nil, service.Errorf(service.Invalid, "'%s' must be a single value", excerpt(key))
		}
		if err := l.put(in, key, v); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// decodeValue reads the value at hand.
func (l Limits) decodeValue(d *json.Decoder, body []byte) (service.Value, error) {
	token, err := d.Token()
	if err != nil {
		return service.Value{}, errNotJSON
	}
	switch t := token.(type) {
	case string:
		return service.Value{Type: service.TextValue, Text: t}, nil
	case json.Number:
		return service.Value{Type: service.NumberValue, Text: t.String()}, nil
	case bool:
		return service.Value{Type: service.BoolValue, Text: strconv.FormatBool(t)}, nil
	case json.Delim:
		start := d.InputOffset() - 1
		if err := l.skipNested(d); err != nil {
			return service.Value{}, err
		}
		return service.Value{Type: service.NestedValue, Text: string(body[start:d.InputOffset()])}, nil
	}
	return service.Value{Type: service.NullValue}, nil
}

// skipNested reads to the end of the object or list that was just entered.
func (l Limits) skipNested(d *json.Decoder) error {
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
		if depth > l.Depth {
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

// escapedUnit reads the UTF-16 unit of the \u escape that body begins with.
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
