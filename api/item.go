package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"headwater/service"
)

// maxBatch bounds the operations of one batch.
const maxBatch = 1000

// items are the actions on what the objects of one kind hold. The path names
// the holder as {id}, and most items as {name}.
type items struct {
	kind    *service.Kind // of the holder
	objects               // of the items
}

func newItems(k *service.Kind) items { return items{kind: k, objects: newObjects(k.Holds)} }

func (c *call) holder() service.HolderRef {
	return service.HolderRef{Service: c.at.Service, ID: c.id}
}

// itemPlace is where items are rendered from.
func (c *call) itemPlace() service.Place {
	return service.Place{Service: c.at.Service, Holder: c.id, Reader: !c.who.Writes()}
}

// written is itemPlace for the reply to a write. Fastly answers numbers there
// where reads have texts, and leaves out times, each for one kind.
func (i items) written(c *call, op service.ItemOp) service.Place {
	p := c.itemPlace()
	p.Numbers = i.objects.kind.NumbersWritten
	p.Bare = i.objects.kind.BareUpdates && op != service.CreateItem
	return p
}

func (i items) get(c *call) (body []byte, err error) {
	err = c.named(func(name string) error {
		o, h, err := c.Store.Item(c.r.Context(), c.who, c.holder(), i.kind, name)
		if err != nil {
			return err
		}
		if h.WriteOnly {
			return errForbidden
		}
		body = i.objects.kind.AppendJSON(nil, o, c.itemPlace())
		return nil
	})
	return body, err
}

// list answers a page of the items.
func (i items) list(c *call) ([]byte, error) {
	p, err := c.page("created")
	if err != nil {
		return nil, err
	}
	all, h, err := c.Store.Items(c.r.Context(), c.who, c.holder(), i.kind)
	if err != nil {
		return nil, err
	}
	if h.WriteOnly {
		return nil, errForbidden
	}
	c.link(p, len(all))
	i.objects.kind.SortItems(all, p.Sort, p.Descending)
	first := min(p.Before(), int64(len(all)))
	all = all[first:min(first+int64(p.Size), int64(len(all)))]
	body, place := []byte{'['}, c.itemPlace()
	for n, o := range all {
		if n > 0 {
			body = append(body, ',')
		}
		body = i.objects.kind.AppendJSON(body, o, place)
	}
	return append(body, ']'), nil
}

func (i items) create(c *call) ([]byte, error) {
	in, err := i.input(c)
	if err != nil {
		return nil, err
	}
	return i.change(c, i.making(service.CreateItem, i.objects.kind.ItemName(in), in))
}

func (i items) update(c *call) ([]byte, error) { return i.write(c, service.UpdateItem) }
func (i items) upsert(c *call) ([]byte, error) { return i.write(c, service.UpsertItem) }

func (i items) write(c *call, op service.ItemOp) (body []byte, err error) {
	in, err := i.input(c)
	if err != nil {
		return nil, err
	}
	err = c.named(func(name string) error {
		body, err = i.change(c, i.making(op, name, in))
		return err
	})
	return body, err
}

func (i items) delete(c *call) ([]byte, error) {
	err := c.named(func(name string) error {
		_, err := i.changes(c, service.ItemChange{Op: service.DeleteItem, Name: name})
		return err
	})
	if err != nil {
		return nil, err
	}
	return statusOK()
}

// making is the change that op makes with in to the item of that name.
func (i items) making(op service.ItemOp, name string, in service.Input) service.ItemChange {
	k := i.objects.kind
	return service.ItemChange{Op: op, Name: name, Make: func(old service.Object) (service.Object, error) {
		if old != nil {
			return k.Update(old, in)
		}
		return k.Create(k.NameItem(in, name))
	}}
}

func (i items) change(c *call, change service.ItemChange) ([]byte, error) {
	made, err := i.changes(c, change)
	if err != nil {
		return nil, err
	}
	return i.objects.kind.AppendJSON(nil, made[0], i.written(c, change.Op)), nil
}

// changes makes all changes or none, and brings what they made to the edges.
func (i items) changes(c *call, changes ...service.ItemChange) ([]service.Object, error) {
	w, err := c.Store.ChangeItems(c.r.Context(), c.who, c.holder(), i.kind, changes, c.compiles)
	if err != nil {
		return nil, err
	}
	if err := c.publishItems(i.kind, w); err != nil {
		return nil, err
	}
	return w.Items, nil
}

// itemOps are the operations of a batch.
var itemOps = map[string]service.ItemOp{
	"create": service.CreateItem,
	"update": service.UpdateItem,
	"upsert": service.UpsertItem,
	"delete": service.DeleteItem,
}

// batch is the action that makes all changes that the list under key tells, or
// none.
func (i items) batch(key string) action {
	return func(c *call) ([]byte, error) {
		in, err := c.input(func(string) bool { return false })
		if err != nil {
			return nil, err
		}
		var list []json.RawMessage
		if v := in[key]; v.Type != service.NestedValue || json.Unmarshal([]byte(v.Text), &list) != nil {
			return nil, service.Errorf(service.Invalid, "'%s' must be a list of operations", key)
		}
		if len(list) > maxBatch {
			return nil, service.Errorf(service.Invalid, "'%s' has more than %d operations", key, maxBatch)
		}
		changes := make([]service.ItemChange, len(list))
		for n, raw := range list {
			if changes[n], err = i.operation(c, raw); err != nil {
				return nil, err
			}
		}
		if _, err := i.changes(c, changes...); err != nil {
			return nil, err
		}
		return statusOK()
	}
}

// publishItems carries to the edges what a write of items has made durable, as
// publish does for versions.
func (c *call) publishItems(k *service.Kind, w *service.ItemsWritten) error {
	ctx := context.WithoutCancel(c.r.Context())
	publish := func(to Publisher, s *service.Snapshot) error {
		switch {
		case to == nil:
			return nil
		case !k.Holds.Compiled:
			return to.PublishItems(ctx, w.Holding)
		case s != nil:
			return to.Publish(ctx, s)
		}
		return nil
	}
	err := errors.Join(publish(c.Publisher, w.Active), publish(c.Staging, w.Staged))
	if err == nil {
		return nil
	}
	return &fault{
		status: http.StatusInternalServerError,
		msg:    msgInternal,
		detail: fmt.Sprintf("The %s '%s' is changed, but not every edge took the change over; the next one to it repairs that", k.Name, w.Holding.ID),
		cause:  err,
	}
}

func (i items) operation(c *call, raw []byte) (service.ItemChange, error) {
	in, err := c.Limits.decodeJSON(raw, func(string) bool { return true })
	if err != nil {
		return service.ItemChange{}, err
	}
	op, known := itemOps[in["op"].Text]
	if !known {
		return service.ItemChange{}, service.Errorf(service.Invalid, "'op' must be one of create, update, upsert, delete")
	}
	name := i.objects.kind.ItemName(in)
	if name == "" && op != service.CreateItem {
		return service.ItemChange{}, service.Errorf(service.Invalid, "'%s' is required", i.objects.kind.ItemKey())
	}
	if i.objects.kind.ByID && op == service.CreateItem {
		name = "" // it gets one of its own
	}
	return i.making(op, name, in), nil
}

// dictionaryInfo tells of a dictionary what is known without its items. The path
// names it by its ID.
func (c *call) dictionaryInfo() ([]byte, error) {
	if _, err := c.Store.Version(c.r.Context(), c.who, c.at); err != nil {
		return nil, err
	}
	all, h, err := c.Store.Items(c.r.Context(), c.who, service.HolderRef{Service: c.at.Service, ID: c.name}, service.DictionaryKind)
	if err != nil {
		return nil, err
	}
	reply := struct {
		ItemCount   int     `json:"item_count"`
		LastUpdated *string `json:"last_updated"` // null before the first item
		Digest      string  `json:"digest"`
	}{ItemCount: len(all), Digest: digest(all)}
	if len(all) > 0 {
		text := h.Changed.UTC().Format("2006-01-02 15:04:05")
		reply.LastUpdated = &text
	}
	return encode(reply), nil
}

// digest is a hash of all pairs of a dictionary.
func digest(all []service.Object) string {
	pairs := map[string]string{}
	for _, o := range all {
		pairs[o.Meta().Name] = o.(*service.DictionaryItem).Value
	}
	sum := sha256.Sum256(encode(pairs)) // in the order of the keys
	return hex.EncodeToString(sum[:])
}
