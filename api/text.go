package api

import (
	"strings"

	"headwater/service"
)

// Services and versions are no kinds: they have no table of fields. These are
// the few that they have, held to the rules of the kinds' texts.
const (
	maxServiceName = 255
	maxComment     = 4096
)

func serviceKeys(key string) bool { return key == "name" || key == "comment" || key == "type" }
func versionKeys(key string) bool { return key == "comment" }

func commentOf(in service.Input) (text string, sent bool, err error) {
	return textOf(in, "comment", maxComment, true)
}

// textOf returns the text that a client sent under key; null is an empty one.
// Lines allows line breaks and tabs.
func textOf(in service.Input, key string, most int, lines bool) (text string, sent bool, err error) {
	v, sent := in[key]
	if v.Type == service.BoolValue {
		return "", sent, service.Errorf(service.Invalid, "'%s' must be a string", key)
	}
	if len(v.Text) > most {
		return "", sent, service.Errorf(service.Invalid, "'%s' is longer than %d bytes", key, most)
	}
	control := strings.ContainsFunc(v.Text, func(r rune) bool {
		return r == 0x7f || r < ' ' && !(lines && strings.ContainsRune("\r\n\t", r))
	})
	if control {
		return "", sent, service.Errorf(service.Invalid, "'%s' holds a control character", key)
	}
	return v.Text, sent, nil
}
