package dial

import (
	"bufio"
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// servers is how names are asked for: what resolv.conf(5) says, as far as it says
// it to a resolver like this one.
type servers struct {
	addrs    []netip.AddrPort
	search   []string // suffixes, without dots around them
	ndots    int      // dots that make a name complete
	timeout  time.Duration
	attempts int // rounds over all servers
	rotate   bool
}

// Bounds of resolv.conf(5), which the GNU C library keeps silently.
const (
	maxServers  = 3
	maxSearch   = 6
	maxNdots    = 15
	maxTimeout  = 30
	maxAttempts = 5
)

func defaultServers() servers {
	return servers{ndots: 1, timeout: 5 * time.Second, attempts: 2}
}

// parseResolvConf never fails: what it does not understand it leaves out. With no
// name server there, one on this machine is asked.
func parseResolvConf(text []byte) servers {
	s := defaultServers()
	for line := range bytes.Lines(text) {
		if i := bytes.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		f := strings.Fields(string(line))
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "nameserver":
			if ip, err := netip.ParseAddr(f[1]); err == nil && len(s.addrs) < maxServers {
				s.addrs = append(s.addrs, netip.AddrPortFrom(ip, 53))
			}
		case "domain":
			s.search = suffixes(f[1:2])
		case "search":
			s.search = suffixes(f[1:])
		case "options":
			for _, o := range f[1:] {
				s.option(o)
			}
		}
	}
	if len(s.addrs) == 0 {
		s.addrs = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:53"), netip.MustParseAddrPort("[::1]:53")}
	}
	return s
}

func suffixes(names []string) (all []string) {
	for _, name := range names {
		if name = strings.Trim(strings.ToLower(name), "."); name != "" && len(all) < maxSearch {
			all = append(all, name)
		}
	}
	return all
}

func (s *servers) option(o string) {
	name, value, _ := strings.Cut(o, ":")
	n, err := strconv.Atoi(value)
	switch {
	case name == "rotate":
		s.rotate = true
	case err != nil || n < 0:
	case name == "ndots":
		s.ndots = min(n, maxNdots)
	case name == "timeout":
		s.timeout = time.Duration(min(max(n, 1), maxTimeout)) * time.Second
	case name == "attempts":
		s.attempts = min(max(n, 1), maxAttempts)
	}
}

// candidates returns the complete names that host may mean, likeliest first.
func (s *servers) candidates(host string) []string {
	var all []string
	for _, suffix := range s.search {
		if name := host + "." + suffix; len(name) <= maxNameLength {
			all = append(all, name)
		}
	}
	if strings.Count(host, ".") >= s.ndots {
		return append([]string{host}, all...)
	}
	return append(all, host)
}

const maxNameLength = 253

// ParseServer reads the address of one name server, an IP address with or without
// a port, 53 if without.
func ParseServer(text string) (netip.AddrPort, error) {
	if to, err := netip.ParseAddrPort(text); err == nil && to.Port() != 0 {
		return to, nil
	}
	ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("name server %q is no IP address, with or without a port", text)
	}
	return netip.AddrPortFrom(ip, 53), nil
}

// parseHosts reads hosts(5): an address and its names in each line.
func parseHosts(text []byte) map[string][]netip.Addr {
	all := map[string][]netip.Addr{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		ip, err := netip.ParseAddr(f[0])
		if err != nil || ip.Zone() != "" {
			continue
		}
		for _, name := range f[1:] {
			name = strings.TrimSuffix(strings.ToLower(name), ".")
			all[name] = append(all[name], ip.Unmap())
		}
	}
	return all
}

// lookEvery is how often a file is looked at for changes, at most.
const lookEvery = 5 * time.Second

// A watched is a file that is read again after it has changed. A file that cannot
// be read counts as empty.
type watched[T any] struct {
	path  string
	parse func([]byte) T

	mu     sync.Mutex
	looked time.Time
	at     time.Time // the file's
	size   int64
	value  T
}

func (w *watched[T]) get(now time.Time) T {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := w.looked.IsZero()
	if !first && now.Sub(w.looked) < lookEvery {
		return w.value
	}
	w.looked = now
	var at time.Time
	var size int64
	if info, err := os.Stat(w.path); err == nil {
		at, size = info.ModTime(), info.Size()
	}
	if first || !at.Equal(w.at) || size != w.size {
		text, err := os.ReadFile(w.path)
		if err != nil {
			text = nil
		}
		w.at, w.size, w.value = at, size, w.parse(text)
	}
	return w.value
}
