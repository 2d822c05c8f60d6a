//go:build !linux

package edgetest

// Lots tells whether the edge has lots here, and links that are driven from them.
const Lots = false
