package service

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// A Package is a program for a service of type wasm. The edge runs none: what is
// kept is what its upload told, not the program.
type Package struct {
	Base
	Metadata PackageMetadata
}

// PackageMetadata is what a package says of itself, and what it measures.
type PackageMetadata struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Authors     []string `json:"authors"`
	Language    string   `json:"language"`
	Size        int64    `json:"size"`       // bytes, as uploaded
	Hashsum     string   `json:"hashsum"`    // SHA-512 of the upload, hexadecimal
	FilesHash   string   `json:"files_hash"` // SHA-512 of all files, in the order of their names
	ClonedFrom  string   `json:"cloned_from,omitempty"`
}

// PackageKind is the package's row in the engine.
var PackageKind = register(spec[Package]{
	Name:      "package",
	Model:     "Package",
	Wire:      Numbers,
	Singleton: true, Optional: true,
	Fields: []Field[Package]{
		{Name: "id", At: func(p *Package) any { return &p.ID }, Access: Never},
		{Name: "metadata", At: func(p *Package) any { return &p.Metadata }, Access: Never},
	},
})

// With returns a copy of p, or a new package if p is nil, that tells m.
func (p *Package) With(m PackageMetadata) *Package {
	if p == nil {
		p = &Package{Base: Base{ID: NewID()}}
	}
	changed := *p
	changed.Metadata = m
	return &changed
}

func (m *PackageMetadata) reset() { *m = PackageMetadata{Authors: []string{}} }

func (m *PackageMetadata) assign(string, Value) error { return nil } // no client sends it

func (m *PackageMetadata) append(dst []byte) []byte {
	text, _ := json.Marshal(m) // texts and a number always marshal
	return append(dst, text...)
}

func (m *PackageMetadata) load(value []byte) error { return json.Unmarshal(value, m) }

// Bounds of a package, besides the bytes that it may have.
const (
	maxPackageFiles = 10_000
	maxManifest     = 64 << 10
)

// errNoPackage is in Fastly's words.
var errNoPackage = Errorf(Invalid, "Failed to extract metadata from package")

// ReadPackage reads a package: a tar archive, compressed with gzip, that has a
// manifest and a program, and unpacks to at most so many bytes. They lie in a
// temporary file meanwhile, as they are hashed in another order than that of the
// archive. Errors of r come back as they are, those of its content are [Invalid].
func ReadPackage(r io.Reader, unpacked int64) (PackageMetadata, error) {
	content, err := os.CreateTemp("", "headwater-package-")
	if err != nil {
		return PackageMetadata{}, err
	}
	defer os.Remove(content.Name())
	defer content.Close()
	in := &measured{r: r, sum: sha512.New()}
	files, err := unpack(in, content, unpacked)
	if err == nil {
		_, err = io.Copy(io.Discard, in) // what follows the archive is part of the sum
	}
	if err := cmp.Or(in.err, err); err != nil {
		return PackageMetadata{}, err
	}
	m, err := packageMetadata(files, content)
	m.Size, m.Hashsum = in.read, hex.EncodeToString(in.sum.Sum(nil))
	return m, err
}

// A measured reader counts and hashes what is read. It keeps its own error, to be
// told from one of the content.
type measured struct {
	r    io.Reader
	sum  hash.Hash
	read int64
	err  error
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.sum.Write(p[:n]) // never fails
	m.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

// A packed file is one of a package, by where its content lies.
type packed struct {
	name     string
	from, to int64
}

func (f packed) program() bool {
	return path.Base(path.Dir(f.name)) == "bin" && path.Base(f.name) == "main.wasm"
}

func (f packed) manifest() bool {
	return path.Base(f.name) == "fastly.toml" && strings.Count(path.Clean(f.name), "/") <= 1 && f.to-f.from <= maxManifest
}

// unpack writes the files of an archive to content, one after the other.
func unpack(r io.Reader, content io.Writer, most int64) (files []packed, err error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, errNoPackage
	}
	var at int64
	for archive := tar.NewReader(z); ; {
		head, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil || len(files) == maxPackageFiles {
			return nil, errNoPackage
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		n, err := io.Copy(content, io.LimitReader(archive, most-at+1))
		switch {
		case err != nil:
			return nil, errNoPackage
		case at+n > most:
			return nil, Errorf(Invalid, "the package unpacks to more than %d bytes", most)
		}
		files = append(files, packed{head.Name, at, at + n})
		at += n
	}
}

// packageMetadata reads the manifest and hashes all files.
func packageMetadata(files []packed, content io.ReaderAt) (m PackageMetadata, err error) {
	slices.SortStableFunc(files, func(a, b packed) int { return strings.Compare(a.name, b.name) })
	sum, program, manifest := sha512.New(), false, new(bytes.Buffer)
	for _, f := range files {
		var to io.Writer = sum
		if f.manifest() {
			manifest.Reset() // the last one counts, so that there is a bound to them
			to = io.MultiWriter(sum, manifest)
		}
		program = program || f.program()
		if _, err := io.Copy(to, io.NewSectionReader(content, f.from, f.to-f.from)); err != nil {
			return m, fmt.Errorf("read an unpacked package: %w", err)
		}
	}
	m = readManifest(manifest.String())
	m.FilesHash = hex.EncodeToString(sum.Sum(nil))
	if !program || m.Name == "" {
		return m, errNoPackage
	}
	return m, nil
}
