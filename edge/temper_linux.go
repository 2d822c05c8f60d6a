package edge

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A temper is the policy of all threads of the process (sched(7)). They are patient, which is SCHED_BATCH, see [thread],
// while the head of a convoy is busy without followers, and no lot is in a rush. New connections are passed on from
// process to process, and who has woken another goes on then, until it has to wait. In a rush leaders have a processor
// each, and patience would only have them wait for others there; where little goes on it is the head's thread alone that
// has patience, and is judged.
type temper struct {
	may     bool // the edge is the one that is busy, and its threads have the usual policy, and may have another
	patient atomic.Bool
	told    atomic.Int64 // when there was one to be told last, in the head's time; 0 if there was none since
	usual   atomic.Int64 // when a rush began, or patience ended, last, in the head's time; 0 if neither did
}

// usualTime is how long all threads are as usual at least: what goes on changes all the time, and to tell all threads
// takes as long as a few requests, or many where there are hundreds.
const usualTime = 100 * time.Millisecond

// tellAgain is when all are told once more, and so on until there is nobody to be told: a thread that was about to begin
// may have the policy of the one that began it, and not have been there.
const tellAgain = 10 * time.Millisecond

// mind has all threads be patient, or not, by what goes on at the time, if the lot is the head. In a vigil that is
// settled, and one thread has patience of its own.
func (l *lot) mind(now int64) {
	c := l.escort.convoy
	if c == nil || l != c.all[0] || !c.temper.may || l.escort.vigil.on || c.temper.is(c.asksPatience(now), now) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.temper.set(c.asksPatience(now) && !c.over, now)
}

// is reports whether there is nobody to be told.
func (t *temper) is(patient bool, now int64) bool {
	told := t.told.Load()
	return t.patient.Load() == patient && (told == 0 || now-told < int64(tellAgain))
}

// set is for who has the convoy's lock. Where descriptors have run out it is to be tried again.
func (t *temper) set(patient bool, now int64) {
	if t.is(patient, now) {
		return
	}
	from, to := unix.SCHED_NORMAL, unix.SCHED_BATCH
	if !patient {
		from, to = to, from
	}
	changed, complete := exchangePolicies(from, to)
	if t.told.Store(0); changed || !complete {
		t.told.Store(now)
	}
	if !complete {
		return
	}
	if t.patient.Swap(patient) && !patient {
		t.usual.Store(now)
	}
}

// asksPatience reports whether all threads are to be patient.
func (c *convoy) asksPatience(now int64) bool {
	e, usual := &c.all[0].escort, c.temper.usual.Load()
	rested := c.temper.patient.Load() || usual == 0 || now-usual >= int64(usualTime)
	return !e.calm.Load() && !e.followed.Load() && rested && !c.rushes()
}

func (c *convoy) rushes() bool {
	for _, l := range c.all {
		if l.rush.on.Load() {
			return true
		}
	}
	return false
}
