package h2

import "bytes"

// A priority is what a client said of an answer (RFC 9218 section 4).
type priority struct {
	urgency     uint8 // 0 to 7, the lower the sooner
	incremental bool  // of use piece by piece: takes turns with its equals
}

// usual is the priority of what nothing is said of.
var usual = priority{urgency: 3}

// parsePriority reads the value of a Priority field. What it does not understand
// it leaves out, as RFC 9218 wants it.
func parsePriority(v []byte) priority {
	p := usual
	for len(v) > 0 {
		var item []byte
		item, v, _ = bytes.Cut(v, []byte(","))
		item, _, _ = bytes.Cut(bytes.Trim(item, " \t"), []byte(";"))
		switch {
		case len(item) == 3 && item[0] == 'u' && item[1] == '=' && item[2] >= '0' && item[2] <= '7':
			p.urgency = item[2] - '0'
		case string(item) == "i", string(item) == "i=?1":
			p.incremental = true
		case string(item) == "i=?0":
			p.incremental = false
		}
	}
	return p
}

// before reports whether s goes before t, which has waited longer.
func (s *Stream) before(t *Stream) bool {
	p, q := s.priority, t.priority
	switch {
	case p.urgency != q.urgency:
		return p.urgency < q.urgency
	case p.incremental || q.incremental:
		return false
	}
	return s.id < t.id
}
