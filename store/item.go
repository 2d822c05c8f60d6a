package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"headwater/service"
)

// Items returns all items of a holder of the kind k, oldest first.
func (db *DB) Items(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind) (all []service.Object, h service.Holder, err error) {
	err = db.view(ctx, func(t *tx) error {
		if h, err = t.holder(who, at, k); err != nil {
			return err
		}
		all, err = t.items(at, k)
		return err
	})
	if err != nil {
		return nil, service.Holder{}, err
	}
	return all, h, nil
}

// Item returns one item of a holder of the kind k.
func (db *DB) Item(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind, name string) (o service.Object, h service.Holder, err error) {
	err = db.view(ctx, func(t *tx) error {
		if h, err = t.holder(who, at, k); err != nil {
			return err
		}
		o, err = t.item(at, k, name)
		return err
	})
	if err != nil {
		return nil, service.Holder{}, err
	}
	return o, h, nil
}

// ChangeItems makes all changes to a holder's items, or none of them. Items that
// are compiled into versions are only changed if compile accepts the active and
// the staged version with them. It may be called several times, and keeps no
// other write waiting but in the last try.
func (db *DB) ChangeItems(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind, changes []service.ItemChange, compile func(*service.Snapshot) error) (*service.ItemsWritten, error) {
	if !k.Holds.Compiled {
		return db.changeItems(ctx, who, at, k, changes, func(*service.ItemsWritten) error { return nil })
	}
	for range activateTries {
		rehearsed, err := db.rehearse(ctx, who, at, k, changes)
		if err != nil {
			return nil, err
		}
		if err := compileEach(rehearsed, compile); err != nil {
			return nil, err
		}
		w, err := db.changeItems(ctx, who, at, k, changes, func(w *service.ItemsWritten) error {
			if !sameVersions(w, rehearsed) {
				return errChanged
			}
			return nil
		})
		if !errors.Is(err, errChanged) {
			return w, err
		}
	}
	return db.changeItems(ctx, who, at, k, changes, func(w *service.ItemsWritten) error { return compileEach(w, compile) })
}

// changeItems commits the changes if accept agrees to what comes of them.
func (db *DB) changeItems(ctx context.Context, who *service.Token, at service.HolderRef, k *service.Kind, changes []service.ItemChange, accept func(*service.ItemsWritten) error) (w *service.ItemsWritten, err error) {
	err = db.update(ctx, func(t *tx) error {
		if w, err = t.writeItems(who, at, k, changes); err != nil {
			return err
		}
		return accept(w)
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (t *tx) writeItems(who *service.Token, at service.HolderRef, k *service.Kind, changes []service.ItemChange) (*service.ItemsWritten, error) {
	revision, err := t.lockHolder(who, at, k)
	if err != nil {
		return nil, err
	}
	made := make([]service.Object, len(changes))
	for i, c := range changes {
		if made[i], err = t.changeItem(at, k, c); err != nil {
			return nil, err
		}
	}
	n, err := t.countItems(at)
	if err != nil {
		return nil, err
	}
	if most := int64(t.limits.items); n > most {
		return nil, service.Errorf(service.Invalid, "Exceeding max number of items: %d", most)
	}
	w := &service.ItemsWritten{Items: made, Holding: service.NewChange(at, k, revision, changes, made)}
	if k.Holds.Compiled {
		err = t.findCompiled(who, at, k, w)
	}
	return w, err
}

func (t *tx) changeItem(at service.HolderRef, k *service.Kind, c service.ItemChange) (service.Object, error) {
	if c.Op == service.DeleteItem {
		return nil, t.deleteItem(at, k, c.Name)
	}
	var old service.Object
	if c.Name != "" || !k.Holds.ByID {
		var err error
		old, err = t.item(at, k, c.Name)
		if err != nil && (!isMissing(err) || c.Op == service.UpdateItem) {
			return nil, err
		}
	}
	if old != nil && c.Op == service.CreateItem {
		return nil, k.Holds.DuplicateItem(at, c.Name)
	}
	o, err := c.Make(old)
	if err != nil {
		return nil, err
	}
	created := t.now
	if old != nil {
		created = old.Meta().Created
	}
	o = k.Holds.Stamp(o, 0, created, t.now)
	return o, t.putItem(at, k, o)
}

// holder returns the holder if the caller sees it.
func (t *tx) holder(who *service.Token, at service.HolderRef, k *service.Kind) (h service.Holder, err error) {
	if _, err := t.service(who, at.Service); err != nil {
		return h, err
	}
	if !storable(at.ID) {
		return h, k.MissingHolder(at)
	}
	var changed int64
	err = t.row(`SELECT write_only, updated_at FROM holder WHERE id = $1 AND service_id = $2 AND kind = $3`,
		at.ID, at.Service, k.Name).Scan(&h.WriteOnly, &changed)
	if errors.Is(err, sql.ErrNoRows) {
		return h, k.MissingHolder(at)
	}
	h.Changed = toTime(changed)
	return h, err
}

// lockHolder makes other writers of the holder's items wait, and returns the
// revision that they have after this write. A service's row comes first, as
// everywhere.
func (t *tx) lockHolder(who *service.Token, at service.HolderRef, k *service.Kind) (revision int64, err error) {
	if _, err := t.holder(who, at, k); err != nil {
		return 0, err
	}
	if k.Holds.Compiled {
		_, err := t.exec(`UPDATE service SET content_revision = content_revision + 1 WHERE id = $1`, at.Service)
		if err != nil {
			return 0, err
		}
	}
	err = t.row(`UPDATE holder SET revision = revision + 1, updated_at = $1 WHERE id = $2 RETURNING revision`,
		t.now.UnixMicro(), at.ID).Scan(&revision)
	return revision, err
}

// insertHolder makes a new object able to hold items, with its first one.
func (t *tx) insertHolder(at service.Ref, k *service.Kind, o service.Object) error {
	if k.Holds == nil {
		return nil
	}
	id := o.Meta().ID
	_, err := t.exec(`INSERT INTO holder (id, service_id, kind, write_only, updated_at) VALUES ($1, $2, $3, $4, $5)`,
		id, at.Service, k.Name, service.HidesItems(o), t.now.UnixMicro())
	if err != nil {
		return err
	}
	first := k.FirstItem(o)
	if first == nil {
		return nil
	}
	return t.putItem(service.HolderRef{Service: at.Service, ID: id}, k, k.Holds.Stamp(first, 0, t.now, t.now))
}

const itemColumns = `body, created_at, updated_at`

func (t *tx) item(at service.HolderRef, k *service.Kind, name string) (service.Object, error) {
	if !storable(name) {
		return nil, k.Holds.MissingItem(at, name)
	}
	o, err := t.scanItem(t.row(`SELECT `+itemColumns+` FROM item WHERE holder_id = $1 AND name = $2`, at.ID, name), at, k)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, k.Holds.MissingItem(at, name)
	}
	return o, err
}

// items returns all of a holder, oldest first.
func (t *tx) items(at service.HolderRef, k *service.Kind) ([]service.Object, error) {
	all := []service.Object{}
	err := t.each(func(rows *sql.Rows) error {
		o, err := t.scanItem(rows, at, k)
		all = append(all, o)
		return err
	}, `SELECT `+itemColumns+` FROM item WHERE holder_id = $1 ORDER BY created_at, name`, at.ID)
	return all, err
}

func (t *tx) scanItem(row scanner, at service.HolderRef, k *service.Kind) (service.Object, error) {
	var body []byte
	var created, updated int64
	if err := row.Scan(&body, &created, &updated); err != nil {
		return nil, err
	}
	o, err := k.Holds.Unmarshal(body, at.Service, t.sealer)
	if err != nil {
		return nil, err
	}
	return k.Holds.Stamp(o, 0, toTime(created), toTime(updated)), nil
}

func (t *tx) putItem(at service.HolderRef, k *service.Kind, o service.Object) error {
	body, err := k.Holds.Marshal(o, at.Service, t.sealer)
	if err != nil {
		return err
	}
	m := o.Meta()
	_, err = t.exec(`
		INSERT INTO item (holder_id, name, body, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (holder_id, name) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
		at.ID, k.Holds.Find(o), string(body), m.Created.UnixMicro(), m.Updated.UnixMicro())
	return err
}

func (t *tx) deleteItem(at service.HolderRef, k *service.Kind, name string) error {
	if _, err := t.item(at, k, name); err != nil {
		return err
	}
	if k.Holds.KeepOne != "" {
		n, err := t.countItems(at)
		if err != nil {
			return err
		}
		if n == 1 {
			return service.Errorf(service.Invalid, "%s", k.Holds.KeepOne)
		}
	}
	_, err := t.exec(`DELETE FROM item WHERE holder_id = $1 AND name = $2`, at.ID, name)
	return err
}

func (t *tx) countItems(at service.HolderRef) (n int64, err error) {
	err = t.row(`SELECT COUNT(*) FROM item WHERE holder_id = $1`, at.ID).Scan(&n)
	return n, err
}

// FindObject returns where the newest version is that has an object of the kind
// with this ID, in a service that the caller sees.
func (db *DB) FindObject(ctx context.Context, who *service.Token, k *service.Kind, id string) (at service.Ref, err error) {
	err = db.view(ctx, func(t *tx) error {
		if !storable(id) {
			return k.Missing(at, id)
		}
		// The kind's name is spelled out, as a partial index asks for it.
		err := t.row(`SELECT service_id, version FROM object WHERE kind = '`+k.Name+`' AND name = $1
			ORDER BY version DESC LIMIT 1`, id).Scan(&at.Service, &at.Version)
		if errors.Is(err, sql.ErrNoRows) {
			return k.Missing(at, id)
		}
		if err != nil {
			return err
		}
		if _, err := t.service(who, at.Service); err != nil {
			var e *service.Error
			if errors.As(err, &e) && e.Code == service.Hidden {
				return k.Missing(at, id)
			}
			return err
		}
		return nil
	})
	if err != nil {
		return service.Ref{}, err
	}
	return at, nil
}

func sortBySeq(all []service.Object) {
	slices.SortFunc(all, func(a, b service.Object) int { return cmp.Compare(a.Meta().Seq, b.Meta().Seq) })
}
