package storetest

import (
	"errors"
	"fmt"

	"headwater/service"
)

// dictionary makes one in a version, and returns it as a holder.
func (h *house) dictionary(at service.Ref, name string) service.HolderRef {
	h.Helper()
	o, err := h.create(h.who, at, service.DictionaryKind, "name="+name)
	h.must(err)
	return service.HolderRef{Service: at.Service, ID: o.Meta().ID}
}

func (h *house) change(at service.HolderRef, changes ...service.ItemChange) error {
	_, err := h.db.ChangeItems(h.ctx, h.who, at, service.DictionaryKind, changes, accept)
	return err
}

// item is a change that leaves the item with the value.
func item(op service.ItemOp, key, value string) service.ItemChange {
	k := service.DictionaryItemKind
	return service.ItemChange{Op: op, Name: key, Make: func(old service.Object) (service.Object, error) {
		if old != nil {
			return k.Update(old, input("item_value="+value))
		}
		return k.Create(input("item_key="+key, "item_value="+value))
	}}
}

// pairs are the items of a holder, oldest first.
func (h *house) pairs(at service.HolderRef) (text string) {
	h.Helper()
	all, _, err := h.db.Items(h.ctx, h.who, at, service.DictionaryKind)
	h.must(err)
	for _, o := range all {
		text += o.Meta().Name + "=" + o.(*service.DictionaryItem).Value + " "
	}
	return text
}

func items(h *house) {
	at := h.service(h.who, "shop")
	d := h.dictionary(at, "d")
	h.must(h.change(d, item(service.CreateItem, "b", "1")))
	h.now.move(minute)
	h.must(h.change(d, item(service.CreateItem, "a", "2"), item(service.UpsertItem, "b", "3")))
	h.equal("items", h.pairs(d), "b=3 a=2 ")
	h.fails(h.change(d, item(service.CreateItem, "c", "4"), item(service.CreateItem, "a", "5")), service.Conflict,
		fmt.Sprintf("Duplicate dictionary_item: 'dictionary_id=%s item_key=a service_id=%s'", d.ID, d.Service))
	noItem := fmt.Sprintf("Couldn't find DictionaryItem '{ dictionary_id => %s, item_key => none, service_id => %s }'", d.ID, d.Service)
	h.fails(h.change(d, item(service.DeleteItem, "b", ""), item(service.UpdateItem, "none", "")), service.Missing, noItem)
	h.equal("a failed batch changes nothing", h.pairs(d), "b=3 a=2 ")
	_, _, err := h.db.Item(h.ctx, h.who, d, service.DictionaryKind, "none")
	h.fails(err, service.Missing, noItem)

	// Items are no version's: locked or not, cloned or deleted, they are there.
	h.clone(h.who, at)
	_, err = h.db.LockVersion(h.ctx, h.who, at)
	h.must(err)
	h.must(h.change(d, item(service.UpdateItem, "b", "9")))
	h.equal("items", h.pairs(d), "b=9 a=2 ")
	o, holder, err := h.db.Item(h.ctx, h.who, d, service.DictionaryKind, "b")
	h.must(err)
	h.equal("created before updated", o.Meta().Created.Before(o.Meta().Updated), true)
	h.equal("changed", holder.Changed, o.Meta().Updated)

	// Who does not see the service, and who asks for another kind, finds nothing.
	_, _, err = h.db.Items(h.ctx, h.other, d, service.DictionaryKind)
	h.hidden(err)
	_, err = h.db.ChangeItems(h.ctx, h.other, d, service.DictionaryKind, nil, accept)
	h.hidden(err)
	_, _, err = h.db.Items(h.ctx, h.who, d, service.ACLKind)
	h.fails(err, service.Missing, fmt.Sprintf("Couldn't find ACL '{ deleted => 0000-00-00 00:00:00, id => %s, service => %s }'", d.ID, d.Service))
	theirs := h.service(h.other, "shop")
	_, _, err = h.db.Items(h.ctx, h.other, service.HolderRef{Service: theirs.Service, ID: d.ID}, service.DictionaryKind)
	h.equal("by an id of another service", errors.As(err, new(*service.Error)), true)
}

// itemRace has several writers of one holder.
func itemRace(h *house) {
	d := h.dictionary(h.service(h.who, "shop"), "d")
	errs := each(8, func(int) error { return h.change(d, item(service.CreateItem, "k", "v")) })
	h.equal("winners", h.winners(errs, service.Conflict), 1)
}

// relations belong to a director, and go with it.
func relations(h *house) {
	at := h.service(h.who, "shop")
	for _, pair := range [][2]string{{"d", "b1"}, {"d", "b2"}, {"e", "b1"}} {
		_, err := h.create(h.who, at, service.DirectorBackendKind, "director_name="+pair[0], "backend_name="+pair[1])
		h.must(err)
	}
	_, err := h.create(h.who, at, service.DirectorKind, "name=d")
	h.must(err)
	backends := func(o service.Object) string { return fmt.Sprint(o.(*service.Director).Backends) }
	o, _, err := h.db.Object(h.ctx, h.who, at, service.DirectorKind, "d")
	h.must(err)
	h.equal("backends", backends(o), "[b1 b2]")
	s, err := h.db.Snapshot(h.ctx, h.who, h.clone(h.who, at))
	h.must(err)
	h.equal("backends of the clone", backends(s.Objects["director"][0]), "[b1 b2]")
	h.must(h.db.DeleteObject(h.ctx, h.who, at, service.DirectorKind, "d"))
	all, _, err := h.db.Objects(h.ctx, h.who, at, service.DirectorBackendKind)
	h.must(err)
	h.equal("relations left", len(all), 1)
}

// family checks what no two kinds of one may share, and the object that only one
// version can be found by.
func family(h *house) {
	at := h.service(h.who, "shop")
	var s3, ftp, limiter *service.Kind
	for _, k := range service.Kinds() {
		switch k.Name {
		case "logging/s3":
			s3 = k
		case "logging/ftp":
			ftp = k
		case "rate-limiters":
			limiter = k
		}
	}
	_, err := h.create(h.who, at, s3, "name=log")
	h.must(err)
	_, err = h.create(h.who, at, ftp, "name=log")
	h.fails(err, service.Conflict, "Duplicate logging_syslog: 'log'")
	_, err = h.create(h.who, at, ftp, "name=other")
	h.must(err)
	_, err = h.update(at, ftp, "other", "name=log")
	h.fails(err, service.Conflict, "Duplicate logging_syslog: 'log'")

	o, err := h.create(h.who, at, limiter, "name=l", "action=log_only", "client_key=x", "http_methods=GET", "rps_limit=10", "window_size=1", "penalty_box_duration=1")
	h.must(err)
	id := o.Meta().ID
	next := h.clone(h.who, at)
	found, err := h.db.FindObject(h.ctx, h.who, limiter, id)
	h.must(err)
	h.equal("found in", found, next)
	_, err = h.db.FindObject(h.ctx, h.other, limiter, id)
	h.fails(err, service.Missing, "Cannot find vclmodule ''")
}

// soleMain has one main VCL at a time.
func soleMain(h *house) {
	at := h.service(h.who, "shop")
	for _, name := range []string{"a", "b"} {
		_, err := h.create(h.who, at, service.VCLKind, "name="+name, "content=x", "main=1")
		h.must(err)
	}
	_, err := h.update(at, service.VCLKind, "a", "main=true")
	h.must(err)
	all, _, err := h.db.Objects(h.ctx, h.who, at, service.VCLKind)
	h.must(err)
	h.equal("a", all[0].(*service.VCL).Main, true)
	h.equal("b", all[1].(*service.VCL).Main, false)
}
