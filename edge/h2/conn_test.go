package h2

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"headwater/dial/dialtest"
)

// A dialogue is a connection whose client is the test. What it spawns runs when the
// test says so.
type dialogue struct {
	*Conn
	*http2.Framer // of the client

	t       *testing.T
	sent    bytes.Buffer // by the client, and not fed yet
	said    bytes.Buffer // by us, and not read yet
	opened  []*Stream
	spawned chan func()
	block   bytes.Buffer
	encoder *hpack.Encoder
}

// newDialogue has the client greet.
func newDialogue(t *testing.T) *dialogue {
	d := &dialogue{t: t, spawned: make(chan func(), 2)} // the writer, and the end of a drain
	d.Conn = New(Config{
		Open:  func(s *Stream) { d.opened = append(d.opened, s) },
		Write: func(b []byte, _ bool) (bool, error) { d.said.Write(b); return true, nil },
		Spawn: func(f func()) { d.spawned <- f },
		Wake:  func() {},
	}, time.Now())
	d.Framer, d.encoder = http2.NewFramer(&d.sent, &d.said), hpack.NewEncoder(&d.block)
	d.sent.WriteString(Preface)
	d.WriteSettings()
	d.feed()
	return d
}

// feed has the connection take what the client has sent, and keep the peace.
func (d *dialogue) feed() {
	d.t.Helper()
	if err := d.try(); err != nil {
		d.t.Fatal(err)
	}
}

// try is feed for what may be a fault.
func (d *dialogue) try() error {
	d.t.Helper()
	b := d.sent.Bytes()
	used, err := d.Feed(b, time.Unix(1, 0))
	if err == nil && used < len(b) {
		d.t.Fatalf("%d of %d bytes were taken", used, len(b))
	}
	d.sent.Reset()
	return err
}

// ask sends the head of a request.
func (d *dialogue) ask(id uint32, last bool) {
	d.headers(id, last, ":method", "POST", ":scheme", "http", ":authority", "a.example", ":path", "/")
}

func (d *dialogue) headers(id uint32, last bool, pairs ...string) {
	d.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		d.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	d.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: d.block.Bytes(), EndStream: last, EndHeaders: true})
}

// run runs what was spawned.
func (d *dialogue) run() {
	for len(d.spawned) > 0 {
		f := <-d.spawned
		f()
	}
}

// told drains the connection to the point where the client knows which request is
// the last.
func (d *dialogue) told() {
	d.Conn.Drain()
	d.WritePing(true, farewell)
	d.feed()
}

// What follows a request behind the last one that is served is ignored like itself,
// and harms no other (RFC 9113 section 6.8).
func TestBehindTheLast(t *testing.T) {
	for name, send := range map[string]func(*dialogue){
		"a body":    func(d *dialogue) { d.WriteData(3, true, []byte("body")) },
		"a trailer": func(d *dialogue) { d.headers(3, true, "x-sum", "1") },
		"a reset":   func(d *dialogue) { d.WriteRSTStream(3, http2.ErrCodeCancel) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.ask(1, false)
			d.feed()
			d.told()
			d.ask(3, false)
			send(d)
			d.WriteData(1, true, []byte("still here"))
			d.feed()
			if n, all, _ := d.opened[0].Body(); n != len("still here") || !all || len(d.opened) != 1 {
				t.Errorf("%d bytes, all %v, for the first of %d streams", n, all, len(d.opened))
			}
		})
	}
}

// DATA of a stream that we have reset may come late, even when many have ended since:
// it costs the client little, and opens the connection's window again. DATA of one
// that the client has ended is its fault.
func TestLateData(t *testing.T) {
	for name, tt := range map[string]struct {
		first bool // the client ends it
		since int  // streams that end after it
		want  error
	}{
		"of one that we have reset":        {false, 0, nil},
		"of one that we reset long ago":    {false, rememberedOver, nil},
		"of one that has ended":            {true, 0, &Fault{StreamClosed, "frame for a stream that is over"}},
		"of one that has ended long since": {true, rememberedOver, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			for i := range tt.since + 1 {
				d.ask(uint32(2*i+1), i > 0 || tt.first)
				d.feed()
				s := d.opened[i]
				s.Send(Part{Head: AppendStatus(nil, 200), Last: true})
				s.Close()
				d.run()
			}
			d.said.Reset()
			for range ConnWindow / 4 / maxFrame {
				d.WriteData(1, false, make([]byte, maxFrame))
			}
			if diff := cmp.Diff(tt.want, d.try()); diff != "" {
				t.Fatal(diff)
			}
			d.run()
			if got := d.windows(); tt.want == nil && !slices.Equal(got, []uint32{ConnWindow / 4}) {
				t.Errorf("the window was opened by %v", got)
			}
		})
	}
}

// What opens the connection's window is written at once, also when nothing else is.
func TestWindowIsToldOf(t *testing.T) {
	for name, last := range map[string]func(*dialogue){
		"a reset": func(d *dialogue) { d.WriteRSTStream(3, http2.ErrCodeCancel) },
		"padding": func(d *dialogue) { d.WriteDataPadded(3, false, []byte("."), []byte{0}) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.ask(1, false)
			d.ask(3, false)
			d.WriteData(3, false, []byte("one"))
			for n := StreamWindow; n > 0; n -= maxFrame {
				d.WriteData(1, false, make([]byte, min(n, maxFrame)))
			}
			d.WriteRSTStream(1, http2.ErrCodeCancel)
			d.feed()
			d.run()
			d.said.Reset()
			last(d) // makes a quarter of the window of it
			d.feed()
			d.run()
			if got := d.windows(); len(got) != 1 || got[0] < ConnWindow/4 {
				t.Errorf("the window was opened by %v", got)
			}
		})
	}
}

// A trailer waits like any other piece of an answer while much is there to be written.
func TestTrailersWait(t *testing.T) {
	d := newDialogue(t)
	d.ask(1, true)
	d.ask(3, true)
	d.feed()
	full, ends := d.opened[0], d.opened[1]
	ends.Send(Part{Head: AppendStatus(nil, 200)})
	full.Send(Part{Head: AppendField(AppendStatus(nil, 200), []byte("x"), make([]byte, outLimit)), Last: true})
	d.mu.Lock()
	ends.part = Part{Trailer: AppendField(nil, []byte("x-sum"), []byte("1")), Last: true}
	queued := d.emit(ends, false)
	d.waiting, ends.waiting = append(d.waiting, ends), true
	d.mu.Unlock()
	if queued {
		t.Error("it did not wait")
	}
	d.run()
	if ends.waiting || !ends.localDone {
		t.Error("it was not written when there was room")
	}
}

// A note is one call of Write.
type note struct {
	bytes int
	wait  bool
}

// While it is held nothing is written; then all of it goes together, by whoever holds it
// last, and by the writer what there was no room for.
func TestHold(t *testing.T) {
	d := newDialogue(t)
	d.ask(1, true)
	d.ask(3, true)
	d.feed()
	d.run()
	var notes []note
	room := true
	d.cfg.Write = func(b []byte, wait bool) (bool, error) {
		notes = append(notes, note{len(b), wait})
		return wait || room, nil
	}
	said := func(what string, want ...note) {
		t.Helper()
		if diff := cmp.Diff(want, notes, cmp.AllowUnexported(note{})); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", what, diff)
		}
		notes = nil
	}
	send := func(i int, p Part) {
		t.Helper()
		if all, err := d.opened[i].Send(p); !all || err != nil {
			t.Fatal(all, err)
		}
	}
	head := Part{Head: AppendStatus(nil, 200)}
	const size = frameHead + 1 // of that

	d.Hold()
	d.Hold()
	send(0, head)
	send(1, head)
	d.run()
	d.Release()
	said("held by two, and then by one")
	d.Release()
	said("not held", note{2 * size, false})

	room = false
	d.Hold()
	send(0, Part{Data: []byte("some")})
	d.Release()
	said("without room", note{frameHead + 4, false})
	send(0, Part{Data: []byte("more")})
	said("while the writer is to come")
	d.run()
	said("the writer", note{frameHead + 4, true})

	d.Hold()
	send(0, Part{Data: []byte("last")})
	d.Release()
	d.Hold()
	d.Release()
	d.run()
	said("a writer that has nothing but what was kept", note{frameHead + 4, false}, note{0, true})
}

// Whoever releases writes once, however fast the client takes it and streams send more:
// others wait for him.
func TestReleaseWritesOnce(t *testing.T) {
	d := newDialogue(t)
	d.ask(1, true)
	d.feed()
	d.run()
	var notes []note
	d.cfg.Write = func(b []byte, wait bool) (bool, error) {
		if notes = append(notes, note{len(b), wait}); len(notes) < 4 {
			d.opened[0].Send(Part{Data: []byte("more")})
		}
		return true, nil
	}
	d.Hold()
	d.opened[0].Send(Part{Head: AppendStatus(nil, 200)})
	d.Release()
	if want := []note{{frameHead + 1, false}}; !slices.Equal(notes, want) {
		t.Errorf("released with %v, want %v", notes, want)
	}
	d.run()
	more := note{frameHead + 4, true}
	if want := []note{{frameHead + 1, false}, more, more, more}; !slices.Equal(notes, want) {
		t.Errorf("all writes are %v, want %v", notes, want)
	}
}

// Finish does not wait for who holds the connection.
func TestFinishWhileHeld(t *testing.T) {
	d := newDialogue(t)
	d.run()
	d.said.Reset()
	d.Hold()
	d.cfg.Spawn = func(f func()) { go f() }
	d.Finish(&Fault{EnhanceYourCalm, "enough"})
	if f, err := d.ReadFrame(); err != nil || f.Header().Type != http2.FrameGoAway {
		t.Errorf("%v, %v", f, err)
	}
	d.Release()
}

// A bug in writing ends the connection: its streams find out, and nobody waits for the
// writer any more. So it is whoever writes.
func TestWritingPanics(t *testing.T) {
	for name, tt := range map[string]struct {
		before, write func(*dialogue) // the answer is queued
	}{
		"the writer":         {func(*dialogue) {}, (*dialogue).run},
		"who had it put off": {func(d *dialogue) { d.Hold() }, func(d *dialogue) { d.Release() }},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.ask(1, false)
			d.feed()
			d.run()
			d.cfg.Write = func([]byte, bool) (bool, error) { panic("a bug") }
			s := d.opened[0]
			tt.before(d)
			if _, err := s.Send(Part{Head: AppendStatus(nil, 200)}); err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic has been swallowed")
					}
				}()
				tt.write(d)
			}()
			if _, err := s.Read(make([]byte, 1), time.Time{}); err != ErrOver {
				t.Errorf("reading: %v", err)
			}
			if _, err := s.Send(Part{Last: true}); err != ErrOver {
				t.Errorf("sending: %v", err)
			}
			s.Close()
			d.Finish(nil)
			d.Join()
		})
	}
}

// A client that does not answer is told after a while which request was the last,
// where a panic is contained.
func TestNoAnswerToFarewell(t *testing.T) {
	dialtest.Bubble(t, func(t *testing.T) {
		d := newDialogue(t)
		d.run()
		d.Conn.Drain()
		d.run()
		time.Sleep(farewellTime)
		synctest.Wait()
		if d.drain == drainTold || len(d.spawned) != 1 {
			t.Errorf("told by the timer, or by %d goroutines, want 1", len(d.spawned))
		}
		d.run()
		var last []uint32
		d.each(func(f http2.Frame) {
			if f, ok := f.(*http2.GoAwayFrame); ok {
				last = append(last, f.LastStreamID)
			}
		})
		if want := []uint32{maxStreamID, 0}; !slices.Equal(last, want) {
			t.Errorf("the last streams are %v, want %v", last, want)
		}
	})
}

// windows reads by how much we have opened the connection's window.
func (d *dialogue) windows() (by []uint32) {
	d.each(func(f http2.Frame) {
		if f, ok := f.(*http2.WindowUpdateFrame); ok && f.StreamID == 0 {
			by = append(by, f.Increment)
		}
	})
	return by
}

// each reads what we have said.
func (d *dialogue) each(f func(http2.Frame)) {
	d.t.Helper()
	for {
		frame, err := d.ReadFrame()
		if err == io.EOF {
			return
		}
		if err != nil {
			d.t.Fatal(err)
		}
		f(frame)
	}
}
