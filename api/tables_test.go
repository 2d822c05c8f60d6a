package api_test

import (
	"net/http"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"
)

func TestClientDictionaries(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	d := ok(c.CreateDictionary(ctx, &fastly.CreateDictionaryInput{ServiceID: id, ServiceVersion: 1, Name: new("first")}))(t)
	did := *d.DictionaryID
	if *d.WriteOnly || len(did) != 22 {
		t.Errorf("created %+v", d)
	}
	d = ok(c.UpdateDictionary(ctx, &fastly.UpdateDictionaryInput{ServiceID: id, ServiceVersion: 1, Name: "first", NewName: new("second")}))(t)
	if *d.Name != "second" || *d.DictionaryID != did {
		t.Errorf("updated %+v", d)
	}
	_, err := c.UpdateDictionary(ctx, &fastly.UpdateDictionaryInput{ServiceID: id, ServiceVersion: 1, Name: "second", WriteOnly: new(fastly.Compatibool(true))})
	wantHTTP(t, err, 400, "Bad request", "Not allowed to modify field 'write_only'")
	_, err = c.CreateDictionary(ctx, &fastly.CreateDictionaryInput{ServiceID: id, ServiceVersion: 1, Name: new("second")})
	wantHTTP(t, err, 409, "Duplicate record", "Duplicate dictionary: 'second'")

	ok(c.ActivateVersion(ctx, &fastly.ActivateVersionInput{ServiceID: id, ServiceVersion: 1}))(t) // items need no draft
	create := func(key string) error {
		_, err := c.CreateDictionaryItem(ctx, &fastly.CreateDictionaryItemInput{ServiceID: id, DictionaryID: did, ItemKey: &key, ItemValue: new("v")})
		return err
	}
	if err := create("a/b"); err != nil {
		t.Fatal(err)
	}
	wantHTTP(t, create("a/b"), 409, "Duplicate record", "Duplicate dictionary_item: 'dictionary_id="+did+" item_key=a/b service_id="+id+"'")
	i := ok(c.UpdateDictionaryItem(ctx, &fastly.UpdateDictionaryItemInput{ServiceID: id, DictionaryID: did, ItemKey: "a/b", ItemValue: "w"}))(t)
	if *i.ItemValue != "w" || i.CreatedAt != nil {
		t.Errorf("updated %+v", i)
	}
	i = ok(c.GetDictionaryItem(ctx, &fastly.GetDictionaryItemInput{ServiceID: id, DictionaryID: did, ItemKey: "a/b"}))(t)
	if *i.ItemValue != "w" || i.CreatedAt == nil || *i.DictionaryID != did {
		t.Errorf("got %+v", i)
	}
	batch := func(items ...*fastly.BatchDictionaryItem) error {
		return c.BatchModifyDictionaryItems(ctx, &fastly.BatchModifyDictionaryItemsInput{ServiceID: id, DictionaryID: did, Items: items})
	}
	item := func(op fastly.BatchOperation, key string) *fastly.BatchDictionaryItem {
		return &fastly.BatchDictionaryItem{Operation: &op, ItemKey: &key, ItemValue: new("b")}
	}
	wantHTTP(t, batch(item("create", "x"), item("update", "none")), 404, "Record not found",
		"Couldn't find DictionaryItem '{ dictionary_id => "+did+", item_key => none, service_id => "+id+" }'")
	if err := batch(item("create", "x"), item("upsert", "a/b"), item("upsert", "y"), item("delete", "y")); err != nil {
		t.Fatal(err)
	}
	list := ok(c.ListDictionaryItems(ctx, &fastly.ListDictionaryItemsInput{ServiceID: id, DictionaryID: did}))(t)
	if len(list) != 2 || *list[0].ItemValue != "b" {
		t.Errorf("listed %+v", list)
	}
	info := ok(c.GetDictionaryInfo(ctx, &fastly.GetDictionaryInfoInput{ServiceID: id, ServiceVersion: 1, DictionaryID: did}))(t)
	if *info.ItemCount != 2 || len(*info.Digest) != 64 || info.LastUpdated == nil {
		t.Errorf("info %+v", info)
	}
	if err := c.DeleteDictionaryItem(ctx, &fastly.DeleteDictionaryItemInput{ServiceID: id, DictionaryID: did, ItemKey: "x"}); err != nil {
		t.Fatal(err)
	}
	base := "/service/" + id + "/dictionary/" + did
	f.as(t, otherToken, "GET", base+"/items").want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	f.as(t, readerToken, "PATCH", base+"/items").want(t, http.StatusForbidden, "")
	f.do(t, "GET", "/service/"+id+"/acl/"+did+"/entries").want(t, http.StatusNotFound, "")
}

func TestWriteOnlyDictionary(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	d := f.must(t, "POST", v+"/dictionary", "name", "secrets", "write_only", "1")
	base := v[:len(v)-len("/version/1")] + "/dictionary/" + d["id"].(string)
	f.must(t, "POST", base+"/item", "item_key", "k", "item_value", "v")
	f.do(t, "GET", base+"/items").want(t, http.StatusForbidden, "")
	f.do(t, "GET", base+"/item/k").want(t, http.StatusForbidden, "")
}

// Pages of items link to each other, in the form that Fastly's paginator reads.
func TestItemPages(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	d := f.must(t, "POST", v+"/dictionary", "name", "d")
	base := v[:len(v)-len("/version/1")] + "/dictionary/" + d["id"].(string)
	for _, key := range []string{"b", "c", "a"} {
		f.must(t, "POST", base+"/item", "item_key", key, "item_value", "v")
	}
	r := f.do(t, "GET", base+"/items?sort=item_key&direction=descend&page=1&per_page=2")
	if list := r.list(t); len(list) != 2 || list[0]["item_key"] != "c" || list[1]["item_key"] != "b" || r.header.Get("Link") == "" {
		t.Errorf("first page %v, links %q", list, r.header.Get("Link"))
	}
	if list := f.do(t, "GET", base+"/items?sort=item_key&page=2&per_page=2").list(t); len(list) != 1 || list[0]["item_key"] != "c" {
		t.Errorf("second page %v", list)
	}
	f.do(t, "GET", base+"/items?page=9").want(t, http.StatusOK, "[]")
}

func TestClientACLs(t *testing.T) {
	f, c, id := draftOf(t)
	ctx := t.Context()
	_, err := c.CreateACL(ctx, &fastly.CreateACLInput{ServiceID: id, ServiceVersion: 1, Name: new("-")})
	wantHTTP(t, err, 400, "Bad request", "Name must start with alphabetical and contain only alphanumeric, underscore, and whitespace")
	a := ok(c.CreateACL(ctx, &fastly.CreateACLInput{ServiceID: id, ServiceVersion: 1, Name: new("test_acl")}))(t)
	aid := *a.ACLID
	a = ok(c.UpdateACL(ctx, &fastly.UpdateACLInput{ServiceID: id, ServiceVersion: 1, Name: "test_acl", NewName: new("new_acl")}))(t)
	if *a.Name != "new_acl" || *a.ACLID != aid {
		t.Errorf("updated %+v", a)
	}
	e := ok(c.CreateACLEntry(ctx, &fastly.CreateACLEntryInput{ServiceID: id, ACLID: aid, IP: new("10.0.0.3"), Subnet: new(8), Negated: new(fastly.Compatibool(false)), Comment: new("x")}))(t)
	if *e.IP != "10.0.0.3" || *e.Subnet != 8 || *e.Negated || len(*e.EntryID) != 22 {
		t.Errorf("created %+v", e)
	}
	e = ok(c.UpdateACLEntry(ctx, &fastly.UpdateACLEntryInput{ServiceID: id, ACLID: aid, EntryID: *e.EntryID, IP: new("10.0.0.4"), Negated: new(fastly.Compatibool(true))}))(t)
	if *e.IP != "10.0.0.4" || !*e.Negated || *e.Subnet != 8 {
		t.Errorf("updated %+v", e)
	}
	path := "/service/" + id + "/acl/" + aid + "/entry"
	if got := f.must(t, "GET", path+"/"+*e.EntryID); got["negated"] != "1" || got["subnet"] != 8.0 || len(got) != 9 {
		t.Errorf("read %v", got)
	}
	if got := f.must(t, "POST", path, "ip", "2001:db8::1"); got["negated"] != 0.0 || got["subnet"] != nil {
		t.Errorf("written %v", got)
	}
	f.do(t, "POST", path, "ip", "10.0.0.1", "subnet", "33").want(t, http.StatusBadRequest, "")
	op := func(o fastly.BatchOperation) *fastly.BatchOperation { return &o }
	err = c.BatchModifyACLEntries(ctx, &fastly.BatchModifyACLEntriesInput{ServiceID: id, ACLID: aid, Entries: []*fastly.BatchACLEntry{
		{Operation: op(fastly.CreateBatchOperation), IP: new("127.0.0.1"), Subnet: new(24), Negated: new(fastly.Compatibool(true))},
		{Operation: op(fastly.UpdateBatchOperation), EntryID: e.EntryID, Comment: new("changed")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	list := ok(c.ListACLEntries(ctx, &fastly.ListACLEntriesInput{ServiceID: id, ACLID: aid}))(t)
	if len(list) != 3 {
		t.Errorf("listed %d entries", len(list))
	}
	if err := c.DeleteACLEntry(ctx, &fastly.DeleteACLEntryInput{ServiceID: id, ACLID: aid, EntryID: *e.EntryID}); err != nil {
		t.Fatal(err)
	}
	f.do(t, "GET", path+"/"+*e.EntryID).want(t, http.StatusNotFound, "")
}

func TestClientPools(t *testing.T) {
	_, c, id := draftOf(t)
	ctx := t.Context()
	p := ok(c.CreatePool(ctx, &fastly.CreatePoolInput{ServiceID: id, ServiceVersion: 1, Name: new("test_pool"), Quorum: new(50),
		UseTLS: new(fastly.Compatibool(true)), TLSCertHostname: new("example.com"), Comment: new("x")}))(t)
	if *p.Quorum != 50 || !*p.UseTLS || *p.MaxConnDefault != 200 || *p.Type != fastly.PoolTypeRandom {
		t.Errorf("created %+v", p)
	}
	p = ok(c.UpdatePool(ctx, &fastly.UpdatePoolInput{ServiceID: id, ServiceVersion: 1, Name: "test_pool", NewName: new("new_pool"), Quorum: new(0), Type: new(fastly.PoolTypeHash)}))(t)
	if *p.Name != "new_pool" || *p.Quorum != 0 || *p.Type != fastly.PoolTypeHash {
		t.Errorf("updated %+v", p)
	}
	server := func(address string) string {
		s := ok(c.CreateServer(ctx, &fastly.CreateServerInput{ServiceID: id, PoolID: *p.PoolID, Address: &address}))(t)
		if *s.Port != 80 || *s.Weight != 100 || *s.Disabled || *s.PoolID != *p.PoolID {
			t.Errorf("created %+v", s)
		}
		return *s.ServerID
	}
	one, two := server("127.0.0.1"), server("alt.example.com")
	s := ok(c.UpdateServer(ctx, &fastly.UpdateServerInput{ServiceID: id, PoolID: *p.PoolID, Server: one, Address: new("0.0.0.0"), Weight: new(50)}))(t)
	if *s.Address != "0.0.0.0" || *s.Weight != 50 {
		t.Errorf("updated %+v", s)
	}
	if list := ok(c.ListServers(ctx, &fastly.ListServersInput{ServiceID: id, PoolID: *p.PoolID}))(t); len(list) != 2 {
		t.Errorf("listed %v", list)
	}
	del := func(sid string) error {
		return c.DeleteServer(ctx, &fastly.DeleteServerInput{ServiceID: id, PoolID: *p.PoolID, Server: sid})
	}
	if err := del(two); err != nil {
		t.Fatal(err)
	}
	wantHTTP(t, del(two), 404, "Record not found", "Couldn't find Server '{ deleted => 0000-00-00 00:00:00, id => "+two+" }'")
	wantHTTP(t, del(one), 400, "Bad request", "Cannot delete only server in a pool")
}
