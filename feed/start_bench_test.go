package feed

import (
	"fmt"
	"path/filepath"
	"testing"

	"headwater/service"
)

// BenchmarkStart brings the directory in line with 10,000 services: all of them new to
// it, or none.
func BenchmarkStart(b *testing.B) {
	all := make([]*service.Snapshot, 10_000)
	for i := range all {
		all[i] = snapshot(fmt.Sprintf("service-%d", i), 1, 1, "first", "second")
		for _, o := range all[i].Backends() {
			o.SSLClientKey = nil // sealed anew each time
		}
	}
	for _, again := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "again"}[again], func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				d := benchDir(b)
				if again {
					if err := d.replace(b, all); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				if err := d.replace(b, all); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// replace is what a start does.
func (d *Dir) replace(b *testing.B, all []*service.Snapshot) error {
	d.expect(all)
	return d.Replace(b.Context(), all, nil)
}

func benchDir(b *testing.B) *Dir {
	path := b.TempDir()
	sealer, err := service.OpenKeeper(filepath.Join(path, "key"))
	if err != nil {
		b.Fatal(err)
	}
	d, err := OpenDir(filepath.Join(path, "snapshots"), sealer)
	if err != nil {
		b.Fatal(err)
	}
	return d
}
