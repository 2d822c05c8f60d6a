package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"headwater/api"
	"headwater/edge"
	"headwater/feed"
	"headwater/probe"
)

// A popFlag is one POP of this process, as --pop has it.
type popFlag struct {
	code    string
	shield  string // what backends call it
	address string // to listen on; "" for the POP of the edge that --edge is about
}

// popFlags are all values of --pop: CODE or CODE=ADDR, or several with commas between
// them. CODE may have the name of the shield that it is behind it, and a slash between.
type popFlags struct {
	all       []popFlag
	inherited bool // from the environment, which the command line wins over
}

func (p *popFlags) String() string { return "" }

// Set makes popFlags a [flag.Value].
func (p *popFlags) Set(text string) error {
	if p.inherited {
		*p = popFlags{}
	}
	for one := range strings.SplitSeq(text, ",") {
		name, address, listens := strings.Cut(strings.TrimSpace(one), "=")
		code, shield, named := strings.Cut(name, "/")
		if code == "" || listens == (address == "") || named == (shield == "") {
			return errors.New("is neither CODE[/SHIELD] nor CODE[/SHIELD]=ADDR")
		}
		code = strings.ToUpper(code)
		p.all = append(p.all, popFlag{code, cmp.Or(shield, api.ShieldOf(code), strings.ToLower(code)), address})
	}
	return nil
}

// main is the POP of the edge that --edge is about, which without a word of it is no
// shield.
func (p *popFlags) main() popFlag {
	for _, one := range p.all {
		if one.address == "" {
			return one
		}
	}
	return popFlag{code: "LOCAL"}
}

func (f *serveFlags) checkPOPs() error {
	bare, seen := 0, map[string]bool{}
	for _, one := range f.pops.all {
		if seen[one.code] {
			return fmt.Errorf("%w: -pop: POP %q: there are two of that code", errUsage, one.code)
		}
		seen[one.code] = true
		if one.address == "" {
			bare++
		}
	}
	switch {
	case bare > 1:
		return fmt.Errorf("%w: -pop: only one POP is the one of -edge; the others are CODE=ADDR", errUsage)
	case f.popsFile != "" && bare == 0:
		return fmt.Errorf("%w: -pops needs -pop CODE, which tells the POP of -edge", errUsage)
	}
	return nil
}

// A pop is an edge of this process that stands for a POP of its own.
type pop struct {
	popFlag
	listener net.Listener
	edge     *edge.Edge
}

// pops are those of a process, but for its main edge's.
type pops []*pop

// listenPOPs opens the listener of each POP.
func (s *server) listenPOPs() error {
	for _, one := range s.flags.pops.all {
		if one.address == "" {
			continue
		}
		l, err := listen("POP "+one.code, one.address, noKeepAlive)
		if err != nil {
			return err
		}
		s.pops = append(s.pops, &pop{popFlag: one, listener: l})
	}
	return nil
}

// A seat is what tells the edges of a process apart. The zero value is of one that is
// outside of the fleet, traces no requests, is not the one to be busy, and whose backends' health is
// nobody's news.
type seat struct {
	identity      string
	fleet         *edge.Fleet
	traceKey      []byte
	healthChanged func(probe.Change)
	busy          bool
}

func identityOf(code string) string { return "cache-" + strings.ToLower(code) + "1-" + code }

// planFleet lists the POPs that edges of this process know: those of the file, if
// there is one, else those of this process, whose key is still to come.
func (s *server) planFleet() error {
	main := s.flags.pops.main()
	own := map[string]net.Listener{main.code: s.edgeListener}
	all := []edge.POP{{Code: main.code, Shield: main.shield}}
	for _, p := range s.pops {
		own[p.code] = p.listener
		all = append(all, edge.POP{Code: p.code, Shield: p.shield})
	}
	if s.flags.popsFile != "" {
		var err error
		if all, err = readPOPs(s.flags.popsFile); err != nil {
			return err
		}
		if err := s.checkFile(all, own); err != nil {
			return fmt.Errorf("%s: %w", s.flags.popsFile, err)
		}
	}
	for i := range all {
		if l := own[all[i].Code]; l != nil {
			all[i].Nodes, all[i].TLS = []string{reach(l)}, nil
		}
	}
	s.fleet = all
	_, err := s.newFleet(make([]byte, 32))
	return err
}

// newFleet makes a fleet of what was planned. POPs without a key get that one.
func (s *server) newFleet(key []byte) (*edge.Fleet, error) {
	all := slices.Clone(s.fleet)
	for i := range all {
		if s.flags.popsFile == "" {
			all[i].Key = key
		}
	}
	fleet, err := edge.NewFleet(all)
	if err != nil && s.flags.popsFile != "" {
		return nil, fmt.Errorf("%s: %w", s.flags.popsFile, err)
	}
	return fleet, err
}

// openPOPs makes the edges of all POPs, the main one too.
func (s *server) openPOPs(key []byte) error {
	fleet, err := s.newFleet(key)
	if err != nil {
		return err
	}
	s.edge = s.newEdge(seat{identityOf(s.flags.pops.main().code), fleet, s.traceKey, s.health.changed, len(s.pops) == 0})
	for _, p := range s.pops {
		p.edge = s.newEdge(seat{identity: identityOf(p.code), fleet: fleet})
	}
	return nil
}

// reach is the address at which others of this process reach a listener.
func reach(l net.Listener) string {
	at := l.Addr().(*net.TCPAddr).AddrPort()
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return at.String()
}

// checkFile looks that the POPs of this process are in the file, and tells of those
// that are reached over a network without TLS.
func (s *server) checkFile(all []edge.POP, own map[string]net.Listener) error {
	for code := range own {
		if !slices.ContainsFunc(all, func(p edge.POP) bool { return p.Code == code }) {
			return fmt.Errorf("there is no POP %q, which -pop names", code)
		}
	}
	for _, p := range all {
		if own[p.Code] == nil && p.TLS == nil && slices.ContainsFunc(p.Nodes, remote) {
			s.log.Warn("requests to a POP go over the network in clear", "pop", p.Code)
		}
	}
	return nil
}

// remote reports whether an address is another machine's, or may be.
func remote(address string) bool {
	at, err := netip.ParseAddrPort(address)
	return err != nil || !at.Addr().IsLoopback()
}

// edges are all that serve what is active.
func (s *server) edges() feed.All {
	all := feed.All{s.edge}
	for _, p := range s.pops {
		all = append(all, p.edge)
	}
	return all
}

// serve serves until a listener fails.
func (all pops) serve(failed chan<- error) {
	for _, p := range all {
		go func() { failed <- p.edge.Serve(p.listener) }()
	}
}

// say tells where the POPs are.
func (all pops) say(p *process) {
	for _, one := range all {
		fmt.Fprintf(p.stdout, "headwater: the POP %s is on http://%s\n", one.code, one.listener.Addr())
	}
}

// shutdown ends all at once. Requests under way between them end as others do.
func (all pops) shutdown(ctx context.Context) error {
	ended := make(chan error, len(all))
	for _, p := range all {
		go func() {
			if p.edge == nil {
				ended <- p.listener.Close()
				return
			}
			ended <- p.edge.Shutdown(ctx)
		}()
	}
	var errs []error
	for range all {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}
