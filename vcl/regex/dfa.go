package regex

import "strings"

// A dfa tells whether a subject has a match, with one look-up for each byte. It is
// made in full by Compile, and never changes.
type dfa struct {
	table   []uint16   // a row for each state; a state is the index of its row
	class   [256]uint8 // the column of each byte
	newline int        // the column of a newline that ends the subject
	end     int        // the column of the end
	ends    bool       // whether those two columns are there

	// States up to rest need a look: nothing matches any more, all does, and then
	// those that only one byte leaves.
	start, matched, rest uint16
	leave                []byte // by row; the byte that leaves it
	stride               int
}

// match reports whether s has a match.
func (d *dfa) match(s string) bool {
	n := len(s)
	final := d.ends && n > 0 && s[n-1] == '\n'
	if final {
		n--
	}
	state, table := d.start, d.table
	for i := 0; i < n; i++ {
		if state <= d.rest {
			if state <= d.matched {
				return state == d.matched
			}
			ahead := strings.IndexByte(s[i:n], d.leave[int(state)/d.stride])
			if ahead < 0 {
				break
			}
			i += ahead
		}
		state = table[int(state)+int(d.class[s[i]])]
	}
	if final {
		state = table[int(state)+d.newline]
	}
	if d.ends {
		state = table[int(state)+d.end]
	}
	return state == d.matched
}
