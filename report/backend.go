package report

import "time"

// Backends is how the backends of a service's active version do, at one edge.
type Backends struct {
	Service  string    `json:"service_id"`
	Version  int       `json:"version"`
	At       time.Time `json:"at"`
	Backends []Backend `json:"backends"`
}

// A Backend is how one of them does.
type Backend struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Port    int    `json:"port"`
	TLS     bool   `json:"tls"`

	Healthy bool    `json:"healthy"`      // requests may be sent to it
	Health  *Health `json:"health_check"` // null for one without, which is always healthy

	Connections Connections `json:"connections"`
	Resolution  Resolution  `json:"resolution"`
	Recent      Outcomes    `json:"recent"` // of the last one to one and a third minutes
	Total       Outcomes    `json:"total"`  // since the edge began
	Places      []Place     `json:"by_address"`
}

// Connections are those that are open to the origin. Backends of one customer
// that have the same endpoint share them.
type Connections struct {
	Open  int   `json:"open"`
	Idle  int   `json:"idle"`
	Used  int64 `json:"in_use"` // by requests to this backend, those being made among them
	Limit int64 `json:"max_conn"`
}

// A Resolution is what an origin's name, or address, stands for.
type Resolution struct {
	Addresses []string   `json:"addresses"`
	Forbidden int        `json:"forbidden"`  // further ones of a name, that the operator forbids
	Expires   *time.Time `json:"expires_at"` // null for an address, and until the first look-up is over
	Failure   string     `json:"failure,omitempty"`
}

// Outcomes are what came of fetching from a backend.
type Outcomes struct {
	Seconds   float64   `json:"seconds"` // how long it was counted
	Fetches   uint64    `json:"fetches"`
	Answers   Answers   `json:"answers"`
	Failures  []Failure `json:"failures"` // those that there were
	Connect   Latency   `json:"connect"`
	FirstByte Latency   `json:"first_byte"`
}

// Answers are counted by their status.
type Answers struct {
	Informational uint64 `json:"1xx"`
	Successful    uint64 `json:"2xx"`
	Redirects     uint64 `json:"3xx"`
	ClientErrors  uint64 `json:"4xx"`
	ServerErrors  uint64 `json:"5xx"`
	Other         uint64 `json:"other"`
}

// A Failure is one way in which fetches failed, in the words of the access log.
type Failure struct {
	Reason string `json:"reason"`
	Side   string `json:"side"`
	Count  uint64 `json:"count"`
}

// A Latency is how long something took, in milliseconds: for half of all, for nine
// of ten, and so on. Each is within 7 % of the truth.
type Latency struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
}

// A Place is what came of fetching from one of a backend's addresses.
type Place struct {
	Address  string `json:"address"`
	Fetches  uint64 `json:"fetches"`
	Failures uint64 `json:"failures"`
	Errors   uint64 `json:"5xx"`
}
