package vcl

import (
	"fmt"
	"strings"

	"headwater/vcl/syntax"
)

// A variable is one row of the table of variables: everything that is known of
// one name. A name may have one part that varies: req.http.{NAME}.
type variable struct {
	name   string
	typ    Type
	read   Scopes // where it may be read
	write  Scopes // where it may be set
	unset  Scopes // where it may be unset
	local  bool   // it is a variable of the program's own
	reason string // why it is refused, for one that is not implemented

	// get computes it. set stores what value computes, converted to typ already.
	get value
	set func(value) func(*Ctx)

	// clear unsets it.
	clear func(*Ctx)

	// field is whose header it is, nil for what is none or has no ID.
	field *field

	// add stores one more, of a header.
	add func(value) func(*Ctx)

	// bind makes the row of one name, for one with a part that varies.
	bind func(c *compiler, part string, at syntax.Pos) *variable
}

// A function is one row of the table of functions.
type function struct {
	name   string
	result Type
	params []param
	least  int  // arguments that have to be given
	more   bool // the last parameter may be given any number of times
	scopes Scopes
	reason string // why it is refused, for one that is not implemented

	// build makes a call, of arguments that have the types of params. Those that
	// were left out are missing at the end.
	build func(*call) value
}

// A param is what a function takes.
type param struct {
	typ  Type
	name string
}

// A call is a call of a function under construction.
type call struct {
	*compiler
	at   syntax.Pos
	fun  *function
	args []value

	exprs []syntax.Expr // as args are written
}

// place is where argument i is written.
func (c *call) place(i int) syntax.Pos { return c.exprs[i].Place() }

// has reports whether argument i was given.
func (c *call) has(i int) bool { return i < len(c.args) }

// count says how many arguments a function takes.
func (f *function) count() string {
	switch {
	case f.more:
		return fmt.Sprintf("at least %d arguments", f.least)
	case f.least < len(f.params):
		return fmt.Sprintf("%d to %d arguments", f.least, len(f.params))
	case f.least == 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", f.least)
}

// variables and functions are the library by name, in lower case as they are
// written. Names with a part that varies are found by their beginning.
var (
	variables = map[string]*variable{}
	wildcards []*variable // those with {
	functions = map[string]*function{}
)

// vars adds rows to the library; the result is only there to make an assignment.
func vars(rows ...*variable) bool {
	for _, v := range rows {
		if _, twice := variables[v.name]; twice {
			panic("vcl: two variables " + v.name)
		}
		variables[v.name] = v
		if strings.Contains(v.name, "{") {
			wildcards = append(wildcards, v)
		}
	}
	return true
}

// funcs is vars for functions.
func funcs(rows ...*function) bool {
	for _, f := range rows {
		if _, twice := functions[f.name]; twice {
			panic("vcl: two functions " + f.name)
		}
		functions[f.name] = f
	}
	return true
}

// lookup finds the variable of a name. The part is what stands for {...}.
func lookup(name string) (v *variable, part string) {
	if v := variables[name]; v != nil {
		return v, ""
	}
	for _, v := range wildcards {
		before, after, _ := strings.Cut(v.name, "{")
		_, after, _ = strings.Cut(after, "}")
		if part, ok := strings.CutPrefix(name, before); ok {
			if part, ok = strings.CutSuffix(part, after); ok && part != "" {
				return v, part
			}
		}
	}
	return nil, ""
}
