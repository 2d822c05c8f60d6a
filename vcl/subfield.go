package vcl

import (
	"strings"

	"headwater/internal/message"
)

// Parts of a header's value: max-age of Cache-Control, a name of Cookie.

// separator is what stands between the parts of a header.
func separator(field string) byte {
	if strings.EqualFold(field, "Cookie") {
		return ';'
	}
	return ','
}

// subfieldOf makes the row of one part of a header.
func subfieldOf(v *variable, key *message.Key, sub string, of func(*Ctx) *message.Fields) {
	if strings.EqualFold(key.Name, "Set-Cookie") {
		v.write, v.unset = 0, 0 // its parts do not belong to one list
		v.get = ofString(func(*Ctx) (string, bool) { return "", false })
		return
	}
	sep := separator(key.Name)
	v.get = ofString(func(x *Ctx) (string, bool) {
		fs := of(x)
		for i := fs.Index(key, 0); i >= 0; i = fs.Index(key, i+1) {
			if text, found := subfield(message.Text(fs.At(i).Value()), sub, sep); found {
				return text, true
			}
		}
		return "", false
	})
	v.set = func(a value) func(*Ctx) {
		now := a.str
		return func(x *Ctx) {
			fs := of(x)
			was, _ := fs.Get(key)
			text, set := now(x)
			if now := x.replaceSubfield(was, sub, oneLine(text), sep, set); now != "" {
				x.setField(fs, key, now)
			} else {
				fs.Unset(key)
			}
		}
	}
	v.clear = v.set(ofString(func(*Ctx) (string, bool) { return "", false }))
}

// subfield finds a part by its name, whatever its case: what follows its =, without
// quotes, or nothing for one that is a name alone.
func subfield(s, name string, sep byte) (text string, found bool) {
	for len(s) > 0 {
		var part string
		part, s = cutPart(s, sep)
		if key, text, _ := strings.Cut(part, "="); strings.EqualFold(trimBlanks(key), name) {
			return unquote(trimBlanks(text)), true
		}
	}
	return "", false
}

// cutPart cuts off the first part. A separator between quotes is none.
func cutPart(s string, sep byte) (part, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return trimBlanks(s[:i]), s[i+1:]
		}
	}
	return trimBlanks(s), ""
}

func trimBlanks(s string) string { return strings.Trim(s, " \t") }

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return s[1 : len(s)-1]
}

// replaceSubfield returns the value without the first part of that name, and, if
// there is a text to set, with a new one at its end.
func (x *Ctx) replaceSubfield(s, name, text string, sep byte, set bool) string {
	between := string(sep) + " "
	var space [16]string
	out, removed := space[:0], false
	add := func(parts ...string) {
		if len(out) > 0 {
			out = append(out, between)
		}
		out = append(out, parts...)
	}
	for len(s) > 0 {
		var part string
		part, s = cutPart(s, sep)
		if key, _, _ := strings.Cut(part, "="); !removed && strings.EqualFold(trimBlanks(key), name) {
			removed = true
		} else if part != "" {
			add(part)
		}
	}
	switch {
	case !set:
	case text == "":
		add(name)
	case strings.IndexByte(text, sep) >= 0 || strings.ContainsAny(text, " \t"):
		add(name, "=\"", text, "\"")
	default:
		add(name, "=", text)
	}
	return x.arena.join(out)
}
