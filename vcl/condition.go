package vcl

import (
	"headwater/vcl/syntax"
)

// conditionScopes are where the conditions of each type are looked at.
var conditionScopes = map[string]Scopes{
	"REQUEST":  in(Recv),
	"CACHE":    in(Fetch),
	"RESPONSE": in(Deliver),
	"PREFETCH": in(Miss, Pass),
}

// CheckCondition checks a condition by itself. The kind is one of REQUEST, CACHE,
// RESPONSE and PREFETCH, and says what it may look at. What it names of the rest
// of the program need not be there yet. The name is for messages.
func CheckCondition(name, kind, statement string) (problems syntax.Problems) {
	e, problems := syntax.ParseExpr(syntax.NewFile("condition \""+name+"\"", statement))
	if len(problems) > 0 {
		return problems
	}
	c := newCompiler(Options{})
	defer func() {
		if r := recover(); r != nil {
			problems = append(c.problems, c.bug(r))
		}
	}()
	c.loose = true
	c.sub = &routine{name: "a " + kind + " condition", scopes: conditionScopes[kind]}
	c.at = e.Place()
	c.truth(e)
	return c.problems
}
