package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the tables to this binary's version and returns the versions
// before and after. Several processes may call it at once. It returns
// ErrSchema, and changes nothing, when the tables are newer than the binary.
func (s *Store) Migrate(ctx context.Context) (from, to int64, err error) {
	from, to, err = s.engine.migrate(ctx, s.log)
	if err != nil {
		return from, to, fmt.Errorf("migrate: %w", explain(err))
	}
	return from, to, nil
}

// Version returns the version of the tables, 0 for an empty database, and the one that this binary wants.
func (s *Store) Version(ctx context.Context) (have, want int64, err error) {
	want, err = newest(s.engine.dialect())
	if err != nil {
		return 0, 0, err
	}
	if have, err = s.engine.version(ctx); err != nil {
		return 0, want, fmt.Errorf("schema version: %w", explain(err))
	}
	return have, want, nil
}

func migrate(ctx context.Context, db *sql.DB, dialect string, log *slog.Logger) (from, to int64, err error) {
	p, err := provider(db, dialect, log)
	if err != nil {
		return 0, 0, err
	}
	want, err := newest(dialect)
	if err != nil {
		return 0, 0, err
	}
	if from, err = version(ctx, db); err != nil {
		return 0, 0, err
	}
	for to = from; to < want; {
		_, failed := p.Up(ctx)
		have, err := version(ctx, db)
		if err != nil {
			return from, to, errors.Join(failed, err)
		}
		if failed != nil && have == to { // nobody else took the step either
			return from, to, failed
		}
		to = have
	}
	if to > want {
		return from, to, fmt.Errorf("%w: the database is at version %d, this binary knows %d", ErrSchema, to, want)
	}
	return from, to, nil
}

func provider(db *sql.DB, dialect string, log *slog.Logger) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+dialect)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithSlog(log), goose.WithDisableGlobalRegistry(true)}
	if dialect == dialectSQLite {
		return goose.NewProvider(goose.DialectSQLite3, db, files, options...)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // asks every second, for five minutes
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files, append(options, goose.WithSessionLocker(locker))...)
}

// newest is the highest number among the embedded migrations.
func newest(dialect string) (int64, error) {
	files, err := fs.Glob(migrations, "migrations/"+dialect+"/*.sql")
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("migrations of %s: %w", dialect, errors.Join(err, fs.ErrNotExist))
	}
	return goose.NumericComponent(files[len(files)-1])
}

// version reads the table that goose keeps. No table means an empty database.
func version(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) (int64, error) {
	var have int64
	err := db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+goose.DefaultTablename+" WHERE is_applied").Scan(&have)
	if errors.Is(explain(err), ErrSchema) {
		return 0, nil
	}
	return have, err
}
