package api

import (
	"net/url"
	"strings"

	"headwater/service"
)

// decodeForm reads application/x-www-form-urlencoded. It is stricter than
// [url.ParseQuery]: a key that comes twice is refused, since whoever sees only
// one of the two sees another request than we do. Keys that end in "[]" are
// lists, and come as often as they have members.
func (l Limits) decodeForm(body string) (service.Input, error) {
	in := service.Input{}
	lists, members := map[string][]string{}, 0
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawText, _ := strings.Cut(pair, "=")
		key, err := unescapeForm(rawKey)
		if err != nil {
			return nil, err
		}
		text, err := unescapeForm(rawText)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(key, "[]") {
			if members++; members > l.Fields {
				return nil, l.tooManyFields()
			}
			lists[key] = append(lists[key], text)
			continue
		}
		if err := l.put(in, key, service.Value{Type: service.TextValue, Text: text}); err != nil {
			return nil, err
		}
	}
	for key, texts := range lists {
		if err := l.put(in, key, service.List(texts...)); err != nil {
			return nil, err
		}
	}
	return in, nil
}

func unescapeForm(raw string) (string, error) {
	text, err := url.QueryUnescape(raw)
	if err != nil {
		return "", service.Errorf(service.Invalid, "the form holds an invalid %%-escape")
	}
	return text, checkUTF8(text)
}

func (l Limits) tooManyFields() error {
	return service.Errorf(service.Invalid, "more than %d fields", l.Fields)
}

// put adds a field to in, once.
func (l Limits) put(in service.Input, key string, v service.Value) error {
	if _, twice := in[key]; twice {
		return service.Errorf(service.Invalid, "'%s' is sent twice", excerpt(key))
	}
	if len(in) == l.Fields {
		return l.tooManyFields()
	}
	if v.Type != service.NestedValue && len(v.Text) > l.Field {
		return service.Errorf(service.Invalid, "'%s' is longer than %d bytes", excerpt(key), l.Field)
	}
	in[key] = v
	return nil
}

// excerpt keeps a key that is quoted in an error from being the whole answer.
func excerpt(key string) string {
	const enough = 64
	if len(key) <= enough {
		return key
	}
	return strings.ToValidUTF8(key[:enough], "") + "..."
}
