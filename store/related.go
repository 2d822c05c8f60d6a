package store

import "headwater/service"

// roomInVersion refuses one object too many. A version has never more objects
// than its revision says, which spares nearly all of them the count.
func (t *tx) roomInVersion(at service.Ref, revision int64) error {
	most := int64(t.limits.objects)
	if revision <= most {
		return nil
	}
	var count int64
	err := t.row(`SELECT COUNT(*) FROM object WHERE service_id = $1 AND version = $2`, at.Service, at.Version).Scan(&count)
	if err == nil && count >= most {
		return service.Errorf(service.Invalid, "Exceeding max number of objects in a version: %d", most)
	}
	return err
}

// settle does what follows from the write of o, and returns o as it reads then.
func (t *tx) settle(at service.Ref, k *service.Kind, o service.Object) (service.Object, error) {
	if k.Sole() {
		all, err := t.objects(at, k)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if k.Find(other) == k.Find(o) {
				continue
			}
			changed := k.Yield(other, o)
			if changed == nil {
				continue
			}
			if err := t.replaceObject(at, k, k.Find(other), changed); err != nil {
				return nil, err
			}
		}
	}
	return t.gather(at, k, o)
}

// gather returns o with the objects that it shows of another kind.
func (t *tx) gather(at service.Ref, k *service.Kind, o service.Object) (service.Object, error) {
	one := []service.Object{o}
	err := t.gatherAll(at, k, one)
	return one[0], err
}

// gatherAll is gather for all of a kind, in place.
func (t *tx) gatherAll(at service.Ref, k *service.Kind, all []service.Object) error {
	if k.Related == nil || len(all) == 0 {
		return nil
	}
	related, err := t.objects(at, k.Related)
	if err != nil {
		return err
	}
	sortBySeq(related)
	for i, o := range all {
		all[i], _ = k.Gather(o, related)
	}
	return nil
}

// deleteRelated removes the objects that belong to the one that goes.
func (t *tx) deleteRelated(at service.Ref, k *service.Kind, name string) error {
	if k.Related == nil {
		return nil
	}
	o, err := t.object(at, k, name)
	if err != nil {
		return err
	}
	related, err := t.objects(at, k.Related)
	if err != nil {
		return err
	}
	_, own := k.Gather(o, related)
	for _, r := range own {
		_, err := t.remove(at, k.Related, k.Related.Key(k.Related.Find(r)))
		if err != nil {
			return err
		}
	}
	return nil
}
