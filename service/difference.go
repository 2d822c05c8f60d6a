package service

import (
	"bytes"
	"strings"
)

// maxDifference bounds what is told of a value that changed, in bytes.
const maxDifference = 256

// Difference returns the fields in which two objects of the kind differ, as JSON
// objects of their values in each; "" and "" if they do in none. Secrets read as
// null, and long values are cut short.
func (k *Kind) Difference(old, changed Object) (before, after string) {
	var from, to []byte
	for i := range k.rows {
		r := &k.rows[i]
		was, is := r.append(nil, old, k.Wire), r.append(nil, changed, k.Wire)
		if r.derived || bytes.Equal(was, is) {
			continue
		}
		from, to = r.appendDifference(from, old, was), r.appendDifference(to, changed, is)
	}
	if len(from) == 0 {
		return "", ""
	}
	return string(append(from, '}')), string(append(to, '}'))
}

func (r *row) appendDifference(dst []byte, o Object, value []byte) []byte {
	opening := byte(',')
	if len(dst) == 0 {
		opening = '{'
	}
	dst = appendKey(append(dst, opening), r.name)
	switch {
	case r.secret:
		return append(dst, "null"...)
	case len(value) <= maxDifference:
		return append(dst, value...)
	}
	text := r.text(o)
	return appendText(dst, strings.ToValidUTF8(text[:min(len(text), maxDifference)], "")+"...")
}
