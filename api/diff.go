package api

import (
	"html"
	"slices"
	"strconv"
	"strings"

	"headwater/service"
)

// A comparison collects lines: kept ones begin with a blank, removed ones with
// "-" and added ones with "+".
type comparison []string

func (c *comparison) add(mark string, lines ...string) {
	for _, line := range lines {
		*c = append(*c, mark+line)
	}
}

// change adds what stood before and after, once if it is the same.
func (c *comparison) change(before, after []string) {
	if slices.Equal(before, after) {
		c.add(" ", before...)
		return
	}
	c.add("-", before...)
	c.add("+", after...)
}

// compare puts two dumps side by side, section by section and object by object:
// an object that moved or grew is no reason to show its neighbours as changed.
func compare(from, to dump) comparison {
	var c comparison
	merge(from, to, func(s section) string { return s.key }, func(a, b *section) {
		switch {
		case a == nil:
			c.add("+", b.all()...)
		case b == nil:
			c.add("-", a.all()...)
		case !a.list:
			c.change(a.lines, b.lines)
		default:
			c.change(a.head(), b.head())
			c.items(a.items, b.items)
		}
	})
	return c
}

func (c *comparison) items(from, to []item) {
	merge(from, to, func(i item) string { return i.name }, func(a, b *item) {
		switch {
		case a == nil:
			c.add("+", b.all()...)
		case b == nil:
			c.add("-", a.all()...)
		default:
			merge(a.fields, b.fields, func(f dumpField) string { return f.key }, func(x, y *dumpField) {
				c.change(x.all(), y.all())
			})
		}
	})
}

// head is the line above a list's objects.
func (s *section) head() []string {
	if len(s.items) == 0 {
		return []string{s.key + ": []"}
	}
	return []string{s.key + ":"}
}

func (s *section) all() []string {
	if !s.list {
		return s.lines
	}
	lines := s.head()
	for i := range s.items {
		lines = append(lines, s.items[i].all()...)
	}
	return lines
}

func (i *item) all() (lines []string) {
	for _, f := range i.fields {
		lines = append(lines, f.lines...)
	}
	return lines
}

func (f *dumpField) all() []string {
	if f == nil {
		return nil
	}
	return f.lines
}

// merge calls pair for each key of two lists in the order of their keys, with nil
// for the side that lacks it.
func merge[T any](from, to []T, key func(T) string, pair func(a, b *T)) {
	for len(from) > 0 || len(to) > 0 {
		order := 0
		switch {
		case len(from) == 0:
			order = 1
		case len(to) == 0:
			order = -1
		default:
			order = strings.Compare(key(from[0]), key(to[0]))
		}
		var a, b *T
		if order <= 0 {
			a, from = &from[0], from[1:]
		}
		if order >= 0 {
			b, to = &to[0], to[1:]
		}
		pair(a, b)
	}
}

// compareLines compares two texts line by line. What differs in too many lines to
// compare each with each is shown as replaced.
func compareLines(from, to []string) (c comparison) {
	const enough = 4 << 20 // pairs of lines
	var tail []string
	for len(from) > 0 && len(to) > 0 && from[0] == to[0] {
		c.add(" ", from[0])
		from, to = from[1:], to[1:]
	}
	for len(from) > 0 && len(to) > 0 && from[len(from)-1] == to[len(to)-1] {
		tail = append(tail, from[len(from)-1])
		from, to = from[:len(from)-1], to[:len(to)-1]
	}
	if len(from)*len(to) > enough {
		c.change(from, to)
	} else {
		c.common(from, to)
	}
	slices.Reverse(tail)
	c.add(" ", tail...)
	return c
}

// common keeps the longest row of lines that both have.
func (c *comparison) common(from, to []string) {
	width := len(to) + 1
	longest := make([]int32, (len(from)+1)*width) // common lines from here on
	for i := len(from) - 1; i >= 0; i-- {
		for j := len(to) - 1; j >= 0; j-- {
			if from[i] == to[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(from) && j < len(to) {
		switch {
		case from[i] == to[j]:
			c.add(" ", from[i])
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			c.add("-", from[i])
			i++
		default:
			c.add("+", to[j])
			j++
		}
	}
	c.add("-", from[i:]...)
	c.add("+", to[j:]...)
}

// format renders the comparison; ok is false for a format that is not known.
func (c comparison) format(name string) (text string, ok bool) {
	var b strings.Builder
	switch name {
	case "text":
		for _, line := range c {
			b.WriteString(line + "\n")
		}
	case "html_simple":
		for _, line := range c {
			b.WriteString(html.EscapeString(line) + "<br>\n")
		}
	case "html":
		classes := map[byte]string{' ': "same", '-': "del", '+': "ins"}
		b.WriteString("<pre class=\"diff\">\n")
		for _, line := range c {
			b.WriteString(`<span class="` + classes[line[0]] + `">` + html.EscapeString(line) + "</span>\n")
		}
		b.WriteString("</pre>\n")
	default:
		return "", false
	}
	return b.String(), true
}

// diffVersions compares two versions of a service, object by object.
func (c *call) diffVersions() ([]byte, error) {
	from, err := c.compared(c.from)
	if err != nil {
		return nil, err
	}
	to, err := c.compared(c.to)
	if err != nil {
		return nil, err
	}
	return c.formatted(compare(from, to))
}

// diffVCL compares their programs.
func (c *call) diffVCL() ([]byte, error) {
	from, err := c.programLines(c.from)
	if err != nil {
		return nil, err
	}
	to, err := c.programLines(c.to)
	if err != nil {
		return nil, err
	}
	return c.formatted(compareLines(from, to))
}

// programLines are the lines of a version's program.
func (c *call) programLines(number int) ([]string, error) {
	text, err := c.program(service.Ref{Service: c.at.Service, Version: number})
	if e, ok := asCode(err, service.Invalid); ok {
		return nil, service.Errorf(service.Invalid, "Version '%d' has no program: %s", number, e.Details())
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n"), err
}

// compared is one side of a comparison.
func (c *call) compared(number int) (dump, error) {
	at := service.Ref{Service: c.at.Service, Version: number}
	v, err := c.Store.Version(c.r.Context(), c.who, at)
	if err != nil {
		return nil, err
	}
	s, err := c.Store.Snapshot(c.r.Context(), c.who, at)
	if err != nil {
		return nil, err
	}
	return dumpVersion(v, s), nil
}

// formatted answers a comparison in the format that the call asks for.
func (c *call) formatted(lines comparison) ([]byte, error) {
	format := c.r.URL.Query().Get("format")
	if format == "" {
		format = "text"
	}
	text, ok := lines.format(format)
	if !ok {
		return nil, service.Errorf(service.Invalid, "'format' must be one of text, html, html_simple")
	}
	return encode(struct {
		From   string `json:"from"` // texts, as Fastly answers them
		To     string `json:"to"`
		Format string `json:"format"`
		Diff   string `json:"diff"`
	}{strconv.Itoa(c.from), strconv.Itoa(c.to), format, text}), nil
}
