package edge

import (
	"encoding/json"
	"testing"
	"time"
)

func TestLineTime(t *testing.T) {
	l := NewAccessLog(nil, 0, nil)
	defer l.Close(t.Context())
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
