package api_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"headwater/api"
	"headwater/metric"
	"headwater/service"
)

func TestMetricsOpen(t *testing.T) {
	measure := func(p *metric.Reading) { p.Add(metric.Panics, 7, "LOCAL") }
	for _, tt := range []struct {
		open         bool
		token, field string
		status       int
		told         string
	}{
		{true, "", "", http.StatusOK, "\nheadwater_panics_total{pop=\"LOCAL\"} 7\n"},
		{false, "", "", http.StatusUnauthorized, "Provided credentials"},
		{false, "", "Authorization: Bearer " + readerToken, http.StatusOK, ""},
		{false, "", "Authorization: Basic " + readerToken, http.StatusUnauthorized, ""},
		{false, readerToken, "Authorization: Bearer wrong-as-can-be-expected", http.StatusOK, ""},
		{false, purgeToken, "", http.StatusForbidden, ""},
	} {
		f := start(t, func(o *api.Options) { o.Measure, o.MetricsOpen = measure, tt.open })
		var fields []string
		if tt.field != "" {
			fields = append(fields, tt.field)
		}
		got := f.send(t, "GET", "/metrics", tt.token, nil, fields...)
		if got.status != tt.status || !strings.Contains(got.body, tt.told) {
			t.Errorf("%+v: %d %s", tt, got.status, got.body)
		}
	}
	// A token in that field is good for nothing else.
	f := start(t)
	f.send(t, "GET", "/service", "", nil, "Authorization: Bearer "+ownerToken).want(t, http.StatusUnauthorized, "")
}

// Scrapes do not queue: a customer's third at a time is refused at once, and takes
// nothing from other customers and the operator.
func TestScrapesAreBounded(t *testing.T) {
	measuring, end := make(chan struct{}), make(chan struct{})
	f := start(t, func(o *api.Options) {
		o.Measure = func(*metric.Reading) {
			measuring <- struct{}{}
			<-end
		}
	})
	var going sync.WaitGroup
	for _, token := range []string{readerToken, readerToken, otherToken, ownerToken} {
		going.Go(func() { f.send(t, "GET", "/metrics", token, nil).want(t, http.StatusOK, "") })
		<-measuring
	}
	f.send(t, "GET", "/metrics", readerToken, nil).want(t, http.StatusTooManyRequests,
		`{"msg":"Too many scrapes at a time","detail":"Wait for those that go on to end"}`)
	close(end)
	going.Wait()
	going.Go(func() { f.send(t, "GET", "/metrics", readerToken, nil).want(t, http.StatusOK, "") })
	<-measuring
	going.Wait()
}

// A large reading is streamed: its length is not known before it.
func TestMetricsAreStreamed(t *testing.T) {
	const n = 10_000
	f := start(t, func(o *api.Options) {
		o.MetricsOpen = true
		o.Measure = func(p *metric.Reading) {
			for i := range n {
				p.POP("LOCAL").Service(strconv.Itoa(i)).Add(metric.SentBytes, 1)
			}
		}
	})
	got := f.send(t, "GET", "/metrics", "", nil)
	if lines := strings.Count(got.body, "\nheadwater_sent_bytes_total{"); lines != n || got.header.Get("Content-Length") != "" {
		t.Errorf("%d lines, with %v", lines, got.header)
	}
	if got := f.send(t, "HEAD", "/metrics", "", nil); got.status != http.StatusOK || got.body != "" || got.header.Get("Content-Type") != metric.ContentType {
		t.Errorf("HEAD: %+v", got)
	}
}

// A customer's token shows the services of its customer, without a look at the
// store, and only those that it is limited to.
func TestMetricsByToken(t *testing.T) {
	const limited = "0123456789012345678901"
	var mine string
	f := start(t, func(o *api.Options) {
		o.Store = servicesAbsent{o.Store}
		o.Measure = func(p *metric.Reading) {
			for _, s := range [][2]string{{mine, "one"}, {mine, limited}, {"another", "two"}, {"another", limited}} {
				if p.Shows(s[0], s[1]) {
					p.Add(metric.SentBytes, 1, "LOCAL", s[0]+"/"+s[1])
				}
			}
		}
	})
	mine = ownCustomer(t, f)
	for token, want := range map[string][]string{
		readerToken:  {mine + "/one", mine + "/" + limited},
		limitedToken: {mine + "/" + limited},
		otherToken:   nil,
	} {
		got := f.send(t, "GET", "/metrics", token, nil)
		n := strings.Count(got.body, "headwater_sent_bytes_total{")
		for _, s := range want {
			if !strings.Contains(got.body, `{pop="LOCAL",service="`+s+`"}`) {
				n = -1
			}
		}
		if n != len(want) {
			t.Errorf("%s is shown, want %v:\n%s", token, want, got.body)
		}
	}
}

// servicesAbsent is a store that lists no services.
type servicesAbsent struct{ api.Store }

func (servicesAbsent) Services(context.Context, *service.Token, service.Page) ([]*service.Service, int, error) {
	return nil, 0, errBroken
}
