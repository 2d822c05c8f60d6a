package vcl

import (
	"encoding/binary"
	"testing"
)

func list(all ...uint16) string {
	var b []byte
	for _, n := range all {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	return string(b)
}

// The wanted values are published with the descriptions of the two forms, but for
// what follows the second one's first.
func TestFingerprints(t *testing.T) {
	old := &Hello{Version: 769, Newest: 769,
		Ciphers:    list(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
		Extensions: list(0, 10, 11), Groups: list(23, 24, 25), Points: "\x00"}
	bare := &Hello{Version: 769, Newest: 769, Ciphers: list(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99)}
	for h, want := range map[*Hello]string{old: "ada70206e40642a3e4461f35503241d5", bare: "de350869b8c85de67a350c8d186f11e6"} {
		if got := h.ja3(); got != want {
			t.Errorf("ja3 %s, want %s", got, want)
		}
	}
	browser := &Hello{Version: 771, Newest: 0x0304, Named: true, Protocol: "h2",
		Ciphers:    list(0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35),
		Extensions: list(0x4a4a, 0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0x0d, 5, 0x23, 0x12, 0x2b, 0xff01, 0x0b, 0x0a, 0x15, 0xfafa),
		Signatures: list(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)}
	if got, want := browser.ja4(), "t13d1516h2_8daaf6152771_e5627efa2ab1"; got != want {
		t.Errorf("ja4 %s, want %s", got, want)
	}
	for protocol, want := range map[string]string{"": "00", "h2": "h2", "http/1.1": "h1", "x": "xx", "\xab": "ab", "0\xcd": "3d", "\x2ah2": "22"} {
		if got := (&Hello{Protocol: protocol}).ja4Protocol(); got != want {
			t.Errorf("ja4 of %q: %s, want %s", protocol, got, want)
		}
	}
	if got, want := new(Hello).ja4(), "t00i000000_000000000000_000000000000"; got != want {
		t.Errorf("ja4 %s, want %s", got, want)
	}
}

// The list is that of a client that was recorded, with the sum that Fastly told it.
func TestCipherListSum(t *testing.T) {
	h := list(0x1302, 0x1303, 0x1301, 0xC02F, 0xC02B, 0xC030, 0xC02C, 0x009E, 0xC027, 0x0067, 0xC028, 0x006B, 0x00A3, 0x009F, 0xCCA9, 0xCCA8,
		0xCCAA, 0xC0AF, 0xC0AD, 0xC0A3, 0xC09F, 0xC05D, 0xC061, 0xC057, 0xC053, 0x00A2, 0xC0AE, 0xC0AC, 0xC0A2, 0xC09E, 0xC05C, 0xC060, 0xC056, 0xC052,
		0xC024, 0x006A, 0xC023, 0x0040, 0xC00A, 0xC014, 0x0039, 0x0038, 0xC009, 0xC013, 0x0033, 0x0032, 0x009D, 0xC0A1, 0xC09D, 0xC051, 0x009C, 0xC0A0,
		0xC09C, 0xC050, 0x003D, 0x003C, 0x0035, 0x002F, 0x00FF)
	if got, want := sha1Text(h), "JZtiTn8H/ntxORk+XXvU2EvNoz8="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := swapped(list(0x0102, 0x0a0b)), "\x02\x01\x0b\x0a"; got != want {
		t.Errorf("swapped: %q, want %q", got, want)
	}
}

// No list breaks a fingerprint.
func FuzzFingerprints(f *testing.F) {
	f.Add("\x13\x01\x0a", "\x00\x00", "\x0a\x0a", "h2")
	f.Fuzz(func(t *testing.T, ciphers, extensions, signatures, protocol string) {
		h := &Hello{Ciphers: ciphers, Extensions: extensions, Groups: extensions, Signatures: signatures, Points: protocol, Protocol: protocol}
		if len(h.ja3()) != 32 || len(h.ja4()) != 36 {
			t.Errorf("%s, %s", h.ja3(), h.ja4())
		}
	})
}
