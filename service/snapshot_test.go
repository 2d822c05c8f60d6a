package service

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func testKeeper(t testing.TB) *Keeper {
	t.Helper()
	k, err := NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testSnapshot(t *testing.T, pairs ...string) *Snapshot {
	t.Helper()
	backend, err := BackendKind.Create(minimal(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	domain, err := DomainKind.Create(form("name=Shop.test", "comment=\u2028<&>é"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1e9, 123000).UTC()
	return &Snapshot{
		Customer: "c", Service: "s", Version: 3, Generation: 7,
		Objects: map[string][]Object{
			"backend":  {BackendKind.Stamp(backend, 1, now, now)},
			"domain":   {DomainKind.Stamp(domain, 2, now, now)},
			"settings": {SettingsKind.Default()},
		},
	}
}

func TestSnapshotRoundTrip(t *testing.T) {
	cert, key := newPair(t)
	keeper := testKeeper(t)
	s := testSnapshot(t, "ssl_client_cert="+cert, "ssl_client_key="+key)
	data, err := s.Encode(keeper)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Split(key, "\n")[1]
	if bytes.Contains(data, []byte(line)) {
		t.Error("the document shows the private key")
	}
	got, err := DecodeSnapshot(data, keeper)
	if err != nil {
		t.Fatal(err)
	}
	if got.Customer != s.Customer || got.Service != s.Service || got.Version != s.Version || got.Generation != s.Generation {
		t.Errorf("got %+v, want %+v", got, s)
	}
	for _, k := range Kinds() {
		for i, o := range s.Objects[k.Name] {
			want := string(k.AppendJSON(nil, o, Place{}))
			if have := string(k.AppendJSON(nil, got.Objects[k.Name][i], Place{})); have != want {
				t.Errorf("%s: got\n%s, want\n%s", k.Name, have, want)
			}
		}
	}
	if got.Identity() != s.Identity() {
		t.Error("the identity changed")
	}
	if *got.Backends()[0].SSLClientKey != key {
		t.Error("the private key changed")
	}
	if _, err := DecodeSnapshot(data, testKeeper(t)); err == nil {
		t.Error("another key opens the document")
	}
}

// A document is, byte for byte, what encoding/json makes of it: a binary that writes it
// otherwise would write all that is kept anew.
func TestSnapshotDocument(t *testing.T) {
	whole := testSnapshot(t, "comment=a <b> & \"c\"")
	whole.ContentRevision, whole.Contents = 4, map[string]string{"2": "<x>", "1": "y"}
	for _, s := range []*Snapshot{whole, {Customer: "\u2028", Service: "s", Version: 1, Objects: map[string][]Object{}}} {
		got, err := s.Encode(testKeeper(t))
		if err != nil {
			t.Fatal(err)
		}
		var outer document
		var inner snapshotDocument
		if err := json.Unmarshal(got, &outer); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(outer.Snapshot, &inner); err != nil {
			t.Fatal(err)
		}
		if outer.Snapshot, err = json.Marshal(inner); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(outer)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("got\n%s, want\n%s", got, want)
		}
		if err := checkDocument(outer.Format, outer.Checksum, outer.Snapshot); err != nil {
			t.Error(err)
		}
	}
}

func TestSnapshotDamaged(t *testing.T) {
	keeper := testKeeper(t)
	data, err := testSnapshot(t).Encode(keeper)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		damaged := bytes.Clone(data)
		damaged[i] ^= 1
		if got, err := DecodeSnapshot(damaged, keeper); err == nil && got.Identity() != testSnapshot(t).Identity() {
			t.Errorf("byte %d (%c) damaged: no error", i, data[i])
		}
	}
	for _, n := range []int{0, 1, len(data) / 2, len(data) - 1} {
		if _, err := DecodeSnapshot(data[:n], keeper); err == nil {
			t.Errorf("cut at %d: no error", n)
		}
	}
	if _, err := DecodeSnapshot(append(data, 'x'), keeper); err == nil {
		t.Error("trailing bytes: no error")
	}
	newer := bytes.Replace(data, []byte(`"format":1`), []byte(`"format":2`), 1)
	if _, err := DecodeSnapshot(newer, keeper); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("newer format: error %v", err)
	}
}

func TestSnapshotUnknownKind(t *testing.T) {
	data, err := testSnapshot(t).Encode(testKeeper(t))
	if err != nil {
		t.Fatal(err)
	}
	delete(kinds, BackendKind.Name)
	defer func() { kinds[BackendKind.Name] = BackendKind }()
	if _, err := DecodeSnapshot(data, testKeeper(t)); err == nil || !strings.Contains(err.Error(), "backend") {
		t.Errorf("error %v, want one that names the kind", err)
	}
}

func TestIdentity(t *testing.T) {
	base := testSnapshot(t)
	same := testSnapshot(t)
	same.Version, same.Generation = 4, 9
	delete(same.Objects, "settings") // absent is the same as at its defaults
	if base.Identity() != same.Identity() {
		t.Error("equal objects, other identity")
	}
	cert, key := newPair(t)
	_, otherKey := newPair(t)
	seen := map[string]string{base.Identity(): "base"}
	for _, pairs := range [][]string{
		{"comment=x"}, {"port=81"}, {"ssl_client_cert=" + cert}, {"ssl_client_key=" + key}, {"ssl_client_key=" + otherKey},
		{"shield="}, {"override_host=x"},
	} {
		id := testSnapshot(t, pairs...).Identity()
		if was, ok := seen[id]; ok {
			t.Errorf("%.20v has the identity of %s", pairs, was)
		}
		seen[id] = pairs[0]
	}
}

// FuzzDecodeSnapshot reads what may lie in a file.
func FuzzDecodeSnapshot(f *testing.F) {
	keeper := testKeeper(f)
	f.Add([]byte(`{"format":1,"checksum":"","snapshot":{}}`))
	f.Fuzz(func(t *testing.T, inner []byte) {
		// With the right checksum, or nothing would ever come past it.
		data := []byte(`{"format":1,"checksum":"` + checksum(inner) + `","snapshot":` + string(inner) + `}`)
		if s, err := DecodeSnapshot(data, keeper); err == nil {
			if _, err := s.Encode(keeper); err != nil {
				t.Fatal(err)
			}
		}
		DecodeSnapshot(inner, keeper)
	})
}

func TestSecrets(t *testing.T) {
	_, key := newPair(t)
	keeper := testKeeper(t)
	o, err := BackendKind.Create(minimal("ssl_client_key=" + key))
	if err != nil {
		t.Fatal(err)
	}
	body, err := BackendKind.Marshal(o, "s", keeper)
	if err != nil {
		t.Fatal(err)
	}
	if line := strings.Split(key, "\n")[1]; bytes.Contains(body, []byte(line)) {
		t.Error("stored in the clear")
	}
	if _, err := BackendKind.Unmarshal(body, "other", keeper); err == nil {
		t.Error("the sealed key opens in another service")
	}
	if got := reply(t, BackendKind, o, Place{Reader: true})["ssl_client_key"]; got != "null" {
		t.Errorf("a reader is shown %s", got)
	}
	if got := reply(t, BackendKind, o, Place{})["ssl_client_key"]; got == "null" {
		t.Error("a writer is not shown the key")
	}
}

func TestKeeperFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "key")
	first, err := OpenKeeper(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := first.Seal("text", "context")
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenKeeper(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, "context"); err != nil || got != "text" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := again.Open(sealed, "elsewhere"); err == nil {
		t.Error("opens in another context")
	}
	for _, bad := range []string{"", "x", "v1:", "v1:!", "v2:" + sealed[3:], sealed[:len(sealed)-2]} {
		if _, err := again.Open(bad, "context"); err == nil {
			t.Errorf("%q opens", bad)
		}
	}
	for name, mode := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v, %v; want %v", name, info.Mode(), err, mode)
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("files left behind: %v", files)
	}
	os.Chmod(path, 0o644)
	if _, err := OpenKeeper(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that all can read: error %v", err)
	}
	os.Chmod(path, 0o600)
	os.WriteFile(path, []byte("short"), 0o600)
	if _, err := OpenKeeper(path); err == nil {
		t.Error("a damaged key opens")
	}
}

// Whether a field is at its default is told alike with and without rendering it.
func TestUnset(t *testing.T) {
	for _, k := range Kinds() {
		for i := range k.rows {
			r := &k.rows[i]
			o := k.Default()
			for _, text := range []string{"", "0", "1", "7", "false", "true", "a", "null"} {
				v := Value{Type: TextValue, Text: text}
				if text == "null" {
					v.Type = NullValue
				}
				if r.assign(o, v, false) != nil {
					continue
				}
				usual := string(r.append(nil, o, Numbers)) == r.usual
				_, composite := r.at(o).(Composite)
				if got := r.unset(o); got != usual && !composite {
					t.Errorf("%s.%s as %q: unset is %v", k.Name, r.name, text, got)
				}
			}
		}
	}
}
