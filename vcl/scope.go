package vcl

import "strings"

// A Scope is one of the subroutines that the edge calls, and which a variable or
// function is there for.
type Scope uint8

// The subroutines in the life of a request.
const (
	Recv Scope = iota
	Hash
	Hit
	Miss
	Pass
	Fetch
	Failure // vcl_error
	Deliver
	Log

	numScopes = 9
)

var scopeNames = [numScopes]string{"recv", "hash", "hit", "miss", "pass", "fetch", "error", "deliver", "log"}

// String is the name without vcl_.
func (s Scope) String() string { return scopeNames[s] }

// Sub is the name of the subroutine: vcl_recv.
func (s Scope) Sub() string { return "vcl_" + scopeNames[s] }

// scopeOf returns the scope of a subroutine that the edge calls.
func scopeOf(sub string) (Scope, bool) {
	name, ok := strings.CutPrefix(sub, "vcl_")
	for s, n := range scopeNames {
		if ok && n == name {
			return Scope(s), true
		}
	}
	return 0, false
}

// Scopes are several of them.
type Scopes uint16

func in(all ...Scope) (ss Scopes) {
	for _, s := range all {
		ss |= 1 << s
	}
	return ss
}

const everywhere = Scopes(1<<numScopes - 1)

func (ss Scopes) has(s Scope) bool { return ss&(1<<s) != 0 }

func (ss Scopes) String() string {
	if ss == everywhere {
		return "all"
	}
	var names []string
	for s := range Scope(numScopes) {
		if ss.has(s) {
			names = append(names, s.String())
		}
	}
	return strings.Join(names, " ")
}

// An Action is what a subroutine ends with.
type Action uint8

// The actions. Default is to go on: of a whole subroutine, that it returned
// nothing and its usual action follows.
const (
	Default Action = iota
	DoLookup
	DoPass
	DoHash
	DoFetch
	DoDeliver
	DoDeliverStale
	DoHitForPass
	DoUpgrade
	DoRestart
	DoError
	DoFail // the program could not go on

	// Of statements only.
	leaves // a bare return, or one with a value
	breaks
	fallsThrough
	jumps // to Ctx.label
)

// states are what return(...) may say, and where.
var states = map[string]struct {
	action Action
	scopes Scopes
}{
	"lookup":        {DoLookup, in(Recv)},
	"pass":          {DoPass, in(Recv, Hit, Miss, Pass, Fetch)},
	"hash":          {DoHash, in(Recv, Hash)}, // in vcl_recv an older word for lookup
	"fetch":         {DoFetch, in(Miss)},
	"deliver":       {DoDeliver, in(Hit, Fetch, Failure, Deliver, Log)},
	"deliver_stale": {DoDeliverStale, in(Miss, Fetch, Failure)},
	"hit_for_pass":  {DoHitForPass, in(Fetch)},
	"upgrade":       {DoUpgrade, in(Recv)},
	"restart":       {DoRestart, in(Recv, Hit, Fetch, Failure, Deliver)},
	"error":         {DoError, in(Recv, Hit, Miss, Pass, Fetch)},
}

var actionNames = [...]string{
	"", "lookup", "pass", "hash", "fetch", "deliver", "deliver_stale", "hit_for_pass", "upgrade", "restart", "error", "fail",
}

// String is what return(...) says for it; nothing for Default.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return ""
}
