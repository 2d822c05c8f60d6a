package api

import "headwater/service"

// Services and versions are no kinds: they have no table of fields. These are
// the few that they have. What may stand in them, [service.Service.Check] and
// [service.Version.Check] say.

func serviceKeys(key string) bool { return key == "name" || key == "comment" || key == "type" }
func userKeys(key string) bool    { return key == "login" || key == "name" || key == "role" }
func versionKeys(key string) bool { return key == "comment" }

// textOf reads into text what a client sent under key, null as an empty one. It
// leaves text alone if nothing was sent.
func textOf(in service.Input, key string, text *string) (sent bool, err error) {
	v, sent := in[key]
	if v.Type == service.BoolValue {
		return sent, service.Errorf(service.Invalid, "'%s' must be a string", key)
	}
	if sent {
		*text = v.Text
	}
	return sent, nil
}
