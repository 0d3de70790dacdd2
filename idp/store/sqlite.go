package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/mattn/go-sqlite3"
)

const dialectSQLite = "sqlite"

// sqliteDB is one file: one connection that writes and a few that read (T-61).
type sqliteDB struct {
	path   string
	params url.Values
	pools  []*sql.DB
	writer *group
	reads  chan *conn
	// readers is how many connections are in reads or borrowed from it.
	readers int
}

// openSQLite opens the file, creating it for its owner's eyes only.
func openSQLite(ctx context.Context, dsn string) (*sqliteDB, error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(dsn, "file:"), "?")
	params, err := url.ParseQuery(query)
	if err != nil || path == "" {
		return nil, fmt.Errorf("database %q: not a path", path)
	}
	d := &sqliteDB{path: path, params: params}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, explain(err)), d.close())
	}
	return d, nil
}

func (d *sqliteDB) open(ctx context.Context) error {
	if err := d.create(); err != nil {
		return err
	}
	writer, err := d.connect(ctx, d.writerDSN())
	if err != nil {
		return err
	}
	// 16 MiB: a page that many updates change goes into the file once.
	if err := writer.run("PRAGMA wal_autocheckpoint = 4000"); err != nil {
		return err
	}
	d.writer = newGroup(writer)
	if err := d.probe(writer); err != nil {
		return err
	}
	size := max(4, runtime.GOMAXPROCS(0))
	d.reads = make(chan *conn, size)
	for range size {
		reader, err := d.connect(ctx, d.dsn(url.Values{"mode": {"ro"}, "_query_only": {"1"}}))
		if err != nil {
			return err
		}
		d.reads <- reader
		d.readers++
	}
	return nil
}

// create makes an empty file of mode 0600; SQLite gives its -wal and -shm the
// same. An existing file is not touched: closing it would drop SQLite's locks.
func (d *sqliteDB) create() error {
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case err != nil:
		return err
	}
	return f.Close()
}

// probe takes and releases the writer's lock, to find out now what would fail later.
func (d *sqliteDB) probe(c *conn) error {
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	// A file opened for reading only fails at the first write, so here is one that is undone.
	return errors.Join(c.run("PRAGMA user_version = 0"), c.run("ROLLBACK"))
}

func (d *sqliteDB) writerDSN() string {
	return d.dsn(url.Values{
		"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_foreign_keys": {"on"}, "_txlock": {"immediate"},
	})
}

// dsn adds what the operator gave, which wins, to what is needed.
func (d *sqliteDB) dsn(needed url.Values) string {
	// One goroutine at a time uses a connection, so SQLite need not lock it.
	all := url.Values{"_busy_timeout": {"5000"}, "_cache_size": {"-16000"}, "_mutex": {"no"}}
	for _, more := range []url.Values{needed, d.params} {
		for k, v := range more {
			all[k] = v
		}
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(d.path), RawQuery: all.Encode()}).String()
}

func (d *sqliteDB) connect(ctx context.Context, dsn string) (*conn, error) {
	pool, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	d.pools = append(d.pools, pool)
	return newConn(ctx, pool)
}

func (d *sqliteDB) dialect() string { return dialectSQLite }

func (d *sqliteDB) view(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	return d.glance(ctx, tx, func(tx *Tx) error {
		if err := tx.direct.run("BEGIN"); err != nil {
			return fmt.Errorf("begin: %w", explain(err))
		}
		defer tx.direct.run("ROLLBACK") //nolint:errcheck // nothing was written
		return f(tx)
	})
}

func (d *sqliteDB) glance(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	var c *conn
	select {
	case c = <-d.reads:
	case <-ctx.Done():
		return ctx.Err()
	}
	if c == nil {
		return ErrClosed
	}
	defer func() { d.reads <- c }()
	return f(tx.on(context.WithoutCancel(ctx), c.db))
}

func (d *sqliteDB) update(ctx context.Context, tx *Tx, f func(*Tx) error) error {
	return d.writer.update(ctx, tx, f)
}

// backup uses SQLite's online backup in one step: readers and the writer go on
// meanwhile, and the copy is of one moment.
func (d *sqliteDB) backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("backup to %s: %w", path, ErrExists)
	}
	if err != nil {
		return fmt.Errorf("backup to %s: %w", path, err)
	}
	if err := errors.Join(f.Close(), d.copyTo(ctx, path)); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", path, explain(err)), os.Remove(path))
	}
	return nil
}

func (d *sqliteDB) copyTo(ctx context.Context, path string) error {
	other := &sqliteDB{path: path}
	to, err := other.connect(ctx, other.dsn(url.Values{"_synchronous": {"FULL"}}))
	if err != nil {
		return errors.Join(err, other.close())
	}
	own := &sqliteDB{path: d.path, params: d.params}
	from, err := own.connect(ctx, own.dsn(url.Values{"mode": {"ro"}}))
	if err == nil {
		err = to.raw.Raw(func(dst any) error {
			return from.raw.Raw(func(src any) error { return copyPages(dst, src) })
		})
	}
	return errors.Join(err, own.close(), other.close())
}

func copyPages(dst, src any) error {
	b, err := dst.(*sqlite3.SQLiteConn).Backup("main", src.(*sqlite3.SQLiteConn), "main") //nolint:errcheck // both are of this driver
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	return errors.Join(err, b.Finish())
}

func (d *sqliteDB) stats() Stats {
	return Stats{Updates: d.writer.updates.Load(), Commits: d.writer.commits.Load(), Waiting: d.writer.waiting.Load()}
}

func (d *sqliteDB) ended() int64 { return d.writer.ended.Load() }

func (d *sqliteDB) close() error {
	var errs []error
	if d.writer != nil {
		errs = append(errs, d.writer.close())
	}
	if d.reads != nil {
		for range d.readers { // waits for those in use
			errs = append(errs, (<-d.reads).close())
		}
		close(d.reads)
	}
	for _, p := range d.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// migrate uses a connection of its own. Of several processes that start at
// once one wins each step and the others find it done.
func (d *sqliteDB) migrate(ctx context.Context, log *slog.Logger) (from, to int64, err error) {
	pool, err := sql.Open("sqlite3", d.writerDSN())
	if err != nil {
		return 0, 0, err
	}
	defer pool.Close()
	pool.SetMaxOpenConns(1)
	return migrate(ctx, pool, dialectSQLite, log)
}

func (d *sqliteDB) version(ctx context.Context) (int64, error) {
	c := <-d.reads
	if c == nil {
		return 0, ErrClosed
	}
	defer func() { d.reads <- c }()
	return version(ctx, c.raw)
}
