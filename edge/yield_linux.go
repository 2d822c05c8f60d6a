package edge

import _ "unsafe" // for go:linkname

// goyield has what else is ready on the caller's processor of the scheduler (P) run first. [runtime.Gosched] wakes
// a thread besides, which may then have the caller: of requests that come one by one that takes a twentieth. The runtime
// keeps it for others to link to (go.dev/issue/67401).
//
//go:linkname goyield runtime.goyield
func goyield()
