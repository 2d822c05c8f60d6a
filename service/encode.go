package service

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// append renders the field's value as JSON.
func (r *row) append(dst []byte, o Object, w Wire) []byte {
	if r.number {
		w = Numbers
	}
	switch p := r.at(o).(type) {
	case *string:
		return appendText(dst, *p)
	case *int64:
		return appendInt(dst, *p, w)
	case *bool:
		return appendBool(dst, *p, w)
	case **string:
		if *p != nil {
			return appendText(dst, **p)
		}
	case **int64:
		if *p != nil {
			return appendInt(dst, **p, w)
		}
	case **bool:
		if *p != nil {
			return appendBool(dst, **p, w)
		}
	case *[]string:
		return appendList(dst, *p)
	case Composite:
		return p.append(dst)
	}
	return append(dst, "null"...)
}

func appendKey(dst []byte, name string) []byte {
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendInt(dst []byte, n int64, w Wire) []byte {
	if w == Strings {
		dst = append(dst, '"')
		dst = strconv.AppendInt(dst, n, 10)
		return append(dst, '"')
	}
	return strconv.AppendInt(dst, n, 10)
}

func appendBool(dst []byte, b bool, w Wire) []byte {
	if w == Strings {
		if b {
			return append(dst, `"1"`...)
		}
		return append(dst, `"0"`...)
	}
	return strconv.AppendBool(dst, b)
}

// appendText quotes s as encoding/json does; most texts need no escape and
// take the short way.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always marshals
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// TimeFormat is how the API writes times: UTC, whole seconds.
const TimeFormat = "2006-01-02T15:04:05Z"

func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, TimeFormat)
	return append(dst, '"')
}

// load reads what append wrote with [Numbers]. The value is one JSON value, as
// eachMember hands it over; the field is at its default.
func (r *row) load(o Object, value []byte) error {
	if string(value) == "null" {
		return r.loadNull(o)
	}
	switch p := r.at(o).(type) {
	case *string:
		return loadText(p, value)
	case **string:
		*p = new(string)
		return loadText(*p, value)
	case *int64:
		return loadInt(p, value)
	case **int64:
		*p = new(int64)
		return loadInt(*p, value)
	case *bool:
		return loadBool(p, value)
	case **bool:
		*p = new(bool)
		return loadBool(*p, value)
	case *[]string:
		err := json.Unmarshal(value, p)
		if err == nil && r.canon != nil {
			r.canon(*p)
		}
		return err
	case Composite:
		return p.load(value)
	}
	return nil
}

// loadNull leaves a field that cannot be null at its default: it could be when
// an older binary wrote the value. A number with a default is null in the reply
// to a write at most.
func (r *row) loadNull(o Object) error {
	switch p := r.at(o).(type) {
	case **string:
		*p = nil
	case **int64:
		*p = optional[int64](r.def)
	case **bool:
		*p = nil
	case Composite:
		p.reset()
	}
	return nil
}

// unseal replaces the sealed text of a secret that was just loaded by what it
// holds.
func (r *row) unseal(o Object, s Sealer, context string) error {
	sealed := r.secretText(o)
	if sealed == "" {
		return nil
	}
	plain, err := s.Open(sealed, context)
	if err != nil {
		return fmt.Errorf("open %s: %w", r.name, err)
	}
	*r.at(o).(**string) = &plain
	return nil
}

// loadText takes the short way for texts without an escape: a version of a
// thousand backends holds tens of thousands of them.
func loadText(p *string, value []byte) error {
	if value[0] != '"' {
		return fmt.Errorf("%.20s is not a text", value)
	}
	for _, c := range value {
		if c == '\\' || c > '~' || c < ' ' {
			return json.Unmarshal(value, p)
		}
	}
	*p = string(value[1 : len(value)-1])
	return nil
}

func loadInt(p *int64, value []byte) (err error) {
	*p, err = strconv.ParseInt(string(value), 10, 64)
	return err
}

func loadBool(p *bool, value []byte) error {
	*p = string(value) == "true"
	if !*p && string(value) != "false" {
		return fmt.Errorf("%.20s is not a boolean", value)
	}
	return nil
}
