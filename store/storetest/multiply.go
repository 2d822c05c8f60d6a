package storetest

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// Multiply makes n more services in the SQLite database of dir like the one whose id
// is given, each with its own domain, which takes the place of shop.test. The database
// may be open meanwhile. It is for benchmarks, which would take minutes by way of the
// store.
func Multiply(b testing.TB, dir, id string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "headwater.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const each = ` FROM service AS one, (WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < $2) SELECT n FROM c)`
	for _, insert := range []string{
		`INSERT INTO service (id, customer_id, name, comment, type, generation, created_at, updated_at)
		SELECT printf('s%d', n), customer_id, printf('s%d', n), comment, type, generation, created_at, updated_at` + each + ` WHERE id = $1`,
		`INSERT INTO version (service_id, number, active, locked, comment, revision, created_at, updated_at, size)
		SELECT printf('s%d', n), number, active, locked, v.comment, revision, v.created_at, v.updated_at, size` + each + `
		JOIN version AS v ON v.service_id = one.id WHERE id = $1`,
		`INSERT INTO object (service_id, version, kind, name, seq, body, created_at, updated_at)
		SELECT printf('s%d', n), version, kind, replace(o.name, 'shop.test', printf('s%d.test', n)), seq,
		replace(body, 'shop.test', printf('s%d.test', n)), o.created_at, o.updated_at` + each + `
		JOIN object AS o ON o.service_id = one.id WHERE id = $1`,
		`INSERT INTO domain_claim (name, service_id) SELECT printf('s%d.test', n), printf('s%d', n)` + each + ` WHERE id = $1`,
	} {
		if _, err := db.Exec(insert, id, n); err != nil {
			b.Fatal(err)
		}
	}
}
