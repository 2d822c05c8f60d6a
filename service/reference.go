package service

// A Reference is a field that names an object of another kind.
type Reference struct {
	Kind string // the kind that the field names an object of
	Name string
}

// References returns the objects that o names and that must exist when it is
// written; later they may be gone until an activation looks again.
func (k *Kind) References(o Object) []Reference { return k.references(o, false) }

func (k *Kind) references(o Object, late bool) []Reference {
	var refs []Reference
	for i := range k.rows {
		if r := &k.rows[i]; r.refers != "" && (late || !r.late) {
			if name := r.text(o); name != "" {
				refs = append(refs, Reference{Kind: r.refers, Name: name})
			}
		}
	}
	return refs
}

// CheckReferences returns an [Invalid] error for the first object that names
// one which is not in s.
func (s *Snapshot) CheckReferences() error {
	there := map[Reference]bool{}
	for name, objects := range s.Objects {
		for _, o := range objects {
			there[Reference{Kind: name, Name: o.Meta().Name}] = true
		}
	}
	for _, k := range Kinds() {
		for _, o := range s.Objects[k.Name] {
			for _, ref := range k.references(o, true) {
				if !there[ref] {
					return Errorf(Invalid, "%s '%s': no %s named '%s'", k.Model, o.Meta().Name, ref.Kind, ref.Name)
				}
			}
		}
	}
	return nil
}
