package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var comparable = cmp.AllowUnexported(sample{})

func TestReadFigures(t *testing.T) {
	got, err := readFigures("Running 2s test\n  2 requests in 2.00s\nfigures 5000 3 2000000 1200 4500 9000\n")
	want := sample{requests: 5000, errors: 3, rate: 2500, p50: 1200 * time.Microsecond, p99: 4500 * time.Microsecond, p999: 9 * time.Millisecond}
	if diff := cmp.Diff(want, got, comparable); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := readFigures("unable to connect to 127.0.0.1:1\n"); err == nil || !strings.Contains(err.Error(), "unable to connect") {
		t.Errorf("what wrk said is lost: %v", err)
	}
}

func TestReadH2load(t *testing.T) {
	got, err := readH2load(`finished in 2.00s, 4000.00 req/s, 4.50MB/s
requests: 8128 total, 8128 started, 8000 done, 7990 succeeded, 6 failed, 4 errored, 0 timeout
status codes: 8000 2xx, 0 3xx, 0 4xx, 0 5xx
                     min         max         mean         sd        +/- sd
time for request:      182us     24.81ms      3.96ms      2.09ms    78.13%
`, 2*time.Second)
	want := sample{requests: 7990, errors: 10, rate: 3995, p50: 3960 * time.Microsecond}
	if diff := cmp.Diff(want, got, comparable); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSpread(t *testing.T) {
	all := []sample{{rate: 3}, {rate: 1}, {rate: 2}}
	if middle, least, most := spread(all, sample.perSecond); middle != 2 || least != 1 || most != 3 {
		t.Errorf("%v, from %v to %v", middle, least, most)
	}
}

func TestBest(t *testing.T) {
	cpu, rate := best([]*row{
		{proxy: &proxy{}, all: []sample{{cpu: 20 * time.Microsecond, rate: 10}}},
		{proxy: &proxy{}, all: []sample{{cpu: 10 * time.Microsecond, rate: 7}}},
		{proxy: &proxy{ours: true}, all: []sample{{cpu: time.Microsecond, rate: 100}}},
		{proxy: &proxy{aside: true}, all: []sample{{cpu: time.Microsecond, rate: 100}}},
	})
	if cpu != 10 || rate != 7 {
		t.Errorf("the best peer took %v us, at %v requests a second", cpu, rate)
	}
}

func TestRows(t *testing.T) {
	at := map[place]endpoint{plain: {}, services: {}}
	b := &bench{proxies: []*proxy{
		{name: "peer", endpoints: at},
		{name: "aside", endpoints: map[place]endpoint{fromH2: {}}},
		{name: "ours", ours: true, endpoints: at},
	}}
	var got []string
	for _, r := range b.rows(&scenario{name: "many", at: services, base: oneService}) {
		got = append(got, r.name)
	}
	if diff := cmp.Diff([]string{"peer", "ours", "ours, one"}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(nil); err != nil || len(all) != len(scenarios) {
		t.Errorf("%d scenarios, %v", len(all), err)
	}
	if all, err := choose([]string{"new", "1k"}); err != nil || len(all) != 2 || all[0].name != "new" {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := choose([]string{"none"}); err == nil {
		t.Error("a scenario that is none was taken")
	}
}

// Addresses that are taken one after the other would have some among them twice.
func TestFreeAddresses(t *testing.T) {
	all := make([]string, 500)
	at := make([]*string, len(all))
	for i := range all {
		at[i] = &all[i]
	}
	if err := freeAddresses(at...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	if got := len(slices.Compact(all)); got != len(at) {
		t.Errorf("%d addresses, of which %d are different", len(at), got)
	}
}
