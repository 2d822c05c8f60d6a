package metric

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReading(t *testing.T) {
	p := &Reading{Whole: true}
	p.Add(Panics, 3, "IAD")
	p.Add(BackendHealthy, 1, "IAD", "s", "a \"quoted\"\\\nname \xff")
	p.Add(BackendHealthy, math.Inf(1), "IAD", "s", "b")
	a := p.POP("IAD").Service("s").Backend("a")
	a.AddHistogram(BackendConnect, &Histogram{Bounds: []float64{0.5, 1}, Counts: []uint64{1, 2}, All: 4, Sum: 7.25})
	a.AddHistogram(BackendFirstByte, &Histogram{Bounds: []float64{0.5, 1}, Counts: []uint64{0, 0}})
	a.Add(BackendAddresses, 2, "sick")
	want := `# HELP headwater_backend_healthy 1 if requests may be sent to the backend, 0 if its health check says otherwise.
# TYPE headwater_backend_healthy gauge
headwater_backend_healthy{pop="IAD",service="s",backend="a \"quoted\"\\\nname ` + "\uFFFD" + `"} 1
headwater_backend_healthy{pop="IAD",service="s",backend="b"} +Inf
# HELP headwater_backend_addresses Addresses that the backend's host stands for; of one with a health check, by what that says.
# TYPE headwater_backend_addresses gauge
headwater_backend_addresses{pop="IAD",service="s",backend="a",health="sick"} 2
# HELP headwater_backend_connect_seconds How long connections to the backend took to make, with TLS.
# TYPE headwater_backend_connect_seconds histogram
headwater_backend_connect_seconds_bucket{pop="IAD",service="s",backend="a",le="0.5"} 1
headwater_backend_connect_seconds_bucket{pop="IAD",service="s",backend="a",le="1"} 2
headwater_backend_connect_seconds_bucket{pop="IAD",service="s",backend="a",le="+Inf"} 4
headwater_backend_connect_seconds_sum{pop="IAD",service="s",backend="a"} 7.25
headwater_backend_connect_seconds_count{pop="IAD",service="s",backend="a"} 4
# HELP headwater_panics_total Panics of the edge that were contained. Each is a bug.
# TYPE headwater_panics_total counter
headwater_panics_total{pop="IAD"} 3
`
	if diff := cmp.Diff(want, text(t, p)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func text(t *testing.T, p *Reading) string {
	t.Helper()
	var b strings.Builder
	if err := p.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A large reading is written from what it is made of, and not copied: what that
// allocates does not grow with it.
func TestEncodeCopiesNothing(t *testing.T) {
	p := &Reading{Whole: true}
	s := p.POP("IAD").Service("s")
	for i := range 1000 {
		s.Backend(strconv.Itoa(i)).AddHistogram(BackendConnect, &Histogram{Bounds: []float64{0.5, 1}, Counts: []uint64{1, 2}, All: 4, Sum: 7.25})
	}
	if n := testing.AllocsPerRun(10, func() { p.Encode(io.Discard) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
}

// The end of the reader is the end of the writing.
func TestEncodeEnds(t *testing.T) {
	p := &Reading{Whole: true}
	p.Add(Panics, 3, "IAD")
	r, w := io.Pipe()
	r.Close()
	if err := p.Encode(w); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v", err)
	}
}

// What a reader may not see is not in its reading.
func TestReadingIsTheReaders(t *testing.T) {
	p := &Reading{Sees: func(customer, service string) bool { return customer == "me" && service == "mine" }}
	Process(p)
	if !p.Shows("me", "mine") || p.Shows("me", "another's") || p.Shows("another", "mine") || len(text(t, p)) != 0 {
		t.Errorf("shown:\n%s", text(t, p))
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
	if len(text(t, p)) == 0 {
		t.Error("the process is not told of")
	}
}
