package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"headwater/service"
)

// Objects returns the version and its objects of one kind, in the order of
// their names. A singleton is always there.
func (db *DB) Objects(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind) (all []service.Object, v *service.Version, err error) {
	err = db.view(ctx, func(t *tx) error {
		if v, err = t.version(who, at); err != nil {
			return err
		}
		if all, err = t.objects(at, k); err != nil {
			return err
		}
		return t.gatherAll(at, k, all)
	})
	if err != nil {
		return nil, nil, err
	}
	// Sorted here, as databases differ in how they order texts.
	slices.SortFunc(all, func(a, b service.Object) int { return cmp.Compare(a.Meta().Name, b.Meta().Name) })
	return all, v, nil
}

// Object returns one object and the version it was read at.
func (db *DB) Object(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, name string) (o service.Object, v *service.Version, err error) {
	err = db.view(ctx, func(t *tx) error {
		if v, err = t.version(who, at); err != nil {
			return err
		}
		if o, err = t.object(at, k, name); err != nil {
			return err
		}
		o, err = t.gather(at, k, o)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return o, v, nil
}

// CreateObject adds o to a draft and returns it as stored.
func (db *DB) CreateObject(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, o service.Object) (service.Object, error) {
	err := db.update(ctx, func(t *tx) error {
		s, revision, err := t.lockDraft(who, at)
		if err != nil {
			return err
		}
		if err := t.roomInVersion(at, revision); err != nil {
			return err
		}
		if err := t.freeName(at, k, o); err != nil {
			return err
		}
		if err := t.checkReferences(at, k, nil, o); err != nil {
			return err
		}
		if k.Adopts() {
			o = k.Adopt(o, s.Type)
		}
		o = k.Stamp(o, revision, t.now, t.now)
		if err := t.insertObject(at, k, o); err != nil {
			return err
		}
		if err := t.insertHolder(at, k, o); err != nil {
			return err
		}
		o, err = t.settle(at, k, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return o, nil
}

// UpdateObject replaces an object of a draft by what change makes of it, which
// may have another name, and returns it as stored.
func (db *DB) UpdateObject(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, name string, change func(service.Object) (service.Object, error)) (o service.Object, err error) {
	err = db.update(ctx, func(t *tx) error {
		if _, _, err := t.lockDraft(who, at); err != nil {
			return err
		}
		old, err := t.object(at, k, name)
		if err != nil {
			return err
		}
		if o, err = change(old); err != nil {
			return err
		}
		if k.Key(o.Meta().Name) != k.Key(old.Meta().Name) {
			if err := t.freeName(at, k, o); err != nil {
				return err
			}
		}
		if err := t.checkReferences(at, k, old, o); err != nil {
			return err
		}
		o = k.Stamp(o, old.Meta().Seq, old.Meta().Created, t.now)
		if err := t.replaceObject(at, k, name, o); err != nil {
			return err
		}
		if e := service.EventOf(ctx); e != nil {
			e.Before, e.After = k.Difference(old, o)
			e.Name = cmp.Or(o.Meta().Name, e.Name)
		}
		o, err = t.settle(at, k, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return o, nil
}

// DeleteObject removes an object from a draft, and those that belong to it. A
// kind of which a version has one object or none knows no missing one.
func (db *DB) DeleteObject(ctx context.Context, who *service.Token, at service.Ref, k *service.Kind, name string) error {
	return db.update(ctx, func(t *tx) error {
		if _, _, err := t.lockDraft(who, at); err != nil {
			return err
		}
		if !storable(name) {
			return k.Missing(at, name)
		}
		if err := t.deleteRelated(at, k, name); err != nil {
			return err
		}
		there, err := t.remove(at, k, k.Key(name))
		if err == nil && !there && !k.Optional {
			return k.Missing(at, name)
		}
		return err
	})
}

const objectColumns = `seq, body, created_at, updated_at`

// ofKind is the condition of the objects of one kind in a version, and oneObject that of
// an object's key. There is an index of one kind's objects alone, so that SQLite would
// plan a statement anew each time that a kind is given to it as it is.
const (
	ofKind    = `service_id = $1 AND version = $2 AND kind = $3 || ''`
	oneObject = ofKind + ` AND name = $4`
)

func (t *tx) object(at service.Ref, k *service.Kind, name string) (service.Object, error) {
	if !storable(name) {
		return nil, k.Missing(at, name)
	}
	o, err := t.scanObject(t.row(`SELECT `+objectColumns+` FROM object WHERE `+oneObject,
		at.Service, at.Version, k.Name, k.Key(name)), at, k)
	if !errors.Is(err, sql.ErrNoRows) {
		return o, err
	}
	if k.Singleton && !k.Optional {
		return k.Default(), nil
	}
	return nil, k.Missing(at, name)
}

// objects returns all of a kind, in no order.
func (t *tx) objects(at service.Ref, k *service.Kind) ([]service.Object, error) {
	all := []service.Object{}
	err := t.each(func(rows *sql.Rows) error {
		o, err := t.scanObject(rows, at, k)
		all = append(all, o)
		return err
	}, `SELECT `+objectColumns+` FROM object WHERE `+ofKind, at.Service, at.Version, k.Name)
	if err != nil {
		return nil, err
	}
	if k.Singleton && !k.Optional && len(all) == 0 {
		all = append(all, k.Default())
	}
	return all, nil
}

func (t *tx) scanObject(row scanner, at service.Ref, k *service.Kind) (service.Object, error) {
	var body []byte
	var seq, created, updated int64
	if err := row.Scan(&seq, &body, &created, &updated); err != nil {
		return nil, err
	}
	return t.makeObject(at, k, body, seq, created, updated)
}

func (t *tx) makeObject(at service.Ref, k *service.Kind, body []byte, seq, created, updated int64) (service.Object, error) {
	o, err := k.Unmarshal(body, at.Service, t.sealer)
	if err != nil {
		return nil, err
	}
	m := o.Meta() // nobody else has o yet
	m.Seq, m.Created, m.Updated = seq, toTime(created), toTime(updated)
	return o, nil
}

// freeName refuses a name that an object of the version has, or a domain that
// another service serves.
func (t *tx) freeName(at service.Ref, k *service.Kind, o service.Object) error {
	name := o.Meta().Name
	taken, err := t.hasName(at, k, name)
	switch {
	case err != nil:
		return err
	case taken && k.Optional:
		return service.Errorf(service.Invalid, "%s is already enabled for version '%d' of service '%s'", k.Model, at.Version, at.Service)
	case taken:
		return errDuplicate(k.Noun, name)
	case k == service.DomainKind:
		return t.freeDomains(production, at.Service, name)
	}
	return nil
}

// hasName reports whether an object of the kind, or of its family, has the name.
func (t *tx) hasName(at service.Ref, k *service.Kind, name string) (bool, error) {
	if k.ByID {
		all, err := t.objects(at, k)
		return slices.ContainsFunc(all, func(o service.Object) bool { return k.Key(o.Meta().Name) == k.Key(name) }), err
	}
	if k.Family == "" {
		return t.hasObject(at, k.Name, k.Key(name))
	}
	for _, f := range service.Kinds() {
		if f.Family != k.Family {
			continue
		}
		if taken, err := t.hasObject(at, f.Name, f.Key(name)); taken || err != nil {
			return taken, err
		}
	}
	return false, nil
}

func (t *tx) hasObject(at service.Ref, kind, key string) (bool, error) {
	return t.exists(`SELECT 1 FROM object WHERE `+oneObject,
		at.Service, at.Version, kind, key)
}

// checkReferences refuses a reference to nothing that o has and old had not.
// Those of old are left alone: what they named may have been deleted since,
// which is allowed until activation.
func (t *tx) checkReferences(at service.Ref, k *service.Kind, old, o service.Object) error {
	var before []service.Reference
	if old != nil {
		before = k.References(old)
	}
	for _, ref := range k.References(o) {
		if slices.Contains(before, ref) {
			continue
		}
		found, err := t.hasObject(at, ref.Kind, ref.Name)
		if err != nil {
			return err
		}
		if !found {
			return service.Errorf(service.Invalid, "No %s named '%s'", ref.Kind, ref.Name)
		}
	}
	return nil
}

func (t *tx) insertObject(at service.Ref, k *service.Kind, o service.Object) error {
	body, err := k.Marshal(o, at.Service, t.sealer)
	if err != nil {
		return err
	}
	if err := t.resize(at, int64(len(body))); err != nil {
		return err
	}
	m := o.Meta()
	_, err = t.exec(`
		INSERT INTO object (service_id, version, kind, name, seq, body, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		at.Service, at.Version, k.Name, k.Key(k.Find(o)), m.Seq, string(body), m.Created.UnixMicro(), m.Updated.UnixMicro())
	return err
}

// replaceObject overwrites the object known as name. A singleton that was never
// written has no row to overwrite.
func (t *tx) replaceObject(at service.Ref, k *service.Kind, name string, o service.Object) error {
	size, there, err := t.size(at, k, k.Key(name))
	if err != nil {
		return err
	}
	if !there {
		return t.insertObject(at, k, k.Stamp(o, 0, t.now, t.now))
	}
	body, err := k.Marshal(o, at.Service, t.sealer)
	if err != nil {
		return err
	}
	if err := t.resize(at, int64(len(body))-size); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE object SET name = $5, body = $6, updated_at = $7 WHERE `+oneObject,
		at.Service, at.Version, k.Name, k.Key(name), k.Key(k.Find(o)), string(body), t.now.UnixMicro())
	return err
}
