package program

import (
	"fmt"

	"headwater/service"
	"headwater/vcl/syntax"
)

// What a header of a type is about, and in which subroutines it runs.
var headerOf = map[string]string{"request": "req", "fetch": "bereq", "cache": "beresp", "response": "resp"}

// addHeaders adds the headers of a type, each under its conditions.
func (b *builder) addHeaders(m *macro, g *groups, kind string) {
	for _, o := range b.headers {
		if o.Type != kind {
			continue
		}
		m.credit("header", o.Name)
		conditions, ok := b.headerConditions(o)
		if !ok {
			continue
		}
		l := &list{}
		l.note(fmt.Sprintf("Header rewrite %s : %d", o.Name, o.Priority))
		l.add(b.header(o)...)
		g.add(conditions, l)
	}
}

// headerConditions returns the conditions of a header. A condition has to be of a
// type that can be evaluated where the header is written.
func (b *builder) headerConditions(o *service.Header) (all []*Condition, ok bool) {
	ok = true
	use := func(field string, named *string, types ...string) {
		if text(named) == "" {
			return
		}
		c := b.condition(service.HeaderKind, o, field, *named, types...)
		all, ok = append(all, c), ok && c != nil
	}
	switch o.Type {
	case "request":
		use("request_condition", o.RequestCondition, "REQUEST")
		b.unfit(o, "cache_condition", o.CacheCondition)
		b.unfit(o, "response_condition", o.ResponseCondition)
	case "fetch":
		use("request_condition", o.RequestCondition, "PREFETCH", "REQUEST")
		use("cache_condition", o.CacheCondition, "PREFETCH")
		b.unfit(o, "response_condition", o.ResponseCondition)
	case "cache":
		use("cache_condition", o.CacheCondition, "CACHE")
		use("request_condition", o.RequestCondition, "REQUEST")
		b.unfit(o, "response_condition", o.ResponseCondition)
	case "response":
		use("response_condition", o.ResponseCondition, "RESPONSE")
		use("request_condition", o.RequestCondition, "REQUEST")
		b.unfit(o, "cache_condition", o.CacheCondition)
	}
	return all, ok
}

// unfit complains of a condition that cannot be evaluated where the header is
// written.
func (b *builder) unfit(o *service.Header, field string, named *string) {
	if text(named) != "" {
		b.complainf(syntax.Pos{}, "Header '%s': a header of type %s cannot have a %s, which is '%s'", o.Name, o.Type, field, *named)
	}
}

// header returns the statements of one header, or nil, after complaining.
func (b *builder) header(o *service.Header) []syntax.Stmt {
	target := b.target(o)
	if target == nil {
		return nil
	}
	if o.Action == "delete" {
		s := &syntax.Unset{Target: target}
		s.Pos = target.Pos
		return []syntax.Stmt{s}
	}
	value := b.value(o, target)
	if value == nil {
		return nil
	}
	s := &syntax.Set{Target: target, Op: syntax.Assign, Value: value}
	s.Pos = target.Pos
	if o.IgnoreIfSet == 0 {
		return []syntax.Stmt{s}
	}
	guard := when(not(target), s)
	guard.Pos = target.Pos
	return []syntax.Stmt{guard}
}

// target returns the variable that a header is about.
func (b *builder) target(o *service.Header) *syntax.Name {
	x := b.expr("header", o.Name, headerOf[o.Type]+"."+o.Dst)
	target, ok := x.(*syntax.Name)
	if x != nil && !ok {
		b.complainf(x.Place(), "the dst is not the name of a header or variable")
	}
	return target
}

// value returns what a header becomes.
func (b *builder) value(o *service.Header, target *syntax.Name) syntax.Expr {
	if o.Src == "" {
		b.complainf(syntax.Pos{}, "Header '%s': its src is empty", o.Name)
		return nil
	}
	src := b.expr("header", o.Name, o.Src)
	if src == nil {
		return nil
	}
	switch o.Action {
	case "append":
		return b.appended(o, target, src)
	case "regex":
		return substituted("regsub", o, src)
	case "regex_repeat":
		return substituted("regsuball", o, src)
	}
	return src
}

func substituted(fun string, o *service.Header, src syntax.Expr) syntax.Expr {
	c := call(fun, src, str(o.Regex), str(o.Substitution))
	c.Pos = src.Place()
	return c
}

// appended returns what target is, if it is set, and src behind it.
func (b *builder) appended(o *service.Header, target *syntax.Name, src syntax.Expr) syntax.Expr {
	all := &syntax.Concat{Parts: []syntax.Part{{X: call("if", target, target, str(""))}}}
	switch src := src.(type) {
	case *syntax.Concat:
		all.Parts = append(all.Parts, src.Parts...)
	case *syntax.Binary, *syntax.Not, *syntax.Paren:
		b.complainf(src.Place(), "a condition cannot be appended to something")
		return nil
	default:
		all.Parts = append(all.Parts, syntax.Part{X: src})
	}
	return all
}
