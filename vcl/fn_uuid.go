package vcl

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"hash"
)

// Functions of UUIDs (RFC 9562).

// The namespaces of RFC 9562 section 6.6.
const (
	dnsNamespace  = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	urlNamespace  = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
	oidNamespace  = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
	x500Namespace = "6ba7b814-9dad-11d1-80b4-00c04fd430c8"
)

var _ = funcs(
	constantRow("uuid.dns", dnsNamespace),
	constantRow("uuid.url", urlNamespace),
	constantRow("uuid.oid", oidNamespace),
	constantRow("uuid.x500", x500Namespace),
	textOfTwo("uuid.version3", func(x *Ctx, space, name string) string { return x.namedUUID(md5.New(), 3, space, name) }),
	textOfTwo("uuid.version5", func(x *Ctx, space, name string) string { return x.namedUUID(sha1.New(), 5, space, name) }),
	&function{name: "uuid.version4", result: String, scopes: everywhere,
		build: func(*call) value {
			return ofSetString(func(x *Ctx) string {
				var u [16]byte
				rand.Read(u[:])
				return x.uuid(u, 4)
			})
		}},
	&function{name: "uuid.version7", result: String, scopes: everywhere,
		build: func(*call) value {
			return ofSetString(func(x *Ctx) string {
				var u [16]byte
				rand.Read(u[6:])
				ms := x.now().UnixMilli()
				for i := range 6 {
					u[i] = byte(ms >> (40 - 8*i))
				}
				return x.uuid(u, 7)
			})
		}},
	uuidRow("uuid.is_valid", 0),
	uuidRow("uuid.is_version3", '3'),
	uuidRow("uuid.is_version4", '4'),
	uuidRow("uuid.is_version5", '5'),
	uuidRow("uuid.is_version7", '7'),
)

func constantRow(name, text string) *function {
	return &function{name: name, result: String, scopes: everywhere, build: func(*call) value { return constant(text) }}
}

// uuidRow is the row of a function that knows a UUID, of one version or of any.
func uuidRow(name string, version byte) *function {
	return &function{name: name, result: Boolean, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofBool(func(x *Ctx) bool {
				text := s(x)
				_, ok := parseUUID(text)
				return ok && (version == 0 || text[14] == version)
			})
		}}
}

func parseUUID(s string) (u [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	_, err := hex.Decode(u[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	return u, err == nil
}

// uuid writes u, with its version and variant put in.
func (x *Ctx) uuid(u [16]byte, version byte) string {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[:], u[:4])
	hex.Encode(out[9:], u[4:6])
	hex.Encode(out[14:], u[6:8])
	hex.Encode(out[19:], u[8:10])
	hex.Encode(out[24:], u[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return x.arena.keep(out[:])
}

// namedUUID hashes a name in a namespace, which is a UUID itself.
func (x *Ctx) namedUUID(h hash.Hash, version byte, space, name string) string {
	within, ok := parseUUID(space)
	if !ok {
		x.Failure = "EINVAL"
		return ""
	}
	h.Write(within[:])
	h.Write([]byte(name))
	return x.uuid([16]byte(h.Sum(nil)[:16]), version)
}
