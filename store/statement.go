package store

import (
	"context"
	"database/sql/driver"
	"io"
)

// keptStatements is how many statements a connection keeps ready. It is more than the
// store has texts that come often; those with a number of parameters of their own take
// each other's places. A statement takes some kilobytes.
const keptStatements = 128

// maxKeptText is how long the text of one that is kept may be, in bytes. It is more than
// the store's own texts have, but for those with very many parameters: a thousand take
// 250 KiB, and callers choose how many there are, in each connection.
const maxKeptText = 1024

// A keeping connector opens connections that keep their statements: to make one ready
// takes SQLite several times as long as to run it.
type keeping struct{ driver.Connector }

// Connect makes keeping a [driver.Connector].
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keepingConn{connection: c.(connection), kept: map[string]*statement{}}, nil
}

// A connection is what the driver's can do that package sql makes use of.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// A keepingConn runs each text with the statement that it has of it. As with all
// connections one goroutine at a time uses it, and package sql sees to that.
type keepingConn struct {
	connection
	kept map[string]*statement // by text
	uses int64                 // of all statements
}

// A statement is ready to run, again and again.
type statement struct {
	driver.Stmt
	used int64 // the number of its last use
	open bool  // there are rows of it, which another use would end
}

// statement returns the one of the text, or nil if that is at work or not to be kept. One
// that is new takes the place of the one that was not used for the longest time.
func (c *keepingConn) statement(ctx context.Context, text string) (*statement, error) {
	if len(text) > maxKeptText {
		return nil, nil
	}
	c.uses++
	s := c.kept[text]
	if s == nil {
		made, err := c.PrepareContext(ctx, text)
		if err != nil {
			return nil, err
		}
		s = &statement{Stmt: made}
		c.makeRoom()
		c.kept[text] = s
	}
	if s.open {
		return nil, nil
	}
	s.used = c.uses
	return s, nil
}

// makeRoom drops a statement if there are as many as may be. Those that are at work
// stay: there are no more of them than queries within queries.
func (c *keepingConn) makeRoom() {
	if len(c.kept) < keptStatements {
		return
	}
	oldest := ""
	for text, s := range c.kept {
		if !s.open && (oldest == "" || s.used < c.kept[oldest].used) {
			oldest = text
		}
	}
	c.drop(oldest)
}

// drop ends a statement. What it says is of its last run, whose error is known.
func (c *keepingConn) drop(text string) {
	if s := c.kept[text]; s != nil {
		delete(c.kept, text)
		_ = s.Close()
	}
}

// ExecContext makes keepingConn a [driver.ExecerContext]. A statement that has failed
// is not used again.
func (c *keepingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.connection.ExecContext(ctx, text, args)
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if err != nil {
		c.drop(text)
	}
	return result, err
}

// QueryContext makes keepingConn a [driver.QueryerContext].
func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.connection.QueryContext(ctx, text, args)
	}
	found, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		c.drop(text)
		return nil, err
	}
	s.open = true
	return &keptRows{Rows: found, conn: c, text: text, of: s}, nil
}

// Close makes keepingConn a [driver.Conn].
func (c *keepingConn) Close() error {
	for text := range c.kept {
		c.drop(text)
	}
	return c.connection.Close()
}

// keptRows are rows of a statement that is used again when they are closed.
type keptRows struct {
	driver.Rows
	conn   *keepingConn
	text   string
	of     *statement
	failed bool
}

// Next makes keptRows [driver.Rows].
func (r *keptRows) Next(to []driver.Value) error {
	err := r.Rows.Next(to)
	if err != nil && err != io.EOF {
		r.failed = true
	}
	return err
}

// Close makes keptRows [driver.Rows].
func (r *keptRows) Close() error {
	err := r.Rows.Close()
	r.of.open = false
	if err != nil || r.failed {
		r.conn.drop(r.text)
	}
	return err
}
