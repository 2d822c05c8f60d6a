package edge

import (
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Patience is what the thread of a vigil has as long as that costs it little: who sends several requests,
// or answers, one after the other, is left to send them all, and they are found at once. Left to the
// system's usual policy each takes the processor from its sender. But a patient thread waits for others
// as well, who have nothing to do with it, until they have had their time. So one stint in some is judged,
// and where the thread has waited for much longer than it ran there is no patience for a while.
type patience struct {
	until  int64 // there is none before, in the head's time
	lately spans // of the last patienceMemory judged stints or so
	stints int   // with patience
	judged bool  // the present stint is
	began  spans // when it began
}

// Spans are how long a thread ran, and how long it was ready to and did not.
type spans struct{ ran, waited time.Duration }

// Where all work in turn the thread waits for 0.7 of the time that it runs, with single stints of five times as
// much; 1.2 to 1.6 where somebody else computes, and 3 to 6 beside one who does so on each processor.
const (
	mostWaited = 1.5

	judgedStints   = 64 // one of so many is, which costs the time of a request
	patienceMemory = 8
	patienceRest   = 30 * time.Second
)

// untold is what is taken for granted of stints that nobody has judged.
var untold = spans{ran: 6 * time.Millisecond, waited: 4 * time.Millisecond}

// begin has a thread be patient, if it is kept and may be so now. Where the system does not tell what is needed to
// judge the first stint there is no patience.
func (p *patience) begin(t *thread, now int64) {
	p.judged = false
	if !t.kept || now < p.until {
		return
	}
	if p.stints%judgedStints == 0 {
		if p.began, p.judged = spansOf(ownSpans); !p.judged {
			p.until = now + int64(patienceRest)
			return
		}
	}
	p.stints++
	t.wait()
}

// end judges the stint, unless the thread was let go since it began.
func (p *patience) end(t *thread, now int64) {
	if !p.judged || !t.patient {
		return
	}
	if s, told := spansOf(ownSpans); told {
		p.judge(now, spans{s.ran - p.began.ran, s.waited - p.began.waited})
	}
}

func (p *patience) judge(now int64, stint spans) {
	s := &p.lately
	if *s == (spans{}) {
		*s = untold
	}
	s.ran += stint.ran - s.ran/patienceMemory
	s.waited += stint.waited - s.waited/patienceMemory
	if float64(s.waited) > mostWaited*float64(s.ran) {
		*s, p.until = untold, now+int64(patienceRest)
	}
}

// ownSpans tells those of the calling thread, in nanoseconds (the system's Documentation/scheduler/sched-stats.rst).
const ownSpans = "/proc/thread-self/schedstat"

// spansOf reports false where the system does not tell.
func spansOf(file string) (s spans, told bool) {
	fd, err := syscall.Open(file, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return s, false
	}
	defer syscall.Close(fd)
	var text [128]byte
	n, err := syscall.Read(fd, text[:])
	fields := strings.Fields(string(text[:max(n, 0)]))
	if err != nil || len(fields) != 3 {
		return s, false
	}
	ran, bad := strconv.ParseInt(fields[0], 10, 64)
	waited, worse := strconv.ParseInt(fields[1], 10, 64)
	return spans{time.Duration(ran), time.Duration(waited)}, bad == nil && worse == nil && ran > 0
}
