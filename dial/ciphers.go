package dial

import (
	"strings"

	"headwater/service"
)

// A suiteSet holds suites by their place in the table.
type suiteSet uint32

// A cipherList is an OpenSSL cipher list as it is being read. The order that it
// asks for is read and not kept: crypto/tls has its own.
type cipherList struct {
	text   string
	at     int
	chosen suiteSet
	barred suiteSet // by "!": nothing brings them back
	level  int
}

// parseCiphers returns the suites of TLS 1.2 and before that list leaves of those
// that crypto/tls can offer, perhaps none. Names that are not known are skipped,
// as OpenSSL does; what is no list makes an error, as it does there. The list
// never governs TLS 1.3.
func parseCiphers(list string) ([]uint16, error) {
	if only, found := suiteB(list); found {
		list = only
	}
	c := cipherList{text: list}
	if rest, found := strings.CutPrefix(list, "DEFAULT"); found {
		c.text = rest
		c.apply(0, []string{"ALL"})
	}
	for c.skipSeparators(); c.at < len(c.text); c.skipSeparators() {
		if err := c.item(); err != nil {
			return nil, err
		}
	}
	return c.suites(), nil
}

// suiteB expands the names of RFC 6460's profiles, which take the whole list. A
// list is theirs if it begins with one.
func suiteB(list string) (string, bool) {
	const bits128, bits192 = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"
	switch {
	case strings.HasPrefix(list, "SUITEB128ONLY"):
		return bits128, true
	case strings.HasPrefix(list, "SUITEB128C2"), strings.HasPrefix(list, "SUITEB192"):
		return bits192, true
	case strings.HasPrefix(list, "SUITEB128"):
		return bits128 + ":" + bits192, true
	}
	return "", false
}

const separators = ": ,;"

func (c *cipherList) skipSeparators() {
	for c.at < len(c.text) && strings.IndexByte(separators, c.text[c.at]) >= 0 {
		c.at++
	}
}

func (c *cipherList) skipItem() {
	for c.at < len(c.text) && strings.IndexByte(separators, c.text[c.at]) < 0 {
		c.at++
	}
}

// item reads one: a sign or none, and words joined by "+", all of which a suite
// has to have. One with a word that is not known is skipped up to the next
// separator, whatever stands there.
func (c *cipherList) item() error {
	sign := c.text[c.at]
	if strings.IndexByte("!-+@", sign) >= 0 {
		c.at++
	} else {
		sign = 0
	}
	var words []string
	for more := true; more; {
		word := c.word()
		switch {
		case word == "":
			return service.Errorf(service.Invalid, "'ssl_ciphers' is not a cipher list from %q on", c.text[c.at:])
		case sign == '@':
			c.skipItem()
			return c.command(word)
		case !knownWord(word):
			c.skipItem()
			return nil
		}
		words = append(words, word)
		if more = c.at < len(c.text) && c.text[c.at] == '+'; more {
			c.at++
		}
	}
	c.apply(sign, words)
	return nil
}

// word reads as far as a name or keyword can go.
func (c *cipherList) word() string {
	begin := c.at
	for c.at < len(c.text) && wordByte(c.text[c.at]) {
		c.at++
	}
	return c.text[begin:c.at]
}

func wordByte(b byte) bool {
	return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || strings.IndexByte("-.=", b) >= 0
}

func (c *cipherList) command(name string) error {
	level, found := strings.CutPrefix(name, "SECLEVEL=")
	switch {
	case name == "STRENGTH":
	case found && len(level) == 1 && level[0] >= '0' && level[0] <= '5':
		c.level = int(level[0] - '0')
	default:
		return service.Errorf(service.Invalid, "'ssl_ciphers' has no command '@%s'", name)
	}
	return nil
}

// apply does what sign asks with the suites that have all the words. "+" only
// moves them.
func (c *cipherList) apply(sign byte, words []string) {
	var all, offered suiteSet
	for i := range suites {
		if !suites[i].hasAll(words) {
			continue
		}
		all |= 1 << i
		if suites[i].offeredFor(words) {
			offered |= 1 << i
		}
	}
	switch sign {
	case '!':
		c.barred |= all
		c.chosen &^= all
	case '-':
		c.chosen &^= all
	case 0:
		c.chosen |= offered &^ c.barred
	}
}

func (s *suite) hasAll(words []string) bool {
	for _, w := range words {
		if !s.is(w) {
			return false
		}
	}
	return true
}

func (c *cipherList) suites() []uint16 {
	ids := []uint16{}
	for i := range suites {
		if c.chosen&(1<<i) != 0 && suites[i].secure(c.level) {
			ids = append(ids, suites[i].id)
		}
	}
	return ids
}
