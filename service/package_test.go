package service_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"headwater/service"
)

// pack makes a package of files, given as pairs of names and contents.
func pack(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	return packInto(t, &out, gzip.NewWriter(&out), files...)
}

// packInto is pack for who makes many: a compressor takes a megabyte. z writes to out.
func packInto(t testing.TB, out *bytes.Buffer, z *gzip.Writer, files ...string) []byte {
	t.Helper()
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sum(text string) string {
	s := sha512.Sum512([]byte(text))
	return hex.EncodeToString(s[:])
}

const manifest = `
# made by a tool
manifest_version = 3
name = "edge \"one\"" # a remark
description = 'no \escapes'
authors = [
  "a@shop.test",
  'b@shop.test',
]
language = "rust"
cloned_from = "kit"

[scripts]
name = "another"
`

func TestReadPackage(t *testing.T) {
	// The program comes first in the archive, and second by name.
	upload := pack(t, "p/src/bin/main.wasm", "program", "p/fastly.toml", manifest)
	got, err := service.ReadPackage(bytes.NewReader(upload), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want := service.PackageMetadata{
		Name: `edge "one"`, Description: `no \escapes`, Authors: []string{"a@shop.test", "b@shop.test"},
		Language: "rust", ClonedFrom: "kit",
		Size: int64(len(upload)), Hashsum: sum(string(upload)), FilesHash: sum(manifest + "program"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadPackageRefuses(t *testing.T) {
	const words = "Failed to extract metadata from package"
	whole := pack(t, "p/bin/main.wasm", "program", "p/fastly.toml", manifest)
	for name, tt := range map[string]struct {
		upload []byte
		want   string
	}{
		"nothing":      {nil, words},
		"no gzip":      {[]byte("PK"), words},
		"no archive":   {compress(t, "text"), words},
		"cut":          {whole[:len(whole)/2], words},
		"no program":   {pack(t, "p/fastly.toml", manifest), words},
		"no manifest":  {pack(t, "p/bin/main.wasm", "program"), words},
		"deep":         {pack(t, "p/bin/main.wasm", "program", "p/vendor/fastly.toml", manifest), words},
		"no name":      {pack(t, "p/bin/main.wasm", "program", "p/fastly.toml", `language = "rust"`), words},
		"bad escape":   {pack(t, "p/bin/main.wasm", "program", "p/fastly.toml", `name = "\q"`), words},
		"too large":    {pack(t, "p/bin/main.wasm", strings.Repeat("x", 2<<20), "p/fastly.toml", manifest), "the package unpacks to more than 1048576 bytes"},
		"many files":   {pack(t, strings.Split(strings.Repeat("f,,", 10_001)+"p/fastly.toml,", ",")...), words},
		"bad manifest": {pack(t, "p/bin/main.wasm", "program", "p/fastly.toml", "name = \"a\x00b\""), words},
	} {
		_, err := service.ReadPackage(bytes.NewReader(tt.upload), 1<<20)
		var e *service.Error
		if !errors.As(err, &e) || e.Code != service.Invalid || e.Detail != tt.want {
			t.Errorf("%s: %v; want %s", name, err, tt.want)
		}
	}
	broken := errors.New("the line broke")
	if _, err := service.ReadPackage(io.MultiReader(bytes.NewReader(whole[:20]), iotest.ErrReader(broken)), 1<<20); !errors.Is(err, broken) {
		t.Errorf("a broken line: %v", err)
	}
}

func compress(t testing.TB, text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Whatever is uploaded, it is read or refused, and what is kept of it can be
// answered.
func FuzzReadPackage(f *testing.F) {
	f.Add(pack(f, "p/bin/main.wasm", "program", "p/fastly.toml", manifest))
	f.Add(compress(f, "text"))
	f.Fuzz(func(t *testing.T, upload []byte) {
		check(t, upload)
	})
}

func FuzzManifest(f *testing.F) {
	f.Add(manifest)
	f.Add("name = \"a\"\nauthors = [\"")
	z, err := gzip.NewWriterLevel(nil, gzip.NoCompression)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		z.Reset(&out)
		check(t, packInto(t, &out, z, "p/bin/main.wasm", "program", "p/fastly.toml", text))
	})
}

func check(t *testing.T, upload []byte) {
	m, err := service.ReadPackage(bytes.NewReader(upload), 1<<20)
	if err != nil {
		var e *service.Error
		if !errors.As(err, &e) || e.Code != service.Invalid {
			t.Errorf("an error of another kind: %v", err)
		}
		return
	}
	if m.Name == "" || len(m.Hashsum) != 128 || m.Size != int64(len(upload)) {
		t.Errorf("accepted as %+v", m)
	}
}
