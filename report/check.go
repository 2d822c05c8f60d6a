package report

import "time"

// A Check is what was found of one backend, step by step: its configuration, its
// name and, for each address, the way there.
type Check struct {
	Service string `json:"service_id"`
	Name    string `json:"service_name"`
	Version int    `json:"version"`
	State   string `json:"state"` // of the version: draft, locked, staged, active

	Backend     string `json:"backend"`
	Host        string `json:"host"`
	Port        int    `json:"port"`
	Healthcheck string `json:"healthcheck"` // its name; "" for none

	Passed   bool     `json:"passed"`   // every step of every address
	Took     Millis   `json:"took_ms"`  // of all together
	Problems []string `json:"problems"` // all that did not pass
	Warnings []string `json:"warnings"` // what deserves notice and is no fault

	Configuration Step      `json:"configuration"`
	Names         *Names    `json:"dns"` // null for an address, and where the configuration is at fault
	Addresses     []Address `json:"addresses"`
}

// Millis is a time in milliseconds.
type Millis float64

// MillisOf returns d with three digits behind the point.
func MillisOf(d time.Duration) Millis { return Millis(d.Microseconds()) / 1000 }

// A Step is how one step went.
type Step struct {
	Passed bool   `json:"passed"`
	Took   Millis `json:"took_ms"`
	Reason string `json:"reason"` // of one that failed: what clients would be told
	Cause  string `json:"cause"`  // and what the system, or the origin, said
}

// Names is the look-up of the backend's host.
type Names struct {
	Step
	Known   bool       `json:"known_before"` // the edge has the name in use, so that nothing had to be asked
	Expires *time.Time `json:"expires_at"`

	Forbidden int `json:"forbidden"` // addresses that are not tried, since the operator forbids them
}

// An Address is the way to the origin at one address.
type Address struct {
	Address string `json:"address"`
	Connect Step   `json:"connect"`
	TLS     *TLS   `json:"tls"`   // null without TLS, and without a connection
	Probe   *Probe `json:"probe"` // null without a health check, and without a connection
}

// TLS is the handshake. What was not agreed on is empty.
type TLS struct {
	Step
	SNI     string `json:"sni"`             // the name that was sent; "" for none
	Name    string `json:"certificate_for"` // that the certificate is checked for; "" if it is not checked
	Version string `json:"version"`
	Cipher  string `json:"cipher"`
	ALPN    string `json:"alpn"`

	// ClientCertificate is "not wanted", "shown", or "wanted": the origin wants one
	// and the backend has none. Shown or not, the handshake's end tells whether the
	// origin goes on.
	ClientCertificate string `json:"client_certificate"`

	Chain []Certificate `json:"chain"` // as the origin sent it
}

// A Certificate is one of a chain.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names"` // some, of many
	MoreNames int       `json:"more_names"`
	Key       string    `json:"key"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
}

// A Probe is one try of the health check, over a connection of its own.
type Probe struct {
	Step
	Request  string `json:"request"` // its first line
	Outcome  string `json:"outcome"`
	Status   int    `json:"status"` // 0 without an answer
	Expected int    `json:"expected_status"`
}
