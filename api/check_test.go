package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"headwater/api"
	"headwater/report"
	"headwater/service"
)

// A fakeChecker says what it was given, and waits for go on if it has that.
type fakeChecker struct {
	going chan struct{} // gets one for each check that has begun
	goOn  chan struct{}
}

func (f *fakeChecker) Check(ctx context.Context, b *service.Backend, h *service.Healthcheck) *report.Check {
	told := &report.Check{Backend: b.Name, Problems: []string{}, Warnings: []string{}, Addresses: []report.Address{}}
	if h != nil {
		told.Healthcheck = h.Path
	}
	if f.goOn != nil {
		f.going <- struct{}{}
		<-f.goOn
	}
	return told
}

func TestCheckBackend(t *testing.T) {
	f := start(t, func(o *api.Options) { o.Checker = &fakeChecker{} })
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/healthcheck", "name", "ping", "host", "a.test", "path", "/ping")
	f.must(t, "POST", v+"/backend", "name", "with check", "address", "a.test", "healthcheck", "ping")
	f.must(t, "POST", v+"/backend", "name", "without", "address", "a.test")
	f.must(t, "POST", v+"/healthcheck", "name", "gone", "host", "a.test", "path", "/")
	f.must(t, "POST", v+"/backend", "name", "astray", "address", "a.test", "healthcheck", "gone")
	f.must(t, "DELETE", v+"/healthcheck/gone")
	at := func(name string) string { return "/headwater" + v + "/backend/" + name + "/check" }

	got := f.must(t, "POST", at("with%20check"))
	if got["healthcheck"] != "/ping" || got["service_name"] != "shop" || got["version"] != 1.0 || got["state"] != "draft" {
		t.Errorf("told %v", got)
	}
	if got := f.must(t, "POST", at("without")); got["healthcheck"] != "" {
		t.Errorf("told %v", got)
	}
	if got := f.must(t, "POST", at("with+check")); got["backend"] != "with check" {
		t.Errorf("told %v", got)
	}
	text := f.send(t, "POST", at("without"), ownerToken, nil, "Accept: text/plain")
	if !strings.HasPrefix(text.body, "backend      without, at") {
		t.Errorf("told %s", text.body)
	}
	f.do(t, "POST", at("astray")).want(t, http.StatusBadRequest, jsonError("Bad request", "Backend 'astray' names the healthcheck 'gone', which is not there"))
	f.do(t, "POST", at("nobody")).want(t, http.StatusNotFound, "")
	f.as(t, readerToken, "POST", at("without")).want(t, http.StatusForbidden, "")
	f.as(t, otherToken, "POST", at("without")).want(t, http.StatusNotFound, `{"msg":"Not found"}`)
}

func TestWithoutChecker(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test")
	f.do(t, "POST", "/headwater"+v+"/backend/b/check").want(t, http.StatusNotFound, jsonError("Record not found", "Backends are not checked here"))
}

// A customer has few checks at a time, and takes nobody else's.
func TestChecksAreBounded(t *testing.T) {
	const most = 2
	checker := &fakeChecker{going: make(chan struct{}, most+1), goOn: make(chan struct{})}
	f := start(t, func(o *api.Options) { o.Checker = checker })
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "b", "address", "a.test")
	check := func() reply { return f.do(t, "POST", "/headwater"+v+"/backend/b/check") }
	ended := make(chan int, most)
	for range most {
		go func() { ended <- check().status }()
		<-checker.going
	}
	check().want(t, http.StatusTooManyRequests, jsonError("Too many checks at a time", "Wait for those that go on to end"))
	close(checker.goOn)
	for range most {
		if status := <-ended; status != http.StatusOK {
			t.Errorf("a check that went on answered %d", status)
		}
	}
	check().want(t, http.StatusOK, "")
}
