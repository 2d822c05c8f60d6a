package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fastly/go-fastly/v12/fastly"

	"headwater/api"
)

// A package that comes with Fastly's client is told of as Fastly told of it.
func TestClientPackage(t *testing.T) {
	f := start(t)
	c, ctx := client(t, f), t.Context()
	s := ok(c.CreateService(ctx, &fastly.CreateServiceInput{Name: new("edge"), Type: new("wasm")}))(t)
	id := *s.ServiceID
	upload := func(name string) (*fastly.Package, error) {
		return c.UpdatePackage(ctx, &fastly.UpdatePackageInput{ServiceID: id, ServiceVersion: 1,
			PackagePath: new(filepath.Join(clientDir(t), "test_assets", "package", name))})
	}
	p := ok(upload("valid.tar.gz"))(t)
	m := p.Metadata
	if *m.Name != "test-package" || *m.Language != "rust" || *m.Size != 1540845 || len(m.Authors) != 1 ||
		!strings.HasPrefix(*m.HashSum, "ecc068efcd4071d3") || !strings.HasPrefix(*m.FilesHash, "75ff1cf4d953ff22") {
		t.Errorf("uploaded %+v", m)
	}
	_, err := upload("invalid.tar.gz")
	wantHTTP(t, err, 400, "Bad request", "Failed to extract metadata from package")
	if again := ok(upload("valid.tar.gz"))(t); *again.PackageID != *p.PackageID {
		t.Errorf("another id %s after %s", *again.PackageID, *p.PackageID)
	}
	ok(c.CloneVersion(ctx, &fastly.CloneVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	got := ok(c.GetPackage(ctx, &fastly.GetPackageInput{ServiceID: id, ServiceVersion: 2}))(t)
	if *got.Metadata.FilesHash != *m.FilesHash || *got.PackageID != *p.PackageID || *got.ServiceVersion != 2 {
		t.Errorf("cloned %+v", got)
	}
	ok(c.LockVersion(ctx, &fastly.LockVersionInput{ServiceID: id, ServiceVersion: 1}))(t)
	_, err = upload("valid.tar.gz")
	wantHTTP(t, err, 422, "Version locked", "")
}

// clientDir is where Fastly's client was unpacked.
func clientDir(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/fastly/go-fastly/v12").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "fastly")
}

func TestPackageUploads(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Limits.Package = 4096 })
	wasm := "/service/" + f.must(t, "POST", "/service", "name", "edge", "type", "wasm")["id"].(string) + "/version/1/package"
	vcl := f.draft(t, "shop") + "/package"
	put := func(token, path, field string, size int) reply {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile(field, "p.tar.gz")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(bytes.Repeat([]byte{'x'}, size))
		form.Close()
		return f.send(t, "PUT", path, token, &body, "Content-Type: "+form.FormDataContentType())
	}
	noPackage := jsonError("Bad request", "Failed to extract metadata from package")
	put(ownerToken, vcl, "package", 10).want(t, 400, jsonError("Bad request", "only services of type wasm have a package"))
	put(ownerToken, wasm, "package", 10).want(t, 400, noPackage)
	put(ownerToken, wasm, "other", 10).want(t, 400, noPackage)
	put(ownerToken, wasm, "package", 1<<20).want(t, http.StatusRequestEntityTooLarge, "")
	put(otherToken, wasm, "package", 10).want(t, 404, `{"msg":"Not found"}`)
	put(readerToken, wasm, "package", 10).want(t, 403, "")
	f.do(t, "PUT", wasm, "package", "x").want(t, 400, jsonError("Bad request", "the body must be multipart/form-data with a file 'package'"))
	f.do(t, "GET", wasm).want(t, 404, `{"msg":"Not found"}`)
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "headwater-package-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
