package api_test

import (
	"cmp"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dnaeon/go-vcr/cassette"
)

// An exchange is one recorded call and what Fastly answered.
type exchange struct {
	*cassette.Interaction
	name string // of its file, below the folder
	at   time.Time
	rank int
}

// recordedExchanges reads a folder of them, in the order in which they were
// recorded.
func recordedExchanges(t *testing.T, folder string) (all []exchange) {
	t.Helper()
	rank := ranks(t, folder)
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		name, found := strings.CutSuffix(file, ".yaml")
		if err != nil || !found {
			return err
		}
		c, err := cassette.Load(name)
		if err != nil {
			return err
		}
		name = strings.TrimPrefix(name, folder+string(filepath.Separator))
		for _, i := range c.Interactions {
			at, err := http.ParseTime(i.Response.Headers.Get("Date"))
			if err != nil {
				return err
			}
			all = append(all, exchange{i, filepath.ToSlash(name), at, rank(name)})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(all, func(a, b exchange) int { return a.at.Compare(b.at) })
	// Within what was recorded without a pause the seconds are too coarse.
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].at.Sub(all[to-1].at) <= 2*time.Second {
			to++
		}
		slices.SortStableFunc(all[from:to], func(a, b exchange) int { return cmp.Compare(a.rank, b.rank) })
		from = to
	}
	return all
}

// ranks orders the files of a folder as the client's own tests name them. What
// those clean up comes last.
func ranks(t *testing.T, folder string) func(name string) int {
	tests, err := filepath.Glob(filepath.Join(folder, "..", "..", "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	base, source := filepath.Base(folder), ""
	for _, test := range tests {
		text, err := os.ReadFile(test)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"`+base+`/`) || strings.Contains(string(text), `"`+base+`"`) {
			source += string(text)
		}
	}
	return func(name string) int {
		last := filepath.Base(name)
		if strings.Contains(last, "cleanup") || strings.Contains(last, "delete_service") {
			return len(source)
		}
		find := strings.Index
		if strings.HasSuffix(last, "delete") {
			find = strings.LastIndex // before, it is named as what is to be cleaned up
		}
		for _, text := range []string{base + "/" + name, "/" + last, last} {
			if at := find(source, text+`"`); at >= 0 {
				return at
			}
		}
		return -1
	}
}
