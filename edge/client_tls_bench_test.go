package edge_test

import (
	"io"
	"testing"

	"headwater/edge"
	"headwater/edge/edgetest"
	"headwater/service"
)

// startWarmTLS is startWarm with a client that speaks TLS.
func startWarmTLS(t testing.TB, plain bool, length int) *warm {
	return warmUp(t, length, "", func(s *service.Snapshot) io.ReadWriter {
		e := startSecure(t, edge.Config{PlainIO: plain}, edgetest.NewOrigin(t, edgetest.Reply("")))
		s.Generation = 2
		if err := e.Apply(s); err != nil {
			t.Fatal(err)
		}
		return e.dial(t).TLS
	})
}

func benchmarkGetTLS(b *testing.B, length int) {
	for name, plain := range map[string]bool{"lot": false, "plain": true} {
		if !plain && !edgetest.Lots {
			continue
		}
		b.Run(name, func(b *testing.B) {
			w := startWarmTLS(b, plain, length)
			b.ReportAllocs()
			b.SetBytes(int64(length))
			began := edge.CPUTime()
			for b.Loop() {
				w.get()
			}
			b.ReportMetric(float64((edge.CPUTime()-began).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// The client's TLS is in this process too: it counts as the edge's does.
func BenchmarkGet1KClientTLS(b *testing.B)   { benchmarkGetTLS(b, 1<<10) }
func BenchmarkGet100KClientTLS(b *testing.B) { benchmarkGetTLS(b, 100<<10) }
