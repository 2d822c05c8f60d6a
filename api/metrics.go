package api

import (
	"net/http"
	"strings"

	"headwater/metric"
	"headwater/service"
)

const metricsPath = "/metrics"

// A Measurer adds what it counts to a reading.
type Measurer func(*metric.Reading)

// metrics answers what is counted: to the operator's token all of it, to others
// that may read what is of services that they see. With MetricsOpen it needs no
// token, and is all.
func (c *call) metrics() ([]byte, error) {
	reading := &metric.Reading{Whole: true}
	if c.who != nil && !c.who.Operator {
		seen, err := c.seen()
		if err != nil {
			return nil, err
		}
		reading.Whole, reading.Sees = false, func(id string) bool { return seen[id] }
	}
	// One at a time: a reading may be large.
	c.measuring.Lock()
	defer c.measuring.Unlock()
	if c.Measure != nil {
		c.Measure(reading)
	}
	if reading.Whole {
		c.measureCalls(reading)
	}
	c.media = metric.ContentType
	return reading.Text(), nil
}

// seen are the services that the caller sees.
func (c *call) seen() (map[string]bool, error) {
	seen := map[string]bool{}
	for p := (service.Page{Number: 1, Size: maxPage}); ; p.Number++ {
		all, total, err := c.Store.Services(c.r.Context(), c.who, p)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			seen[s.ID] = true
		}
		if len(all) == 0 || p.Number*p.Size >= total {
			return seen, nil
		}
	}
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
