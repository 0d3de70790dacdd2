package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Tx is one transaction. It is for the function it was given to, in one
// goroutine. Where a database would differ, its methods do not: a read by key
// inside [Store.Update] sees the newest state and keeps it until the end.
//
// An error other than those of this package's list comes from the database;
// return it.
type Tx struct {
	// Now is the moment of this transaction, in UTC and whole seconds.
	Now time.Time
	// Actor is who does it; unset in View.
	Actor Actor

	store    *Store
	db       *gorm.DB
	pool     gorm.ConnPool // of db, for statements in SQL
	direct   *conn         // instead of pool where that is SQLite
	ctx      context.Context
	readOnly bool
	// ends is set by what may end an access token or changes its person; see [Store.Ended].
	ends bool
	// fault is the first error after which the database refuses, or must be refused, all work.
	fault error
}

// noting wraps err with what was being done and remembers faults.
func (tx *Tx) noting(op string, err error) error {
	if err == nil {
		return nil
	}
	if tx.fault == nil && (again(err) || ruined(err)) {
		tx.fault = err
	}
	return fmt.Errorf("%s: %w", op, explain(err))
}

func (tx *Tx) writable() error {
	if tx.readOnly {
		return fmt.Errorf("write outside Update: %w", ErrReadOnly)
	}
	return tx.fault
}

// take reads the one row that where selects and, in Update, locks it. SQLite
// has one writer and needs no lock.
func take[R any](tx *Tx, where string, args ...any) (R, error) {
	var row R
	if tx.fault != nil {
		return row, tx.fault
	}
	db := tx.db
	if !tx.readOnly && tx.store.engine.dialect() == dialectPostgres {
		db = db.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
	}
	err := db.Where(where, args...).Take(&row).Error
	return row, tx.noting("read "+table(row), err)
}

// list reads the rows that where selects, in order; limit 0 means all.
func list[R any](tx *Tx, order string, limit int, where string, args ...any) ([]R, error) {
	if tx.fault != nil {
		return nil, tx.fault
	}
	var rows []R
	db := tx.db.Order(order)
	if where != "" {
		db = db.Where(where, args...)
	}
	if limit > 0 {
		db = db.Limit(limit)
	}
	err := db.Find(&rows).Error
	return rows, tx.noting("list "+table(*new(R)), err)
}

// insert writes a new row, or returns ErrExists. The transaction stays usable
// in both cases, on PostgreSQL too.
func insert[R any](tx *Tx, row R) error {
	if err := tx.writable(); err != nil {
		return err
	}
	res := tx.db.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if res.Error == nil && res.RowsAffected == 0 {
		return fmt.Errorf("insert %s: %w", table(row), ErrExists)
	}
	return tx.noting("insert "+table(row), res.Error)
}

// update writes the whole row, found by its primary key, except some columns;
// it returns ErrNotFound when there is none.
func update[R any](tx *Tx, row R, except ...string) error {
	if err := tx.writable(); err != nil {
		return err
	}
	res := tx.db.Model(&row).Select("*").Omit(except...).Updates(&row)
	if res.Error == nil && res.RowsAffected == 0 {
		return fmt.Errorf("update %s: %w", table(row), ErrNotFound)
	}
	return tx.noting("update "+table(row), res.Error)
}

// exec runs a writing statement and returns how many rows it changed.
// Statements number their arguments: ?1, ?2.
func (tx *Tx) exec(op, statement string, args ...any) (int64, error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	if tx.direct != nil {
		n, err := tx.direct.exec(statement, args...)
		return n, tx.noting(op, err)
	}
	res, err := tx.pool.ExecContext(tx.ctx, tx.words(statement), args...)
	if err != nil {
		return 0, tx.noting(op, err)
	}
	n, err := res.RowsAffected()
	return n, tx.noting(op, err)
}

// must is exec for a statement that has to change a row; otherwise it returns none.
func (tx *Tx) must(op string, none error, statement string, args ...any) error {
	n, err := tx.exec(op, statement, args...)
	if err == nil && n == 0 {
		return fmt.Errorf("%s: %w", op, none)
	}
	return err
}

// returning is scan for a writing statement with a RETURNING clause.
func (tx *Tx) returning(op string, none error, dest []any, statement string, args ...any) error {
	if err := tx.writable(); err != nil {
		return err
	}
	return tx.scan(op, none, dest, statement, args...)
}

// scan reads one row into dest; without a row it returns none.
func (tx *Tx) scan(op string, none error, dest []any, statement string, args ...any) error {
	if tx.fault != nil {
		return tx.fault
	}
	found, err := 1, error(nil)
	if tx.direct != nil {
		found, err = tx.direct.query(1, func() []any { return dest }, statement, args...)
	} else if err = tx.pool.QueryRowContext(tx.ctx, tx.words(statement), args...).Scan(dest...); errors.Is(err, sql.ErrNoRows) {
		found, err = 0, nil
	}
	if err == nil && found == 0 {
		return fmt.Errorf("%s: %w", op, none)
	}
	return tx.noting(op, err)
}

// scanAll reads every row into what next returns.
func (tx *Tx) scanAll(op string, next func() []any, statement string, args ...any) error {
	if tx.fault != nil {
		return tx.fault
	}
	if tx.direct != nil {
		_, err := tx.direct.query(0, next, statement, args...)
		return tx.noting(op, err)
	}
	rows, err := tx.pool.QueryContext(tx.ctx, tx.words(statement), args...)
	if err != nil {
		return tx.noting(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(next()...); err != nil {
			return tx.noting(op, err)
		}
	}
	return tx.noting(op, rows.Err())
}

// locked ends a statement that reads a row by key, as take does.
func (tx *Tx) locked() string {
	if !tx.readOnly && tx.store.engine.dialect() == dialectPostgres {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// words puts a statement into the dialect's words.
func (tx *Tx) words(statement string) string {
	if tx.store.engine.dialect() == dialectPostgres {
		return strings.ReplaceAll(statement, "?", "$")
	}
	return statement
}

// on binds the transaction to an open connection.
func (tx *Tx) on(ctx context.Context, db *gorm.DB) *Tx {
	tx.ctx, tx.db, tx.pool = ctx, db, db.Statement.ConnPool
	tx.direct, _ = tx.pool.(*conn)
	return tx
}

// created is at, or the transaction's moment when it is zero.
func (tx *Tx) created(at time.Time) time.Time {
	if at.IsZero() {
		return tx.Now
	}
	return at
}

func table(row any) string { return row.(interface{ TableName() string }).TableName() } //nolint:errcheck // every row type has it

func each[A, B any](from []A, f func(A) B) []B {
	to := make([]B, len(from))
	for i := range from {
		to[i] = f(from[i])
	}
	return to
}

func tryEach[A, B any](from []A, f func(A) (B, error)) ([]B, error) {
	to := make([]B, len(from))
	for i := range from {
		var err error
		if to[i], err = f(from[i]); err != nil {
			return nil, err
		}
	}
	return to, nil
}
