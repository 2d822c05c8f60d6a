package service

// A Domain is a host name, or *.suffix, whose requests the service answers.
type Domain struct {
	Base
	Comment string
}

// DomainKind is the domain's row in the engine.
var DomainKind = register(spec[Domain]{
	Name:  "domain",
	Model: "Domain",
	Wire:  Numbers,
	Fold:  true,
	Fields: []Field[Domain]{
		{Name: "name", At: func(d *Domain) any { return &d.Name }, Required: true, MaxLen: maxHost, Check: checkDomain},
		{Name: "comment", At: func(d *Domain) any { return &d.Comment }, Lines: true},
	},
})
