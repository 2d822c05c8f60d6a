package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"headwater/metric"
)

// scrape reads /metrics as a program does that collects them.
func (i *instance) scrape(tb testing.TB, token string) (*reply, *exposition) {
	tb.Helper()
	r, err := http.NewRequest("GET", "http://"+i.api+"/metrics", nil)
	if err != nil {
		tb.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := exchange(http.DefaultTransport, r)
	if err != nil {
		tb.Fatal(err)
	}
	if got.status != http.StatusOK {
		return got, nil
	}
	return got, readExposition(tb, got.body)
}

// off lists the series that have not the value that is wanted.
func (e *exposition) off(wanted map[string]float64) (all []string) {
	for key, want := range wanted {
		if got, there := e.samples[key]; !there || got != want {
			all = append(all, fmt.Sprintf("%s is %v (%t), want %v", key, got, there, want))
		}
	}
	return all
}

// The whole page of a process that has served, failed and refused: strictly read,
// with the right counts, and nothing of it without a token.
func TestMetrics(t *testing.T) {
	o := ok(startOrigin("one", nil))(t)
	defer o.close()
	i := start(t, nil)
	id := i.draftShop(t, port(o))
	v := "/service/" + id + "/version/1"
	i.mustCall(t, "POST", v+"/condition", "name=odd", "type=REQUEST", `statement=req.url ~ "odd"`)
	i.mustCall(t, "POST", v+"/backend", "name=odd \"one\"\\", "address=127.0.0.1", "port=1", "request_condition=odd")
	i.mustCall(t, "PUT", v+"/activate")
	for _, target := range []string{"/", "/", "/odd"} {
		r, err := http.NewRequest("GET", "http://"+i.edge+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"shop.test", "nobody.test"} {
			r.Host = host
			if _, err := exchange(http.DefaultTransport, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	service := `pop="LOCAL",service="` + id + `"`
	wanted := map[string]float64{
		`headwater_requests_total{` + service + `,status="2xx"}`:                                                              2,
		`headwater_requests_total{` + service + `,status="5xx"}`:                                                              1,
		`headwater_request_failures_total{` + service + `,side="origin",reason="Connection refused"}`:                         1,
		`headwater_backend_answers_total{` + service + `,backend="origin",status="2xx"}`:                                      2,
		`headwater_backend_failures_total{` + service + `,backend="odd \"one\"\\",side="origin",reason="Connection refused"}`: 1,
		`headwater_backend_first_byte_seconds_count{` + service + `,backend="origin"}`:                                        2,
		`headwater_backend_first_byte_seconds_bucket{` + service + `,backend="origin",le="+Inf"}`:                             2,
		`headwater_backend_healthy{` + service + `,backend="origin"}`:                                                         1,
		`headwater_unrouted_requests_total{pop="LOCAL",side="client",reason="Domain Not Found"}`:                              3,
		`headwater_active_services{pop="LOCAL"}`:                                                                              1,
		`headwater_panics_total{pop="LOCAL"}`:                                                                                 0,
	}
	// A request is counted behind its answer.
	got, page := i.scrape(t, testToken)
	for end := time.Now().Add(patience); len(page.off(wanted)) > 0 && time.Now().Before(end); {
		got, page = i.scrape(t, testToken)
	}
	for _, series := range page.off(wanted) {
		t.Error(series)
	}
	if kind := got.header.Get("Content-Type"); kind != metric.ContentType {
		t.Errorf("type %s", kind)
	}
	if page.samples["go_goroutines{}"] < 1 || page.samples[`headwater_api_calls_total{status="2xx"}`] < 5 {
		t.Errorf("the process is not there:\n%s", got.body)
	}
	for _, token := range []string{"", "another-token-than-that"} {
		if got, _ := i.scrape(t, token); got.status != http.StatusUnauthorized {
			t.Errorf("with the token %q: %d", token, got.status)
		}
	}
}

// A customer's token, whatever it may do, is shown its customer's services, and
// nothing of the process; with a limit to services, those alone. The operator's is
// shown those of all customers.
func TestMetricsOfCustomers(t *testing.T) {
	i, id, second, foreign := startNeighbours(t)
	i.mustCall(t, "PUT", "/service/"+id+"/version/1/activate")
	token := func(args ...string) string {
		var made struct {
			Token string `json:"access_token"`
		}
		decode(t, i.mustCall(t, "POST", "/tokens", args...), &made)
		return made.Token
	}
	got, page := i.scrape(t, token("name=reader", "scope=global:read"))
	if got.status != http.StatusOK || page.samples[`headwater_backend_healthy{pop="LOCAL",service="`+id+`",backend="origin"}`] != 1 {
		t.Errorf("%d:\n%s", got.status, got.body)
	}
	if strings.Contains(got.body, foreign) {
		t.Errorf("a customer is shown another's service:\n%s", got.body)
	}
	if got, _ := i.scrape(t, second); strings.Contains(got.body, id) || !strings.Contains(got.body, foreign) {
		t.Errorf("the second customer is shown:\n%s", got.body)
	}
	if got, _ := i.scrape(t, testToken); !strings.Contains(got.body, id) || !strings.Contains(got.body, foreign) {
		t.Errorf("the operator is shown:\n%s", got.body)
	}
	for name := range page.types {
		if !strings.HasPrefix(name, "headwater_backend") && !strings.HasPrefix(name, "headwater_sent") && !strings.HasPrefix(name, "headwater_pool") {
			t.Errorf("a customer is shown %s", name)
		}
	}
	other := i.mustCall(t, "POST", "/service", "name=other")
	var s struct{ ID string }
	decode(t, other, &s)
	if got, page := i.scrape(t, token("name=limited", "scope=global", "services="+s.ID)); got.status != http.StatusOK || len(page.samples) != 0 {
		t.Errorf("%d:\n%s", got.status, got.body)
	}
	if got, _ := i.scrape(t, token("name=purger", "scope=purge_all")); got.status != http.StatusForbidden {
		t.Errorf("a token for purges: %d", got.status)
	}
}

// Each edge of a process counts what it was asked and what it serves, the staging edge
// too, and a customer is shown its own services at all of them.
func TestMetricsOfPOPs(t *testing.T) {
	i, id, second, foreign := startNeighbours(t, "-pop", "AMS", "-pop", "IAD=127.0.0.1:0", "-edge-staging", "127.0.0.1:0")
	at := "/service/" + id + "/version/"
	i.mustCall(t, "PUT", at+"1/activate")
	i.mustCall(t, "PUT", at+"1/clone")
	i.mustCall(t, "PUT", at+"2/backend/origin", "name=staged")
	i.mustCall(t, "PUT", at+"2/activate/staging")
	pop := &instance{edge: popLine.FindStringSubmatch(i.stdout.String())[2]}
	for n, edge := range []*instance{i, pop, stagingEdge(t, i)} {
		for range n + 1 {
			wantBody(t, edge, "shop.test", "one")
		}
	}
	wanted := map[string]float64{}
	for pop, want := range map[string]struct {
		backend  string
		requests float64
	}{"AMS": {"origin", 1}, "IAD": {"origin", 2}, stagingPOP: {"staged", 3}} {
		service := fmt.Sprintf("pop=%q,service=%q", pop, id)
		wanted["headwater_requests_total{"+service+`,status="2xx"}`] = want.requests
		wanted["headwater_backend_answers_total{"+service+`,backend="`+want.backend+`",status="2xx"}`] = want.requests
		wanted["headwater_backend_healthy{"+service+`,backend="`+want.backend+`"}`] = 1
	}
	got, page := i.scrape(t, testToken)
	for end := time.Now().Add(patience); len(page.off(wanted)) > 0 && time.Now().Before(end); { // counted behind its answer
		got, page = i.scrape(t, testToken)
	}
	for _, series := range page.off(wanted) {
		t.Error(series)
	}
	for pop, want := range map[string]float64{"AMS": 2, "IAD": 2, stagingPOP: 1} {
		if n := page.samples[`headwater_active_services{pop="`+pop+`"}`]; n != want {
			t.Errorf("%s serves %v services, want %v", pop, n, want)
		}
	}
	if strings.Contains(got.body, `pop="LOCAL"`) || strings.Count(got.body, "headwater_backend_healthy{") != 5 {
		t.Errorf("the operator is shown:\n%s", got.body)
	}
	got, page = i.scrape(t, second)
	if strings.Contains(got.body, id) || strings.Contains(got.body, stagingPOP) || strings.Count(got.body, foreign) != len(page.samples) {
		t.Errorf("the second customer is shown:\n%s", got.body)
	}
}

// startNeighbours runs a process of two customers. It returns the shop that the first has
// drafted, the token of the second, and the service that this one has activated.
func startNeighbours(t *testing.T, args ...string) (i *instance, id, second, foreign string) {
	t.Helper()
	o := ok(startOrigin("one", nil))(t)
	t.Cleanup(o.close)
	data := filepath.Join(t.TempDir(), "data")
	mustOffice(t, data, "customer", "create", "first")
	neighbour := mustOffice(t, data, "customer", "create", "second")
	_, second, _ = strings.Cut(mustOffice(t, data, "token", "create", "-customer", neighbour), "\t")
	i = startOn(t, data, nil, args...)
	foreign = i.serveNeighbour(t, second, port(o))
	return i, i.draftShop(t, port(o)), second, foreign
}

// serveNeighbour activates a service with the token of another customer.
func (i *instance) serveNeighbour(tb testing.TB, token string, backendPort int) (id string) {
	tb.Helper()
	call := func(method, path string, args ...string) string {
		r, err := callAPI(i.api, token, method, path, args...)
		if err != nil || r.status != http.StatusOK {
			tb.Fatalf("%s %s: %v, %+v", method, path, err, r)
		}
		return r.body
	}
	var s struct{ ID string }
	decode(tb, call("POST", "/service", "name=neighbour"), &s)
	at := "/service/" + s.ID + "/version/1"
	call("POST", at+"/domain", "name=neighbour.test")
	call("POST", at+"/backend", "name=origin", "address=127.0.0.1", fmt.Sprintf("port=%d", backendPort), timeToConnect)
	call("PUT", at+"/activate")
	return s.ID
}

// Every metric is in the documentation, with its labels, and no other is.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") && !strings.HasPrefix(line, "| `le") {
			rows++
		}
	}
	for _, f := range metric.All() {
		labels := ""
		for i, l := range f.Labels {
			if i > 0 {
				labels += ", "
			}
			labels += "`" + l + "`"
		}
		if row := "| `" + f.Name + "` | " + string(f.Type) + " | " + labels + " |"; !strings.Contains(string(text), strings.ReplaceAll(row, "|  |", "| |")) {
			t.Errorf("docs/metrics.md has no row that begins with %s", row)
		}
	}
	if n := len(metric.All()); rows != n {
		t.Errorf("docs/metrics.md has %d rows, for %d metrics", rows, n)
	}
}

func decode(tb testing.TB, text string, to any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		tb.Fatalf("%v: %s", err, text)
	}
}
