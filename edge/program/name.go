package program

import (
	"strconv"
	"strings"

	"headwater/vcl/syntax"
)

// A namespace holds the names of all that is declared: in VCL, a name stands for
// one thing only.
type namespace struct {
	taken map[string]bool
	next  map[string]int // what was tried last behind a name that is taken
}

func newNamespace() *namespace {
	return &namespace{taken: map[string]bool{}, next: map[string]int{}}
}

// take returns id, or id and a number if another has it, no longer than VCL allows.
func (n *namespace) take(id string) string {
	id = id[:min(len(id), syntax.MaxName)]
	free := id
	for n.taken[free] {
		n.next[id] = max(n.next[id], 1) + 1
		number := "_" + strconv.Itoa(n.next[id])
		free = id[:min(len(id), syntax.MaxName-len(number))] + number
	}
	n.taken[free] = true
	return free
}

// identify gives objects of one kind, oldest first, their names in VCL. One whose
// own name needs no change gets it before all others: it is what a customer has
// written elsewhere.
func (n *namespace) identify(prefix string, own []string) map[string]string {
	given := map[string]string{}
	for _, asIs := range []bool{true, false} {
		for _, name := range own {
			id := identifier(prefix, name)
			if given[name] == "" && (!asIs || id == prefix+name && len(id) <= syntax.MaxName) {
				given[name] = n.take(id)
			}
		}
	}
	return given
}

// identifier is the name in VCL of an object, as long as no other has it.
func identifier(prefix, name string) string {
	id := prefix + underscored(name)
	if id == "" || id[0] >= '0' && id[0] <= '9' || reserved[id] {
		return "F_" + id
	}
	return id
}

// underscored puts an underscore for every character that a name in VCL may not
// hold.
func underscored(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// reserved are words that mean something else where the name of a declaration
// may stand.
var reserved = words(`acl add backend break call case declare default director else elseif elsif esi fallthrough
	false goto if import include local log now penaltybox pragma ratecounter remove restart return set sub switch
	synthetic table true unset`)

func words(list string) map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(list) {
		all[word] = true
	}
	return all
}
