package regex

import "strings"

// A dfa tells whether a subject has a match, with one look-up for each byte. It is
// made in full by Compile, and never changes.
type dfa struct {
	// A state is where its row begins in table, in units; a row says for each column
	// which state comes next. State 0 is that there is no match any more.
	table   []uint16
	class   [256]uint8 // the column of each byte
	newline int        // the column of a newline that ends the subject
	end     int        // the column of the end
	ends    bool       // whether those two columns are there

	// States up to rest need a look: 0, matched, and those that only one byte leaves,
	// which is in leave.
	start, matched, rest uint16
	leave                []byte
}

// unit is how many columns make one. A power of two lets the processor multiply as it
// looks up, and eight lets uint16 stand for tables of every permitted size.
const unit = 8

// match reports whether s has a match.
func (d *dfa) match(s string) bool {
	n := len(s)
	final := d.ends && n > 0 && s[n-1] == '\n'
	if final {
		n--
	}
	state, table, rest := d.start, d.table, d.rest
	for i := 0; i < n; i++ {
		if state <= rest {
			if state <= d.matched {
				return state == d.matched
			}
			ahead := strings.IndexByte(s[i:n], d.leave[state])
			if ahead < 0 {
				break
			}
			i += ahead
		}
		state = table[int(state)*unit+int(d.class[s[i]])]
	}
	if final {
		state = table[int(state)*unit+d.newline]
	}
	if d.ends {
		state = table[int(state)*unit+d.end]
	}
	return state == d.matched
}
