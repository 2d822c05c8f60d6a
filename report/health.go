package report

import "time"

// Health is what the probe of a backend knows.
type Health struct {
	Interval  Millis   `json:"check_interval_ms"`
	Timeout   Millis   `json:"timeout_ms"`
	Window    int      `json:"window"`
	Threshold int      `json:"threshold"`
	Expected  int      `json:"expected_status"`
	SharedBy  int      `json:"shared_by"` // backends that the probe is for, this one among them
	Addresses []Probed `json:"addresses"`
}

// Probed is what is known of one address.
type Probed struct {
	Address string    `json:"address"`
	Healthy bool      `json:"healthy"`
	Since   time.Time `json:"since"`
	Passed  int       `json:"passed"` // of the window
	Tries   int64     `json:"tries"`  // since the address is known
	Failed  int64     `json:"failed"`
	Next    time.Time `json:"next"`    // when the next try is due
	Results []Tried   `json:"results"` // the last ten, the oldest first
}

// Tried is what came of one try.
type Tried struct {
	At      time.Time `json:"at"`
	Took    Millis    `json:"took_ms"`
	Outcome string    `json:"outcome"`
	Status  int       `json:"status"` // 0 without an answer
	Reason  string    `json:"reason"`
}
