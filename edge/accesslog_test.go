package edge

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"headwater/dial/dialtest"
)

// A writes is what was written, a write each.
type writes struct {
	mu   sync.Mutex
	all  []string
	fail error
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
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

func TestLinesWaitForOthers(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		w := &writes{}
		l := NewAccessLog(w, time.Second, nil)
		for range 2 {
			l.add([]byte("a\n"))
			time.Sleep(time.Second / 2)
			l.add([]byte("b\n"))
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

func TestManyLinesDoNotWait(t *testing.T) {
	w := &writes{}
	l := NewAccessLog(w, time.Hour, nil)
	line := []byte(strings.Repeat("x", maxLines/4-1) + "\n")
	for range 4 {
		if len(w.all) > 0 {
			t.Error("lines were written too soon")
		}
		l.add(line)
	}
	if len(w.all) != 1 || len(w.all[0]) != maxLines {
		t.Errorf("%d writes", len(w.all))
	}
	l.add(line)
	l.Flush()
	l.Flush()
	if len(w.all) != 2 {
		t.Errorf("%d writes after a flush", len(w.all))
	}
}

func TestLinesThatCannotBeWritten(t *testing.T) {
	full := errors.New("the disk is full")
	var got []error
	w := &writes{fail: full}
	l := NewAccessLog(w, 0, func(err error) { got = append(got, err) })
	l.add([]byte("a\n"))
	w.fail = nil
	l.add([]byte("b\n"))
	if len(got) != 1 || got[0] != full || strings.Join(w.all, "") != "a\nb\n" {
		t.Errorf("told %v, wrote %q", got, w.all)
	}
}

func TestLineTime(t *testing.T) {
	l := NewAccessLog(nil, 0, nil)
	zone := time.FixedZone("", -5*3600-30*60)
	for _, at := range []time.Time{
		time.Unix(1700000000, 0).UTC(), time.Unix(1700000000, 42000).UTC(), time.Unix(1700000000, 999999999).UTC(),
		time.Unix(1700000001, 1).In(zone), time.Unix(0, 1).UTC(),
	} {
		const layout = "2006-01-02T15:04:05.000000000Z07:00"
		if got := string(l.appendTime([]byte("x"), at)); got != "x"+at.Format(layout) {
			t.Errorf("%s, want %s", got, at.Format(layout))
		}
	}
}

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "plain", `a "quoted\ text`, "\x00\x1f\t\r\n\x7f", "ü€😀", "\xff\xc3", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := appendQuoted(nil, text)
		var got string
		if err := json.Unmarshal(append(append([]byte{'"'}, quoted...), '"'), &got); err != nil {
			t.Fatalf("%q as %s: %v", text, quoted, err)
		}
		if want := string([]rune(text)); got != want {
			t.Errorf("%q reads %q", quoted, got)
		}
	})
}
