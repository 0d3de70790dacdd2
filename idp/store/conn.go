package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// conn is one SQLite connection with its prepared statements. It serves one
// transaction at a time, so it needs no locks, and no context that could end:
// the driver would start a goroutine for every statement.
type conn struct {
	raw   *sql.Conn
	db    *gorm.DB
	stmts map[string]*sql.Stmt // of gorm

	directs map[string]direct // of ours
	bound   []driver.NamedValue
	values  []driver.Value
}

// maxStmts bounds what is kept: lists of different lengths make different statements.
const maxStmts = 500

func newConn(ctx context.Context, pool *sql.DB) (*conn, error) {
	raw, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, stmts: map[string]*sql.Stmt{}, directs: map[string]direct{}}
	c.db, err = gorm.Open(sqlite.New(sqlite.Config{Conn: c}), gormConfig())
	return c, err
}

// run executes a statement without arguments.
func (c *conn) run(query string) error {
	_, err := c.exec(query)
	return err
}

// close gives up the statements; the connection is its pool's.
func (c *conn) close() error {
	c.forget()
	var errs []error
	for _, s := range c.directs {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (c *conn) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	s, err := c.raw.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.stmts) >= maxStmts {
		c.forget()
	}
	c.stmts[query] = s
	return s, nil
}

func (c *conn) forget() {
	for _, s := range c.stmts {
		s.Close() //nolint:errcheck,gosec // a statement of a connection that lives on
	}
	clear(c.stmts)
}

// PrepareContext implements gorm.ConnPool.
func (c *conn) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return c.raw.PrepareContext(ctx, query)
}

// ExecContext implements gorm.ConnPool.
func (c *conn) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next time; closed with the connection
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext implements gorm.ConnPool.
func (c *conn) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next time; closed with the connection
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements gorm.ConnPool.
func (c *conn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := c.prepared(ctx, query) //nolint:sqlclosecheck // kept for the next time; closed with the connection
	if err != nil {
		return c.raw.QueryRowContext(ctx, query, args...) // reports the same error
	}
	return s.QueryRowContext(ctx, args...)
}
