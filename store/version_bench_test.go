package store_test

import (
	"context"
	"fmt"
	"testing"

	"headwater/service"
)

// BenchmarkBigVersion is of a version with 500 backends, 200 conditions and 100
// snippets: to clone it, and to read it and find all that its objects name.
func BenchmarkBigVersion(b *testing.B) {
	db, who, at := benchStore(b, 500)
	ctx := context.Background()
	create := func(k *service.Kind, in service.Input) {
		o, err := k.Create(in)
		if err == nil {
			_, err = db.CreateObject(ctx, who, at, k, o)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for i := range 200 {
		create(service.ConditionKind, service.Input{"name": {Text: fmt.Sprint("c", i)}, "statement": {Text: "req.url"}, "type": {Text: "REQUEST"}})
	}
	for i := range 100 {
		create(service.SnippetKind, service.Input{"name": {Text: fmt.Sprint("s", i)}, "type": {Text: "recv"}, "content": {Text: "# a line\n"}})
	}
	b.Run("Clone", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.CloneVersion(ctx, who, at); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Check", func(b *testing.B) {
		for b.Loop() {
			s, err := db.Snapshot(ctx, who, at)
			if err == nil {
				err = s.CheckReferences()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
