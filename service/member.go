package service

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errNotJSON = errors.New("not valid JSON")

// eachMember calls f with the name and the value of each member of the JSON object in
// body. It reads body once, and stands in for a map of raw messages, which costs more
// than all else that a read of a version does. A name with an escape is handed over as
// it is written, and so are texts: what is in them is for f to judge. All else is valid
// when f gets it; what f has got before an error is found counts for nothing.
func eachMember(body []byte, f func(name, value []byte) error) error {
	i := skipBlank(body, 0)
	if byteAt(body, i) != '{' {
		return errors.New("not a JSON object")
	}
	i = skipBlank(body, i+1)
	for more := byteAt(body, i) != '}'; more; {
		nameEnd := textEnd(body, i)
		if nameEnd < 0 {
			return errNotJSON
		}
		name := body[i+1 : nameEnd-1]
		i = skipBlank(body, nameEnd)
		if byteAt(body, i) != ':' {
			return errNotJSON
		}
		i = skipBlank(body, i+1)
		end := valueEnd(body, i)
		if end < 0 {
			return errNotJSON
		}
		if err := f(name, body[i:end]); err != nil {
			return err
		}
		i = skipBlank(body, end)
		switch byteAt(body, i) {
		case ',':
			i = skipBlank(body, i+1)
		case '}':
			more = false
		default:
			return errNotJSON
		}
	}
	if skipBlank(body, i+1) != len(body) {
		return errNotJSON
	}
	return nil
}

// byteAt returns the byte at i, and 0, which stands nowhere in JSON, behind the end.
func byteAt(body []byte, i int) byte {
	if i < len(body) {
		return body[i]
	}
	return 0
}

// skipBlank returns the index of the first byte at or after i that is no blank.
func skipBlank(body []byte, i int) int {
	for i < len(body) && (body[i] == ' ' || body[i] == '\t' || body[i] == '\n' || body[i] == '\r') {
		i++
	}
	return i
}

// textEnd returns the index after the text that begins at i, or -1 if there is none.
func textEnd(body []byte, i int) int {
	if byteAt(body, i) != '"' {
		return -1
	}
	i++
	n := bytes.IndexByte(body[i:], '"')
	if n < 0 {
		return -1
	}
	if bytes.IndexByte(body[i:i+n], '\\') < 0 {
		return i + n + 1
	}
	for ; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// valueEnd returns the index after the value that begins at i, or -1 if there is none.
func valueEnd(body []byte, i int) int {
	end := -1
	switch byteAt(body, i) {
	case '"':
		return textEnd(body, i)
	case '{', '[':
		end = nestedEnd(body, i)
	default:
		for end = i; end < len(body) && !endsScalar(body[end]); end++ {
		}
		if plainScalar(body[i:end]) {
			return end
		}
	}
	if end < 0 || !json.Valid(body[i:end]) {
		return -1
	}
	return end
}

// nestedEnd returns the index after the object or list that begins at i, or -1.
func nestedEnd(body []byte, i int) int {
	for depth := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			end := textEnd(body, i)
			if end < 0 {
				return -1
			}
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

func endsScalar(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// plainScalar reports whether a value is one of those that nearly all are.
func plainScalar(value []byte) bool {
	switch string(value) {
	case "null", "true", "false", "0":
		return true
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) > 0 && value[0] != '0'
}
