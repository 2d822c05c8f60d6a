package dial

import (
	"crypto/tls"
	"strings"
)

// A suite is one that crypto/tls can offer and that a cipher list can name: by
// OpenSSL's name for it, or by a word for a property that it has (ciphers(1)).
type suite struct {
	id    uint16
	name  string
	words string // with blanks around each
	bits  int    // of security, as OpenSSL counts them
}

// Words that go together.
const (
	ecdheRSA   = " ECDHE kECDHE EECDH kEECDH ECDH aRSA "
	ecdheECDSA = " ECDHE kECDHE EECDH kEECDH ECDH aECDSA ECDSA "
	plainRSA   = " RSA kRSA aRSA "
	gcm128     = " AES AES128 AESGCM "
	gcm256     = " AES AES256 AESGCM "
	cbc128     = " AES AES128 CBC "
	cbc256     = " AES AES256 CBC "
	chacha20   = " CHACHA20 "
	tripleDES  = " 3DES CBC "
	macSHA1    = " SHA SHA1 "
	macSHA256  = " SHA256 "
	tls10      = " TLSv1 TLSv1.0 "
	tls12      = " TLSv1.2 "
	high       = " HIGH ALL "
	medium     = " MEDIUM ALL "
)

// suites leaves out RC4, which OpenSSL has in no list unless built for it. What
// crypto/tls lacks, and no list can bring about: finite-field Diffie-Hellman,
// CCM, Camellia, ARIA, AES256 with CBC and SHA256 or SHA384, PSK, SRP, DSS, GOST.
var suites = [...]suite{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", ecdheECDSA + gcm256 + tls12 + high + " FIPS ", 256},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", ecdheRSA + gcm256 + tls12 + high + " FIPS ", 256},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", ecdheECDSA + chacha20 + tls12 + high, 256},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", ecdheRSA + chacha20 + tls12 + high, 256},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", ecdheECDSA + gcm128 + tls12 + high + " FIPS ", 128},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", ecdheRSA + gcm128 + tls12 + high + " FIPS ", 128},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "ECDHE-ECDSA-AES128-SHA256", ecdheECDSA + cbc128 + macSHA256 + tls12 + high + " FIPS ", 128},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "ECDHE-RSA-AES128-SHA256", ecdheRSA + cbc128 + macSHA256 + tls12 + high + " FIPS ", 128},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", ecdheECDSA + cbc256 + macSHA1 + tls10 + high + " FIPS ", 256},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", ecdheRSA + cbc256 + macSHA1 + tls10 + high + " FIPS ", 256},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", ecdheECDSA + cbc128 + macSHA1 + tls10 + high + " FIPS ", 128},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", ecdheRSA + cbc128 + macSHA1 + tls10 + high + " FIPS ", 128},
	{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, "ECDHE-RSA-DES-CBC3-SHA", ecdheRSA + tripleDES + macSHA1 + tls10 + medium + " FIPS ", 112},
	{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384", plainRSA + gcm256 + tls12 + high + " FIPS ", 256},
	{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256", plainRSA + gcm128 + tls12 + high + " FIPS ", 128},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-SHA256", plainRSA + cbc128 + macSHA256 + tls12 + high + " FIPS ", 128},
	{tls.TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", plainRSA + cbc256 + macSHA1 + " SSLv3 " + high + " FIPS ", 256},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", plainRSA + cbc128 + macSHA1 + " SSLv3 " + high + " FIPS ", 128},
	{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, "DES-CBC3-SHA", plainRSA + tripleDES + macSHA1 + " SSLv3 " + medium + " FIPS ", 112},
}

// foreign are words for properties that none of these suites has.
const foreign = " aNULL eNULL NULL ADH AECDH DH DHE EDH kDHE kEDH aDSS DSS PSK kPSK kRSAPSK kECDHEPSK kDHEPSK aPSK " +
	"SRP kSRP aSRP kGOST kGOST18 aGOST aGOST01 aGOST12 GOST89 GOST94 GOST89MAC GOST12 RC4 RC2 IDEA SEED AESCCM AESCCM8 " +
	"CAMELLIA CAMELLIA128 CAMELLIA256 ARIA ARIAGCM ARIA128 ARIA256 MD5 SHA384 LOW COMPLEMENTOFALL COMPLEMENTOFDEFAULT "

// knownWord reports whether a suite or a property is called so.
func knownWord(word string) bool {
	for i := range suites {
		if suites[i].is(word) {
			return true
		}
	}
	return strings.Contains(foreign, " "+word+" ")
}

// is reports whether word names s or one of its properties.
func (s *suite) is(word string) bool {
	return s.name == word || strings.Contains(s.words, " "+word+" ")
}

// offeredFor reports whether an item with these words may offer s. Key exchange
// without forward secrecy, and 3DES, have to be asked for by their own names.
func (s *suite) offeredFor(words []string) bool {
	for _, weak := range []string{"kRSA", "3DES"} {
		if s.is(weak) && !s.namedBy(words, weak) {
			return false
		}
	}
	return true
}

func (s *suite) namedBy(words []string, weak string) bool {
	for _, w := range words {
		if w == s.name || w == weak || weak == "kRSA" && w == "RSA" {
			return true
		}
	}
	return false
}

// secure reports whether a security level allows s
// (SSL_CTX_set_security_level(3), as far as it speaks of suites).
func (s *suite) secure(level int) bool {
	if level == 0 {
		return true
	}
	least := [...]int{80, 112, 128, 192, 256}[level-1]
	return s.bits >= least && (level < 3 || !s.is("kRSA")) && (least <= 160 || !s.is("SHA1"))
}

// needsTLS12 reports whether a suite is not defined for earlier versions.
func needsTLS12(id uint16) bool {
	for i := range suites {
		if suites[i].id == id {
			return suites[i].is("TLSv1.2")
		}
	}
	return false
}

// SuiteName is what OpenSSL calls a cipher suite, or the registered name of one
// that it has no other word for: those of TLS 1.3.
func SuiteName(id uint16) string {
	for i := range suites {
		if suites[i].id == id {
			return suites[i].name
		}
	}
	return tls.CipherSuiteName(id)
}
