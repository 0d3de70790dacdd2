package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/idp/store/litetest"
	"github.com/sekisho-id/sekisho/idp/store/pgtest"
)

// cluster is the PostgreSQL of this test run; template is a migrated database.
var cluster *pgtest.Cluster

const template = "template_sekisho"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx := context.Background()
	var err error
	if cluster, err = pgtest.Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	if err = cluster.Create(ctx, template, ""); err == nil {
		err = migrate(ctx, store.Config{DSN: cluster.DSN(template), Keys: keys(), Now: time.Now})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func migrate(ctx context.Context, c store.Config) error {
	db, err := store.Open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, _, err = db.Migrate(ctx)
	return err
}

func keys() store.Keys {
	return store.Keys{Current: "k1", All: map[string][]byte{"k1": bytes.Repeat([]byte{1}, 32)}}
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// database is a fresh, migrated database of one test.
type database struct {
	*store.Store
	*clock
	config store.Config
}

// dsns make the address of a new and empty database, by dialect.
func emptyDSN(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == "sqlite" {
		return filepath.Join(t.TempDir(), "sekisho.db")
	}
	return newDatabase(t, "")
}

func newDatabase(t testing.TB, from string) string {
	t.Helper()
	name := "t" + strings.ToLower(rand.Text())
	if err := cluster.Create(t.Context(), name, from); err != nil {
		t.Fatal(err)
	}
	return cluster.DSN(name)
}

func open(t testing.TB, dialect string) *database {
	t.Helper()
	clock := newClock()
	c := store.Config{Keys: keys(), Now: clock.now}
	if dialect == "sqlite" {
		c.DSN = litetest.File(t)
	} else {
		c.DSN = newDatabase(t, template)
	}
	return &database{reopen(t, c), clock, c}
}

func reopen(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// onBoth runs a test on a fresh database of each dialect.
func onBoth(t *testing.T, f func(t *testing.T, db *database)) {
	t.Helper()
	t.Parallel()
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			f(t, open(t, dialect))
		})
	}
}

var tester = store.Actor{Kind: "operator", ID: "tester", IP: "192.0.2.1", UserAgent: "go", Request: "r1"}

// do runs f in an Update that must succeed.
func (db *database) do(t testing.TB, f func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), tester, f); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// read runs f in a View that must succeed.
func (db *database) read(t testing.TB, f func(tx *store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), f); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// person adds a user that rows may belong to.
func (db *database) person(t testing.TB, id string) {
	t.Helper()
	db.do(t, func(tx *store.Tx) error {
		return tx.InsertUser(store.User{ID: id, Email: id + "@example.jp", Name: "花子", Lang: "ja"})
	})
}
