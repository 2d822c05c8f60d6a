package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"headwater/internal/durable"
)

// kept is what an Issuer has on disk, in a directory for each authority:
//
//	account             the key of the account
//	certificates/NAME   a certificate, those that lead from it to a root, and its key
//	waits               what orders have to wait for
//
// All files are sealed in a context that names them. Waits are in JSON, all else is in PEM.
type kept struct {
	dir    string
	sealer Sealer
	log    *slog.Logger
}

const (
	accountFile     = "account"
	certificatesDir = "certificates"
)

func openKept(cfg IssuerConfig) (kept, error) {
	at, err := url.Parse(cfg.Directory)
	if err != nil {
		return kept{}, err
	}
	k := kept{filepath.Join(cfg.Dir, url.PathEscape(at.Host+at.Path)), cfg.Sealer, cfg.Log}
	certificates := filepath.Join(k.dir, certificatesDir)
	if err := durable.MakeDir(certificates); err != nil {
		return k, err
	}
	durable.Sweep(k.log, k.dir, certificates)
	return k, nil
}

// account returns the key of the account, which it makes if there is none.
func (k *kept) account() (crypto.Signer, error) {
	text, err := k.read(accountFile)
	if err == nil {
		return parseAccount(text)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if text, err = encode(key); err != nil {
		return nil, err
	}
	return key, k.seal(accountFile, text)
}

func parseAccount(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the key of the ACME account is not in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key of the ACME account cannot sign")
	}
	return signer, nil
}

// all returns the certificates that have not expired, by name. One that cannot be read is told
// of and left out: another is ordered in its place.
func (k *kept) all() map[string]*tls.Certificate {
	certificates := map[string]*tls.Certificate{}
	entries, err := os.ReadDir(filepath.Join(k.dir, certificatesDir))
	if err != nil {
		k.log.Error("certificates from ACME", "error", err)
	}
	for _, e := range entries {
		name := e.Name()
		if !orderable(name) {
			continue
		}
		text, err := k.read(certificatesDir, name)
		if err != nil {
			k.log.Error("certificate from ACME", "error", err)
			continue
		}
		pair, err := parseOrdered(text, name)
		if err != nil {
			k.log.Error("certificate from ACME", "name", name, "error", err)
		} else if time.Now().Before(pair.Leaf.NotAfter) {
			certificates[name] = pair
		}
	}
	return certificates
}

// write keeps the certificate of a name.
func (k *kept) write(name string, c *ordered) error {
	return k.seal(filepath.Join(certificatesDir, name), c.text)
}

// remove forgets the certificate of a name.
func (k *kept) remove(name string) {
	os.Remove(filepath.Join(k.dir, certificatesDir, name)) // if it stays, it expires
}

func (k *kept) seal(file string, text []byte) error {
	sealed, err := k.sealer.Seal(string(text), k.context(file))
	if err != nil {
		return err
	}
	return durable.Write(filepath.Join(k.dir, file), []byte(sealed))
}

func (k *kept) read(elements ...string) ([]byte, error) {
	file := filepath.Join(elements...)
	sealed, err := readFile(filepath.Join(k.dir, file))
	if err != nil {
		return nil, err
	}
	text, err := k.sealer.Open(string(sealed), k.context(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(k.dir, file), err)
	}
	return []byte(text), nil
}

// context binds what is sealed to its file, wherever the data directory is.
func (k *kept) context(file string) string {
	return "acme\n" + filepath.Base(k.dir) + "\n" + filepath.ToSlash(file)
}
