package service

import (
	"strconv"
	"strings"
)

// readManifest reads the few texts at the head of a package's manifest that its
// metadata tells. The manifest is TOML, of which this knows keys with one text or
// a list of texts, as tools write them; what it does not know it passes over.
func readManifest(text string) PackageMetadata {
	m := PackageMetadata{Authors: []string{}}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		key, value, found := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if strings.HasPrefix(key, "[") {
			break // the first table: the head is over
		}
		if !found {
			continue
		}
		switch key {
		case "name":
			m.Name, _, _ = manifestText(value)
		case "description":
			m.Description, _, _ = manifestText(value)
		case "language":
			m.Language, _, _ = manifestText(value)
		case "cloned_from":
			m.ClonedFrom, _, _ = manifestText(value)
		case "authors":
			m.Authors = manifestList(value + "\n" + text)
		}
	}
	return m
}

// manifestText reads the text that begins value, in double quotes with escapes or
// in single ones without.
func manifestText(value string) (text, rest string, ok bool) {
	if strings.HasPrefix(value, "'") {
		text, rest, ok = strings.Cut(value[1:], "'")
	} else if quoted, err := strconv.QuotedPrefix(value); err == nil && quoted[0] == '"' {
		text, err = strconv.Unquote(quoted)
		rest, ok = value[len(quoted):], err == nil
	}
	if !ok || checkText("", text, maxText, false) != nil {
		return "", "", false
	}
	return text, rest, true
}

// manifestList reads a list of texts, which may take several lines.
func manifestList(value string) []string {
	list := []string{}
	value, found := strings.CutPrefix(value, "[")
	for found && len(list) < maxList {
		value = strings.TrimLeft(value, ", \t\r\n")
		text, rest, ok := manifestText(value)
		if !ok {
			break
		}
		list, value = append(list, text), rest
	}
	return list
}
