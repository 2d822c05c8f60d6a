//go:build amd64 || arm64

package edge

import "unsafe"

// prefetch has the caches get the lines that a, b and c point into, and waits for none of them, as who reads one
// does sooner or later. Nothing public does that.
//
//go:noescape
func prefetch(a, b, c unsafe.Pointer)
