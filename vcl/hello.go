package vcl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Hello is what a client has offered when its TLS handshake began, and what came
// of it. Lists are numbers of two bytes each, the higher one first, in the client's
// order.
type Hello struct {
	Version    uint16 // in the head of the message, which for TLS 1.3 is that of 1.2
	Newest     uint16 // of all versions that it offers
	Named      bool   // it says which server it wants
	Protocol   string // the first that it offers for what is inside; "" for none
	Ciphers    string
	Extensions string
	Groups     string
	Signatures string
	Points     string // point formats, a byte each

	Suite uint16 // that was agreed on
	Sent  int    // bytes of the server's part of the handshake
}

var _ = vars(
	helloText("tls.client.ciphers_list", func(h *Hello) string { return strings.ToUpper(hex.EncodeToString([]byte(h.Ciphers))) }),
	helloText("tls.client.ciphers_list_sha", func(h *Hello) string { return sha1Text(h.Ciphers) }),
	helloText("tls.client.tlsexts_list", func(h *Hello) string { return strings.ToUpper(hex.EncodeToString([]byte(swapped(h.Extensions)))) }),
	helloText("tls.client.tlsexts_list_sha", func(h *Hello) string { return sha1Text(swapped(h.Extensions)) }),
	helloText("tls.client.ja3_md5", (*Hello).ja3),
	helloText("tls.client.ja4", (*Hello).ja4),
	helloNumber("tls.client.iana_chosen_cipher_id", func(h *Hello) int { return int(h.Suite) }),
	helloNumber("tls.client.handshake_sent_bytes", func(h *Hello) int { return h.Sent }),
)

// helloText is a variable that is not set without TLS.
func helloText(name string, f func(*Hello) string) *variable {
	return readText(name, in(Recv, Hash, Deliver, Log), func(x *Ctx) (string, bool) {
		if x.Client.Hello == nil {
			return "", false
		}
		return x.arena.join([]string{f(x.Client.Hello)}), true
	})
}

func helloNumber(name string, f func(*Hello) int) *variable {
	return readInteger(name, in(Recv, Hash, Deliver, Log), func(x *Ctx) int64 {
		if x.Client.Hello == nil {
			return 0
		}
		return int64(f(x.Client.Hello))
	})
}

func sha1Text(raw string) string {
	sum := sha1.Sum([]byte(raw))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// swapped has the lower byte of each number first.
func swapped(list string) string {
	b := []byte(list)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// numbers are those of a list, without the ones that clients put there to keep
// servers from breaking on what they do not know (RFC 8701).
func numbers(list string) []uint16 {
	var all []uint16
	for i := 0; i+1 < len(list); i += 2 {
		if n := uint16(list[i])<<8 | uint16(list[i+1]); n&0x0f0f != 0x0a0a || n>>8 != n&0xff {
			all = append(all, n)
		}
	}
	return all
}

// ja3 is the MD5 of what the client offers, in a form that many tools share.
func (h *Hello) ja3() string {
	decimal := func(all []uint16) string {
		texts := make([]string, len(all))
		for i, n := range all {
			texts[i] = strconv.Itoa(int(n))
		}
		return strings.Join(texts, "-")
	}
	var points []uint16
	for _, p := range []byte(h.Points) {
		points = append(points, uint16(p))
	}
	sum := md5.Sum([]byte(strings.Join([]string{
		strconv.Itoa(int(h.Version)), decimal(numbers(h.Ciphers)), decimal(numbers(h.Extensions)), decimal(numbers(h.Groups)), decimal(points),
	}, ",")))
	return hex.EncodeToString(sum[:])
}

// Extensions that ja4 tells of elsewhere.
const (
	extensionName     = 0
	extensionProtocol = 16
)

// ja4 is a newer form, in which the order of suites and extensions does not matter.
func (h *Hello) ja4() string {
	ciphers, extensions := numbers(h.Ciphers), numbers(h.Extensions)
	head := fmt.Sprintf("t%s%s%02d%02d%s", h.ja4Version(), either(h.Named, "d", "i"), min(len(ciphers), 99), min(len(extensions), 99), h.ja4Protocol())
	slices.Sort(ciphers)
	slices.Sort(extensions)
	extensions = slices.DeleteFunc(extensions, func(n uint16) bool { return n == extensionName || n == extensionProtocol })
	rest := hexList(extensions)
	if signatures := numbers(h.Signatures); len(signatures) > 0 {
		rest += "_" + hexList(signatures)
	}
	return head + "_" + ja4Sum(hexList(ciphers)) + "_" + ja4Sum(rest)
}

func (h *Hello) ja4Version() string {
	switch h.Newest {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	}
	return "00"
}

// ja4Protocol is the first and the last character of a protocol's name, of its
// digits in hexadecimal if one of them is neither letter nor digit.
func (h *Hello) ja4Protocol() string {
	p := h.Protocol
	if p == "" {
		return "00"
	}
	plain := func(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' }
	if !plain(p[0]) || !plain(p[len(p)-1]) {
		p = hex.EncodeToString([]byte(p))
	}
	return p[:1] + p[len(p)-1:]
}

func hexList(all []uint16) string {
	texts := make([]string, len(all))
	for i, n := range all {
		texts[i] = fmt.Sprintf("%04x", n)
	}
	return strings.Join(texts, ",")
}

func ja4Sum(list string) string {
	if list == "" {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(list))
	return hex.EncodeToString(sum[:6])
}
