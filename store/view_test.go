package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"headwater/service"
)

// A call that nobody waits for any more reads no more rows.
func TestViewEndsWithCaller(t *testing.T) {
	keeper, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{Sealer: keeper})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, leave := context.WithCancel(t.Context())
	read := 0
	err = db.view(ctx, func(x *tx) error {
		return x.each(func(*sql.Rows) error {
			read++
			leave()
			return nil
		}, `SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3`)
	})
	if !errors.Is(err, context.Canceled) || read != 1 {
		t.Errorf("%d rows were read; error %v", read, err)
	}
}

// Several views see one state, whatever is written once they have begun.
func TestViews(t *testing.T) {
	keeper, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{t.TempDir(), ""} {
		db, err := Open(t.Context(), Options{Dir: dir, Sealer: keeper})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.views(t.Context(), 3, func(all []*tx) error {
			if want := map[bool]int{true: 1, false: 3}[dir == ""]; len(all) != want {
				t.Errorf("%d views, want %d", len(all), want)
			}
			if dir != "" {
				if _, err := db.CreateCustomer(t.Context(), "late"); err != nil {
					return err
				}
			}
			for _, view := range all {
				if seen, err := view.exists(`SELECT 1 FROM customer`); seen || err != nil {
					t.Errorf("a view sees what came late: %v, %v", seen, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
