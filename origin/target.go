package origin

import (
	"fmt"
	"net/url"
	"strings"
)

// read adds what a request's target names to the script, the path first. A path
// that does not begin with a behaviour means nothing, nor does a key of the query
// that is none; whatever else is wrong is told.
func (s *script) read(target string) error {
	path, query, _ := strings.Cut(target, "?")
	if err := s.readPath(path); err != nil {
		return err
	}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(pair, "=")
		b := named(key)
		if b == nil {
			continue
		}
		text, err := url.QueryUnescape(value)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if err := s.apply(b, text); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) readPath(path string) error {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	words := strings.Split(path, "/")
	if named(words[0]) == nil {
		return nil
	}
	for len(words) > 0 {
		b := named(words[0])
		if b == nil {
			return fmt.Errorf("%.40q is no behaviour", words[0])
		}
		words = words[1:]
		value := ""
		if takes, needed := b.takes(); takes && (needed || len(words) > 0 && named(words[0]) == nil) {
			if len(words) == 0 {
				return fmt.Errorf("%s: has no value", b.name)
			}
			value, words = words[0], words[1:]
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		if err := s.apply(b, text); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) apply(b *behaviour, value string) error {
	if _, needed := b.takes(); needed && value == "" {
		return fmt.Errorf("%s: has no value", b.name)
	}
	if err := b.set(s, value); err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	return nil
}
