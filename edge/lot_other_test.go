//go:build !linux || race

package edge

import (
	"net"
	"testing"
)

func newLinkOfLot(testing.TB, *net.TCPConn) link { return nil }
