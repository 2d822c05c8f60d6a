package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"headwater/api"
	"headwater/explain"
)

func TestTraceTokens(t *testing.T) {
	key := []byte("key")
	f := start(t, func(o *api.Options) { o.TraceKey = key })
	id := strings.Split(f.draft(t, "shop"), "/")[2]
	at := "/headwater/service/" + id + "/trace"
	for _, tt := range []struct {
		form  []string
		lasts time.Duration
	}{{nil, 10 * time.Minute}, {[]string{"lifetime", "30"}, 30 * time.Second}} {
		got := f.must(t, "POST", at, tt.form...)
		token := got["token"].(string)
		end := f.now.Now().Add(tt.lasts)
		if explain.ServiceOf(key, token, end.Add(-time.Second)) != id || explain.ServiceOf(key, token, end) != "" {
			t.Errorf("%s does not end after %v", token, tt.lasts)
		}
		if got["header"] != "Headwater-Trace" || got["expires_at"] != end.Format(time.RFC3339) {
			t.Errorf("got %v", got)
		}
	}
	for _, lifetime := range []string{"0", "-1", "86401", "x", ""} {
		f.do(t, "POST", at, "lifetime", lifetime).want(t, http.StatusBadRequest, "")
	}
	f.as(t, readerToken, "POST", at).want(t, http.StatusForbidden, "")
	f.as(t, otherToken, "POST", at).want(t, http.StatusNotFound, `{"msg":"Not found"}`)

	// Whoever may read the service reads its traces.
	r := f.as(t, readerToken, "GET", at)
	if list := r.list(t); len(list) != 1 || list[0]["id"] != "1" {
		t.Errorf("listed %s", r.body)
	}
	if got := f.as(t, readerToken, "GET", at+"/1").object(t)["service"].(map[string]any); got["name"] != "shop" || got["state"] != "served" {
		t.Errorf("service %v", got)
	}
	text := f.send(t, "GET", at+"/1", readerToken, nil, "Accept: text/plain")
	if !strings.Contains(text.body, "shop ("+id+"), version 0, served") {
		t.Errorf("told %s", text.body)
	}
	f.do(t, "GET", at+"/2").want(t, http.StatusNotFound, "")
	for _, path := range []string{at, at + "/1"} {
		f.as(t, otherToken, "GET", path).want(t, http.StatusNotFound, `{"msg":"Not found"}`)
	}
}

func TestWithoutTraces(t *testing.T) {
	f := start(t)
	at := "/headwater/service/" + strings.Split(f.draft(t, "shop"), "/")[2] + "/trace"
	f.do(t, "POST", at).want(t, http.StatusNotFound, jsonError("Record not found", "Requests are not traced here"))
	f.do(t, "GET", at).want(t, http.StatusNotFound, "")
}
