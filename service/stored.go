package service

import "fmt"

// Marshal returns o's own fields as JSON for the store, secrets sealed. The
// context that seals them begins with owner, the service's id.
func (k *Kind) Marshal(o Object, owner string, s Sealer) ([]byte, error) {
	return k.appendStored(nil, o, owner, s)
}

// appendStored appends what [Kind.Marshal] returns.
func (k *Kind) appendStored(dst []byte, o Object, owner string, s Sealer) ([]byte, error) {
	dst = append(dst, '{')
	begin := len(dst)
	for i := range k.rows {
		r := &k.rows[i]
		if r.derived {
			continue
		}
		if len(dst) > begin {
			dst = append(dst, ',')
		}
		dst = appendKey(dst, r.name)
		if plain := r.secretText(o); plain != "" {
			sealed, err := s.Seal(plain, k.sealContext(owner, r))
			if err != nil {
				return nil, fmt.Errorf("seal %s.%s: %w", k.Name, r.name, err)
			}
			dst = appendText(dst, sealed)
			continue
		}
		dst = r.append(dst, o, Numbers)
	}
	return append(dst, '}'), nil
}

// Unmarshal is the inverse of [Kind.Marshal]. Fields that body lacks (it was
// written by an older binary) get their defaults; fields that the kind lacks
// (a newer one wrote it) are dropped.
func (k *Kind) Unmarshal(body []byte, owner string, s Sealer) (Object, error) {
	o, next := k.fresh(), 0
	err := eachMember(body, func(name, value []byte) error {
		r := k.rowFrom(next, name)
		if r == nil {
			return nil
		}
		next = r.place + 1
		if r.derived || string(value) == r.usual {
			return nil
		}
		if err := r.load(o, value); err != nil {
			return fmt.Errorf("field %s: %w", r.name, err)
		}
		if !r.secret {
			return nil
		}
		return r.unseal(o, s, k.sealContext(owner, r))
	})
	if err == nil && k.byName["name"] == nil && k.Apart {
		err = k.settle(o, nil, false) // the name is made of other fields
	}
	if err != nil {
		return nil, fmt.Errorf("stored %s: %w", k.Name, err)
	}
	return o, nil
}

// rowFrom returns the row of that name, which is mostly the next one.
func (k *Kind) rowFrom(next int, name []byte) *row {
	if next < len(k.rows) && k.rows[next].name == string(name) {
		return &k.rows[next]
	}
	return k.byName[string(name)]
}

func (k *Kind) sealContext(owner string, r *row) string {
	return owner + "/" + k.Name + "/" + r.name
}
