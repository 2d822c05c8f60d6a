package vcl

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"headwater/internal/message"
)

// Functions of content negotiation. What a resource is available in is a list with
// colons; what they return is one of that list, as it is written there.

var _ = funcs(
	textOfThree("accept.charset_lookup", (*Ctx).acceptToken),
	textOfThree("accept.encoding_lookup", (*Ctx).acceptToken),
	textOfThree("accept.language_lookup", (*Ctx).lookUpLanguage),
	&function{name: "accept.language_filter_basic", result: String, params: takes(String, String, String, Integer), least: 4, scopes: everywhere,
		build: func(c *call) value {
			available, otherwise, header, most := c.text(0), c.text(1), c.text(2), c.integer(3, 0)
			return ofSetString(func(x *Ctx) string {
				return x.filterLanguages(available(x), otherwise(x), header(x), most(x))
			})
		}},
	&function{name: "accept.media_lookup", result: String, params: takes(String, String, String, String), least: 4, scopes: everywhere,
		build: func(c *call) value {
			c.checkMedia()
			available, otherwise, ofRanges, header := c.text(0), c.text(1), c.text(2), c.text(3)
			return ofSetString(func(x *Ctx) string {
				return x.acceptMedia(available(x), otherwise(x), ofRanges(x), header(x))
			})
		}},
)

// A preference is one element of a header such as Accept: what is asked for, and how
// much (RFC 9110 section 12.4.2). Nothing with the weight 0 is wanted.
type preference struct {
	what   string
	weight float64
}

// preferences are the elements of a header, the most wanted first; those of one weight
// as they are written.
func (x *Ctx) preferences(header, available string) []preference {
	x.charge(len(header) * (1 + len(available)) / (16 * bytesAStep))
	var all []preference
	for len(header) > 0 {
		var one string
		one, header = cutPart(header, ',')
		what, params := cutPart(one, ';')
		if what != "" {
			all = append(all, preference{what, weight(params)})
		}
	}
	x.charge(len(all))
	slices.SortStableFunc(all, func(p, q preference) int { return cmp.Compare(q.weight, p.weight) })
	return all
}

// weight is the q of an element's parameters: 1 if there is none, 0 if it is no number.
func weight(params string) float64 {
	text, has := subfield(params, "q", ';')
	if !has {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) {
		return 0
	}
	return q
}

// choices are what a list with colons has.
func choices(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ":"), func(s string) bool { return s == "" })
}

// named is the choice of that name, or else "".
func named(all []string, name string) string {
	for _, one := range all {
		if equalFold(one, name) {
			return one
		}
	}
	return ""
}

// acceptToken chooses as RFC 9110 sections 12.5.2 and 12.5.3 have it. A * is for what the
// header does not name.
func (x *Ctx) acceptToken(available, otherwise, header string) string {
	all, wanted := choices(available), x.preferences(header, available)
	others := slices.DeleteFunc(slices.Clone(all), func(one string) bool { return names(wanted, one) })
	for _, p := range wanted {
		if p.weight == 0 {
			break
		}
		if p.what == "*" && len(others) > 0 {
			return others[0]
		}
		if one := named(all, p.what); one != "" {
			return one
		}
	}
	return otherwise
}

// names reports whether a header has an element of that name, whatever its weight.
func names(wanted []preference, name string) bool {
	return slices.ContainsFunc(wanted, func(p preference) bool { return equalFold(p.what, name) })
}

// lookUpLanguage chooses as RFC 4647 section 3.4 has it: a language is looked for with
// less and less of its subtags.
func (x *Ctx) lookUpLanguage(available, otherwise, header string) string {
	all := choices(available)
	for _, p := range x.preferences(header, available) {
		if p.weight == 0 {
			break
		}
		if p.what == "*" {
			continue
		}
		for tag := p.what; tag != ""; tag = lessSpecific(tag) {
			if one := named(all, tag); one != "" {
				return one
			}
		}
	}
	return otherwise
}

// lessSpecific takes the last subtag off, and a single letter that is then the last.
func lessSpecific(tag string) string {
	i := strings.LastIndexByte(tag, '-')
	if i < 0 {
		return ""
	}
	if i > 1 && tag[i-2] == '-' {
		i -= 2
	}
	return tag[:i]
}

// filterLanguages returns as many as most that the header has ranges for (RFC 4647
// section 3.3.1), with commas between them.
func (x *Ctx) filterLanguages(available, otherwise, header string, most int64) string {
	all := choices(available)
	var found []string
	for _, p := range x.preferences(header, available) {
		if p.weight == 0 || len(found) == len(all) {
			break
		}
		for _, one := range all {
			if int64(len(found)) < most && inRange(one, p.what) && !slices.Contains(found, one) {
				found = append(found, one)
			}
		}
	}
	if len(found) == 0 {
		return otherwise
	}
	return x.arena.keep(message.Bytes(strings.Join(found, ",")))
}

func inRange(tag, span string) bool {
	return span == "*" || len(tag) >= len(span) && equalFold(tag[:len(span)], span) && (len(tag) == len(span) || tag[len(span)] == '-')
}

// acceptMedia chooses as RFC 9110 section 12.5.1 has it. A range such as image/* stands
// for the type of that kind in ofRanges, and */* for otherwise.
func (x *Ctx) acceptMedia(available, otherwise, ofRanges, header string) string {
	all, kinds := choices(available), choices(ofRanges)
	wanted := x.preferences(header, available)
	slices.SortStableFunc(wanted, func(p, q preference) int {
		return cmp.Or(cmp.Compare(q.weight, p.weight), cmp.Compare(stars(p.what), stars(q.what)))
	})
	refused := map[string]bool{}
	for _, p := range wanted {
		if p.weight == 0 {
			refused[strings.ToLower(p.what)] = true
		}
	}
	for _, p := range wanted {
		if p.weight == 0 {
			break
		}
		one := ""
		switch kind, isKind := strings.CutSuffix(p.what, "/*"); {
		case p.what == "*/*":
			one = otherwise
		case isKind:
			one = ofKind(kinds, kind)
		default:
			one = cmp.Or(named(all, p.what), named(kinds, p.what))
		}
		if one != "" && !refused[strings.ToLower(one)] {
			return one
		}
	}
	return otherwise
}

func stars(s string) int { return strings.Count(s, "*") }

func ofKind(all []string, kind string) string {
	for _, one := range all {
		if got, _, _ := strings.Cut(one, "/"); equalFold(got, kind) {
			return one
		}
	}
	return ""
}

// checkMedia refuses lists that are not written out, and a type that stands in two
// places.
func (c *call) checkMedia() {
	seen := map[string]bool{}
	for i, a := range c.args[:3] {
		if !a.literal {
			c.failf(c.place(i), "%s takes types that are written out", c.fun.name)
			continue
		}
		for _, one := range choices(a.text) {
			if one = strings.ToLower(one); seen[one] {
				c.failf(c.place(i), "%s stands twice", one)
			}
			seen[one] = true
		}
	}
}
