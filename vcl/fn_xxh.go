package vcl

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

// xxHash, in its 32- and 64-bit forms with seed 0, after the description of the
// algorithm (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).

// A wholeHash keeps all that is written to it and computes the sum at the end,
// which is good enough for the texts of a request.
type wholeHash struct {
	data []byte
	size int
	sum  func(dst, data []byte) []byte
}

func (h *wholeHash) Write(b []byte) (int, error) { h.data = append(h.data, b...); return len(b), nil }
func (h *wholeHash) Sum(dst []byte) []byte       { return h.sum(dst, h.data) }
func (h *wholeHash) Reset()                      { h.data = h.data[:0] }
func (h *wholeHash) Size() int                   { return h.size }
func (h *wholeHash) BlockSize() int              { return 1 }

func newXXH32() hash.Hash {
	return &wholeHash{size: 4, sum: func(dst, data []byte) []byte { return binary.BigEndian.AppendUint32(dst, xxh32(data)) }}
}

func newXXH64() hash.Hash {
	return &wholeHash{size: 8, sum: func(dst, data []byte) []byte { return binary.BigEndian.AppendUint64(dst, xxh64(data)) }}
}

const (
	p32a uint32 = 0x9E3779B1
	p32b uint32 = 0x85EBCA77
	p32c uint32 = 0xC2B2AE3D
	p32d uint32 = 0x27D4EB2F
	p32e uint32 = 0x165667B1

	p64a uint64 = 0x9E3779B185EBCA87
	p64b uint64 = 0xC2B2AE3D27D4EB4F
	p64c uint64 = 0x165667B19E3779F9
	p64d uint64 = 0x85EBCA77C2B2AE63
	p64e uint64 = 0x27D4EB2F165667C5
)

func xxh32(b []byte) uint32 {
	size := uint32(len(b))
	sum := p32e
	if len(b) >= 16 {
		lanes := [4]uint32{p32b, p32b, 0, 0}
		lanes[0] += p32a
		lanes[3] -= p32a
		for ; len(b) >= 16; b = b[16:] {
			for i := range lanes {
				lanes[i] = bits.RotateLeft32(lanes[i]+binary.LittleEndian.Uint32(b[4*i:])*p32b, 13) * p32a
			}
		}
		sum = bits.RotateLeft32(lanes[0], 1) + bits.RotateLeft32(lanes[1], 7) + bits.RotateLeft32(lanes[2], 12) + bits.RotateLeft32(lanes[3], 18)
	}
	sum += size
	for ; len(b) >= 4; b = b[4:] {
		sum = bits.RotateLeft32(sum+binary.LittleEndian.Uint32(b)*p32c, 17) * p32d
	}
	for _, c := range b {
		sum = bits.RotateLeft32(sum+uint32(c)*p32e, 11) * p32a
	}
	sum = (sum ^ sum>>15) * p32b
	sum = (sum ^ sum>>13) * p32c
	return sum ^ sum>>16
}

func round64(lane, input uint64) uint64 { return bits.RotateLeft64(lane+input*p64b, 31) * p64a }

func xxh64(b []byte) uint64 {
	size := uint64(len(b))
	sum := p64e
	if len(b) >= 32 {
		lanes := [4]uint64{p64b, p64b, 0, 0}
		lanes[0] += p64a
		lanes[3] -= p64a
		for ; len(b) >= 32; b = b[32:] {
			for i := range lanes {
				lanes[i] = round64(lanes[i], binary.LittleEndian.Uint64(b[8*i:]))
			}
		}
		sum = bits.RotateLeft64(lanes[0], 1) + bits.RotateLeft64(lanes[1], 7) + bits.RotateLeft64(lanes[2], 12) + bits.RotateLeft64(lanes[3], 18)
		for _, lane := range lanes {
			sum = (sum^round64(0, lane))*p64a + p64d
		}
	}
	sum += size
	for ; len(b) >= 8; b = b[8:] {
		sum = bits.RotateLeft64(sum^round64(0, binary.LittleEndian.Uint64(b)), 27)*p64a + p64d
	}
	if len(b) >= 4 {
		sum = bits.RotateLeft64(sum^uint64(binary.LittleEndian.Uint32(b))*p64a, 23)*p64b + p64c
		b = b[4:]
	}
	for _, c := range b {
		sum = bits.RotateLeft64(sum^uint64(c)*p64e, 11) * p64a
	}
	sum = (sum ^ sum>>33) * p64b
	sum = (sum ^ sum>>29) * p64c
	return sum ^ sum>>32
}
