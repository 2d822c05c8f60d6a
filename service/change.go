package service

import "bytes"

// Default returns a new object with every field at its default.
func (k *Kind) Default() Object { return k.fresh() }

// Create makes an object from what a client sent. Fields that are not sent get
// their defaults; keys that name no field are ignored, as Fastly does (its own
// client sends several). The error, if any, is an [*Error] of code [Invalid].
func (k *Kind) Create(in Input) (Object, error) {
	o := k.fresh()
	if k.ids {
		o.Meta().ID = NewID()
	}
	for i := range k.rows {
		r := &k.rows[i]
		v, sent := r.of(in)
		if !sent {
			if r.required {
				return nil, Errorf(Invalid, "'%s' is required", r.name)
			}
			continue
		}
		if err := r.assign(o, v, true); err != nil {
			return nil, err
		}
	}
	if err := k.settle(o, in, true); err != nil {
		return nil, err
	}
	return o, nil
}

// Update returns a copy of old with what a client sent merged in; fields that
// are not sent keep their values. Errors are as for [Kind.Create].
func (k *Kind) Update(old Object, in Input) (Object, error) {
	o := k.clone(old)
	for i := range k.rows {
		r := &k.rows[i]
		if v, sent := r.of(in); sent && r.access != AtCreation {
			if err := r.assign(o, v, false); err != nil {
				return nil, err
			}
			if r.access == Unchangeable && !bytes.Equal(r.append(nil, old, Numbers), r.append(nil, o, Numbers)) {
				return nil, Errorf(Invalid, "Not allowed to modify field '%s'", r.name)
			}
		}
	}
	if err := k.settle(o, in, false); err != nil {
		return nil, err
	}
	return o, nil
}
