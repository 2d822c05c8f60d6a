//go:build !amd64 && !arm64

package edge

import "unsafe"

func prefetch(_, _, _ unsafe.Pointer) {}
