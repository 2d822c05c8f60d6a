package api

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"headwater/service"
)

// packages are the actions on the package of a version.
type packages struct{ objects }

const (
	// packageSlots is how many uploads are read at once: each takes a processor
	// and room for what it unpacks to.
	packageSlots = 2

	// packageTimes is by how much longer than other bodies an upload may take.
	packageTimes = 10

	// unpackedTimes is by how much larger than packed a package may be.
	unpackedTimes = 4
)

// put reads an upload to its end before anything is changed.
func (p packages) put(c *call) ([]byte, error) {
	s, err := c.Store.Service(c.r.Context(), c.who, c.at.Service)
	if err != nil {
		return nil, err
	}
	if s.Type != "wasm" {
		return nil, service.Errorf(service.Invalid, "only services of type wasm have a package")
	}
	m, err := c.readPackage()
	if err != nil {
		return nil, err
	}
	o, err := c.Store.UpdateObject(c.r.Context(), c.who, c.at, p.kind, "", func(old service.Object) (service.Object, error) {
		return old.(*service.Package).With(m), nil
	})
	if isCode(err, service.Hidden) {
		o, err = c.Store.CreateObject(c.r.Context(), c.who, c.at, p.kind, (*service.Package)(nil).With(m))
	}
	if err != nil {
		return nil, err
	}
	return p.kind.AppendJSON(nil, o, c.place(false)), nil
}

// readPackage reads the file that an upload brings, within bounds of size and
// time of its own.
func (c *call) readPackage() (m service.PackageMetadata, err error) {
	if c.r.ContentLength > int64(c.Limits.Package) {
		return m, errTooLarge
	}
	select {
	case c.uploads <- struct{}{}:
		defer func() { <-c.uploads }()
	case <-c.r.Context().Done():
		return m, c.r.Context().Err()
	}
	_ = c.control.SetReadDeadline(time.Now().Add(packageTimes * c.Timeouts.Body))
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, int64(c.Limits.Package))
	file, err := packageFile(c.r)
	if err == nil {
		m, err = service.ReadPackage(file, unpackedTimes*int64(c.Limits.Package))
	}
	if err == nil {
		_, err = io.Copy(io.Discard, c.r.Body)
	}
	if _, ok := errors.AsType[*service.Error](err); err != nil && !ok {
		return m, bodyFault(err)
	}
	c.unlimitBody()
	return m, err
}

// packageFile finds the file in a multipart body.
func packageFile(r *http.Request) (*multipart.Part, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, service.Wrap(service.Invalid, err, "the body must be multipart/form-data with a file 'package'")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, service.Errorf(service.Invalid, "Failed to extract metadata from package")
		}
		if err != nil {
			return nil, err
		}
		if part.FormName() == "package" {
			return part, nil
		}
	}
}
