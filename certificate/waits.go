package certificate

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// waits are what an issuer's orders have to wait for. They outlive the process: one
// that crashes again and again would ask for more than an authority bears.
type waits struct {
	Full  time.Time       `json:"full"`  // of the pace
	Names map[string]wait `json:"names"` // whose last order failed
}

// A wait is one name's.
type wait struct {
	Failures int       `json:"failures"`
	Due      time.Time `json:"due"`
}

const (
	waitsFile = "waits"

	// maxWaits is how many names are kept, which all fit into maxFile: those with
	// the most failures.
	maxWaits = 2048
)

// keepWaits writes them, before an order begins and when it is over. What cannot be
// written is told of, and orders go on.
func (i *Issuer) keepWaits() {
	i.keeping.Lock()
	defer i.keeping.Unlock()
	w := i.waits(time.Now())
	w.trim() // which takes long if there are very many, and keeps no handshake waiting here
	text, err := json.Marshal(w)
	if err == nil {
		err = i.kept.seal(waitsFile, text)
	}
	if err != nil {
		i.cfg.Log.Error("waits of orders are not kept", "error", err)
	}
}

// waits are those of this moment. An order that is under way has failed until its end
// says otherwise, which a crash would not do, and a stop does.
func (i *Issuer) waits(now time.Time) *waits {
	i.mu.Lock()
	defer i.mu.Unlock()
	w := &waits{i.pace.full, map[string]wait{}}
	for _, known := range i.names.Range {
		switch n := known.(*named); {
		case n.under:
			w.Names[n.name] = wait{n.failures + 1, now.Add(backoff(n.failures))}
		case n.failures > 0:
			w.Names[n.name] = wait{n.failures, n.due}
		}
	}
	return w
}

// trim leaves out what is beyond maxWaits.
func (w *waits) trim() {
	if len(w.Names) <= maxWaits {
		return
	}
	names := slices.SortedFunc(maps.Keys(w.Names), func(a, b string) int {
		return cmp.Compare(w.Names[b].Failures, w.Names[a].Failures)
	})
	for _, name := range names[maxWaits:] {
		delete(w.Names, name)
	}
}

// recall has the issuer, which nobody uses yet, wait as it is kept. Without a file, or
// with one that is broken, nothing waits.
func (i *Issuer) recall(now time.Time) {
	var w waits
	text, err := i.kept.read(waitsFile)
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			i.cfg.Log.Error("waits of orders begin anew", "error", err)
		}
		return
	}
	i.pace.full = earlier(w.Full, now.Add(burst*refill))
	for name, kept := range w.Names {
		if orderable(name) && kept.Failures > 0 {
			i.hold(name, kept.Failures, earlier(kept.Due, now.Add(pauses[len(pauses)-1])))
		}
	}
}

// hold has a name wait after failures. Its clients do not wait for its next order.
func (i *Issuer) hold(name string, failures int, due time.Time) {
	n := i.get(name)
	if n == nil {
		n = i.add(name, due)
		close(n.tried)
	}
	n.failures, n.due = failures, due
}

// earlier bounds what a clock that was wrong has left behind.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
