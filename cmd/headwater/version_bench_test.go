//go:build unix

package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkBigVersion is of calls on a version of 500 backends, each with a health
// check and a condition, 200 conditions and 100 snippets, from call to answer. At
// most 20 ms for a clone, 50 for the details, 300 to validate, 500 to activate. The
// processor time is told too, which says more where others use the processors.
func BenchmarkBigVersion(b *testing.B) {
	i := start(b, nil)
	id := i.draftShop(b, 80)
	draft := "/service/" + id + "/version/1"
	i.mustCall(b, "POST", draft+"/healthcheck", "name=check", "host=shop.test", "path=/")
	for n := range 200 {
		i.mustCall(b, "POST", draft+"/condition", fmt.Sprintf("name=condition-%03d", n), `statement=req.url ~ "^/x"`, "type=REQUEST")
	}
	for n := range 500 {
		i.mustCall(b, "POST", draft+"/backend", fmt.Sprintf("name=backend-%03d", n), "address=127.0.0.1",
			"healthcheck=check", fmt.Sprintf("request_condition=condition-%03d", n%200))
	}
	for n := range 100 {
		i.mustCall(b, "POST", draft+"/snippet", fmt.Sprintf("name=snippet-%03d", n), "type=recv", "dynamic=0", `content=set req.http.X = "1";`)
	}
	next := strings.TrimSuffix(draft, "1") + "2"
	i.mustCall(b, "PUT", draft+"/clone")
	i.mustCall(b, "PUT", next+"/backend/backend-250", "weight=7")
	benchmarkCalls(b, i, []apiCall{
		{"Clone", "PUT", draft + "/clone"},
		{"Details", "GET", "/service/" + id + "/details?version=1"},
		{"Diff", "GET", "/service/" + id + "/diff/from/1/to/2"},
		{"Validate", "GET", draft + "/validate"},
		{"Activate", "PUT", draft + "/activate"},
	})
}

// BenchmarkManyConditions is of a version of 9,990 conditions, each of which a header
// has, no two alike. At most 2 seconds to activate it.
func BenchmarkManyConditions(b *testing.B) {
	i := start(b, nil)
	draft := "/service/" + i.draftShop(b, 80) + "/version/1"
	for n := range 9_990 {
		name := fmt.Sprintf("name=condition-%04d", n)
		i.mustCall(b, "POST", draft+"/condition", name, fmt.Sprintf(`statement=req.url ~ "^/section-%d/" && req.http.X-Beta`, n), "type=REQUEST")
		i.mustCall(b, "POST", draft+"/header", name, fmt.Sprintf("request_condition=condition-%04d", n),
			"action=set", "type=request", "dst=http.X-Section", fmt.Sprintf(`src="%d"`, n))
	}
	benchmarkCalls(b, i, []apiCall{
		{"Validate", "GET", draft + "/validate"},
		{"Activate", "PUT", draft + "/activate"},
	})
}

type apiCall struct{ name, method, path string }

func benchmarkCalls(b *testing.B, i *instance, all []apiCall) {
	for _, call := range all {
		b.Run(call.name, func(b *testing.B) {
			before, calls := processorTime(b), 0
			for b.Loop() {
				i.mustCall(b, call.method, call.path)
				calls++
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(calls), "cpu-ms/op")
		})
	}
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
