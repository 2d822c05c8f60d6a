package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"headwater/internal/durable"
	"headwater/service"
)

// Options say where and how a [DB] keeps what it is given.
type Options struct {
	// Dir is the data directory, made if need be; "" keeps all in memory. A
	// directory belongs to one process at a time.
	Dir string

	// Sealer encrypts the secrets among the fields of objects. A database opens
	// only with the key that it was made with.
	Sealer service.Sealer

	// Now is the clock; nil is time.Now.
	Now func() time.Time

	// How many services there may be in all, versions of one, objects of a
	// version and items of a holder; 0 is the default below.
	MaxServices, MaxVersions, MaxObjects, MaxItems int

	// MaxVersionSize is how many bytes the objects of a version may have, as they
	// are stored; 0 is the default below.
	MaxVersionSize int

	// MaxEventAge is how long events are kept; 0 is for ever.
	MaxEventAge time.Duration
}

// The limits of those that say nothing.
const (
	DefaultServices = 200_000
	DefaultVersions = 10_000
	DefaultObjects  = 20_000
	DefaultItems    = 20_000

	DefaultVersionSize = 32 << 20
)

// ErrInUse says that another process has the data directory open.
var ErrInUse = errors.New("the data directory is in use by another process")

// A DB keeps configuration. It may be used by many goroutines.
type DB struct {
	write  *sql.DB // one connection, of writes alone
	writes committer
	read   *sql.DB // the same as write when all is in memory
	sealer service.Sealer
	now    func() time.Time
	lock   *os.File // nil when all is in memory

	limits limits

	closing sync.Once
	closed  error // what Close returns, from then on
}

type limits struct {
	services, versions, objects, items int
	versionSize                        int
	eventAge                           time.Duration
}

// Open opens the database in the data directory, making or upgrading it as
// needed. Its errors are [ErrInUse], a [*NewerError], or tell what the file
// system or the database said.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Sealer == nil {
		return nil, errors.New("store: a Sealer is needed")
	}
	db := &DB{sealer: o.Sealer, now: o.Now, limits: limits{
		services: cmp.Or(o.MaxServices, DefaultServices), versions: cmp.Or(o.MaxVersions, DefaultVersions),
		objects: cmp.Or(o.MaxObjects, DefaultObjects), items: cmp.Or(o.MaxItems, DefaultItems),
		versionSize: cmp.Or(o.MaxVersionSize, DefaultVersionSize), eventAge: o.MaxEventAge,
	}}
	if db.now == nil {
		db.now = time.Now
	}
	if err := db.open(ctx, o.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store: %w", err), db.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, dir string) (err error) {
	if dir == "" {
		err = db.openMemory()
	} else {
		err = db.openDir(dir)
	}
	if err != nil {
		return err
	}
	if err := db.write.PingContext(ctx); err != nil {
		return err
	}
	db.writes.pool, db.writes.groupTime = db.write, defaultGroupTime
	if err := db.update(ctx, migrate); err != nil {
		return err
	}
	return db.update(ctx, checkSeal)
}

// file is the database's name in the data directory.
const file = "headwater.db"

// Exists reports whether the data directory has a database, which [Open] then
// opens only with the key it was made with.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, file))
	return err == nil
}

func (db *DB) openDir(dir string) (err error) {
	if err := durable.MakeDir(dir); err != nil {
		return err
	}
	if db.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return err
	}
	return db.openFile(filepath.Join(dir, file))
}

// Close ends all use of the database and releases the data directory. Writes that
// have begun, or wait, come to their end. It may be called again, and returns when all
// that is done.
func (db *DB) Close() error {
	db.closing.Do(func() { db.closed = db.close() })
	return db.closed
}

func (db *DB) close() error {
	db.writes.close()
	var errs []error
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	if db.lock != nil {
		errs = append(errs, unlockFile(db.lock))
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.view(ctx, func(t *tx) error {
		var one int
		return t.QueryRowContext(t.ctx, `SELECT 1`).Scan(&one)
	})
}

// A tx is one call's use of a transaction, with the moment it began. All times
// that it writes are that one.
type tx struct {
	*sql.Tx
	ctx    context.Context // of statements
	caller context.Context // of the call; when it ends no more rows are read
	now    time.Time
	sealer service.Sealer
	limits limits
}

// view runs f on one state of the database, which does not change meanwhile.
func (db *DB) view(ctx context.Context, f func(*tx) error) error {
	return db.connected(ctx, func(c *sql.Conn) error {
		raw, err := c.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer raw.Rollback() // there is nothing to commit
		return f(db.newTx(ctx, raw))
	})
}

// views runs f on several views of one state, each with a connection of its own: n of
// them, or one where all is in memory, and so in one connection.
func (db *DB) views(ctx context.Context, n int, f func([]*tx) error) error {
	if db.read == db.write {
		return db.view(ctx, func(t *tx) error { return f([]*tx{t}) })
	}
	// Nobody writes until all of them have begun.
	if err := db.writes.take(ctx); err != nil {
		return err
	}
	begun := sync.OnceFunc(db.writes.pass)
	defer begun()
	return db.nest(ctx, min(n, readers), nil, func(all []*tx) error {
		begun()
		return f(all)
	})
}

// nest runs f on views that are there, and n more.
func (db *DB) nest(ctx context.Context, n int, all []*tx, f func([]*tx) error) error {
	if n == 0 {
		return f(all)
	}
	return db.view(ctx, func(t *tx) error {
		// The first read is what a transaction begins with.
		if _, err := t.exists(`SELECT 1 FROM version LIMIT 1`); err != nil {
			return err
		}
		return db.nest(ctx, n-1, append(all, t), f)
	})
}

// connected runs f with a connection that reads, for which it waits until ctx ends. A
// statement that watches for that end costs twice as much, in goroutines: f is to use
// a context that has none, and to look at ctx itself where it takes long.
func (db *DB) connected(ctx context.Context, f func(*sql.Conn) error) error {
	c, err := db.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	return f(c)
}

// update runs f and commits what it wrote, unless f fails or ctx ends before it
// does. With it goes the event that the context carries, if any. Statements under
// way are not interrupted: SQLite would undo what others wrote in the same
// transaction.
func (db *DB) update(ctx context.Context, f func(*tx) error) error {
	return db.writes.write(ctx, func(raw *sql.Tx) error {
		t := db.newTx(ctx, raw)
		if err := f(t); err != nil {
			return err
		}
		return t.insertEvent(service.EventOf(ctx))
	})
}

func (db *DB) newTx(ctx context.Context, raw *sql.Tx) *tx {
	return &tx{
		Tx: raw, ctx: context.WithoutCancel(ctx), caller: ctx,
		now: toTime(db.now().UnixMicro()), sealer: db.sealer, limits: db.limits,
	}
}

// exec runs a statement that changes rows, and returns how many it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.ExecContext(t.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row runs a query for at most one row. Without one, scan's error is
// sql.ErrNoRows.
func (t *tx) row(query string, args ...any) *sql.Row {
	return t.QueryRowContext(t.ctx, query, args...)
}

// each calls scan for each row of a query.
func (t *tx) each(scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.QueryContext(t.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := t.caller.Err(); err != nil {
			return err
		}
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exists reports whether a query has a row. Its one column is a number.
func (t *tx) exists(query string, args ...any) (bool, error) {
	var one int
	err := t.row(query, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// toTime reads a time column.
func toTime(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
