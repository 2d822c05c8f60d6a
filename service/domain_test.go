package service

import (
	"strings"
	"testing"
)

func TestDomainNames(t *testing.T) {
	for _, name := range []string{"shop.test", "Shop.Test", "*.shop.test", "localhost", "192.0.2.1", "::1", "xn--bcher-kva.example", "_x.test"} {
		o, err := DomainKind.Create(form("name=" + name))
		if err != nil || o.Meta().Name != name {
			t.Errorf("%s: %v, %v", name, o, err)
		}
	}
	for _, name := range []string{"", "*", "*.", "*.*.test", "a.*.test", "*shop.test", "a b", "a.", ".a", "a..b", "a/b", "a:80", "http://a",
		"bücher.example", "fe80::1%eth0", "[::1]", "127.1", "a\n", strings.Repeat("abcdefgh.", 30) + "test"} {
		_, err := DomainKind.Create(form("name=" + name))
		wantInvalid(t, err)
	}
	if DomainKind.Key("Shop.Test") != DomainKind.Key("sHOP.tEST") || BackendKind.Key("A") == BackendKind.Key("a") {
		t.Error("domains compare without case, and nothing else does")
	}
}

func TestSettings(t *testing.T) {
	got := string(SettingsKind.AppendJSON(nil, SettingsKind.Default(), Place{Service: "s", Version: 90, Locked: true}))
	want := `{"general.default_host":"","general.default_ttl":3600,"general.default_pci":0,"general.stale_if_error":false,` +
		`"general.stale_if_error_ttl":43200,"service_id":"s","version":90}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	o, err := SettingsKind.Update(SettingsKind.Default(), form("general.default_ttl=0", "general.stale_if_error=true", "general.default_host=a.test"))
	if err != nil {
		t.Fatal(err)
	}
	if s := o.(*Settings); s.DefaultTTL != 0 || !s.StaleIfError || s.DefaultHost != "a.test" {
		t.Errorf("got %+v", s)
	}
	for _, send := range []string{"general.default_ttl=-1", "general.default_ttl=x", "general.default_pci=2", "general.default_host=a b", "general.stale_if_error=2"} {
		_, err := SettingsKind.Update(o, form(send))
		wantInvalid(t, err)
	}
}
