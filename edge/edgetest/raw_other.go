//go:build !linux

package edgetest

// Raw tells whether the edge has its raw kind of link here.
const Raw = false
