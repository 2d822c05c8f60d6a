//go:build !linux

package edge

import "net"

// Other systems lack the calls of a lot.
func (e *Edge) newLotDoor(*net.TCPListener, *offer) door { return nil }

type lots struct{}

func (*lots) open(*Edge)                            {}
func (*lots) adopt(*net.TCPConn, *lot) (link, *lot) { return nil, nil }
func (*lots) close()                                {}
