package explain

import (
	"bytes"
	"encoding/json"
	"time"
)

// An Explanation is what a version does with a request, and why.
type Explanation struct {
	// Pretended is true if nothing was sent: what origins answer is then what
	// the request says of them.
	Pretended bool `json:"pretended"`

	Service Service `json:"service"`

	// Domain is how the host leads to the version; null if it does not. What
	// follows is then what would be if it did.
	Domain *Domain `json:"domain"`

	// Request is what the program begins with: the client's request and what
	// the edge has added. Its URL is whole.
	Request Message `json:"request"`

	// Conditions are all that the version has, by priority.
	Conditions []Condition `json:"conditions"`

	// Fetches are what would have gone to origins, one for each round that came
	// so far.
	Fetches []Fetch `json:"fetches"`

	Response Response `json:"response"`
	// TookMicros is how long all of it took, in microseconds.
	TookMicros int64 `json:"took_us,omitempty"`

	Restarts int      `json:"restarts"`
	Log      []string `json:"log"` // what log statements wrote
	Trace    []Step   `json:"trace"`
	// TraceMore counts the steps that there is no room for.
	TraceMore int      `json:"trace_more"`
	Warnings  []string `json:"warnings"`
}

// A Traced is a request whose explanation is kept.
type Traced struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Version int       `json:"version"`
	Method  string    `json:"method"`
	URL     string    `json:"url"`
	Status  int       `json:"status"`
}

// A Service is the version that was asked.
type Service struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version int    `json:"version"`
	// State is draft, locked, active or staged, or served for a request that
	// a client has sent.
	State string `json:"state"`
}

// A Domain is how a host leads to a version.
type Domain struct {
	Host string `json:"host"`
	By   string `json:"by"` // the domain of the version, which may be a wildcard
}

// A Message is a request, or the head of an answer.
type Message struct {
	Method  string  `json:"method,omitempty"`
	URL     string  `json:"url,omitempty"` // path and query, where nothing else is said
	Status  int     `json:"status,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	Headers Headers `json:"headers"`
}

// A Condition is a condition and what it was, each time that it was looked at.
type Condition struct {
	Name      string  `json:"name"`
	Type      string  `json:"type"`
	Priority  int64   `json:"priority"`
	Statement string  `json:"statement"`
	Used      bool    `json:"used"` // an object names it
	Values    []Value `json:"values"`
}

// A Value is what a condition was.
type Value struct {
	Round int    `json:"round"`
	Sub   string `json:"sub"`
	Value bool   `json:"value"`
}

// A Fetch is one request to an origin.
type Fetch struct {
	Round int    `json:"round"` // 0 before the first restart
	Sub   string `json:"sub"`   // vcl_miss or vcl_pass

	Backend *Backend `json:"backend"` // null if there is none to go to
	// Through are the directors that led there, from req.backend on.
	Through []Director `json:"through"`
	Why     []Reason   `json:"why"`
	Shield  *Shield    `json:"shield"` // null if the version has none for the backend

	// Host is the one that the origin is sent, after override_host.
	Host string `json:"host"`
	// SNI and Certificate are the names that the origin is asked for and that
	// its certificate must have; null without TLS, or if none is asked for.
	SNI         *string `json:"sni"`
	Certificate *string `json:"certificate"`

	Timeouts Timeouts `json:"timeouts"`
	Request  Message  `json:"request"`
	Answer   Answer   `json:"answer"`

	// TookMicros is how long it took until the answer's head was there, in
	// microseconds; 0 if nothing was sent.
	TookMicros int64 `json:"took_us,omitempty"`
}

// A Backend is where a fetch goes.
type Backend struct {
	Name    string `json:"name"`
	VCL     string `json:"vcl"` // its name in the language
	Address string `json:"address"`
	Port    int    `json:"port"`
	TLS     bool   `json:"tls"`
	Healthy bool   `json:"healthy"`
}

// A Director is one that a fetch went through.
type Director struct {
	Name string `json:"name"` // in VCL
	Type string `json:"type"` // random, fallback, hash, client, chash or shield
	// Sick are those of its members that cannot be picked.
	Sick []string `json:"sick"`
}

// A Reason is a statement that chose the backend, or what it stood under.
type Reason struct {
	Text string `json:"text"`
	At   *Place `json:"at"`
}

// A Shield is the POP that a backend is fetched through.
type Shield struct {
	POP string `json:"pop"`
	// Used is whether the fetch goes there: false on the shield itself.
	Used bool `json:"used"`
}

// Timeouts are those in force for a fetch, in milliseconds; 0 is none.
type Timeouts struct {
	Connect      int64 `json:"connect"`
	FirstByte    int64 `json:"first_byte"`
	BetweenBytes int64 `json:"between_bytes"`
	Fetch        int64 `json:"fetch"`
	// Set are those that the program has set, by their names here.
	Set []string `json:"set"`
}

// An Answer is what the origin is taken to have answered.
type Answer struct {
	Message
	Failure string `json:"failure,omitempty"`
}

// A Response is what the client gets.
type Response struct {
	Message
	// From is origin for the answer of one, program for one with a synthetic
	// body, page for the edge's error page with what the program made of its
	// head, and edge for a page that no program had a part in.
	From string `json:"from"`
	Body string `json:"body,omitempty"` // a synthetic one
}

// A Place is where in the source something stands.
type Place struct {
	Source string `json:"source"` // condition "x", snippet "y", vcl "main"
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// A Step is one step of a program.
type Step struct {
	Round int    `json:"round"`
	Sub   string `json:"sub"`
	// Kind is enter, leave, condition, match, set, or statement for all others.
	Kind string `json:"kind"`
	Text string `json:"text,omitempty"` // of the source, its first line
	At   *Place `json:"at"`             // null for what is generated
	// Value is what came of it: true or false, what was set, the action that
	// ended the subroutine.
	Value  string   `json:"value,omitempty"`
	Groups []string `json:"groups,omitempty"` // of a match
}

// JSON returns e as the API answers it.
func (e *Explanation) JSON() []byte {
	body, err := marshal(e)
	if err != nil {
		panic("explain: an explanation does not encode: " + err.Error()) // it is texts and numbers
	}
	return body
}

// marshal leaves <, > and & as they are: programs are full of them.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}
