package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"headwater/service"
)

// A dump is one version as text, in the form of YAML that Fastly's diffs show:
// sections in the order of their names, and in them the objects in that of
// theirs. It keeps the parts apart, so that two dumps compare part by part.
type dump []section

// A section is a list of objects, or one value in lines.
type section struct {
	key   string
	list  bool
	items []item
	lines []string
}

// An item is one object of a list.
type item struct {
	name   string
	fields []dumpField
}

type dumpField struct {
	key   string
	lines []string // indented as they stand in the dump
}

// dumpVersion writes down a version. Secrets read as they do to a token that may
// not see them: null.
func dumpVersion(v *service.Version, s *service.Snapshot) dump {
	at := service.Place{Service: s.Service, Version: s.Version, Reader: true}
	lists, known := kindsByList("vcl")
	d := dump{
		{key: "comment", lines: scalarLines("comment", "", v.Comment)},
		{key: "deployed", lines: []string{"deployed: false"}},
		{key: "service_id", lines: []string{"service_id: " + s.Service}},
		{key: "staging", lines: []string{"staging: " + strconv.FormatBool(v.Staged)}},
		{key: "testing", lines: []string{"testing: false"}},
		{key: "settings", lines: fieldLines("settings", service.SettingsKind, s.Settings(), at)},
	}
	for _, name := range lists {
		d = append(d, dumpList(name, known[name], s, at))
		delete(known, name)
	}
	if k, e := service.ExtensionsKind, s.Extensions(); k.Changed(e) {
		d = append(d, section{key: "extensions", lines: fieldLines("extensions", k, e, at)})
	}
	// Kinds that Fastly's diffs leave out are shown where there are any.
	for name, k := range known {
		if !k.Singleton && !k.Apart && len(s.Objects[k.Name]) > 0 {
			d = append(d, dumpList(name, k, s, at))
		}
	}
	slices.SortFunc(d, func(a, b section) int { return strings.Compare(a.key, b.key) })
	return d
}

// fieldLines are those of a kind's only object.
func fieldLines(key string, k *service.Kind, o service.Object, at service.Place) []string {
	lines, values := []string{key + ":"}, k.Values(o, at)
	for _, f := range sortedFields(k) {
		lines = append(lines, valueLines(f.name, "  ", values[f.at])...)
	}
	return lines
}

// A namedField is a field of a kind, and where its value is among all.
type namedField struct {
	name string
	at   int
}

// sortedFields are the fields of a kind in the order of their names.
func sortedFields(k *service.Kind) (all []namedField) {
	for i, p := range k.Properties() {
		all = append(all, namedField{p.Name, i})
	}
	slices.SortFunc(all, func(a, b namedField) int { return strings.Compare(a.name, b.name) })
	return all
}

func dumpList(name string, k *service.Kind, s *service.Snapshot, at service.Place) section {
	list := section{key: name, list: true}
	if k == nil {
		return list
	}
	fields := sortedFields(k)
	for _, o := range byName(s, k) {
		it, values := item{name: o.Meta().Name}, k.Values(o, at)
		it.fields = append(it.fields, dumpField{lines: scalarLines("name", "- ", it.name)})
		for _, f := range fields {
			if f.name != "name" {
				it.fields = append(it.fields, dumpField{f.name, valueLines(f.name, "  ", values[f.at])})
			}
		}
		list.items = append(list.items, it)
	}
	return list
}

// valueLines writes "key: value" for a JSON value.
func valueLines(key, indent string, value []byte) []string {
	switch value[0] {
	case '"':
		return scalarLines(key, indent, textOfJSON(value))
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(value, &list) != nil || len(list) == 0 {
			break
		}
		lines := []string{indent + key + ":"}
		for _, v := range list {
			lines = append(lines, indent+"- "+quote(textOfJSON(v)))
		}
		return lines
	case 'n':
		return []string{indent + key + ":"}
	}
	return []string{indent + key + ": " + string(value)}
}

// textOfJSON is the text that a JSON value is; of other values, their JSON. Most
// texts have no escape and take the short way.
func textOfJSON(value []byte) (text string) {
	if value[0] != '"' {
		return string(value)
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	if json.Unmarshal(value, &text) != nil {
		return string(value)
	}
	return text
}

// scalarLines writes "key: text", a text of several lines as a block.
func scalarLines(key, indent, text string) []string {
	if !strings.ContainsAny(text, "\r\n") {
		return []string{indent + key + ": " + quote(text)}
	}
	lines := []string{indent + key + ": |-"}
	deeper := strings.Repeat(" ", len(indent)+2)
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, deeper+strings.TrimSuffix(line, "\r"))
	}
	return lines
}

func quote(text string) string {
	if plain(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// plain reports whether YAML reads text as itself: it begins with a letter or a
// slash, has no character that means something, and is no word that does.
func plain(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && c != '/' && (i == 0 || !(c >= '0' && c <= '9' || strings.IndexByte(" _.@+=-", c) >= 0)) {
			return false
		}
	}
	switch strings.ToLower(text) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return false
	}
	return text[len(text)-1] != ' '
}
