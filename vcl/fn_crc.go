package vcl

import (
	"encoding/binary"
	"hash"
	"hash/crc32"
)

// The two CRCs, whose bytes come in the other order than usual, as in the examples of
// Fastly's pages on digest.hash_crc32 and digest.hash_crc32b.

// newCRC32 is the CRC that bzip2 has, which is not reflected.
func newCRC32() hash.Hash {
	return &wholeHash{size: 4, sum: func(dst, data []byte) []byte {
		sum := ^uint32(0)
		for _, c := range data {
			sum ^= uint32(c) << 24
			for range 8 {
				if sum>>31 == 1 {
					sum = sum<<1 ^ 0x04C11DB7
				} else {
					sum <<= 1
				}
			}
		}
		return binary.LittleEndian.AppendUint32(dst, ^sum)
	}}
}

// newCRC32B is the CRC that zip and Ethernet have.
func newCRC32B() hash.Hash {
	return &wholeHash{size: 4, sum: func(dst, data []byte) []byte {
		return binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(data))
	}}
}
