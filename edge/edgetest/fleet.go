package edgetest

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"headwater/edge"
	"headwater/service"
)

// FleetKey is the key of every POP that [StartPOPs] starts.
var FleetKey = bytes.Repeat([]byte("fleet"), 8)

// StartPOPs starts one edge for each code, all of them POPs of one fleet, and each
// with these versions active. The shield of a POP is its code in lower case.
func StartPOPs(t testing.TB, cfg edge.Config, codes []string, snapshots ...*service.Snapshot) map[string]*Edge {
	t.Helper()
	var pops []edge.POP
	var listeners []net.Listener
	for _, code := range codes {
		l := listen(t)
		listeners = append(listeners, l)
		pops = append(pops, edge.POP{Code: code, Shield: strings.ToLower(code), Nodes: []string{l.Addr().String()}, Key: FleetKey})
	}
	fleet, err := edge.NewFleet(pops)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*Edge{}
	for i, code := range codes {
		cfg.Identity, cfg.Fleet = "cache-"+strings.ToLower(code)+"1-"+code, fleet
		all[code] = startOn(t, listeners[i], false, cfg, snapshots...)
	}
	return all
}
