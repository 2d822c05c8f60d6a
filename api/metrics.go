package api

import (
	"net/http"
	"strings"

	"headwater/metric"
)

const metricsPath = "/metrics"

// A Measurer adds what it counts to a reading.
type Measurer func(*metric.Reading)

// How many scrapes of metrics go on at a time: each may hold a large reading. Two of
// a reader are a pair of programs that collect the same.
const (
	maxScrapes       = 32
	maxReaderScrapes = 2
)

// metrics answers what is counted: to the operator's token all of it, to others
// that may read what is of services that they see. With MetricsOpen it needs no
// token, and is all.
func (c *call) metrics() ([]byte, error) {
	reading, turns, customer := &metric.Reading{Whole: true}, c.overall, ""
	if c.who != nil && !c.who.Operator {
		turns, customer = c.scraping, c.who.Customer
		reading.Whole, reading.Sees = false, c.sees
	}
	if !turns.take(customer) {
		return nil, &fault{
			status: http.StatusTooManyRequests, msg: "Too many scrapes at a time",
			detail: "Wait for those that go on to end",
		}
	}
	defer turns.give(customer)
	if c.Measure != nil {
		c.Measure(reading)
	}
	if reading.Whole {
		c.measureCalls(reading)
	}
	c.media = metric.ContentType
	c.stream(reading.Encode)
	return nil, nil
}

// sees reports whether the caller sees a service of a customer, by its token alone.
func (c *call) sees(customer, id string) bool {
	return customer == c.who.Customer && c.who.Sees(id)
}

// apiClasses are those of the statuses of answers.
var apiClasses = [...]string{"other", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (c *call) count() {
	class := c.status / 100
	if class >= len(apiClasses) {
		class = 0
	}
	c.calls[class].Add(1)
}

func (c *call) measureCalls(p *metric.Reading) {
	for class := range c.calls {
		if n := c.calls[class].Load(); n > 0 {
			p.Add(metric.APICalls, float64(n), apiClasses[class])
		}
	}
}

// adoptBearer takes the token of a scraper, which sends it as such programs do,
// where all other callers have it in a field of its own.
func (c *call) adoptBearer() {
	if c.r.URL.EscapedPath() != metricsPath || len(c.r.Header[keyHeader]) > 0 {
		return
	}
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		c.r.Header[http.CanonicalHeaderKey(keyHeader)] = []string{strings.TrimSpace(token)}
	}
}
