package feed

import "time"

// lateTime is how long it is remembered that a service is gone. No call that could
// still publish something of it takes as long.
const lateTime = time.Hour

// farewells are the services that are gone, as long as something of them could
// still come.
type farewells struct {
	services map[string]bool
	order    []farewell // the oldest first
}

type farewell struct {
	service string
	at      time.Time
}

func (f *farewells) has(id string) bool { return f.services[id] }

// add has one more, and forgets those of long ago.
func (f *farewells) add(id string, now time.Time) {
	for len(f.order) > 0 && now.Sub(f.order[0].at) > lateTime {
		delete(f.services, f.order[0].service)
		f.order = f.order[1:]
	}
	if f.services == nil {
		f.services = map[string]bool{}
	}
	f.services[id] = true
	f.order = append(f.order, farewell{id, now})
}
