package metric

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReading(t *testing.T) {
	p := &Reading{Whole: true}
	p.Add(Panics, 3)
	p.Add(BackendHealthy, 1, "s", "a \"quoted\"\\\nname \xff")
	p.Add(BackendHealthy, math.Inf(1), "s", "b")
	p.AddHistogram(BackendConnect, Histogram{Bounds: []float64{0.5, 1}, Counts: []uint64{1, 2}, All: 4, Sum: 7.25}, "s", "a")
	want := `# HELP headwater_backend_healthy 1 if requests may be sent to the backend, 0 if its health check says otherwise.
# TYPE headwater_backend_healthy gauge
headwater_backend_healthy{service="s",backend="a \"quoted\"\\\nname ` + "\uFFFD" + `"} 1
headwater_backend_healthy{service="s",backend="b"} +Inf
# HELP headwater_backend_connect_seconds How long connections to the backend took to make, with TLS.
# TYPE headwater_backend_connect_seconds histogram
headwater_backend_connect_seconds_bucket{service="s",backend="a",le="0.5"} 1
headwater_backend_connect_seconds_bucket{service="s",backend="a",le="1"} 2
headwater_backend_connect_seconds_bucket{service="s",backend="a",le="+Inf"} 4
headwater_backend_connect_seconds_sum{service="s",backend="a"} 7.25
headwater_backend_connect_seconds_count{service="s",backend="a"} 4
# HELP headwater_panics_total Panics of the edge that were contained. Each is a bug.
# TYPE headwater_panics_total counter
headwater_panics_total 3
`
	if diff := cmp.Diff(want, string(p.Text())); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// What a reader may not see is not in its reading.
func TestReadingIsTheReaders(t *testing.T) {
	p := &Reading{Sees: func(customer, service string) bool { return customer == "me" && service == "mine" }}
	Process(p)
	if !p.Shows("me", "mine") || p.Shows("me", "another's") || p.Shows("another", "mine") || len(p.Text()) != 0 {
		t.Errorf("shown:\n%s", p.Text())
	}
	if p := new(Reading); !p.Shows("any", "any") {
		t.Error("a reading for all does not show all")
	}
}

// The table has each metric once, with a name that tells its type and unit.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range All() {
		if seen[f.Name] || f.Help == "" {
			t.Errorf("%s is there twice, or without help", f.Name)
		}
		seen[f.Name] = true
	}
	p := &Reading{Whole: true}
	Process(p)
	if len(p.Text()) == 0 {
		t.Error("the process is not told of")
	}
}
