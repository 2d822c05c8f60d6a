package store

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// openConn returns one connection to a database with a table of numbers.
func openConn(t *testing.T) *sql.Conn {
	t.Helper()
	pool, err := openPool(dsn(filepath.Join(t.TempDir(), "kept.db"), map[string][]string{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	c, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	mustExec(t, c, `CREATE TABLE number (n BIGINT NOT NULL PRIMARY KEY)`)
	for n := range 3 {
		mustExec(t, c, `INSERT INTO number (n) VALUES ($1)`, n)
	}
	return c
}

func mustExec(t *testing.T, c *sql.Conn, text string, args ...any) {
	t.Helper()
	if _, err := c.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

// kept returns the statements that the connection keeps.
func kept(t *testing.T, c *sql.Conn) (all map[string]*statement) {
	t.Helper()
	if err := c.Raw(func(raw any) error { all = raw.(*keepingConn).kept; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// rowsOf returns what a query finds, in its order.
func rowsOf(t *testing.T, c *sql.Conn, text string, args ...any) (all []int) {
	t.Helper()
	rows, err := c.QueryContext(t.Context(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

const fromNumber = `SELECT n FROM number WHERE n >= $1 ORDER BY n`

// A statement is used again with other arguments, also if its rows were not read to
// the end, and sees how tables have changed.
func TestStatementAgain(t *testing.T) {
	c := openConn(t)
	rows, err := c.QueryContext(t.Context(), fromNumber, 0)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	first := kept(t, c)[fromNumber]
	if got := fmt.Sprint(rowsOf(t, c, fromNumber, 1), rowsOf(t, c, fromNumber, 2)); got != "[1 2] [2]" {
		t.Errorf("got %s", got)
	}
	mustExec(t, c, `ALTER TABLE number ADD COLUMN half BIGINT`)
	mustExec(t, c, `CREATE INDEX number_half ON number (half)`)
	if got := fmt.Sprint(rowsOf(t, c, fromNumber, 2)); got != "[2]" {
		t.Errorf("after a change of the table: got %s", got)
	}
	if kept(t, c)[fromNumber] != first {
		t.Error("the statement was made anew")
	}
}

// A query within the rows of the same query does not disturb them.
func TestStatementWithinItself(t *testing.T) {
	c := openConn(t)
	rows, err := c.QueryContext(t.Context(), fromNumber, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []int
	for rows.Next() {
		var n int
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
		got = append(got, rowsOf(t, c, fromNumber, 2)...)
	}
	if fmt.Sprint(got) != "[0 2 1 2 2 2]" {
		t.Errorf("got %v", got)
	}
}

// A statement that fails is made anew; one that cannot be made is not kept.
func TestStatementFails(t *testing.T) {
	c := openConn(t)
	const insert, wrong = `INSERT INTO number (n) VALUES ($1)`, `SELECT n FROM nowhere`
	first := kept(t, c)[insert]
	if _, err := c.ExecContext(t.Context(), insert, 1); err == nil {
		t.Fatal("a number is there twice")
	}
	mustExec(t, c, insert, 7)
	if again := kept(t, c)[insert]; again == nil || again == first {
		t.Error("a statement that failed is used again")
	}
	if _, err := c.ExecContext(t.Context(), wrong); err == nil || kept(t, c)[wrong] != nil {
		t.Errorf("error %v", err)
	}
	if got := fmt.Sprint(rowsOf(t, c, fromNumber, 2)); got != "[2 7]" {
		t.Errorf("got %s", got)
	}
}

// However many texts there are, few statements are kept: those in use, and the latest.
func TestStatementsBounded(t *testing.T) {
	c := openConn(t)
	rows, err := c.QueryContext(t.Context(), fromNumber, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	last := ""
	for n := range 3 * keptStatements {
		last = fmt.Sprintf(`SELECT n + %d FROM number WHERE n = 0`, n)
		if got := rowsOf(t, c, last); len(got) != 1 || got[0] != n {
			t.Fatalf("got %v", got)
		}
	}
	all := kept(t, c)
	if len(all) != keptStatements || all[last] == nil || all[fromNumber] == nil {
		t.Errorf("%d are kept; the last one: %v, the one at work: %v", len(all), all[last] != nil, all[fromNumber] != nil)
	}
	for n := range 3 {
		if !rows.Next() {
			t.Fatalf("the rows end before %d", n)
		}
	}
}

// A statement with very many parameters is run, and not kept: callers choose how many
// there are, and each takes room.
func TestLongStatement(t *testing.T) {
	c := openConn(t)
	long := `SELECT n FROM number WHERE n IN (` + places(1, 300) + `) ORDER BY n`
	args := make([]any, 300)
	for i := range args {
		args[i] = i + 1
	}
	for range 2 {
		if got := fmt.Sprint(rowsOf(t, c, long, args...)); got != "[1 2]" {
			t.Errorf("got %s", got)
		}
	}
	mustExec(t, c, `DELETE FROM number WHERE n IN (`+places(1, 300)+`)`, args...)
	if got := fmt.Sprint(rowsOf(t, c, fromNumber, 0)); got != "[0]" {
		t.Errorf("left: %s", got)
	}
	for text := range kept(t, c) {
		if len(text) > maxKeptText {
			t.Errorf("kept: %.40s", text)
		}
	}
}
