package store

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// readers bounds the connections that read at the same time.
const readers = 8

// openFile opens the database file at path, making an empty one if need be.
func (db *DB) openFile(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	// SQLite would make the file readable by all, and gives its companions
	// (-wal, -shm) the mode that the file has.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return err
	}
	// FULL syncs the log at each commit: what was answered survives a loss of
	// power.
	db.write, err = openPool(dsn(path, url.Values{
		"_txlock":       {"immediate"}, // a write transaction never fails half-way for want of the lock
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_foreign_keys": {"on"},
		"_busy_timeout": {"5000"},
	}))
	if err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	db.read, err = openPool(dsn(path, url.Values{
		"_query_only":   {"on"},
		"_busy_timeout": {"5000"},
	}))
	if err != nil {
		return err
	}
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	return nil
}

// openMemory keeps all in one connection: each would be a database of its own.
func (db *DB) openMemory() (err error) {
	db.write, err = openPool(":memory:?_foreign_keys=on")
	if err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetMaxIdleConns(1)
	db.read = db.write
	return nil
}

// openPool returns connections that keep their statements.
func openPool(name string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeping{c}), nil
}

func dsn(path string, q url.Values) string {
	q.Set("_dqs", "0") // "x" is a name in standard SQL, never a text
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}
