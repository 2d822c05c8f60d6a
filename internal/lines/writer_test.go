package lines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"headwater/dial/dialtest"
)

// A writes is what was written, a write each.
type writes struct {
	mu    sync.Mutex
	all   []string
	fail  error // of writes that take only so many bytes
	takes int
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		b = b[:w.takes]
	}
	w.all = append(w.all, string(b))
	return len(b), w.fail
}

// take returns the writes since it was last called, with bars between them.
func (w *writes) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := strings.Join(w.all, "|")
	w.all = nil
	return all
}

// open returns a Writer that ends with the test.
func open(t *testing.T, w io.Writer, delay time.Duration, failed func(error)) *Writer {
	l := New(w, delay, failed)
	t.Cleanup(func() { l.Close(context.Background()) })
	return l
}

func TestLinesWaitForOthers(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		w := &writes{}
		l := open(t, w, time.Second, nil)
		for range 2 {
			l.Write([]byte("a\n"))
			time.Sleep(time.Second / 2)
			l.Write([]byte("b\n"))
			if got := w.take(); got != "" {
				t.Errorf("%q was written too soon", got)
			}
			time.Sleep(time.Second / 2)
			synctest.Wait()
			if got := w.take(); got != "a\nb\n" {
				t.Errorf("%q was written", got)
			}
		}
	})
}

// Nor do lines that are told to wait for nobody wait for the clock.
func TestLinesThatDoNotWait(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		w, began := &writes{}, time.Now()
		l := open(t, w, 0, nil)
		for range 2 {
			l.Write([]byte("a\n"))
			synctest.Wait()
			time.Sleep(time.Nanosecond) // which lets a timer that is due fire
			synctest.Wait()
			if got := w.take(); got != "a\n" {
				t.Errorf("%q was written", got)
			}
		}
		if took := time.Since(began); took != 2*time.Nanosecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestManyLinesDoNotWait(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		w := &writes{}
		l := open(t, w, time.Hour, nil)
		line, long := strings.Repeat("x", blockSize/2-1)+"\n", strings.Repeat("y", 2*blockSize)+"\n"
		add := func(line string, written ...string) {
			t.Helper()
			l.Write([]byte(line))
			synctest.Wait()
			if got := w.take(); got != strings.Join(written, "|") {
				t.Errorf("%d bytes were written", len(got))
			}
		}
		for range 2 * batch {
			add(line)
		}
		add(line, slices.Repeat([]string{line + line}, batch)...)
		add(long)
		for range 2 * (batch - 2) {
			add(line)
		}
		add(line, append([]string{line, long}, slices.Repeat([]string{line + line}, batch-2)...)...)
		for range 2 {
			if err := l.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if l.Write([]byte("late\n")); w.take() != line || l.lost.Load() != 1 {
			t.Errorf("%d lines are lost", l.lost.Load())
		}
	})
}

// A clocked takes lines that are numbers, each of the time when it came, and tells of
// those that come late.
type clocked struct {
	t     *testing.T
	began time.Time
	most  time.Duration
	lines int
}

func (c *clocked) Write(b []byte) (int, error) {
	now := time.Since(c.began)
	for line := range strings.Lines(string(b)) {
		came, err := strconv.Atoi(strings.TrimSpace(line))
		if waited := now - time.Duration(came); err != nil || waited > c.most {
			c.t.Errorf("line %d waited for %v: %v", c.lines, waited, err)
		}
		c.lines++
	}
	return len(b), nil
}

// A block that begins shortly before its forerunner is due has no line wait for longer.
func TestLinesDoNotWaitForBlocks(t *testing.T) {
	for _, every := range []time.Duration{100, 150, 600, 620, 640} { // microseconds
		dialtest.Bubble(t, func(t *testing.T) {
			const delay, lines = 100 * time.Millisecond, 2000
			c := &clocked{t: t, began: time.Now(), most: delay}
			l := New(c, delay, nil)
			for range lines {
				l.Write(fmt.Appendf(nil, "%409d\n", time.Since(c.began)))
				time.Sleep(every * time.Microsecond)
			}
			if l.Close(t.Context()); c.lines != lines {
				t.Errorf("%d lines were written", c.lines)
			}
		})
	}
}

// What a write leaves behind is lost, and makes no line after it unreadable.
func TestLinesThatCannotBeWritten(t *testing.T) {
	for _, tt := range []struct {
		name  string
		takes []int // bytes, of writes that fail
		want  string
		lost  uint64 // lines
	}{
		{"after a line", []int{3}, "aa\n|c\n", 1},
		{"within a line", []int{4}, "aa\nb|\nc\n", 1},
		{"and then none", []int{4, 0}, "aa\nb||\nc\n", 3},
		{"and then the line's end", []int{4, 1}, "aa\nb|\n|c\n", 3},
		{"and within another", []int{4, 3}, "aa\nb|\naa|\nc\n", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dialtest.Bubble(t, func(t *testing.T) { testLinesThatCannotBeWritten(t, tt.takes, tt.want, tt.lost) })
		})
	}
}

func testLinesThatCannotBeWritten(t *testing.T, takes []int, want string, lost uint64) {
	full := errors.New("the disk is full")
	var told []error
	w := &writes{fail: full}
	l := New(w, time.Second, func(err error) { told = append(told, err) })
	for _, w.takes = range takes {
		l.Write([]byte("aa\nbb\n"))
		time.Sleep(time.Second)
		synctest.Wait()
	}
	w.fail = nil
	l.Write([]byte("c\n"))
	l.Close(t.Context())
	if got := w.take(); got != want || l.lost.Load() != lost {
		t.Errorf("%q was written, want %q; %d lines are lost, want %d", got, want, l.lost.Load(), lost)
	}
	if !slices.Equal(told, slices.Repeat([]error{full}, len(takes))) {
		t.Errorf("told %v", told)
	}
}

// A valve takes writes only while it is open.
type valve struct {
	open chan struct{} // closed, or else a write waits for a value
	writes
}

func (v *valve) Write(b []byte) (int, error) {
	<-v.open
	return v.writes.Write(b)
}

// numbered adds a line for each of some numbers.
func (l *Writer) numbered(from, to int) {
	for i := from; i < to; i++ {
		l.Write(fmt.Appendf(nil, "%07d %s\n", i, strings.Repeat("x", 1<<10-9)))
	}
}

// numbersOf are those of lines that were written, each of which has to be whole.
func numbersOf(t *testing.T, text string) (all []int) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(text, "|", "")) {
		n, err := strconv.Atoi(line[:7])
		if err != nil || len(line) != 1<<10 || line[len(line)-1] != '\n' {
			t.Fatalf("%.10q is no whole line: %v", line, err)
		}
		all = append(all, n)
	}
	return all
}

// Nobody who adds lines waits for a writer that is stuck. What there was room for is
// written when it goes on, whole and in order; the rest is counted, and told of once.
func TestStuckWriterStopsNobody(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		v := &valve{open: make(chan struct{})}
		var told []error
		l := open(t, v, time.Second, func(err error) { told = append(told, err) })
		const room, most = maxWaiting >> 10, 2 * maxWaiting >> 10
		l.numbered(0, 1)
		time.Sleep(time.Second)
		synctest.Wait() // for the first to be stuck
		l.numbered(1, most)
		lost := l.lost.Load()
		if lost != most-1-room || len(told) > 0 {
			t.Errorf("%d lines are lost, told %v", lost, told)
		}
		close(v.open)
		synctest.Wait()
		l.numbered(most, most+5)
		time.Sleep(time.Second)
		synctest.Wait()
		var want []int
		for i := range 1 + room {
			want = append(want, i)
		}
		for i := range 5 {
			want = append(want, most+i)
		}
		if d := cmp.Diff(want, numbersOf(t, v.take())); d != "" {
			t.Errorf("lines (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]error{LossError(lost)}, told); d != "" {
			t.Errorf("told (-want +got):\n%s", d)
		}
	})
}

// A Writer that drops lines again and again tells of it once a minute, and at its end.
func TestLossIsToldSeldom(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		v := &valve{open: make(chan struct{})}
		var told []error
		l := New(v, time.Second, func(err error) { told = append(told, err) })
		const blocks = maxWaiting / blockSize
		for range 4 {
			l.numbered(0, 2*maxWaiting>>10)
			time.Sleep(time.Second)
			for range blocks + 1 {
				synctest.Wait()
				select {
				case v.open <- struct{}{}:
				default:
				}
			}
			synctest.Wait()
			time.Sleep(lossRest / 3)
		}
		if len(told) != 2 {
			t.Errorf("told %v", told)
		}
		l.numbered(0, 2*maxWaiting>>10)
		close(v.open)
		l.Close(t.Context())
		var all LossError
		for _, err := range told {
			all += err.(LossError)
		}
		if len(told) != 3 || uint64(all) != l.lost.Load() {
			t.Errorf("told %v of %d", told, l.lost.Load())
		}
	})
}

// The end waits for a stuck writer as long as it is told to, and its goroutine ends with
// the write.
func TestCloseWhileStuck(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		v := &valve{open: make(chan struct{})}
		l := New(v, 0, func(err error) { t.Error(err) })
		l.numbered(0, 2*maxWaiting>>10)
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := l.Close(ctx); err != context.DeadlineExceeded {
			t.Errorf("closing: %v", err)
		}
		v.open <- struct{}{}
		<-l.ended
		if n := len(numbersOf(t, v.take())); n == 0 || n > blockSize>>10 {
			t.Errorf("%d lines were written", n)
		}
	})
}
