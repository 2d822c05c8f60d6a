package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// javascriptClient is the release of Fastly's client for JavaScript that the
// test runs.
const javascriptClient = "fastly@13.0.0"

// TestJavaScriptClient runs testdata/js/backend.js with Fastly's own client,
// installed anew where that can be done.
func TestJavaScriptClient(t *testing.T) {
	dir := npmInstall(t, javascriptClient)
	script, err := os.ReadFile("testdata/js/backend.js")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "backend.js")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}

	cert, key := selfSigned(t)
	i := start(t, nil)
	node := exec.Command("node", path)
	node.Env = append(os.Environ(), "HEADWATER_TOKEN="+testToken, "HEADWATER_API=http://"+i.api, "BACKEND_CERT="+cert, "BACKEND_KEY="+key)
	if out, err := node.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// selfSigned makes a certificate and its key, both in PEM.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("CERTIFICATE", der), text("PRIVATE KEY", pkcs8)
}
