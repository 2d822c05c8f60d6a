package main

import (
	"testing"

	"headwater/edge"
)

// FuzzPOPs reads files that nobody wrote for us: each is POPs that make a fleet, or one
// error.
func FuzzPOPs(f *testing.F) {
	for _, text := range []string{
		`[]`, `null`, `{}`, `[`, `[{"code":"IAD"}] []`,
		`[{"code":"IAD","name":"Ashburn","shield":"iad-va-us","addresses":["10.1.0.1:8080"],"key":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}]`,
		`[{"code":"IAD","key":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=","tls":{"addresses":["iad.example:443"],"name":"iad.example","ca":"x"}}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parsePOPs(text)
		if err != nil {
			return
		}
		if _, err := edge.NewFleet(all); err == nil {
			for _, p := range all {
				if p.Code == "" || len(p.Key) < 32 {
					t.Errorf("a fleet with %+v", p)
				}
			}
		}
	})
}
