package vcl

import (
	"net/netip"
	"sync/atomic"
	"time"

	"headwater/vcl/regex"
	"headwater/vcl/syntax"
)

// A Table maps texts to values of one type. One of strings can be replaced while
// programs look at it.
type Table struct {
	Name string
	Type Type
	strs atomic.Pointer[map[string]string]

	bools    map[string]bool
	ints     map[string]int64
	floats   map[string]float64
	rtimes   map[string]time.Duration
	ips      map[string]netip.Addr
	backends map[string]*Backend
	acls     map[string]*ACL
	regexes  map[string]*regex.Regex
}

// NewTable returns a table of strings. It keeps the map.
func NewTable(name string, entries map[string]string) *Table {
	t := &Table{Name: name, Type: String}
	t.Swap(entries)
	return t
}

// Swap replaces all that a table of strings has. It keeps the map, which nobody
// may change any more.
func (t *Table) Swap(entries map[string]string) { t.strs.Store(&entries) }

// Lookup returns what a table of strings has for key.
func (t *Table) Lookup(key string) (value string, found bool) {
	value, found = (*t.strs.Load())[key]
	return value, found
}

// Contains reports whether the table has key.
func (t *Table) Contains(key string) bool {
	if t.Type == String {
		_, found := t.Lookup(key)
		return found
	}
	return contains(t.bools, key) || contains(t.ints, key) || contains(t.floats, key) || contains(t.rtimes, key) ||
		contains(t.ips, key) || contains(t.backends, key) || contains(t.acls, key) || contains(t.regexes, key)
}

func contains[V any](m map[string]V, key string) bool {
	_, found := m[key]
	return found
}

// maxTableKey bounds the key of a table, in bytes.
const maxTableKey = 256

// declareTable makes a table known by its name, so that others may refer to it.
func (c *compiler) declareTable(d *syntax.Table) {
	typ := String
	if d.Type != nil {
		typ = c.typeOf(d.Type)
	}
	t := c.options.Tables[d.Name.Text]
	if t == nil || typ != String {
		t = NewTable(d.Name.Text, nil)
		t.Type = typ
	}
	c.tables[d.Name.Text] = t
}

// fillTable compiles what a table was declared with.
func (c *compiler) fillTable(d *syntax.Table) {
	t := c.tables[d.Name.Text]
	if t == c.options.Tables[d.Name.Text] {
		return // its contents come from elsewhere
	}
	seen := make(map[string]bool, len(d.Entries))
	strs := make(map[string]string, len(d.Entries))
	for _, e := range d.Entries {
		switch {
		case len(e.Key) > maxTableKey:
			c.failf(e.Pos, "a key of a table has at most %d bytes", maxTableKey)
		case seen[e.Key]:
			c.failf(e.Pos, "table %s has the key %q already", t.Name, e.Key)
		case t.Type == String:
			strs[e.Key] = c.literalText(e.Value)
		default:
			c.fill(t, e)
		}
		seen[e.Key] = true
	}
	t.Swap(strs)
}

// fill puts one value into a table that is not one of strings.
func (c *compiler) fill(t *Table, e *syntax.TableEntry) {
	switch t.Type {
	case Regex:
		put(&t.regexes, e.Key, c.pattern(e.Value))
		return
	case ACLRef:
		if n, ok := e.Value.(*syntax.Name); ok {
			put(&t.acls, e.Key, c.aclNamed(n))
			return
		}
	case BackendRef:
		if n, ok := e.Value.(*syntax.Name); ok {
			put(&t.backends, e.Key, c.backendNamed(n))
			return
		}
	}
	v := c.expr(e.Value)
	if v.typ != Void && !v.literal {
		c.failf(e.Pos, "a table has literal values only")
		return
	}
	v = c.convert(v, t.Type, e.Pos)
	switch {
	case v.typ == Void: // said already
	case t.Type == Boolean:
		put(&t.bools, e.Key, v.boolean(nil))
	case t.Type == Integer:
		put(&t.ints, e.Key, v.integer(nil))
	case t.Type == Float:
		put(&t.floats, e.Key, v.float(nil))
	case t.Type == RTime:
		put(&t.rtimes, e.Key, v.rtime(nil))
	case t.Type == IP:
		put(&t.ips, e.Key, v.ip(nil))
	default:
		c.failf(e.Pos, "%s is no value of a table of %s", v.typ, t.Type)
	}
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}
