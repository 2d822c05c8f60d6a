package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"headwater/service"
)

// A fakeStore has dictionaries, each at its latest revision. Those that it is
// told to break cannot be read.
type fakeStore struct {
	mu     sync.Mutex
	items  map[service.HolderRef]*service.Holding
	broken map[string]bool
	reads  int
}

func (s *fakeStore) Holdings(_ context.Context, all ...service.HolderRef) (holdings []*service.Holding, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	for _, at := range all {
		h := s.items[at]
		if h == nil || s.broken[at.ID] {
			err = errors.Join(err, fmt.Errorf("no holder %s", at.ID))
			continue
		}
		holdings = append(holdings, h)
	}
	return holdings, err
}

// write changes a dictionary, and returns the change. Pairs are "key=value", or
// "-key" to remove one.
func (s *fakeStore) write(id, holder string, pairs ...string) *service.Holding {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := service.HolderRef{Service: id, ID: holder}
	old := s.items[at]
	if old == nil {
		old = &service.Holding{HolderRef: at, Kind: service.DictionaryKind, Revision: 1}
	}
	change := &service.Holding{HolderRef: at, Kind: service.DictionaryKind, Revision: old.Revision + 1, Since: old.Revision}
	for _, pair := range pairs {
		if key, gone := strings.CutPrefix(pair, "-"); gone {
			change.Gone = append(change.Gone, key)
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		item := *service.DictionaryItemKind.Default().(*service.DictionaryItem)
		item.Name, item.Value = key, value
		change.Items = append(change.Items, &item)
	}
	next, err := old.With(change)
	if err != nil {
		panic(err)
	}
	if s.items == nil {
		s.items = map[service.HolderRef]*service.Holding{}
	}
	s.items[at] = next
	return change
}

// with gives a snapshot dictionaries.
func with(s *service.Snapshot, holders ...string) *service.Snapshot {
	for _, id := range holders {
		d := *service.DictionaryKind.Default().(*service.Dictionary)
		d.Name, d.ID = id, id
		s.Objects["dictionary"] = append(s.Objects["dictionary"], &d)
	}
	return s
}

func told(h *service.Holding) string {
	if h == nil {
		return "nothing"
	}
	text := fmt.Sprint(h.Revision, ":")
	for _, o := range h.Items {
		text += " " + o.Meta().Name + "=" + o.(*service.DictionaryItem).Value
	}
	return text
}

func (f *fixture) change(t *testing.T, change *service.Holding) {
	t.Helper()
	if err := f.PublishItems(context.Background(), change); err != nil {
		t.Fatal(err)
	}
}

// wantItems checks what the edge has of a holder, and what an edge without a
// store would.
func (f *fixture) wantItems(t *testing.T, id, holder, want string) {
	t.Helper()
	if got := told(f.edge.items[holder]); got != want {
		t.Errorf("the edge has %s, want %s", got, want)
	}
	all, _ := f.dir.Holdings(context.Background(), service.HolderRef{Service: id, ID: holder}) // its error is a missing file
	var kept *service.Holding
	if len(all) > 0 {
		kept = all[0]
	}
	if got := told(kept); got != want {
		t.Errorf("kept is %s, want %s", got, want)
	}
}

func TestItemsComeWithTheVersion(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.store.write("one", "d", "a=1")
	f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
	f.wantItems(t, "one", "d", "2: a=1")
	f.change(t, f.store.write("one", "d", "b=2"))
	f.change(t, f.store.write("one", "d", "-a", "c=3"))
	f.wantItems(t, "one", "d", "4: b=2 c=3")

	// What no version has is not carried, until one has it.
	f.change(t, f.store.write("one", "e", "x=1"))
	f.wantItems(t, "one", "e", "nothing")
	reads := f.store.reads
	f.publish(t, with(snapshot("one", 2, 2, "b"), "d", "e"))
	f.wantItems(t, "one", "e", "2: x=1")
	f.publish(t, with(snapshot("one", 3, 3, "b"), "d", "e"))
	if n := f.store.reads - reads; n != 1 {
		t.Errorf("%d reads for one new holder", n)
	}

	// What a version leaves behind is not kept.
	f.publish(t, with(snapshot("one", 4, 4, "b"), "e"))
	if _, err := os.Stat(f.dir.itemsFile(service.HolderRef{Service: "one", ID: "d"})); err == nil {
		t.Error("the items of a former version are kept")
	}
	f.publish(t, snapshot("one", 0, 5))
	if entries, err := os.ReadDir(f.dir.path); err != nil || len(entries) != 0 {
		t.Errorf("a service that ended leaves %v, %v", entries, err)
	}
}

func TestItemsOvertake(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.store.write("one", "d", "a=1")
	f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
	first, second := f.store.write("one", "d", "a=2"), f.store.write("one", "d", "a=3")
	f.change(t, second) // the gap is filled from the store
	f.wantItems(t, "one", "d", "4: a=3")
	f.change(t, first)
	f.wantItems(t, "one", "d", "4: a=3")
	f.change(t, f.store.write("one", "d", "b=1"))
	f.wantItems(t, "one", "d", "5: a=3 b=1")
}

// Writers of one dictionary publish in any order, while versions come and go: in
// the end the edge and the directory have what the store has.
func TestItemsRace(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.store.write("one", "d", "a=1")
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for n := range 25 {
				if err := f.PublishItems(context.Background(), f.store.write("one", "d", fmt.Sprintf("k%d=%d", rand.IntN(10), w*100+n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for n := 1; n <= 25; n++ {
			if err := f.Publish(context.Background(), with(snapshot("one", n, int64(n), "b"), "d")); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	f.wantItems(t, "one", "d", told(f.store.items[service.HolderRef{Service: "one", ID: "d"}]))
}

// Items that cannot be read keep a version from being published, and the former
// one stays.
func TestItemsUnread(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.publish(t, snapshot("one", 1, 1, "b"))
	if err := f.Publish(context.Background(), with(snapshot("one", 2, 2, "b"), "none")); err == nil {
		t.Error("no error")
	}
	if f.edge.version("one") != 1 {
		t.Errorf("version %d is served", f.edge.version("one"))
	}
}

func TestStartWithItems(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	for _, id := range []string{"sound", "unread", "lost"} {
		f.store.write(id, "d-"+id, "a=1")
		f.publish(t, with(snapshot(id, 1, 1, "b"), "d-"+id))
		f.change(t, f.store.write(id, "d-"+id, "a=2"))
	}
	before := f.store
	if err := os.Remove(f.dir.itemsFile(service.HolderRef{Service: "lost", ID: "d-lost"})); err != nil {
		t.Fatal(err)
	}
	f = newFixture(t, path)
	f.store.items, f.store.broken = before.items, map[string]bool{"d-unread": true, "d-lost": true}
	f.store.write("sound", "d-sound", "a=3")
	f.Start(t.Context(), []*service.Snapshot{
		with(snapshot("sound", 1, 1, "b"), "d-sound"), with(snapshot("unread", 1, 1, "b"), "d-unread"), with(snapshot("lost", 1, 1, "b"), "d-lost"),
	}, nil)
	for id, want := range map[string]int{"sound": 1, "unread": 1, "lost": 0} {
		if got := f.edge.version(id); got != want {
			t.Errorf("%s serves version %d, want %d", id, got, want)
		}
	}
	f.wantItems(t, "sound", "d-sound", "4: a=3")
	f.wantItems(t, "unread", "d-unread", "3: a=2")
	for _, want := range []string{"serving the kept items", "items not read", "kept items not read"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, f.log)
		}
	}
}

// An edge on its own finds in the directory what it served, items and all.
func TestStartFromTheDirectoryAlone(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	f.store.write("one", "d", "a=1")
	f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
	f.change(t, f.store.write("one", "d", "b=2"))
	f = newFixture(t, path)
	f.Start(t.Context(), nil, []service.Unserved{{Ref: service.Ref{Service: "one", Version: 1}, Generation: 1, Err: errors.New("no database")}})
	if f.edge.version("one") != 1 {
		t.Error("not served")
	}
	f.wantItems(t, "one", "d", "3: a=1 b=2")
}

// An edition with other contents takes the place of its elder on disk too.
func TestContentsAreKept(t *testing.T) {
	path := t.TempDir()
	f := newFixture(t, path)
	for _, revision := range []int64{1, 3, 2} {
		s := snapshot("one", 1, 1, "b")
		s.ContentRevision, s.Contents = revision, map[string]string{"snippet": fmt.Sprint(revision)}
		f.publish(t, s)
	}
	all, err := f.dir.Load()
	if err != nil || len(all) != 1 || all[0].Contents["snippet"] != "3" || f.edge.serving["one"].Contents["snippet"] != "3" {
		t.Errorf("kept %v, %v", all, err)
	}
}

func TestDamagedItems(t *testing.T) {
	at := service.HolderRef{Service: "one", ID: "d"}
	keep := func(t *testing.T) *fixture {
		f := newFixture(t, t.TempDir())
		f.store.write("one", "d", "a=1")
		f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
		f.change(t, f.store.write("one", "d", "a=2"))
		f.change(t, f.store.write("one", "d", "a=3"))
		return f
	}
	text, err := os.ReadFile(keep(t).dir.itemsFile(at))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	for _, tt := range []struct {
		name, text, want string
	}{
		{"cut within the last line", string(text[:len(text)-20]), "3: a=2"},
		{"cut within the first", string(text[:20]), "nothing"},
		{"empty", "", "nothing"},
		{"a change first", strings.Join(lines[1:], ""), "nothing"},
		{"a change missing", lines[0] + lines[2], "nothing"},
	} {
		f := keep(t)
		if err := os.WriteFile(f.dir.itemsFile(at), []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := f.dir.Holdings(t.Context(), at)
		got := "nothing"
		if len(all) > 0 {
			got = told(all[0])
		}
		if got != tt.want || (err == nil) != (tt.want != "nothing") {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

// A file that cannot be written is made good by the next change.
func TestItemsFileMissing(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.store.write("one", "d", "a=1")
	f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
	if err := os.RemoveAll(filepath.Join(f.dir.path, "one"+itemsExtension)); err != nil {
		t.Fatal(err)
	}
	f.change(t, f.store.write("one", "d", "a=2"))
	if !strings.Contains(f.log.String(), "items not kept on disk") {
		t.Errorf("the log says %s", f.log)
	}
	f.change(t, f.store.write("one", "d", "a=3"))
	f.wantItems(t, "one", "d", "4: a=3")
}

// However long a dictionary is written, its file stays short.
func TestItemsFileStaysShort(t *testing.T) {
	f := newFixture(t, t.TempDir())
	f.store.write("one", "d", "a=1")
	f.publish(t, with(snapshot("one", 1, 1, "b"), "d"))
	var sizes []int64
	value := strings.Repeat("v", 4000)
	for n := range 100 {
		f.change(t, f.store.write("one", "d", fmt.Sprintf("a=%d%s", n, value)))
		info, err := os.Stat(f.dir.itemsFile(service.HolderRef{Service: "one", ID: "d"}))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if most := slices.Max(sizes); most > 2*enoughChanges {
		t.Errorf("%d bytes", most)
	}
	f.wantItems(t, "one", "d", told(f.store.items[service.HolderRef{Service: "one", ID: "d"}]))
}
