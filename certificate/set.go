package certificate

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A set is what a directory held when it was read. It does not change.
type set struct {
	all      []*certificate // the default first
	exact    map[string][]*certificate
	wild     map[string][]*certificate // by what follows the "*"
	warnings []string
	print    [sha256.Size]byte // of all that clients may be shown, and the warnings
}

// read reads all files of a directory, which has to have a certificate unless it is
// sparse.
func read(dir string, sparse bool, now time.Time) (*set, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &set{exact: map[string][]*certificate{}, wild: map[string][]*certificate{}}
	for _, e := range entries {
		if name := e.Name(); filepath.Ext(name) != ".pem" || name[0] == '.' {
			continue
		}
		c, warning, err := load(filepath.Join(dir, e.Name()), now)
		if err != nil {
			return nil, err
		}
		if warning != "" {
			s.warnings = append(s.warnings, warning)
		}
		s.all = append(s.all, c)
	}
	if len(s.all) == 0 && !sparse {
		return nil, errors.New(dir + " has no certificate: no file NAME.pem")
	}
	s.index(now)
	return s, nil
}

// index makes the maps, and the order in which certificates are preferred.
func (s *set) index(now time.Time) {
	slices.SortStableFunc(s.all, func(a, b *certificate) int {
		return cmp.Compare(rank(a.file != "default.pem"), rank(b.file != "default.pem"))
	})
	best := slices.SortedStableFunc(slices.Values(s.all), func(a, b *certificate) int {
		return cmp.Or(
			cmp.Compare(rank(now.After(a.Leaf.NotAfter)), rank(now.After(b.Leaf.NotAfter))),
			cmp.Compare(algorithm(a), algorithm(b)),
			b.Leaf.NotBefore.Compare(a.Leaf.NotBefore))
	})
	for _, c := range best {
		for _, name := range c.names() {
			name = canonical(name)
			if rest, is := strings.CutPrefix(name, "*"); is {
				s.wild[rest] = append(s.wild[rest], c)
			} else {
				s.exact[name] = append(s.exact[name], c)
			}
		}
	}
	h := sha256.New()
	for _, c := range s.all {
		fmt.Fprintf(h, "%s %x %x\n", c.file, c.Certificate.Certificate, c.OCSPStaple)
	}
	fmt.Fprintln(h, s.warnings)
	h.Sum(s.print[:0])
}

// canonical is how names are compared.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// algorithm orders the kinds of keys by what a handshake costs.
func algorithm(c *certificate) int {
	switch c.PrivateKey.(type) {
	case *ecdsa.PrivateKey:
		return 0
	case ed25519.PrivateKey:
		return 1
	}
	return 2
}

// choose returns the certificate for a client. If it can do with none of those of
// its name it gets one all the same, and the handshake ends in an alert.
func (s *set) choose(hello *tls.ClientHelloInfo) *tls.Certificate {
	name := canonical(hello.ServerName)
	exact := s.exact[name]
	if c := supported(hello, exact); c != nil {
		return c
	}
	wild := s.wildcards(name)
	if c := supported(hello, wild); c != nil {
		return c
	}
	if both := append(exact[:len(exact):len(exact)], wild...); len(both) > 0 {
		return both[0].Certificate
	}
	nameless := *hello
	nameless.ServerName = "" // which none of them is for
	if c := supported(&nameless, s.all); c != nil {
		return c
	}
	if len(s.all) == 0 {
		return nil
	}
	return s.all[0].Certificate
}

// wildcards are the certificates of a wildcard that covers name.
func (s *set) wildcards(name string) []*certificate {
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		return s.wild[name[dot:]]
	}
	return nil
}

// supported returns the first one that the client can do with.
func supported(hello *tls.ClientHelloInfo, among []*certificate) *tls.Certificate {
	for _, c := range among {
		if hello.SupportsCertificate(c.Certificate) == nil {
			return c.Certificate
		}
	}
	return nil
}
