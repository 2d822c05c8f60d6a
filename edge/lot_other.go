//go:build !linux

package edge

// A lot is where connections wait without a goroutine. There is none on this system, and
// so nobody who leads one.
type lot struct{ ended chan struct{} }

func (*lot) turn() (c *clientConn, open bool) { return nil, false }
