package dial

import (
	"crypto/tls"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named returns the OpenSSL names of suites.
func named(ids []uint16) (names []string) {
	for _, s := range suites {
		if slices.Contains(ids, s.id) {
			names = append(names, s.name)
		}
	}
	return names
}

// modern is what a list leaves that asks for much, and for nothing weak.
const modern = `ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384
	ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305
	ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256
	ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256
	ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA
	ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA`

const plain = "AES256-GCM-SHA384 AES128-GCM-SHA256 AES128-SHA256 AES256-SHA AES128-SHA"

func TestCiphers(t *testing.T) {
	tests := []struct{ list, want string }{
		// Names and words.
		{"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
		{"HIGH", modern},
		{"ALL", modern},
		{"DEFAULT", modern},
		{"MEDIUM", ""},
		{"AESGCM", "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES128-GCM-SHA256"},
		{"CHACHA20", "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305"},
		{"TLSv1", "ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES256-SHA ECDHE-ECDSA-AES128-SHA ECDHE-RSA-AES128-SHA"},
		{"SHA256", "ECDHE-ECDSA-AES128-SHA256 ECDHE-RSA-AES128-SHA256"},
		{"SHA384", ""},
		{"COMPLEMENTOFDEFAULT", ""},

		// Words together, and separators.
		{"ECDHE+AESGCM+aRSA", "ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES128-GCM-SHA256"},
		{"CHACHA20+aRSA:AES128+AESGCM+aRSA", "ECDHE-RSA-CHACHA20-POLY1305 ECDHE-RSA-AES128-GCM-SHA256"},
		{" ECDHE-RSA-AES128-SHA, ECDHE-RSA-AES256-SHA ;: ", "ECDHE-RSA-AES256-SHA ECDHE-RSA-AES128-SHA"},

		// Signs.
		{"HIGH:!aNULL:!MD5:!AES", "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305"},
		{"HIGH:!aNULL!AES", "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305"},
		{"!CHACHA20:CHACHA20", ""},
		{"ALL:-AES:ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305 ECDHE-RSA-AES128-SHA"},
		{"CHACHA20:+CHACHA20:+AES", "ECDHE-ECDSA-CHACHA20-POLY1305 ECDHE-RSA-CHACHA20-POLY1305"},

		// The weak ones, by their own names alone.
		{"kRSA", plain},
		{"RSA", plain},
		{"AES128-SHA", "AES128-SHA"},
		{"aRSA+AES128+SHA1", "ECDHE-RSA-AES128-SHA"},
		{"AES128+kRSA", "AES128-GCM-SHA256 AES128-SHA256 AES128-SHA"},
		{"3DES", "ECDHE-RSA-DES-CBC3-SHA"},
		{"3DES+RSA", "DES-CBC3-SHA"},
		{"DES-CBC3-SHA", "DES-CBC3-SHA"},
		{"kRSA:!AES256", "AES128-GCM-SHA256 AES128-SHA256 AES128-SHA"},

		// What is not known is skipped.
		{"DHE-RSA-AES256-SHA:DHE-RSA-CAMELLIA256-SHA:AES256-GCM-SHA384", "AES256-GCM-SHA384"},
		{"NOTHING:ECDHE+NOTHING:ecdhe", ""},
		{"TLS_AES_128_GCM_SHA256:CHACHA20+aRSA", "ECDHE-RSA-CHACHA20-POLY1305"},
		{"CHACHA20+aRSA:DEFAULT", "ECDHE-RSA-CHACHA20-POLY1305"}, // which only begins a list
		{"", ""},
		{"::", ""},

		// Commands and profiles.
		{"CHACHA20+aRSA:@STRENGTH", "ECDHE-RSA-CHACHA20-POLY1305"},
		{"kRSA:AESGCM+aRSA:@SECLEVEL=3", "ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-AES128-GCM-SHA256"},
		{"ECDHE+AES+aRSA:@SECLEVEL=4", "ECDHE-RSA-AES256-GCM-SHA384"},
		{"@SECLEVEL=5:CHACHA20+aRSA:@SECLEVEL=0", "ECDHE-RSA-CHACHA20-POLY1305"},
		{"SUITEB128", "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256"},
		{"SUITEB128ONLY", "ECDHE-ECDSA-AES128-GCM-SHA256"},
		{"SUITEB192:ALL", "ECDHE-ECDSA-AES256-GCM-SHA384"},
	}
	for _, tt := range tests {
		ids, err := parseCiphers(tt.list)
		if err != nil {
			t.Errorf("%q: %v", tt.list, err)
		}
		if diff := cmp.Diff(strings.Fields(tt.want), append([]string{}, named(ids)...)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.list, diff)
		}
	}
}

func TestCiphersThatAreNoList(t *testing.T) {
	for _, list := range []string{"ALL:!", "AES|AES", "ECDHE++AESGCM", "AESGCM+", "@", "@SORT", "ALL:@SECLEVEL=6", "@SECLEVEL", "AES_128", "\xff"} {
		if ids, err := parseCiphers(list); err == nil {
			t.Errorf("%q: accepted, as %v", list, named(ids))
		}
	}
}

// Every suite of the table can be offered, and every one that can be is there
// but for RC4.
func TestSuitesAreAllOfThem(t *testing.T) {
	have := map[uint16]bool{}
	for _, s := range suites {
		have[s.id] = true
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		old := slices.ContainsFunc(s.SupportedVersions, func(v uint16) bool { return v < tls.VersionTLS13 })
		if want := old && !strings.Contains(s.Name, "RC4"); have[s.ID] != want {
			t.Errorf("%s: in the table: %v, want %v", s.Name, have[s.ID], want)
		}
		delete(have, s.ID)
	}
	for id := range have {
		t.Errorf("crypto/tls does not know %#x", id)
	}
}

// OpenSSL's own command reads the lists alike, but that it has no 3DES and that
// its key exchange need not be named.
func TestCiphersAsOpenSSLReadsThem(t *testing.T) {
	command, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("HEADWATER_CI") == "1" {
			t.Fatal("no openssl")
		}
		t.Skip("no openssl")
	}
	lists := []string{
		"ALL", "HIGH", "DEFAULT", "DEFAULT!AES", "DEFAULTX", "CHACHA20:DEFAULT", "AES", "AES128", "AES256", "AESGCM", "CBC", "ECDHE", "EECDH", "kECDHE",
		"kEECDH", "ECDH", "aRSA", "aECDSA", "ECDSA", "kRSA", "RSA", "SHA", "SHA1", "SHA256", "SHA384", "TLSv1", "TLSv1.0", "TLSv1.2", "SSLv3", "FIPS",
		"COMPLEMENTOFDEFAULT:CHACHA20", "ECDHE+AESGCM", "ECDHE+AESGCM DEFAULT", "HIGH:!aNULL!AES", "HIGH,!SHA1;!AES256", "ALL:-ECDHE:ECDHE+AES128",
		"FOO_BAR!AES:CHACHA20", "ECDHE+FOO+AES!X:CHACHA20", "!CHACHA20:ALL", "ALL:+AES", "@STRENGTH!AES:ALL", "ALL:@SECLEVEL=0", "ALL:@SECLEVEL=1", "ALL:@SECLEVEL=2",
		"ALL:@SECLEVEL=3", "ALL:@SECLEVEL=4", "ALL:@SECLEVEL=5", "@SECLEVEL=5:ALL:@SECLEVEL=3", "SUITEB128", "SUITEB128ONLY", "SUITEB128C2", "SUITEB192",
		"SUITEB128X", "ALL:!", "AES|AES", "AESGCM+", "@FOO:ALL", "ALL:@SECLEVEL=6", "ALL:_",
	}
	for _, list := range lists {
		out, err := exec.Command(command, "ciphers", "-s", "-tls1_2", list).Output()
		got, parseErr := parseCiphers(list)
		if (err == nil) != (parseErr == nil) {
			if parseErr == nil && len(got) == 0 {
				continue // an empty list is OpenSSL's error
			}
			t.Errorf("%q: error %v, openssl %v", list, parseErr, err)
			continue
		}
		theirs := strings.Split(strings.TrimSpace(string(out)), ":")
		for i := range suites {
			s := &suites[i]
			if s.is("3DES") || s.is("kRSA") && !slices.Contains(got, s.id) {
				continue
			}
			if want := slices.Contains(theirs, s.name); slices.Contains(got, s.id) != want {
				t.Errorf("%q: %s is in it: %v, want %v", list, s.name, !want, want)
			}
		}
	}
}

// A list is read to its end, whatever it is, and what it leaves can be offered.
func FuzzCiphers(f *testing.F) {
	for _, list := range []string{"HIGH:!aNULL", "ECDHE+AESGCM:@STRENGTH", "DEFAULT:-kRSA,+AES", "@SECLEVEL=2", "SUITEB128", "!"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		ids, err := parseCiphers(list)
		if err != nil && ids != nil {
			t.Errorf("both %v and an error", ids)
		}
		if len(named(ids)) != len(ids) {
			t.Errorf("%v holds what is not in the table", ids)
		}
		barred, err := parseCiphers("!ALL:" + list)
		if err == nil && !strings.HasPrefix(list, "SUITEB") && len(barred) > 0 {
			t.Errorf("%q brings back what is barred: %v", list, named(barred))
		}
	})
}
