package service

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Input is what a client sent, by wire name.
type Input map[string]Value

// A Value is one value as a client sent it. Forms carry texts, and lists of them
// under keys that end in "[]"; JSON bodies all types.
type Value struct {
	Type ValueType
	Text string // the text, the number's or boolean's literal, or empty for null
}

// ValueType is the JSON type of a [Value].
type ValueType int

const (
	TextValue ValueType = iota
	NumberValue
	BoolValue
	NullValue
	NestedValue // Text is the JSON of a list or an object
)

// Empty says what an empty text means to a field that can be null.
type Empty int

const (
	EmptyIsText Empty = iota // "" is kept as ""
	EmptyIsNull              // "" is null
	EmptyClears              // "" is null in an update and refused in a create
)

// Access says what becomes of a value that a client sends.
type Access int

const (
	Anytime      Access = iota // it is stored
	AtCreation                 // it is stored in a new object, later ones are ignored
	Unchangeable               // it is stored in a new object, later ones that differ are refused
	Never                      // it is ignored
)

// maxText bounds every text whose row does not say otherwise, in bytes.
const maxText = 4096

// A Field is one row of a kind's table: a wire name, where its value lives in
// T, and the rules for what clients send. The Go type behind At decides the wire
// type: *string, *int64 and *bool are never null; **string, **int64 and **bool
// are null until set; *[]string is a list, and what nests deeper is a
// [Composite].
type Field[T any] struct {
	Name     string
	At       func(*T) any
	Default  any // string, int64 or bool; nil is the zero value, or null
	Required bool
	Access   Access
	Derived  bool // made from other objects when read, and not stored
	Number   bool // a number or a boolean also where the kind's are texts

	Min, Max int64              // numbers: the range allowed, both ends included
	Flag     bool               // numbers: 0 or 1, and what means a boolean is accepted
	ZeroNull bool               // numbers: 0 is stored as null
	MaxLen   int                // texts: bytes allowed; 0 means 4096
	Lines    bool               // texts: line breaks and tabs are allowed
	Trim     bool               // texts: line breaks at the end are cut off
	PEM      bool               // texts: a certificate or key, with a limit of its own
	Empty    Empty              // nullable texts
	Check    func(string) error // texts, and those in lists: called for those that are not empty
	Enum     []string           // texts, and those in lists: the others that are not empty are refused
	Canon    func([]string)     // lists: brings a new one into shape, in place
	Sole     bool               // booleans: true for at most one object of the kind in a version
	Refers   string             // texts: names an object of this kind
	Late     bool               // texts: that it exists is checked at activation only
	Secret   bool               // nullable texts: sealed at rest, hidden from readers
}

// A row is a Field without its Go type.
type row struct {
	name     string
	sample   Object // to see of what type the field is
	at       func(Object) any
	def      any
	required bool
	access   Access
	derived  bool
	number   bool
	min, max int64
	flag     bool
	zeroNull bool
	maxLen   int
	lines    bool
	trim     bool
	pem      bool
	empty    Empty
	check    func(string) error
	enum     []string
	canon    func([]string)
	sole     bool
	refers   string
	late     bool
	secret   bool

	place int    // its index among the kind's rows
	usual string // the default, as append renders it with [Numbers]
}

func (f Field[T]) erase(cast func(Object) *T) row {
	r := row{
		name: f.Name, def: f.Default, required: f.Required,
		access: f.Access, derived: f.Derived, number: f.Number,
		min: f.Min, max: f.Max, flag: f.Flag, zeroNull: f.ZeroNull,
		maxLen: f.MaxLen, lines: f.Lines, trim: f.Trim, pem: f.PEM, empty: f.Empty,
		check: f.Check, enum: f.Enum, canon: f.Canon, sole: f.Sole, refers: f.Refers, late: f.Late, secret: f.Secret,
	}
	if f.Flag {
		r.max = 1
	}
	if r.maxLen == 0 && r.pem {
		r.maxLen = maxPEM
	}
	if r.maxLen == 0 {
		r.maxLen = maxText
	}
	r.at = func(o Object) any { return f.At(cast(o)) }
	return r
}

// mustFit panics when the row asks for what the engine does not do with a field
// of its type.
func (r *row) mustFit(o Object) {
	r.sample = o
	at := r.at(o)
	_, nullable := at.(**string)
	if r.secret && !nullable || r.empty == EmptyClears && (!nullable || r.check == nil) {
		panic("service: field " + r.name + " must be a nullable text, and checked if it is EmptyClears")
	}
	switch at.(type) {
	case *int64, **int64:
		if r.max <= 0 || r.min > r.max {
			panic("service: field " + r.name + " needs a range")
		}
	}
}

// reset puts the field at its default.
func (r *row) reset(o Object) {
	switch p := r.at(o).(type) {
	case *string:
		*p, _ = r.def.(string)
	case *int64:
		*p, _ = r.def.(int64)
	case *bool:
		*p, _ = r.def.(bool)
	case **string:
		*p = optional[string](r.def)
	case **int64:
		*p = optional[int64](r.def)
	case **bool:
		*p = optional[bool](r.def)
	case *[]string:
		*p, _ = r.def.([]string)
	case Composite:
		p.reset()
	default:
		panic("service: field " + r.name + " has a type that the engine does not know")
	}
}

func optional[V any](def any) *V {
	if v, ok := def.(V); ok {
		return &v
	}
	return nil
}

// assign stores what a client sent, or says why it cannot.
func (r *row) assign(o Object, v Value, creating bool) error {
	if v.Type == NullValue {
		if r.required {
			return Errorf(Invalid, "'%s' is required", r.name)
		}
		r.reset(o)
		return nil
	}
	switch p := r.at(o).(type) {
	case *string:
		text, err := r.parseText(v)
		if err != nil {
			return err
		}
		if text == "" && r.required {
			return Errorf(Invalid, "'%s' is required", r.name)
		}
		*p = text
	case **string:
		text, err := r.parseText(v)
		if err != nil {
			return err
		}
		return r.assignNullable(p, text, creating)
	case *int64:
		n, err := r.parseInt(v)
		if err != nil {
			return err
		}
		*p = n
	case **int64:
		if v.Text == "" {
			*p = nil
			return nil
		}
		n, err := r.parseInt(v)
		if err != nil {
			return err
		}
		*p = &n
		if n == 0 && r.zeroNull {
			*p = nil
		}
	case *bool:
		b, err := r.parseBool(v)
		if err != nil {
			return err
		}
		*p = b
	case **bool:
		if v.Text == "" {
			*p = nil
			return nil
		}
		b, err := r.parseBool(v)
		if err != nil {
			return err
		}
		*p = &b
	case *[]string:
		list, err := r.parseList(v)
		if err != nil {
			return err
		}
		if creating && r.canon != nil {
			r.canon(list)
		}
		*p = list
	case Composite:
		return p.assign(r.name, v)
	}
	return nil
}

func (r *row) assignNullable(p **string, text string, creating bool) error {
	if text == "" && r.empty != EmptyIsText {
		if creating && r.empty == EmptyClears {
			return r.check("")
		}
		*p = nil
		return nil
	}
	*p = &text
	return nil
}

func (r *row) parseText(v Value) (string, error) {
	if v.Type == BoolValue || v.Type == NestedValue {
		return "", Errorf(Invalid, "'%s' must be a string", r.name)
	}
	text := v.Text
	if r.trim {
		text = strings.TrimRight(text, "\r\n")
	}
	return text, r.checkValue(text)
}

// checkValue refuses a text that is not for this field.
func (r *row) checkValue(text string) error {
	if err := checkText(r.name, text, r.maxLen, r.lines); err != nil || text == "" {
		return err
	}
	if r.enum != nil && !slices.Contains(r.enum, text) {
		return Errorf(Invalid, "'%s' must be one of %s", r.name, strings.Join(r.enum, ", "))
	}
	if r.check != nil {
		return r.check(text)
	}
	return nil
}

// checkText holds for every text that a client may store: bounded, UTF-8, and
// without what could break out of a header, a log line or a terminal.
func checkText(name, text string, maxLen int, lines bool) error {
	if len(text) > maxLen {
		return Errorf(Invalid, "'%s' is longer than %d bytes", name, maxLen)
	}
	if !utf8.ValidString(text) {
		return Errorf(Invalid, "'%s' is not valid UTF-8", name)
	}
	for _, c := range text {
		lineBreak := c == '\n' || c == '\r' || c == '\t'
		if unicode.IsControl(c) && !(lines && lineBreak) {
			return Errorf(Invalid, "'%s' holds a control character", name)
		}
	}
	return nil
}

// parseInt accepts plain decimal digits with an optional minus, nothing else:
// what is stored is what was sent.
func (r *row) parseInt(v Value) (int64, error) {
	if r.flag {
		b, err := r.parseBool(v)
		if err != nil || !b {
			return 0, err
		}
		return 1, nil
	}
	digits := v.Text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	plain := digits != ""
	for i := range len(digits) {
		plain = plain && digits[i] >= '0' && digits[i] <= '9'
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if v.Type == BoolValue || !plain || err != nil || n < r.min || n > r.max {
		return 0, Errorf(Invalid, "'%s' must be a whole number from %d to %d", r.name, r.min, r.max)
	}
	return n, nil
}

func (r *row) parseBool(v Value) (bool, error) {
	switch v.Text {
	case "1", "true":
		return true, nil
	case "0", "false", "":
		return false, nil
	}
	return false, Errorf(Invalid, "'%s' must be one of 0, 1, true, false", r.name)
}

// text returns a text field's value; null reads as "".
func (r *row) text(o Object) string {
	switch p := r.at(o).(type) {
	case *string:
		return *p
	case **string:
		if *p != nil {
			return **p
		}
	}
	return ""
}

func (r *row) secretText(o Object) string {
	if !r.secret {
		return ""
	}
	return r.text(o)
}
