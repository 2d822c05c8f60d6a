package service

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// members returns what eachMember finds.
func members(body string) (map[string]string, error) {
	found := map[string]string{}
	err := eachMember([]byte(body), func(name, value []byte) error {
		found[string(name)] = string(value)
		return nil
	})
	return found, err
}

// What eachMember finds is what encoding/json does.
func TestEachMember(t *testing.T) {
	for _, body := range []string{
		`{}`, " { } \n", `{"a":1}`, `{"a":"","b":null,"c":true,"d":false}`,
		"{ \"a\" : -1.5e3 ,\t\"b\"\r\n:0 }", `{"":[]}`, `{"a":{"b":[1,{"c":"]}"}]},"d":"x"}`,
		`{"a":"\"","b":"\\","c":"\\\"","d":"é","e":"{,}"}`, `{"a":[ "\"]" , 2 ]}`, `{"a":10,"b":-0,"c":0.1}`,
	} {
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for name, value := range want {
			texts[name] = string(value)
		}
		got, err := members(body)
		if diff := cmp.Diff(texts, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", body, err, diff)
		}
	}
}

func TestEachMemberRefuses(t *testing.T) {
	for _, body := range []string{
		``, ` `, `[]`, `"a"`, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a":1 "b":2}`,
		`{a:1}`, `{"a":01}`, `{"a":nul}`, `{"a":1x}`, `{"a":-}`, `{"a":"}`, `{"a":"\"}`, `{"a":[}`, `{"a":[1,]}`, `{"a":{"b"}}`,
		`{"a":[1}]}`, `{"a":1}}`, `{"a":1} x`, `{,}`, `{"a" 1}`, `{"a\":1}`,
	} {
		if found, err := members(body); err == nil {
			t.Errorf("%s is taken for %v", body, found)
		}
	}
}

// What is stored, and was damaged, is refused or read as something else; it ends nothing.
func TestUnmarshalDamaged(t *testing.T) {
	sealer, err := NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*Kind{BackendKind, DomainKind, RateLimiterKind, PackageKind} {
		body, err := k.Marshal(k.Default(), "service", sealer)
		if err != nil {
			t.Fatal(err)
		}
		for i := range body {
			if _, err := k.Unmarshal(body[:i], "service", sealer); err == nil {
				t.Errorf("%s: the first %d bytes of %s are taken for all", k.Name, i, body)
			}
			for _, c := range []byte(`"\{],0` + "\xff") {
				damaged := append([]byte(nil), body...)
				damaged[i] = c
				if o, err := k.Unmarshal(damaged, "service", sealer); err == nil {
					if _, err := k.Marshal(o, "service", sealer); err != nil {
						t.Errorf("%s: %v", damaged, err)
					}
				}
			}
		}
	}
}
