package store

import (
	"context"
	"testing"

	"headwater/service"
)

// TestPragmas pins what durability and speed rest on: a typing error in the
// name of a setting would go unnoticed.
func TestPragmas(t *testing.T) {
	keeper, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(context.Background(), Options{Dir: t.TempDir(), Sealer: keeper})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
	} {
		var got string
		if err := db.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := db.read.Exec("DELETE FROM object"); err == nil {
		t.Error("a reader can write")
	}
}
