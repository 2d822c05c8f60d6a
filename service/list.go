package service

import (
	"encoding/json"
	"strings"
)

// maxList bounds how many texts a list may have.
const maxList = 200

// A Composite is a value of several parts. It has methods on its pointer, which
// is what a row's At returns.
type Composite interface {
	reset()
	assign(name string, v Value) error
	append(dst []byte) []byte
	load(value []byte) error
}

// of returns what in has for the field. Lists in forms have "[]" behind their
// name.
func (r *row) of(in Input) (v Value, sent bool) {
	if r.access == Never {
		return v, false
	}
	if v, sent = in[r.name]; sent {
		return v, true
	}
	v, sent = in[r.name+"[]"]
	return v, sent && r.nests()
}

// nests reports whether lists or objects are for this field.
func (r *row) nests() bool {
	if r.access == Never {
		return true // whatever it is, nobody reads it
	}
	switch r.at(r.sample).(type) {
	case *[]string, Composite:
		return true
	}
	return false
}

// parseList reads a list as JSON has it, the same as the text of a form's one
// key, or a single text.
func (r *row) parseList(v Value) ([]string, error) {
	list := []string{}
	switch text := strings.TrimSpace(v.Text); {
	case text == "":
	case v.Type == NestedValue, strings.HasPrefix(text, "["):
		if json.Unmarshal([]byte(text), &list) != nil {
			return nil, Errorf(Invalid, "'%s' must be a list of strings", r.name)
		}
	case v.Type == TextValue:
		list = append(list, text)
	default:
		return nil, Errorf(Invalid, "'%s' must be a list of strings", r.name)
	}
	if len(list) > maxList {
		return nil, Errorf(Invalid, "'%s' has more than %d members", r.name, maxList)
	}
	for _, text := range list {
		if err := r.checkValue(text); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func appendList(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, text := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, text)
	}
	return append(dst, ']')
}

// List encodes texts as a value for a list.
func List(texts ...string) Value {
	return Value{Type: NestedValue, Text: string(appendList(nil, texts))}
}

// Nests reports whether the field of that name may be sent as a list or an
// object. Those of other names are refused if they are the kind's, and ignored
// if not.
func (k *Kind) Nests(name string) bool {
	r := k.byName[name]
	return r != nil && r.nests()
}
