package service

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// certificate returns one for public, signed by signer.
func certificate(t *testing.T, public crypto.PublicKey, signer crypto.Signer) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return pemText("CERTIFICATE", der)
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemText("PRIVATE KEY", der)
}

func newPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certificate(t, private.Public(), private), pkcs8(t, private)
}

// hugeRSA is an RSA key as PKCS #1 that nobody could compute with in time.
func hugeRSA(t *testing.T, bits uint) string {
	t.Helper()
	n := new(big.Int).SetBit(big.NewInt(1), int(bits-1), 1)
	half := new(big.Int).SetBit(big.NewInt(1), int(bits/2-1), 1)
	der, err := asn1.Marshal(struct {
		Version                      int
		N                            *big.Int
		E                            int
		D, P, Q, DP, DQ, Coefficient *big.Int
	}{0, n, 65537, n, half, half, half, half, half})
	if err != nil {
		t.Fatal(err)
	}
	return pemText("RSA PRIVATE KEY", der)
}

func TestPrivateKeys(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := ec.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	good := pkcs8(t, ec)
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"ECDSA", good, true},
		{"Ed25519", pkcs8(t, edwards), true},
		{"RSA", pkcs8(t, rsaKey), true},
		{"PKCS 1", pemText("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), true},
		{"SEC 1", pemText("EC PRIVATE KEY", sec1), true},
		{"after curve parameters", pemText("EC PARAMETERS", []byte{6, 0}) + pemText("EC PRIVATE KEY", sec1), true},
		{"blank lines around", "\n\r\n" + good + "\r\n\n", true},
		{"indented", " " + good, false},
		{"ECDH over a signing curve", pkcs8(t, exchange), true},
		{"two keys", good + good, false},
		{"truncated", good[:len(good)/2], false},
		{"a path", "/etc/ssl/key.pem", false},
		{"blank", " ", false},
		{"a certificate", certificate(t, ec.Public(), ec), false},
		{"garbage", pemText("PRIVATE KEY", []byte("garbage")), false},
		{"encrypted", pemText("ENCRYPTED PRIVATE KEY", []byte{0x30, 0}), false},
		{"over-long", strings.Repeat("a", 2<<20), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := BackendKind.Create(minimal("ssl_client_key=" + tt.text))
			if tt.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantInvalid(t, err)
			if err != nil && len(err.Error()) > 200 {
				t.Errorf("the error quotes the text: %.300s", err)
			}
		})
	}
}

// A key that would take long to check is refused for its length, unread.
func TestHugePrivateKey(t *testing.T) {
	const want = "the private key is longer than an RSA key of 8192 bits"
	if _, err := BackendKind.Create(minimal("ssl_client_key=" + hugeRSA(t, 16384))); err == nil || err.Error() != want {
		t.Errorf("error %v; want %s", err, want)
	}
}

func TestCertificates(t *testing.T) {
	cert, key := newPair(t)
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 16383, 1), E: 65537}
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"one", cert, true},
		{"a hundred", strings.Repeat(cert, 100), true},
		{"remarks before", "# subject: x\n" + cert + "\n# next\n" + cert, true},
		{"a hundred and one", strings.Repeat(cert, 101), false},
		{"a key", key, false},
		{"a certificate and a key", cert + key, false},
		{"garbage after", cert + "garbage", false},
		{"blank", "\n", false},
		{"truncated", cert[:len(cert)/2], false},
		{"not a certificate", pemText("CERTIFICATE", []byte("garbage")), false},
		{"RSA of 16384 bits", certificate(t, huge, parsed.(crypto.Signer)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, field := range []string{"ssl_ca_cert", "ssl_client_cert"} {
				_, err := BackendKind.Create(minimal(field + "=" + tt.text))
				if tt.ok && err != nil {
					t.Error(err)
				} else if !tt.ok {
					wantInvalid(t, err)
				}
			}
		})
	}
}

func TestKeyPair(t *testing.T) {
	cert, key := newPair(t)
	otherCert, otherKey := newPair(t)
	both, err := BackendKind.Create(minimal("ssl_client_cert="+cert, "ssl_client_key="+key))
	if err != nil {
		t.Fatal(err)
	}
	_, err = BackendKind.Create(minimal("ssl_client_cert="+cert, "ssl_client_key="+otherKey))
	wantInvalid(t, err)
	_, err = BackendKind.Update(both, form("ssl_client_key="+otherKey))
	wantInvalid(t, err)
	_, err = BackendKind.Update(both, form("ssl_client_cert="+otherCert))
	wantInvalid(t, err)
	if _, err = BackendKind.Update(both, form("ssl_client_cert="+otherCert, "ssl_client_key="+otherKey)); err != nil {
		t.Error(err)
	}
	if _, err = BackendKind.Update(both, form("ssl_client_cert=")); err != nil {
		t.Error(err)
	}
	if _, err = BackendKind.Update(both, form("comment=x")); err != nil {
		t.Error(err)
	}
}
