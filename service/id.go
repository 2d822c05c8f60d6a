package service

import (
	"crypto/rand"
	"math/big"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns 128 random bits in base 62, 22 characters as Fastly's own
// identifiers have.
func NewID() string {
	var raw [16]byte
	rand.Read(raw[:]) // never fails: crypto/rand ends the program rather than return weak bits
	n := new(big.Int).SetBytes(raw[:])
	var id [22]byte
	digit, base := new(big.Int), big.NewInt(int64(len(base62)))
	for i := len(id) - 1; i >= 0; i-- {
		n.QuoRem(n, base, digit)
		id[i] = base62[digit.Int64()]
	}
	return string(id[:])
}
