package store

import (
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"path"
)

// migrations are applied in the order of their names, and only forward. The
// number of the last one is the schema level of this binary.
//
//go:embed migration/*.sql
var migrations embed.FS

// schemaMinimum is the lowest schema level whose binaries can use a database
// that this binary has upgraded. It grows with a migration that an older binary
// could not live with, in the release after the one that brought its code.
const schemaMinimum = 1

// A NewerError says that a database was upgraded by a newer binary, to a schema
// that this one must not touch.
type NewerError struct {
	Needs int // the lowest schema level that may use the database
	Has   int // the schema level of this binary
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the database needs schema level %d and this headwater has %d: use a newer headwater", e.Needs, e.Has)
}

// sealContext binds the sample in the seal table to its use.
const sealContext = "store/seal"

func migrate(t *tx) error {
	files, err := migrations.ReadDir("migration")
	if err != nil {
		return err
	}
	applied, err := schemaLevel(t, len(files))
	if err != nil {
		return err
	}
	for i := applied; i < len(files); i++ {
		text, err := migrations.ReadFile(path.Join("migration", files[i].Name()))
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(t.ctx, string(text)); err != nil {
			return fmt.Errorf("migration %s: %w", files[i].Name(), err)
		}
		_, err = t.exec(`INSERT INTO migration (number, applied_at) VALUES ($1, $2)`, i+1, t.now.UnixMicro())
		if err != nil {
			return err
		}
	}
	_, err = t.exec(`UPDATE schema_minimum SET level = $1 WHERE level < $1`, schemaMinimum)
	return err
}

// schemaLevel returns how many migrations the database has had, and refuses one
// that a binary with the level has may not use.
func schemaLevel(t *tx, has int) (applied int, err error) {
	_, err = t.ExecContext(t.ctx, `
		CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL);
		CREATE TABLE IF NOT EXISTS schema_minimum (level BIGINT NOT NULL);`)
	if err != nil {
		return 0, err
	}
	var needs int
	err = t.row(`SELECT level FROM schema_minimum`).Scan(&needs)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = t.exec(`INSERT INTO schema_minimum (level) VALUES ($1)`, schemaMinimum)
	}
	if err != nil {
		return 0, err
	}
	if needs > has {
		return 0, &NewerError{Needs: needs, Has: has}
	}
	err = t.row(`SELECT COALESCE(MAX(number), 0) FROM migration`).Scan(&applied)
	return applied, err
}

// checkSeal refuses a key that is not the database's. To find that out at the
// first secret, when new ones are already sealed with the wrong key, is too late.
func checkSeal(t *tx) error {
	var sample string
	err := t.row(`SELECT sample FROM seal`).Scan(&sample)
	if errors.Is(err, sql.ErrNoRows) {
		if sample, err = t.sealer.Seal("headwater", sealContext); err == nil {
			_, err = t.exec(`INSERT INTO seal (sample) VALUES ($1)`, sample)
		}
		return err
	}
	if err != nil {
		return err
	}
	if _, err := t.sealer.Open(sample, sealContext); err != nil {
		return fmt.Errorf("the key is not the one that the database was made with: %w", err)
	}
	return nil
}
