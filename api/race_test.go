package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Two clients write one draft: each write that was answered with 200 is there,
// each name once, and no update of one field takes back another's.
func TestTwoWritersOneDraft(t *testing.T) {
	const rounds = 25
	f := start(t)
	v := f.draft(t, "shop")
	f.must(t, "POST", v+"/backend", "name", "shared", "address", "a.test")
	fields := []string{"connect_timeout", "first_byte_timeout"}
	won := make([]int, 2)
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := range rounds {
				own := fmt.Sprintf("own-%d-%d", w, i)
				f.do(t, "POST", v+"/backend", "name", own, "address", "a.test").want(t, http.StatusOK, "")
				f.do(t, "PUT", v+"/backend/shared", fields[w], fmt.Sprint(100+i)).want(t, http.StatusOK, "")
				switch r := f.do(t, "POST", v+"/backend", "name", fmt.Sprintf("both-%d", i), "address", "a.test"); r.status {
				case http.StatusOK:
					won[w]++
				default:
					r.want(t, http.StatusConflict, "")
				}
				f.do(t, "PUT", v+"/clone").want(t, http.StatusOK, "")
			}
		})
	}
	writers.Wait()
	if won[0]+won[1] != rounds {
		t.Errorf("%d and %d creates of %d names succeeded", won[0], won[1], rounds)
	}
	if got, want := len(f.do(t, "GET", v+"/backend").list(t)), 1+3*rounds; got != want {
		t.Errorf("%d backends, want %d", got, want)
	}
	shared := f.must(t, "GET", v+"/backend/shared")
	for _, field := range fields {
		if got, want := shared[field], float64(100+rounds-1); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	var numbers []int
	for _, version := range f.do(t, "GET", strings.TrimSuffix(v, "/1")).list(t) {
		numbers = append(numbers, int(version["number"].(float64)))
	}
	if len(numbers) != 1+2*rounds || !slices.IsSorted(numbers) || numbers[len(numbers)-1] != len(numbers) {
		t.Errorf("versions %v", numbers)
	}
}

// An activation and writes to the draft race: what is published is what the
// locked version holds.
func TestActivateWhileWriting(t *testing.T) {
	f := start(t)
	v := f.draft(t, "shop")
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 25 {
				r := f.do(t, "POST", v+"/backend", "name", fmt.Sprintf("b-%d-%d", w, i), "address", "a.test")
				if r.status != http.StatusOK {
					r.want(t, http.StatusUnprocessableEntity, "")
				}
			}
		})
	}
	r := f.do(t, "PUT", v+"/activate")
	writers.Wait()
	r.want(t, http.StatusOK, "")
	if got, want := len(f.do(t, "GET", v+"/backend").list(t)), len(f.publisher.last().Backends()); got != want {
		t.Errorf("the version holds %d backends, published are %d", got, want)
	}
}
