package service

// A Dictionary maps texts to texts. Its items lie beside all versions, and a
// change of them takes effect at once.
type Dictionary struct {
	Base
	WriteOnly bool // its items cannot be read
}

// A DictionaryItem is one pair; its name is the key.
type DictionaryItem struct {
	Base
	Value string
}

func (d *Dictionary) hidesItems() bool { return d.WriteOnly }

// DictionaryItemKind is the row of dictionary items in the engine.
var DictionaryItemKind = newKind(spec[DictionaryItem]{
	Name:        "dictionary_item",
	Model:       "DictionaryItem",
	Holder:      "dictionary_id",
	BareUpdates: true,
	Fields: []Field[DictionaryItem]{
		{Name: "item_key", At: func(i *DictionaryItem) any { return &i.Name }, Required: true, Access: AtCreation, MaxLen: 256},
		{Name: "item_value", At: func(i *DictionaryItem) any { return &i.Value }, MaxLen: 8000, Lines: true},
	},
})

// DictionaryKind is the dictionary's row in the engine.
var DictionaryKind = register(spec[Dictionary]{
	Name:  "dictionary",
	Model: "Dictionary",
	Wire:  Numbers,
	Fields: []Field[Dictionary]{
		{Name: "id", At: func(d *Dictionary) any { return &d.ID }, Access: Never},
		{Name: "name", At: func(d *Dictionary) any { return &d.Name }, MaxLen: maxName},
		{Name: "write_only", At: func(d *Dictionary) any { return &d.WriteOnly }, Access: Unchangeable},
	},
	Settle: func(d *Dictionary, _ Input, _ bool) error { return checkTableName(d.Name) },
	Holds:  DictionaryItemKind,
})

// checkTableName is for names that become names in VCL. The words of the error
// are Fastly's own.
func checkTableName(name string) error {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '_' || c == ' ')) {
			name = ""
			break
		}
	}
	if name == "" {
		return Errorf(Invalid, "Name must start with alphabetical and contain only alphanumeric, underscore, and whitespace")
	}
	return nil
}
