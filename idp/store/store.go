package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// Config says where the database is and how it is sealed.
type Config struct {
	// DSN is "postgres://…", "postgresql://…" or "host=…" for PostgreSQL; anything else is the
	// path of a SQLite file, with an optional "file:" before it and the
	// driver's parameters after a question mark.
	DSN  string
	Keys Keys
	// Now is the clock; it must be given.
	Now func() time.Time
	// Log receives what the store does by itself (retries, migrations), never values; nil discards it.
	Log *slog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	log    *slog.Logger
	sealer *sealer
	engine engine

	closing sync.Once
	closed  error
}

// engine is a database: how it opens and ends transactions.
type engine interface {
	dialect() string
	view(ctx context.Context, tx *Tx, f func(*Tx) error) error
	glance(ctx context.Context, tx *Tx, f func(*Tx) error) error
	update(ctx context.Context, tx *Tx, f func(*Tx) error) error
	migrate(ctx context.Context, log *slog.Logger) (from, to int64, err error)
	version(ctx context.Context) (int64, error)
	backup(ctx context.Context, path string) error
	stats() Stats
	ended() int64
	close() error
}

// Open opens the database and makes sure that it can be reached; it does not
// [Store.Migrate]. A SQLite file is created with mode 0600 (T-61). It returns
// ErrReadOnly or ErrLocked for a file that cannot be written to.
func Open(ctx context.Context, c Config) (*Store, error) {
	sealer, err := newSealer(c.Keys)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	schema.RegisterSerializer("moment", moment{})
	s := &Store{now: c.Now, log: c.Log, sealer: sealer}
	if isPostgres(c.DSN) {
		s.engine, err = openPostgres(ctx, c.DSN, c.Log)
	} else {
		s.engine, err = openSQLite(ctx, c.DSN)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close waits for running transactions and closes the database. Later work gets ErrClosed.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.engine.close() })
	return s.closed
}

// Stats count what the store did since it was opened, for metrics.
type Stats struct {
	// Updates are those that were committed, Commits the transactions they shared.
	Updates, Commits int64
	// Waiting are updates at the door now; 0 on PostgreSQL, where they wait in the database.
	Waiting int64
}

// Stats are the counts so far.
func (s *Store) Stats() Stats { return s.engine.stats() }

// Ended counts the updates of this store that may have ended an access token
// (itself, its grant, its person) or changed its person. It has grown before
// such an [Store.Update] returns; of other processes it knows nothing.
func (s *Store) Ended() int64 { return s.engine.ended() }

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.engine.dialect() }

// View runs f in one read-only transaction: all its reads see the same state,
// and every write fails with ErrReadOnly.
func (s *Store) View(ctx context.Context, f func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.engine.view(ctx, &Tx{Now: s.moment(), store: s, readOnly: true}, f)
}

// Glance is View for an f that makes one read: that read is a transaction by
// itself, and opening another around it would double what it costs.
func (s *Store) Glance(ctx context.Context, f func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.engine.glance(ctx, &Tx{Now: s.moment(), store: s, readOnly: true}, f)
}

// Update runs f in one transaction on behalf of actor and returns when it is
// durable. An error of f undoes everything, unless it is wrapped by [Keep]; so
// does a panic, which goes on in the caller.
//
// f may be run again from the start when the database asks for it: it must
// touch nothing but tx and variables that it sets anew. Once begun, it is not
// interrupted by ctx. An Update inside f would wait for ever.
func (s *Store) Update(ctx context.Context, actor Actor, f func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.engine.update(ctx, &Tx{Now: s.moment(), Actor: actor, store: s}, f)
}

// Backup writes a consistent copy of a SQLite database to path, which must not
// exist, while work goes on. For PostgreSQL it returns ErrUnsupported.
func (s *Store) Backup(ctx context.Context, path string) error { return s.engine.backup(ctx, path) }

func (s *Store) moment() time.Time { return s.now().UTC().Truncate(time.Second) }

// gormConfig is the same for every connection. gorm's logger prints values, so it is off (T-36).
func gormConfig() *gorm.Config {
	return &gorm.Config{
		Logger:                   logger.Discard,
		SkipDefaultTransaction:   true,
		DisableAutomaticPing:     true,
		DisableNestedTransaction: true,
	}
}
