package api_test

import (
	"net/http"
	"strings"
	"testing"

	"headwater/api"
	"headwater/metric"
)

func TestMetricsOpen(t *testing.T) {
	measure := func(p *metric.Reading) { p.Add(metric.Panics, 7) }
	for _, tt := range []struct {
		open         bool
		token, field string
		status       int
		told         string
	}{
		{true, "", "", http.StatusOK, "\nheadwater_panics_total 7\n"},
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
