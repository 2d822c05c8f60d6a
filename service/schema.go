package service

// A Property describes one field of a kind to those who document it or generate
// clients from it.
type Property struct {
	Name string

	// Type is the JSON type in replies: "string", "integer", "boolean", "array"
	// (of strings) or "object". Sends is what a JSON body may best send.
	Type, Sends string
	Nullable    bool

	Required bool // in a new object
	Access   Access
	Secret   bool     // replies hide it from tokens that only read
	Enum     []string // of texts; empty for any
	Refers   string   // the kind of the object that it names

	// Min and Max bound a number, both ends included; MaxLen a text, in bytes.
	Min, Max int64
	MaxLen   int
}

// Properties lists the fields of the kind in the order of replies, without what
// every object has: service, version and times.
func (k *Kind) Properties() []Property {
	all := make([]Property, len(k.rows))
	for i := range k.rows {
		all[i] = k.rows[i].property(k.Wire)
	}
	return all
}

func (r *row) property(w Wire) Property {
	p := Property{
		Name: r.name, Required: r.required, Access: r.access, Secret: r.secret,
		Enum: r.enum, Refers: r.refers,
	}
	switch r.at(r.sample).(type) {
	case **string, **int64, **bool:
		p.Nullable = true
	}
	switch r.at(r.sample).(type) {
	case *string, **string:
		p.Sends, p.MaxLen = "string", r.maxLen
	case *int64, **int64:
		p.Sends, p.Min, p.Max = "integer", r.min, r.max
	case *bool, **bool:
		p.Sends = "boolean"
	case *[]string:
		p.Sends = "array"
	case Composite:
		p.Sends = "object"
	}
	p.Type = p.Sends
	if w == Strings && !r.number && (p.Type == "integer" || p.Type == "boolean") {
		p.Type = "string"
	}
	return p
}

// PEM reports whether the field of that name is a certificate or a key.
func (k *Kind) PEM(name string) bool {
	r := k.byName[name]
	return r != nil && r.pem
}

// Places reports whether replies name the service and version of an object.
func (k *Kind) Places() bool { return !k.placeless }

// Times says which times the replies have.
func (k *Kind) Times() Times { return k.times }
