//go:build !linux

package edge

import (
	"net"
	"testing"
)

func newLinkOfLot(testing.TB, *net.TCPConn) link { return nil }
