package vcl

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	"headwater/internal/message"
)

// Functions of hashes, of message authentication codes, and of base64.

var _ = funcs(
	encodeRow("digest.base64", base64.StdEncoding),
	encodeRow("digest.base64url", base64.URLEncoding),
	encodeRow("digest.base64url_nopad", base64.RawURLEncoding),
	decodeRow("digest.base64_decode", func(s string) []byte { return decodeBase64(base64.RawStdEncoding, untilPadding(s)) }),
	decodeRow("digest.base64url_decode", func(s string) []byte { return decodeBase64(base64.RawURLEncoding, untilPadding(s)) }),
	decodeRow("digest.base64url_nopad_decode", func(s string) []byte { return decodeBase64(base64.RawURLEncoding, s) }),
	convertRow("bin.base64_to_hex", func(x *Ctx, s string) (string, error) {
		raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
		if strings.ContainsAny(s, "\r\n") { // which encoding/base64 passes over
			err = base64.CorruptInputError(0)
		}
		return x.hex(raw, strings.ToUpper), err
	}),
	convertRow("bin.hex_to_base64", func(x *Ctx, s string) (string, error) {
		raw, err := hex.DecodeString(s)
		return x.encodeIn(base64.StdEncoding, message.Text(raw)), err
	}),

	hashRow("digest.hash_md5", md5.New, false),
	hashRow("digest.hash_sha1", sha1.New, false),
	hashRow("digest.hash_sha224", sha256.New224, false),
	hashRow("digest.hash_sha256", sha256.New, false),
	hashRow("digest.hash_sha384", sha512.New384, false),
	hashRow("digest.hash_sha512", sha512.New, false),
	hashRow("digest.hash_xxh32", newXXH32, false),
	hashRow("digest.hash_xxh64", newXXH64, false),
	hashRow("digest.hash_crc32", newCRC32, false),
	hashRow("digest.hash_crc32b", newCRC32B, false),
	hashRow("digest.hash_sha1_from_base64", sha1.New, true),
	hashRow("digest.hash_sha256_from_base64", sha256.New, true),
	hashRow("digest.hash_sha512_from_base64", sha512.New, true),
	hashRow("digest.hash_xxh32_from_base64", newXXH32, true),
	hashRow("digest.hash_xxh64_from_base64", newXXH64, true),

	hmacRow("digest.hmac_md5", md5.New, false),
	hmacRow("digest.hmac_sha1", sha1.New, false),
	hmacRow("digest.hmac_sha256", sha256.New, false),
	hmacRow("digest.hmac_sha512", sha512.New, false),
	hmacRow("digest.hmac_md5_base64", md5.New, true),
	hmacRow("digest.hmac_sha1_base64", sha1.New, true),
	hmacRow("digest.hmac_sha256_base64", sha256.New, true),
	hmacRow("digest.hmac_sha512_base64", sha512.New, true),
	timeHMACRow("digest.time_hmac_md5", md5.New),
	timeHMACRow("digest.time_hmac_sha1", sha1.New),
	timeHMACRow("digest.time_hmac_sha256", sha256.New),
	timeHMACRow("digest.time_hmac_sha512", sha512.New),
	&function{name: "digest.awsv4_hmac", result: String, params: takes(String, String, String, String, String), least: 5, scopes: everywhere,
		build: func(c *call) value {
			key, parts := c.text(0), []func(*Ctx) string{c.text(1), c.text(2), c.text(3)}
			text := c.text(4)
			return ofSetString(func(x *Ctx) string {
				k := sum256("AWS4"+key(x), parts[0](x))
				for _, p := range parts[1:] {
					k = sum256(string(k), p(x))
				}
				k = sum256(string(k), "aws4_request")
				return x.hexPrefixed(sum256(string(k), text(x)))
			})
		}},
	&function{name: "digest.secure_is_equal", result: Boolean, params: takes(String, String), least: 2, scopes: everywhere,
		build: func(c *call) value {
			s, t := c.text(0), c.text(1)
			return ofBool(func(x *Ctx) bool {
				return subtle.ConstantTimeCompare(message.Bytes(s(x)), message.Bytes(t(x))) == 1
			})
		}},
)

func sum256(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (x *Ctx) encodeIn(e *base64.Encoding, s string) string {
	out := x.arena.take(e.EncodedLen(len(s)))
	if len(out) > 0 {
		e.Encode(out, message.Bytes(s))
	}
	return message.Text(out)
}

func encodeRow(name string, e *base64.Encoding) *function {
	return textOfText(name, func(x *Ctx, s string) string { return x.encodeIn(e, s) })
}

// decodeRow is the row of a function that decodes up to a NUL, which no text can hold.
func decodeRow(name string, decode func(string) []byte) *function {
	return textOfText(name, func(x *Ctx, s string) string {
		raw, _, _ := bytes.Cut(decode(s), []byte{0})
		return x.arena.keep(raw)
	})
}

// convertRow is the row of a function whose result is not set for what is no code.
func convertRow(name string, convert func(x *Ctx, s string) (string, error)) *function {
	return &function{name: name, result: String, params: takes(String), least: 1, scopes: everywhere,
		build: func(c *call) value {
			s := c.text(0)
			return ofString(func(x *Ctx) (string, bool) {
				text, err := convert(x, s(x))
				if err != nil {
					x.Failure = "EINVAL"
					return "", false
				}
				return text, true
			})
		}}
}

func untilPadding(s string) string {
	s, _, _ = strings.Cut(s, "=")
	return s
}

// decodeBase64 decodes s with an e without padding. Characters that are none of e's
// are passed over, and so are bits at the end that make no byte.
func decodeBase64(e *base64.Encoding, s string) []byte {
	known := make([]byte, 0, len(s))
	for i := range len(s) {
		if digitOf(e, s[i]) {
			known = append(known, s[i])
		}
	}
	if len(known)%4 == 1 {
		known = known[:len(known)-1]
	}
	out := make([]byte, e.DecodedLen(len(known)))
	n, _ := e.Decode(out, known)
	return out[:n]
}

// digitOf reports whether c stands for six bits in e.
func digitOf(e *base64.Encoding, c byte) bool {
	if e == base64.RawURLEncoding && (c == '-' || c == '_') || e == base64.RawStdEncoding && (c == '+' || c == '/') {
		return true
	}
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// hex is raw in hexadecimal digits.
func (x *Ctx) hex(raw []byte, as func(string) string) string {
	return x.arena.keep(message.Bytes(as(hex.EncodeToString(raw))))
}

func (x *Ctx) hexPrefixed(raw []byte) string {
	return x.arena.join([]string{"0x", hex.EncodeToString(raw)})
}

func asIs(s string) string { return s }

func hashRow(name string, of func() hash.Hash, encoded bool) *function {
	return textOfText(name, func(x *Ctx, s string) string {
		raw := message.Bytes(s)
		if encoded {
			raw = decodeBase64(base64.RawStdEncoding, untilPadding(s))
		}
		h := of()
		h.Write(raw)
		return x.hex(h.Sum(nil), asIs)
	})
}

func hmacRow(name string, of func() hash.Hash, encoded bool) *function {
	return textOfTwo(name, func(x *Ctx, key, s string) string {
		h := hmac.New(of, []byte(key))
		h.Write(message.Bytes(s))
		if encoded {
			return x.encodeIn(base64.StdEncoding, message.Text(h.Sum(nil)))
		}
		return x.hexPrefixed(h.Sum(nil))
	})
}

// timeHMACRow is the row of a function that makes a code of the time, in steps of
// an interval of seconds, moved by an offset of steps. The key is base64.
func timeHMACRow(name string, of func() hash.Hash) *function {
	return &function{name: name, result: String, params: takes(String, Integer, Integer), least: 3, scopes: everywhere,
		build: func(c *call) value {
			key, interval, offset := c.text(0), c.integer(1, 0), c.integer(2, 0)
			return ofSetString(func(x *Ctx) string {
				step := interval(x)
				if step <= 0 {
					x.Failure = "EDOM"
					return ""
				}
				h := hmac.New(of, decodeBase64(base64.RawStdEncoding, untilPadding(key(x))))
				var counter [8]byte
				n := uint64(x.now().Unix()/step + offset(x))
				for i := range counter {
					counter[i] = byte(n >> (56 - 8*i))
				}
				h.Write(counter[:])
				return x.encodeIn(base64.StdEncoding, message.Text(h.Sum(nil)))
			})
		}}
}
