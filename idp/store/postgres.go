package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

const dialectPostgres = "postgres"

// postgresDB is one pool. pgx keeps prepared statements by itself and obeys
// default_query_exec_mode in the DSN, which a pooler in between needs.
type postgresDB struct {
	pool    *sql.DB
	db      *gorm.DB
	log     *slog.Logger
	commits atomic.Int64
	ends    atomic.Int64
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") || strings.HasPrefix(dsn, "host=")
}

func openPostgres(ctx context.Context, dsn string, log *slog.Logger) (*postgresDB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("database: the PostgreSQL address is malformed") // pgx's text may hold the password
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(32)
	pool.SetMaxIdleConns(32)
	pool.SetConnMaxLifetime(30 * time.Minute) // so that a failover is noticed in time
	d := &postgresDB{pool: pool, log: log}
	if err = pool.PingContext(ctx); err == nil {
		d.db, err = gorm.Open(postgres.New(postgres.Config{Conn: pool}), gormConfig())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s on %s: %w", config.Database, config.Host, explain(err)), pool.Close())
	}
	return d, nil
}

func (d *postgresDB) dialect() string { return dialectPostgres }

func (d *postgresDB) view(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	t, err := d.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", explain(err))
	}
	defer t.Rollback() //nolint:errcheck // nothing was written
	return f(tx.on(ctx, d.bind(ctx, t)))
}

func (d *postgresDB) glance(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	return f(tx.on(ctx, d.db))
}

// maxTries bounds how often an update that lost against another runs anew.
const maxTries = 4

func (d *postgresDB) update(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	var err error
	for try := range maxTries {
		fresh := *tx
		var retry bool
		if retry, err = d.once(ctx, &fresh, f); !retry || ctx.Err() != nil {
			return err
		}
		d.log.DebugContext(ctx, "transaction runs again", "try", try+1)
	}
	return fmt.Errorf("after %d tries: %w", maxTries, err)
}

// once runs f in one transaction and tells whether it may be run again.
func (d *postgresDB) once(ctx context.Context, tx *Tx, f func(*Tx) error) (retry bool, err error) {
	conn, err := d.pool.Conn(ctx) // ctx ends the wait for a connection, not what follows
	if err != nil {
		return false, fmt.Errorf("connect: %w", explain(err))
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	t, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", explain(err))
	}
	defer t.Rollback() //nolint:errcheck // does nothing after a commit
	commit, result := settle(f(tx.on(ctx, d.bind(ctx, t))))
	if tx.fault != nil {
		return true, fmt.Errorf("transaction: %w", explain(tx.fault))
	}
	if !commit {
		return false, result
	}
	err = t.Commit()
	if tx.ends { // also when nobody knows whether it was committed
		d.ends.Add(1)
	}
	if err != nil {
		return again(err), fmt.Errorf("commit: %w", explain(err))
	}
	d.commits.Add(1)
	return false, result
}

func (d *postgresDB) ended() int64 { return d.ends.Load() }

// bind returns gorm on one transaction.
func (d *postgresDB) bind(ctx context.Context, t *sql.Tx) *gorm.DB {
	db := d.db.Session(&gorm.Session{NewDB: true, Context: ctx})
	db.Statement.ConnPool = t
	return db
}

func (d *postgresDB) backup(context.Context, string) error {
	return fmt.Errorf("backup: %w: use pg_dump", ErrUnsupported)
}

func (d *postgresDB) stats() Stats {
	n := d.commits.Load()
	return Stats{Updates: n, Commits: n}
}

func (d *postgresDB) close() error { return d.pool.Close() }

func (d *postgresDB) migrate(ctx context.Context, log *slog.Logger) (from, to int64, err error) {
	return migrate(ctx, d.pool, dialectPostgres, log)
}

func (d *postgresDB) version(ctx context.Context) (int64, error) { return version(ctx, d.pool) }
