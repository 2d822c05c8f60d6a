package service

import "headwater/vcl"

// A Condition is a test that objects of other kinds name to apply only when it
// holds.
type Condition struct {
	Base
	Statement string // an expression of VCL
	Type      string
	Priority  int64 // a lower one is tested first
	Comment   string
}

// maxExpression bounds what is written in VCL but is no whole program, in bytes.
const maxExpression = 64 << 10

// ConditionKind is the condition's row in the engine.
var ConditionKind = register(spec[Condition]{
	Name:  "condition",
	Model: "Condition",
	Wire:  Strings,
	Fields: []Field[Condition]{
		{Name: "name", At: func(c *Condition) any { return &c.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "statement", At: func(c *Condition) any { return &c.Statement }, Required: true, MaxLen: maxExpression, Lines: true},
		{Name: "type", At: func(c *Condition) any { return &c.Type }, Required: true, Access: Unchangeable, Enum: []string{"REQUEST", "CACHE", "RESPONSE", "PREFETCH"}},
		{Name: "priority", At: func(c *Condition) any { return &c.Priority }, Default: int64(100), Min: -maxCount, Max: maxCount},
		{Name: "comment", At: func(c *Condition) any { return &c.Comment }, Lines: true},
	},
	Settle: (*Condition).settle,
})

// settle refuses a statement that cannot be compiled. Whether what it names of the
// version is there, a table or an ACL, is seen when the version is activated.
func (c *Condition) settle(in Input, creating bool) error {
	if _, written := in["statement"]; !written && !creating {
		return nil
	}
	if problems := vcl.CheckCondition(c.Name, c.Type, c.Statement); len(problems) > 0 {
		return Errorf(Invalid, "%s", problems.Show())
	}
	return nil
}
