package service

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"headwater/internal/durable"
)

// A Sealer encrypts secret fields before they reach a disk and opens them
// again. Context binds a sealed text to where it belongs: the same text does
// not open elsewhere.
type Sealer interface {
	Seal(plain, context string) (string, error)
	Open(sealed, context string) (string, error)
}

// keySize is that of AES-256.
const keySize = 32

// sealedPrefix begins every sealed text. It names the scheme, so that a later
// one can be told apart.
const sealedPrefix = "v1:"

// posix says that files have modes.
const posix = runtime.GOOS != "windows"

// A Keeper is the [Sealer] that the program uses: AES-256-GCM under one key. A
// Keeper may be used by many goroutines.
type Keeper struct {
	aead cipher.AEAD
	key  []byte
}

// NewKeeper returns a Keeper with a random key that is nowhere else: what it
// seals does not outlive the process.
func NewKeeper() (*Keeper, error) {
	return newKeeper(randomKey())
}

// OpenKeeper returns a Keeper with the key in the file at path, which is made,
// with its directory, on first use. A key that other users can read is refused:
// the key is all that stands between a copy of the data and the secrets in it.
func OpenKeeper(path string) (*Keeper, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = createKey(path); err == nil {
			key, err = readKey(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return newKeeper(key)
}

func newKeeper(key []byte) (*Keeper, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return &Keeper{aead: aead, key: key}, nil
}

func randomKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: crypto/rand ends the program rather than return weak bits
	return key
}

func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if posix && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by other users: its mode must be 0600", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%s does not hold a key of %d bytes in base 64", path, keySize)
	}
	return key, nil
}

// createKey makes the key file whole or not at all. When two processes race for
// it one file stands, and both go on to read that.
func createKey(path string) error {
	if err := durable.MakeDir(filepath.Dir(path)); err != nil {
		return err
	}
	err := durable.Create(path, []byte(base64.StdEncoding.EncodeToString(randomKey())+"\n"))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Derive returns a key of 32 bytes for another purpose, the same one each time. It
// tells nothing of the Keeper's own.
func (k *Keeper) Derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.key, nil, "headwater/"+purpose, keySize)
	if err != nil {
		panic("service: a key cannot be derived: " + err.Error()) // its length is a constant
	}
	return key
}

// Seal implements [Sealer].
func (k *Keeper) Seal(plain, context string) (string, error) {
	sealed := k.aead.Seal(nil, nil, []byte(plain), []byte(context))
	return sealedPrefix + base64.RawStdEncoding.EncodeToString(sealed), nil
}

// Open implements [Sealer]. Its error says nothing of the text.
func (k *Keeper) Open(sealed, context string) (string, error) {
	text, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return "", errors.New("sealed text: unknown scheme")
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("sealed text: damaged")
	}
	plain, err := k.aead.Open(nil, nil, raw, []byte(context))
	if err != nil {
		return "", errors.New("sealed text: made with another key, or damaged")
	}
	return string(plain), nil
}
