package edge

import (
	"fmt"
	"sync/atomic"
	"testing"

	"headwater/vcl"
)

// BenchmarkPick picks from pools of several sizes, all healthy or with members sick, by
// a quorum that is met. The sick come first.
func BenchmarkPick(b *testing.B) {
	for _, kind := range []vcl.DirectorType{vcl.RandomDirector, vcl.HashDirector, vcl.CHashDirector, vcl.FallbackDirector, vcl.RoundRobin} {
		for _, size := range []struct{ members, sick int }{{2, 0}, {2, 1}, {10, 0}, {10, 3}, {1000, 0}, {1000, 333}, {1000, 990}} {
			b.Run(fmt.Sprintf("%s/%d/sick=%d", kind, size.members, size.sick), func(b *testing.B) {
				d := benchDirector(kind, size.members, size.sick)
				c := choice{key: "www.example.com/bench/1k?x=y", client: "192.0.2.1"}
				b.ReportAllocs()
				began := CPUTime()
				for i := 0; b.Loop(); i++ {
					c.key = benchKeys[i%len(benchKeys)]
					if _, f := d.pick(&c); f != failNone {
						b.Fatal(failures[f].reason)
					}
				}
				b.ReportMetric(float64((CPUTime()-began).Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// benchKeys are of requests as a site gets them.
var benchKeys = func() (keys [4096]string) {
	for i := range keys {
		keys[i] = fmt.Sprintf("www.example.com/articles/%d?page=%d", i, i%7)
	}
	return keys
}()

func benchDirector(kind vcl.DirectorType, members, sick int) *director {
	d := &director{kind: kind, quorum: 1, epoch: new(atomic.Uint64)}
	from := &vcl.Director{}
	for i := range members {
		d.add(&backend{name: fmt.Sprint(i), index: int32(i), sick: i < sick, maxConn: 200, gauge: &gauge{}}, int64(1+i%7))
		from.Members = append(from.Members, vcl.Member{Backend: &vcl.Backend{Name: fmt.Sprint(i)}})
	}
	if kind == vcl.CHashDirector {
		d.addRing(from, maxPoints)
	}
	return d
}
