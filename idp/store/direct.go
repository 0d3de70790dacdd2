package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// The statements that are SQL here go from conn to the driver directly: for
// what SQLite answers in microseconds, database/sql's pools, locks and copies
// cost as much again.

// direct is a statement as the driver prepared it.
type direct interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// quiet is the context of statements: one that could end would start a
// goroutine for each of them.
var quiet = context.Background()

// direct prepares a statement once. There are as many as stand in this package:
// none is put together from what somebody sent.
func (c *conn) direct(query string) (direct, error) {
	if s, ok := c.directs[query]; ok {
		return s, nil
	}
	var s direct
	err := c.raw.Raw(func(raw any) error {
		own, err := raw.(driver.ConnPrepareContext).PrepareContext(quiet, query) //nolint:errcheck // go-sqlite3 does
		if err == nil {
			s = own.(direct) //nolint:errcheck // as above
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.directs[query] = s
	return s, nil
}

// exec runs a writing statement and returns how many rows it changed.
func (c *conn) exec(query string, args ...any) (int64, error) {
	s, bound, err := c.ready(query, args)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(quiet, bound)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// query reads at most limit rows, 0 meaning all, each into what next returns.
// It returns how many there were.
func (c *conn) query(limit int, next func() []any, query string, args ...any) (n int, err error) {
	s, bound, err := c.ready(query, args)
	if err != nil {
		return 0, err
	}
	rows, err := s.QueryContext(quiet, bound)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if width := len(rows.Columns()); cap(c.values) < width {
		c.values = make([]driver.Value, width)
	} else {
		c.values = c.values[:width]
	}
	for ; limit == 0 || n < limit; n++ {
		if err := rows.Next(c.values); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		for i, dest := range next() {
			if err := assign(dest, c.values[i]); err != nil {
				return n, fmt.Errorf("column %d: %w", i, err)
			}
		}
	}
	return n, nil
}

// ready is a statement and its arguments as the driver takes them. They are good
// until the next one.
func (c *conn) ready(query string, args []any) (direct, []driver.NamedValue, error) {
	c.bound = c.bound[:0]
	for i, arg := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		c.bound = append(c.bound, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	s, err := c.direct(query)
	return s, c.bound, err
}

// assign puts a value of SQLite's into what a row is read into.
func assign(dest any, v driver.Value) error {
	switch to := dest.(type) {
	case *string:
		if text, ok := v.(string); ok {
			*to = text
			return nil
		}
	case *[]byte:
		if blob, ok := v.([]byte); ok || v == nil {
			*to = blob
			return nil
		}
	case sql.Scanner:
		return to.Scan(v)
	}
	to := reflect.ValueOf(dest).Elem()
	switch from := v.(type) {
	case int64:
		switch {
		case to.CanInt() && !to.OverflowInt(from):
			to.SetInt(from)
			return nil
		case to.CanUint() && from >= 0 && !to.OverflowUint(uint64(from)):
			to.SetUint(uint64(from))
			return nil
		case to.Kind() == reflect.Bool:
			to.SetBool(from != 0)
			return nil
		}
	case string:
		if to.Kind() == reflect.String {
			to.SetString(from)
			return nil
		}
	}
	return fmt.Errorf("%T for a %s", v, to.Type())
}
