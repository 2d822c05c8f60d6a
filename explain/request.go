package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// A Request describes a request.
type Request struct {
	// Method is GET if it is not said.
	Method string `json:"method"`

	// URL is absolute. Its scheme says whether the request comes over TLS.
	URL string `json:"url"`

	Headers Headers `json:"headers"`

	// HTTP is the version of the protocol: 1.1 if it is not said, or 1.0.
	HTTP string `json:"http"`

	Client Client `json:"client"`
	TLS    *TLS   `json:"tls"` // details of an https URL

	// BodyBytes is how long the request's body is.
	BodyBytes int64 `json:"body_bytes"`

	// Health says of backends and directors whether they are healthy. Those that
	// it leaves out are. They go by their own name or by that in VCL.
	Health map[string]bool `json:"health"`

	// Origins are what backends answer, by their names; "*" stands for all
	// others. Without it that is a plain 200.
	Origins map[string]Origin `json:"origins"`

	// Now is the time of the request; the moment itself if it is not said.
	Now time.Time `json:"now"`
}

// A Client is where a request comes from.
type Client struct {
	IP   netip.Addr `json:"ip"`   // 192.0.2.1 if it is not said
	Port uint16     `json:"port"` // 50000 if it is not said
}

// TLS is what is known of a client's TLS.
type TLS struct {
	Protocol   string `json:"protocol"`    // TLSv1.3 if it is not said
	Cipher     string `json:"cipher"`      // TLS_AES_128_GCM_SHA256 if it is not said
	ServerName string `json:"server_name"` // the URL's host if it is not said
}

// An Origin is what a backend answers, or how it fails.
type Origin struct {
	Status    int     `json:"status"` // 200 if it is not said
	Reason    string  `json:"reason"` // the usual one if it is not said
	Headers   Headers `json:"headers"`
	BodyBytes int64   `json:"body_bytes"`

	// Failure is a reason of docs/errors.md that is an origin's doing, such as
	// "connection refused". Empty: it answers.
	Failure string `json:"failure"`
}

// A Header is one field of a message.
type Header struct{ Name, Value string }

// Headers are the fields of a message, in order. In JSON they are a list of
// "Name: value". An object of texts, or of lists of texts, is read as well.
type Headers []Header

// Bounds of what is described.
const (
	maxHeaders = 500
	maxNames   = 1000 // in Health and Origins
	maxURL     = 64 << 10
)

// Read reads the JSON of a request. What it does not know is an error: a name
// that is mistyped would silently describe another request.
func Read(body []byte) (*Request, error) {
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("the body is not valid UTF-8")
	}
	r := &Request{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("the body does not describe a request: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("the body has more than one request")
	}
	r.fill()
	return r, r.check()
}

// fill puts defaults in the place of what was not said.
func (r *Request) fill() {
	setIfEmpty(&r.Method, "GET")
	setIfEmpty(&r.HTTP, "1.1")
	if !r.Client.IP.IsValid() {
		r.Client.IP = netip.AddrFrom4([4]byte{192, 0, 2, 1})
	}
	if r.Client.Port == 0 {
		r.Client.Port = 50000
	}
	if strings.HasPrefix(r.URL, "https://") && r.TLS == nil {
		r.TLS = &TLS{}
	}
	if r.TLS != nil {
		setIfEmpty(&r.TLS.Protocol, "TLSv1.3")
		setIfEmpty(&r.TLS.Cipher, "TLS_AES_128_GCM_SHA256")
		if u, err := url.Parse(r.URL); err == nil {
			setIfEmpty(&r.TLS.ServerName, u.Hostname())
		}
	}
	for name, o := range r.Origins {
		if o.Status == 0 {
			o.Status = 200
		}
		r.Origins[name] = o
	}
}

func setIfEmpty(text *string, to string) {
	if *text == "" {
		*text = to
	}
}

// check refuses what describes no request. Whether the request itself is a good
// one the edge says, as it says it to clients.
func (r *Request) check() error {
	u, err := url.Parse(r.URL)
	switch {
	case len(r.URL) > maxURL:
		return fmt.Errorf("'url' has more than %d bytes", maxURL)
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("'url' must be an absolute URL of http or https")
	case r.HTTP != "1.0" && r.HTTP != "1.1":
		return fmt.Errorf("'http' must be 1.0 or 1.1")
	case r.TLS != nil && u.Scheme != "https":
		return fmt.Errorf("'tls' belongs to an https URL")
	case r.BodyBytes < 0:
		return fmt.Errorf("'body_bytes' must not be negative")
	case len(r.Headers) > maxHeaders:
		return fmt.Errorf("'headers' has more than %d fields", maxHeaders)
	case len(r.Health) > maxNames || len(r.Origins) > maxNames:
		return fmt.Errorf("'health' and 'origins' have at most %d names", maxNames)
	}
	for name, o := range r.Origins {
		if err := o.check(); err != nil {
			return fmt.Errorf("origins of %q: %w", name, err)
		}
	}
	return nil
}

func (o *Origin) check() error {
	switch {
	case o.Status < 200 || o.Status > 999:
		return fmt.Errorf("'status' must be a number from 200 to 999")
	case o.BodyBytes < 0:
		return fmt.Errorf("'body_bytes' must not be negative")
	case len(o.Headers) > maxHeaders:
		return fmt.Errorf("'headers' has more than %d fields", maxHeaders)
	}
	return nil
}

// MarshalJSON writes a list of "Name: value".
func (h Headers) MarshalJSON() ([]byte, error) {
	lines := make([]string, len(h))
	for i, f := range h {
		lines[i] = f.Name + ": " + f.Value
	}
	return marshal(lines)
}

// UnmarshalJSON reads both forms. The order of an object's members is kept.
func (h *Headers) UnmarshalJSON(body []byte) error {
	*h = nil
	d := json.NewDecoder(bytes.NewReader(body))
	first, err := d.Token()
	if err != nil {
		return err
	}
	switch first {
	case nil: // null
		return nil
	case json.Delim('['):
		return h.readLines(d)
	case json.Delim('{'):
		return h.readObject(d)
	}
	return fmt.Errorf("headers are a list of \"Name: value\", or an object")
}

func (h *Headers) readLines(d *json.Decoder) error {
	for d.More() {
		var line string
		if err := d.Decode(&line); err != nil {
			return err
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			return fmt.Errorf("header %q has no colon", line)
		}
		*h = append(*h, Header{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return nil
}

func (h *Headers) readObject(d *json.Decoder) error {
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name := token.(string) // the key of an object that is valid JSON
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		values := []string{""}
		if json.Unmarshal(raw, &values[0]) != nil {
			if err := json.Unmarshal(raw, &values); err != nil {
				return fmt.Errorf("header %q is a text or a list of texts", name)
			}
		}
		for _, value := range values {
			*h = append(*h, Header{name, value})
		}
	}
	return nil
}
