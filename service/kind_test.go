package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestKindsGolden makes a change of the API a visible difference: every field
// of every kind with what clients can send and read.
func TestKindsGolden(t *testing.T) {
	var b strings.Builder
	for _, k := range append(Kinds(), ACLEntryKind, DictionaryItemKind, ServerKind, SnippetContentKind) {
		fmt.Fprintf(&b, "%s (%s)%s%s%s%s%s%s%s\n", k.Name, k.Model,
			when(k.Wire == Strings, " strings"), when(k.Singleton, " singleton"), when(k.Optional, " optional"), when(k.fold, " fold"),
			when(k.Family != "", " family:"+k.Family), when(k.ByID, " by-id"), when(k.Apart, " apart")+when(k.Ours, " ours"))
		def := k.Default()
		for i := range k.rows {
			r := &k.rows[i]
			line := fmt.Sprintf("  %-27s %-8s %-6s%s%s%s%s%s%s", r.name, wireType(r.at(def)), r.append(nil, def, k.Wire),
				when(r.required, " required"),
				when(r.max > 0, fmt.Sprintf(" %d..%d", r.min, r.max)),
				when(r.zeroNull, " 0=null"),
				when(r.refers != "", " refers:"+r.refers),
				when(wireType(r.at(def)) == "string?", [...]string{" \"\"=\"\"", " \"\"=null", " \"\"=null or refused"}[r.empty]),
				when(r.secret, " secret")+[...]string{"", " at-creation", " unchangeable", " read-only"}[r.access]+
					when(r.late, " late")+when(r.derived, " derived")+when(r.number, " number")+when(r.flag, " flag")+when(r.sole, " sole")+
					when(r.enum != nil, " "+strings.Join(r.enum, "|")))
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	const path = "testdata/kinds.golden"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("kinds differ from %s; run go test ./service -update and look at the difference:\n%s", path, b.String())
	}
}

func when(ok bool, text string) string {
	if ok {
		return text
	}
	return ""
}

func wireType(at any) string {
	switch at.(type) {
	case *string:
		return "string"
	case **string:
		return "string?"
	case *int64:
		return "int"
	case **int64:
		return "int?"
	case *bool:
		return "bool"
	case **bool:
		return "bool?"
	case *[]string:
		return "list"
	case Composite:
		return "object"
	}
	return "unknown"
}

// widget is a kind of the older dialect: all that it costs is this.
type widget struct {
	Base
	Priority int64
	Flag     bool
	Limit    *int64
	Password *string
}

var widgetKind = func() *Kind {
	k := register(spec[widget]{
		Name:  "widget",
		Model: "Widget",
		Wire:  Strings,
		Fields: []Field[widget]{
			{Name: "name", At: func(w *widget) any { return &w.Name }, Required: true},
			{Name: "priority", At: func(w *widget) any { return &w.Priority }, Default: int64(100), Max: 1000},
			{Name: "flag", At: func(w *widget) any { return &w.Flag }, Default: true},
			{Name: "limit", At: func(w *widget) any { return &w.Limit }, Max: 9},
			{Name: "password", At: func(w *widget) any { return &w.Password }, Secret: true},
		},
	})
	delete(kinds, "widget") // the program has none
	return k
}()

func TestStringsDialect(t *testing.T) {
	o, err := widgetKind.Create(form("name=w", "password=p"))
	if err != nil {
		t.Fatal(err)
	}
	o = widgetKind.Stamp(o, 1, time.Unix(0, 0), time.Unix(1, 999))
	got := string(widgetKind.AppendJSON(nil, o, Place{Service: "s", Version: 3, Locked: true, Reader: true}))
	want := `{"name":"w","priority":"100","flag":"1","limit":null,"password":null,"service_id":"s","version":"3",` +
		`"created_at":"1970-01-01T00:00:00Z","updated_at":"1970-01-01T00:00:01Z","deleted_at":null,"locked":true}`
	if got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	body, err := widgetKind.Marshal(o, "s", testKeeper(t))
	if err != nil || !bytes.Contains(body, []byte(`"priority":100,"flag":true`)) {
		t.Errorf("stored as %s, %v", body, err)
	}
}

func TestRegisterRefuses(t *testing.T) {
	name := func(w *widget) any { return &w.Name }
	for _, tt := range []struct {
		why string
		s   spec[widget]
	}{
		{"a kind twice", spec[widget]{Name: "backend"}},
		{"a field twice", spec[widget]{Name: "x", Fields: []Field[widget]{{Name: "a", At: name}, {Name: "a", At: name}}}},
		{"a secret that cannot be null", spec[widget]{Name: "x", Fields: []Field[widget]{{Name: "a", At: name, Secret: true}}}},
		{"a number without a range", spec[widget]{Name: "x", Fields: []Field[widget]{{Name: "a", At: func(w *widget) any { return &w.Priority }}}}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					delete(kinds, "x")
					t.Error("no panic")
				}
			}()
			register(tt.s)
		})
	}
}

func TestUnmarshalTolerates(t *testing.T) {
	k := testKeeper(t)
	for _, tt := range []struct{ name, body string }{
		{"fields of a newer binary", `{"name":"b","address":"h","new":{"a":[1,"}]\"",{}]},"newer":[],"port":81}`},
		{"blanks", " { \"name\" :\t\"b\" , \"port\" : 81\n, \"address\":\"h\" } "},
		{"null where none can be", `{"name":"b","address":"h","port":81,"weight":null}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := BackendKind.Unmarshal([]byte(tt.body), "s", k)
			if err != nil {
				t.Fatal(err)
			}
			if b := o.(*Backend); b.Name != "b" || b.Address != "h" || b.Port != 81 || b.Weight != 100 {
				t.Errorf("got %+v", b)
			}
		})
	}
	for _, body := range []string{``, `{`, `[]`, `null`, `{"port":"81"}`, `{"name":1}`, `{"use_ssl":1}`, `{"ssl_client_key":"x"}`, `{"port":1e3}`} {
		if _, err := BackendKind.Unmarshal([]byte(body), "s", k); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
}

// FuzzBackendCreate sends any two fields: the result is either an error that the
// client is told, or an object that survives the store and renders as JSON.
func FuzzBackendCreate(f *testing.F) {
	for i := range BackendKind.rows {
		f.Add(BackendKind.rows[i].name, "1", uint8(0), "comment", "\u2028<é\\\"", uint8(0))
	}
	f.Add("address", "::1", uint8(0), "ipv4", "127.0.0.1", uint8(0))
	f.Add("port", "443", uint8(1), "use_ssl", "", uint8(3))
	f.Add("address", "", uint8(3), "ipv4", "0", uint8(3))
	f.Add("ssl_client_key", "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----", uint8(0), "name", "a/b", uint8(0))
	keeper, err := NewKeeper()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name1, text1 string, type1 uint8, name2, text2 string, type2 uint8) {
		in := minimal()
		in[name1] = Value{Type: ValueType(type1 % 4), Text: text1}
		in[name2] = Value{Type: ValueType(type2 % 4), Text: text2}
		o, err := BackendKind.Create(in)
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || e.Code != Invalid {
				t.Fatalf("error %v is not an Invalid", err)
			}
			return
		}
		rendered := BackendKind.AppendJSON(nil, o, Place{})
		if !json.Valid(rendered) {
			t.Fatalf("not JSON: %s", rendered)
		}
		body, err := BackendKind.Marshal(o, "s", keeper)
		if err != nil {
			t.Fatal(err)
		}
		back, err := BackendKind.Unmarshal(body, "s", keeper)
		if err != nil {
			t.Fatal(err)
		}
		if again := BackendKind.AppendJSON(nil, back, Place{}); !bytes.Equal(again, rendered) {
			t.Fatalf("came back as\n%s, was\n%s", again, rendered)
		}
		if _, err := BackendKind.Update(o, Input{}); err != nil {
			t.Fatalf("an empty update fails: %v", err)
		}
	})
}
