package service

// A Place is where an object is rendered from: its service and version. Reader
// is set when the token may not see secrets, which then read as null.
type Place struct {
	Service string
	Version int
	Locked  bool // the version is; every object of it says so
	Reader  bool

	Holder  string // of an item: the id of the object that holds it
	Numbers bool   // numbers are numbers also where the kind's are texts
	Omit    string // a field to leave out
	Bare    bool   // without times
}

// AppendJSON appends o as the API answers it at p.
func (k *Kind) AppendJSON(dst []byte, o Object, p Place) []byte {
	once := numberOnce(o)
	dst = append(dst, '{')
	for i := range k.rows {
		r := &k.rows[i]
		if r.name == p.Omit {
			continue
		}
		dst = appendKey(dst, r.name)
		dst = k.appendField(dst, r, o, p, once)
		dst = append(dst, ',')
	}
	if k.placeless {
		dst = dst[:len(dst)-1] // the comma
	} else {
		dst = k.appendPlace(dst, p)
	}
	if !p.Bare {
		dst = k.appendTimes(dst, o.Meta())
	}
	if p.Locked && !k.Singleton {
		dst = append(dst, `,"locked":true`...)
	}
	return append(dst, '}')
}

// Values returns the JSON of the fields of o at p, in the order of
// [Kind.Properties].
func (k *Kind) Values(o Object, p Place) [][]byte {
	var text []byte
	ends, once := make([]int, len(k.rows)), numberOnce(o)
	for i := range k.rows {
		text = k.appendField(text, &k.rows[i], o, p, once)
		ends[i] = len(text)
	}
	values, from := make([][]byte, len(ends)), 0
	for i, end := range ends {
		values[i], from = text[from:end], end
	}
	return values
}

func (k *Kind) appendField(dst []byte, r *row, o Object, p Place, once string) []byte {
	switch {
	case r.secret && p.Reader:
		return append(dst, "null"...)
	case p.Numbers, r.name == once:
		return r.append(dst, o, Numbers)
	}
	return r.append(dst, o, k.Wire)
}

// numberOnce names the field that the reply to the write which made o has as a
// number, where all later ones have a text. Fastly answers so what it fills in by
// itself, for some kinds.
func numberOnce(o Object) string {
	if n, ok := o.(interface{ numberOnce() string }); ok {
		return n.numberOnce()
	}
	return ""
}

func (k *Kind) appendPlace(dst []byte, p Place) []byte {
	dst = appendKey(dst, "service_id")
	dst = appendText(dst, p.Service)
	dst = append(dst, ',')
	if k.Holder != "" {
		dst = appendKey(dst, k.Holder)
		return appendText(dst, p.Holder)
	}
	dst = appendKey(dst, "version")
	return appendInt(dst, int64(p.Version), k.Wire)
}

func (k *Kind) appendTimes(dst []byte, m *Base) []byte {
	if k.times == NoTimes {
		return dst
	}
	dst = append(dst, ',')
	dst = appendKey(dst, "created_at")
	dst = appendTime(dst, m.Created)
	dst = append(dst, ',')
	dst = appendKey(dst, "updated_at")
	dst = appendTime(dst, m.Updated)
	if k.times == AllTimes {
		dst = append(dst, `,"deleted_at":null`...)
	}
	return dst
}
