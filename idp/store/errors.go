package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
	"gorm.io/gorm"
)

// The errors a caller may test for.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrConflict: somebody else was first, or the tries are spent: what is used once has been used.
	ErrConflict = errors.New("conflict")
	// ErrExists: a row with this id, address or hash exists already.
	ErrExists = errors.New("exists already")
	// ErrReadOnly: the database, or this transaction, cannot be written to.
	ErrReadOnly = errors.New("read only")
	// ErrLocked: another process keeps the database locked.
	ErrLocked = errors.New("locked by another process")
	// ErrSealed: a sealed value cannot be opened: its key is not in the
	// configuration, or it was changed or moved.
	ErrSealed = errors.New("sealed value cannot be opened")
	// ErrUnsupported: this database cannot do that.
	ErrUnsupported = errors.New("not supported by this database")
	// ErrSchema: the tables are older or newer than this binary; see [Store.Migrate].
	ErrSchema = errors.New("schema does not match this binary")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store is closed")
)

// Keep lets [Store.Update] commit although it returns err: for refusals that
// must be remembered, such as a wrong code that was counted (T-26). Keep(nil) is nil.
func Keep(err error) error {
	if err == nil {
		return nil
	}
	return &kept{err}
}

type kept struct{ error }

func (k *kept) Unwrap() error { return k.error }

// Committed tells from what a function given to Update returned, and what Update
// returned then, whether its writes stay.
func Committed(returned, updated error) bool {
	keep, want := settle(returned)
	return keep && (updated == nil && want == nil || want != nil && errors.Is(updated, want))
}

// settle tells whether what was written stays, and the error for the caller.
func settle(err error) (commit bool, result error) {
	if err == nil {
		return true, nil
	}
	k, ok := errors.AsType[*kept](err)
	if ok && err == error(k) { //nolint:errorlint // a kept error that was wrapped keeps its wrapping
		err = k.error
	}
	return ok, err
}

// explain gives a database's error one of our names where it has one. Values
// are never part of these errors (T-36).
func explain(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ErrNotFound
	}
	if e, ok := errors.AsType[sqlite3.Error](err); ok {
		return explainSQLite(e, err)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return explainPostgres(e, err)
	}
	return err
}

func explainSQLite(e sqlite3.Error, err error) error {
	switch e.Code {
	case sqlite3.ErrConstraint:
		if e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey {
			return ErrExists
		}
	case sqlite3.ErrReadonly, sqlite3.ErrPerm:
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case sqlite3.ErrCantOpen:
		if errors.Is(e.SystemErrno, fs.ErrPermission) || e.SystemErrno == syscall.EROFS {
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case sqlite3.ErrError:
		if strings.HasPrefix(err.Error(), "no such table") || strings.HasPrefix(err.Error(), "no such column") {
			return fmt.Errorf("%w: %w", ErrSchema, err)
		}
	}
	return err
}

func explainPostgres(e *pgconn.PgError, err error) error {
	switch e.Code {
	case "23505": // unique_violation
		return ErrExists
	case "25006": // read_only_sql_transaction
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case "55P03": // lock_not_available
		return fmt.Errorf("%w: %w", ErrLocked, err)
	case "42P01", "42703": // undefined_table, undefined_column
		return fmt.Errorf("%w: %w", ErrSchema, err)
	}
	return err
}

// again tells whether PostgreSQL asks for the transaction to be run once more.
func again(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01") // serialization_failure, deadlock_detected
}

// ruined tells whether SQLite may have rolled the whole transaction back by
// itself (https://www.sqlite.org/lang_transaction.html, "Response To Errors").
func ruined(err error) bool {
	e, ok := errors.AsType[sqlite3.Error](err)
	if !ok {
		return false
	}
	switch e.Code {
	case sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrNomem, sqlite3.ErrBusy, sqlite3.ErrInterrupt, sqlite3.ErrCorrupt:
		return true
	}
	return false
}
