package service

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// least creates an object of the kind from what all of them ask for.
func least(t *testing.T, k *Kind, pairs ...string) Object {
	t.Helper()
	all := form("name=n", "address=a.test", "statement=true", "type=REQUEST", "dst=http.A", "host=a.test", "path=/", "action=log_only",
		"client_key=a", "http_methods=GET", "rps_limit=10", "window_size=1", "penalty_box_duration=1", "resource_id=r", "content=x",
		"director_name=d", "backend_name=b", "item_key=k", "ip=192.0.2.1")
	switch k.Name {
	case "snippet":
		all["type"] = Value{Text: "recv"}
	case "header":
		all["type"] = Value{Text: "request"}
		all["action"] = Value{Text: "set"}
	case "pool", "director":
		delete(all, "type")
	}
	if k.Name != "rate-limiters" && k.Name != "header" {
		delete(all, "action")
	}
	for name, v := range form(pairs...) {
		all[name] = v
	}
	if k.Ours { // which takes nothing else
		maps.DeleteFunc(all, func(name string, _ Value) bool { return k.byName[name] == nil })
	}
	o, err := k.Create(all)
	if err != nil {
		t.Fatalf("%s: %v", k.Name, err)
	}
	return o
}

// What the store keeps of an object is the object.
func TestEveryKindIsKeptWhole(t *testing.T) {
	keeper := testKeeper(t)
	place := Place{Service: "s", Version: 1}
	for _, k := range append(Kinds(), ACLEntryKind, DictionaryItemKind, ServerKind, SnippetContentKind) {
		o := least(t, k, "headers=[\"B: 1\",\"A:2\"]", "response[status]=429", "response[content]=<x>", "token=secret")
		body, err := k.Marshal(o, "s", keeper)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), `"secret"`) {
			t.Errorf("%s: a secret is stored as it is: %s", k.Name, body)
		}
		got, err := k.Unmarshal(body, "s", keeper)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		want, have := string(k.AppendJSON(nil, o, place)), string(k.AppendJSON(nil, got, place))
		if have != want || got.Meta().Name != o.Meta().Name || got.Meta().ID != o.Meta().ID {
			t.Errorf("%s: kept\n%s, was\n%s", k.Name, have, want)
		}
	}
}

func TestLists(t *testing.T) {
	for _, tt := range []struct {
		value Value
		want  string // "refused" for an error
	}{
		{Value{Text: `["Foo:Bar","Baz:Qux"]`}, "Baz: Qux|Foo: Bar"},
		{Value{Text: `[]`}, ""},
		{Value{Text: ``}, ""},
		{Value{Text: `A: b, c`}, "A: b, c"},
		{List("b:1", "a:2"), "a: 2|b: 1"},
		{Value{Type: NullValue}, ""},
		{Value{Text: `["a"`}, "refused"},
		{Value{Text: `[1]`}, "refused"},
		{Value{Text: `["no colon"]`}, "refused"},
		{Value{Text: `["a: b\r\nc: d"]`}, "refused"},
		{Value{Type: NestedValue, Text: `{"a":1}`}, "refused"},
		{Value{Type: BoolValue, Text: "true"}, "refused"},
		{List(slices.Repeat([]string{"a: b"}, maxList+1)...), "refused"},
	} {
		in := form("name=h", "host=a.test", "path=/")
		in["headers"] = tt.value
		o, err := HealthcheckKind.Create(in)
		got := "refused"
		if err == nil {
			got = strings.Join(o.(*Healthcheck).Headers, "|")
		}
		if got != tt.want {
			t.Errorf("%v: got %q, want %q (%v)", tt.value, got, tt.want, err)
		}
	}
}

func TestAccess(t *testing.T) {
	d := least(t, DirectorKind)
	d, err := DirectorKind.Update(d, form("name=other", "backends=x"))
	if err != nil || d.Meta().Name != "n" || len(d.(*Director).Backends) != 0 {
		t.Errorf("a director became %+v, %v", d, err)
	}
	s := least(t, SnippetKind, "dynamic=1")
	if s.(*Snippet).Content != nil || SnippetKind.FirstItem(s).(*SnippetContent).Content != "x" {
		t.Errorf("a dynamic snippet is %+v", s)
	}
	for _, pair := range []string{"dynamic=0", "content=y"} {
		if _, err := SnippetKind.Update(s, form(pair)); err == nil {
			t.Errorf("%s: no error", pair)
		}
	}
	if s, err = SnippetKind.Update(s, form("dynamic=1", "priority=7", "id=x")); err != nil || s.(*Snippet).Priority != 7 || len(s.Meta().ID) != 22 {
		t.Errorf("%+v, %v", s, err)
	}
	b := least(t, BackendKind)
	for key, want := range map[string]bool{"abc123": true, "a-b": false, "é": false, "": true} {
		if _, err := BackendKind.Update(b, form("share_key="+key)); (err == nil) != want {
			t.Errorf("share_key %q: %v", key, err)
		}
	}
}

// Whatever is sent as a list or as the answer of a rate limiter is refused or
// kept, and what is kept reads the same again.
func FuzzNested(f *testing.F) {
	for _, seed := range []string{"", "[]", `["a: b"]`, `[1]`, `{"status":429}`, `{"status":"429","content":"<"}`, `{"status":1e9}`, `["`, `{`, "a:b"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, nested bool) {
		v := Value{Text: text}
		if nested {
			v.Type = NestedValue
		}
		var l, again LimitResponse
		if l.assign("response", v) == nil {
			if err := again.load(l.append(nil)); l.Set && err != nil || again != l {
				t.Errorf("kept %+v, read %+v, %v", l, again, err)
			}
		}
		r := HealthcheckKind.byName["headers"]
		list, err := r.parseList(v)
		if err != nil {
			return
		}
		if again, err := r.parseList(List(list...)); err != nil || !slices.Equal(again, list) {
			t.Errorf("kept %q, read %q, %v", list, again, err)
		}
	})
}
