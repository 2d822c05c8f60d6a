package vcl

import (
	"slices"
	"strings"
)

// Functions of the query of a URL.

// filterSeparator stands between the names that querystring.filter is given. It
// occurs in no URL.
const filterSeparator = "\x1f"

var _ = funcs(
	textOfText("querystring.remove", func(_ *Ctx, url string) string {
		before, _, _ := strings.Cut(url, "?")
		return before
	}),
	textOfText("querystring.clean", func(x *Ctx, url string) string {
		return x.filtered(url, func(string) bool { return true })
	}),
	textOfTwo("querystring.filter", func(x *Ctx, url, names string) string { return x.filterNames(url, names, false) }),
	textOfTwo("querystring.filter_except", func(x *Ctx, url, names string) string { return x.filterNames(url, names, true) }),
	textOfTwo("querystring.globfilter", func(x *Ctx, url, pattern string) string { return x.filterGlob(url, pattern, false) }),
	textOfTwo("querystring.globfilter_except", func(x *Ctx, url, pattern string) string { return x.filterGlob(url, pattern, true) }),
	regfilterRow("querystring.regfilter", false),
	regfilterRow("querystring.regfilter_except", true),
	textOfThree("querystring.add", func(x *Ctx, url, name, text string) string {
		return x.withParam(url, name, text)
	}),
	textOfThree("querystring.set", func(x *Ctx, url, name, text string) string { return x.setParam(url, name, text) }),
	&function{name: "querystring.get", result: String, params: takes(String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			url, name := c.text(0), c.text(1)
			return ofString(func(x *Ctx) (string, bool) { return x.param(url(x), name(x)) })
		}},
	&function{name: "querystring.filtersep", result: String, scopes: everywhere,
		build: func(*call) value { return constant(filterSeparator) }},
	sortRow("querystring.sort"),
	sortRow("boltsort.sort"),
)

// params are the parts of a query between its ampersands. The fragment, which no
// request has, stays behind them.
func params(url string) (before, query, fragment string, has bool) {
	if i := strings.IndexByte(url, '#'); i >= 0 {
		url, fragment = url[:i], url[i:]
	}
	before, query, has = strings.Cut(url, "?")
	return before, query, fragment, has
}

// nameless reports whether a parameter is one that all functions here drop.
func nameless(p string) bool { return p == "" || p[0] == '=' }

// filtered is the URL with those parameters alone that have a name and that keep
// accepts.
func (x *Ctx) filtered(url string, keep func(param string) bool) string {
	before, query, fragment, has := params(url)
	if !has {
		return url
	}
	var kept []string
	for p := range strings.SplitSeq(query, "&") {
		if !nameless(p) && keep(p) {
			kept = append(kept, p)
		}
	}
	return x.rejoined(before, kept, fragment)
}

// rejoined is a URL of its parts.
func (x *Ctx) rejoined(before string, params []string, fragment string) string {
	out := make([]string, 0, 2*len(params)+2)
	out = append(out, before)
	for i, p := range params {
		out = append(out, either(i == 0, "?", "&"), p)
	}
	return x.arena.join(append(out, fragment))
}

func paramName(p string) string {
	name, _, _ := strings.Cut(p, "=")
	return name
}

// filterNames keeps the parameters whose name is one of names, or all others.
func (x *Ctx) filterNames(url, names string, except bool) string {
	all := map[string]bool{}
	for name := range strings.SplitSeq(names, filterSeparator) {
		all[name] = true
	}
	return x.filtered(url, func(p string) bool { return all[paramName(p)] == except })
}

// filterGlob keeps the parameters whose name a pattern matches, or all others.
func (x *Ctx) filterGlob(url, pattern string, except bool) string {
	x.charge(len(url) * len(pattern) / (16 * bytesAStep))
	return x.filtered(url, func(p string) bool { return glob(pattern, paramName(p)) == except })
}

// withParam appends a parameter.
func (x *Ctx) withParam(url, name, text string) string {
	before, query, fragment, has := params(url)
	param := x.arena.join([]string{x.urlEncode(name), "=", x.urlEncode(text)})
	switch {
	case !has || query == "":
		return x.arena.join([]string{before, "?", param, fragment})
	default:
		return x.arena.join([]string{before, "?", query, "&", param, fragment})
	}
}

// setParam gives a parameter a value, in the place of the first of that name, and
// takes out all others of it.
func (x *Ctx) setParam(url, name, text string) string {
	before, query, fragment, has := params(url)
	encoded := x.urlEncode(name)
	var kept []string
	done := false
	for p := range strings.SplitSeq(query, "&") {
		switch {
		case !has:
		case paramName(p) != name && paramName(p) != encoded:
			kept = append(kept, p)
		case !done:
			kept, done = append(kept, x.arena.join([]string{encoded, "=", x.urlEncode(text)})), true
		}
	}
	if !done {
		return x.withParam(url, name, text)
	}
	return x.rejoined(before, kept, fragment)
}

// param is the value of the first parameter of a name, as it was written: empty if it
// has none. The name is looked for as it stands and escaped.
func (x *Ctx) param(url, name string) (string, bool) {
	_, query, _, has := params(url)
	if !has || name == "" {
		return "", false
	}
	escaped := x.urlEncode(name)
	for p := range strings.SplitSeq(query, "&") {
		if key, text, _ := strings.Cut(p, "="); key == name || key == escaped {
			return text, true
		}
	}
	return "", false
}

func regfilterRow(name string, except bool) *function {
	return &function{name: name, result: String, params: takes(String, Regex), least: 2, scopes: everywhere,
		build: func(c *call) value {
			url, pattern := c.text(0), c.args[1].regex
			return ofSetString(func(x *Ctx) string {
				return x.filtered(url(x), func(p string) bool { return x.test(pattern, paramName(p)) == except })
			})
		}}
}

func sortRow(name string) *function {
	return &function{name: name, result: String, params: takes(String, Boolean), least: 1, scopes: everywhere,
		build: func(c *call) value {
			url, unique := c.text(0), c.boolean(1)
			return ofSetString(func(x *Ctx) string { return x.sorted(url(x), unique(x)) })
		}}
}

// mostSorted is how many parameters are sorted; a URL with more stays as it is.
const mostSorted = 32

// sorted orders the parameters by their names, and those of one name by their values.
// If keys have to be unique, the first of each name in the URL is the one that stays.
func (x *Ctx) sorted(url string, unique bool) string {
	before, query, fragment, has := params(url)
	if !has || strings.Count(query, "&") >= mostSorted {
		return url
	}
	all := slices.DeleteFunc(strings.Split(query, "&"), nameless)
	if unique {
		seen := map[string]bool{}
		all = slices.DeleteFunc(all, func(p string) bool {
			name := paramName(p)
			was := seen[name]
			seen[name] = true
			return was
		})
	}
	slices.SortFunc(all, func(p, q string) int {
		if n := strings.Compare(paramName(p), paramName(q)); n != 0 {
			return n
		}
		return strings.Compare(p, q)
	})
	return x.rejoined(before, all, fragment)
}

// glob reports whether a pattern with * and ? matches the whole of s. It takes time
// in proportion to the product of their lengths.
func glob(pattern, s string) bool {
	star, back := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			back++
			p, i = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
