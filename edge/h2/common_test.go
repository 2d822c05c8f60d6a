package h2

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

var testCommon = NewCommon("via", "1.1 here", "x-served-by", "us", "x-timer", "")

// An answer's fields, of which those that are common have a number.
func answerBlock(fields ...any) []byte {
	b := AppendStatus(nil, 200)
	for i := 0; i < len(fields); i += 2 {
		if at, common := fields[i].(int); common {
			b = testCommon.Append(b, at, []byte(fields[i+1].(string)))
		} else {
			b = AppendField(b, []byte(fields[i].(string)), []byte(fields[i+1].(string)))
		}
	}
	return b
}

// Whatever the client says of its table, and in whatever order answers have what is common,
// it reads what was meant; and once one had all of it, in fewer bytes.
func TestCommonFields(t *testing.T) {
	type answer struct {
		resize int // the client's table before it, -1 to leave it
		fields []any
		most   int // bytes of its block; 0 for any
	}
	usual := []any{"server", "x", 0, "1.1 here", 1, "us", 2, "S1"}
	long := strings.Repeat("v", 300)
	tests := map[string][]answer{
		"usual": {{-1, usual, 0}, {-1, usual, 12}, {-1, usual, 12}},
		"the first is another": {
			{-1, []any{0, "1.1 there, 1.1 here", 1, "us", 2, "S0"}, 0}, {-1, []any{"a", "b"}, 0}, {-1, usual, 0}, {-1, usual, 12},
			{-1, []any{0, "1.1 there", 1, "us", 2, ""}, 0},
		},
		"out of order":           {{-1, []any{1, "us", 0, "1.1 here", 2, "S1"}, 0}, {-1, usual, 0}, {-1, []any{2, "S2", 1, "us", 0, "1.1 here"}, 9}},
		"twice":                  {{-1, []any{0, "1.1 here", 0, "1.1 here", 1, "us", 2, "S1"}, 0}, {-1, usual, 0}, {-1, usual, 12}},
		"a value of none":        {{-1, []any{0, "1.1 here", 1, "us", 2, ""}, 0}, {-1, usual, 12}},
		"a long value":           {{-1, []any{0, "1.1 here", 1, "us", 2, long}, 0}, {-1, usual, 0}, {-1, []any{0, "1.1 here", 1, long, 2, long}, 0}},
		"no table":               {{0, usual, 0}, {-1, usual, 0}},
		"a smaller one":          {{100, usual, 0}, {-1, usual, 0}},
		"none any more":          {{-1, usual, 0}, {-1, usual, 12}, {0, usual, 0}, {-1, usual, 0}},
		"smaller and then large": {{0, usual, 0}, {8192, usual, 0}},
		"larger":                 {{65536, usual, 0}, {-1, usual, 12}},
	}
	for name, answers := range tests {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			d.cfg.Common = testCommon
			decoder := hpack.NewDecoder(tableSize, nil)
			for i, a := range answers {
				if a.resize >= 0 {
					d.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: uint32(a.resize)})
					decoder.SetAllowedMaxDynamicTableSize(uint32(a.resize))
				}
				d.ask(uint32(2*i+1), true)
				d.feed()
				d.run()
				d.said.Reset()
				if all, err := d.opened[i].Send(Part{Head: answerBlock(a.fields...), Last: true}); !all || err != nil {
					t.Fatal(all, err)
				}
				d.run()
				f, err := d.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				block := f.(*http2.HeadersFrame).HeaderBlockFragment()
				if a.most > 0 && len(block) > a.most {
					t.Errorf("answer %d has a block of %d bytes, want %d at most", i, len(block), a.most)
				}
				if got, want := d.opened[i].Grown(), len(block)-len(answerBlock(a.fields...)); got != want {
					t.Errorf("answer %d has grown by %d bytes, want %d", i, got, want)
				}
				got, err := decoder.DecodeFull(block)
				if err != nil {
					t.Fatalf("answer %d: %v", i, err)
				}
				if diff := cmp.Diff(meant(a.fields), got); diff != "" {
					t.Errorf("answer %d: (-want +got)\n%s", i, diff)
				}
			}
		})
	}
}

// meant is what a client reads.
func meant(fields []any) []hpack.HeaderField {
	all := []hpack.HeaderField{{Name: ":status", Value: "200"}}
	for i := 0; i < len(fields); i += 2 {
		name, named := fields[i].(string)
		if !named {
			name = testCommon.names[fields[i].(int)]
		}
		all = append(all, hpack.HeaderField{Name: name, Value: fields[i+1].(string)})
	}
	return all
}

// What would not stay in a client's table is not common.
func TestCommonIsSmall(t *testing.T) {
	if NewCommon("via", strings.Repeat("v", tableSize)) != nil {
		t.Error("it is larger than a table")
	}
}
