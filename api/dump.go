package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
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
		{key: "settings", lines: settingsLines(s, at)},
	}
	for _, name := range lists {
		d = append(d, dumpList(name, known[name], s, at))
		delete(known, name)
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

func settingsLines(s *service.Snapshot, at service.Place) []string {
	lines := []string{"settings:"}
	fields := fieldsOf(service.SettingsKind, s.Settings(), at)
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		lines = append(lines, valueLines(key, "  ", fields[key])...)
	}
	return lines
}

func dumpList(name string, k *service.Kind, s *service.Snapshot, at service.Place) section {
	list := section{key: name, list: true}
	for _, o := range byName(s, k) {
		fields := fieldsOf(k, o, at)
		it := item{name: o.Meta().Name}
		delete(fields, "name")
		it.fields = append(it.fields, dumpField{lines: scalarLines("name", "- ", it.name)})
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			it.fields = append(it.fields, dumpField{key, valueLines(key, "  ", fields[key])})
		}
		list.items = append(list.items, it)
	}
	return list
}

// valueLines writes "key: value" for a JSON value.
func valueLines(key, indent string, value json.RawMessage) []string {
	var text string
	if json.Unmarshal(value, &text) == nil && value[0] == '"' {
		return scalarLines(key, indent, text)
	}
	var list []json.RawMessage
	if value[0] == '[' && json.Unmarshal(value, &list) == nil && len(list) > 0 {
		lines := []string{indent + key + ":"}
		for _, v := range list {
			if json.Unmarshal(v, &text) != nil {
				text = string(v)
			}
			lines = append(lines, indent+"- "+quote(text))
		}
		return lines
	}
	if bytes.Equal(value, []byte("null")) {
		return []string{indent + key + ":"}
	}
	return []string{indent + key + ": " + string(value)}
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

// plain is a text that YAML reads as itself, odd a part of those that it would
// read as something else.
var (
	plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9 _./@+=-]*$`)
	odd   = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|y|n)$| $`)
)

func quote(text string) string {
	if plain.MatchString(text) && !odd.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
