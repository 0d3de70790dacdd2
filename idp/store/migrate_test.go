package store_test

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/store"
)

// empty opens a database without tables.
func empty(t *testing.T, dialect string) *database {
	t.Helper()
	clock := newClock()
	c := store.Config{DSN: emptyDSN(t, dialect), Keys: keys(), Now: clock.now}
	return &database{reopen(t, c), clock, c}
}

func bothEmpty(t *testing.T, f func(t *testing.T, db *database)) {
	t.Helper()
	t.Parallel()
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			f(t, empty(t, dialect))
		})
	}
}

func TestMigrateFromEmpty(t *testing.T) {
	bothEmpty(t, func(t *testing.T, db *database) {
		have, want, err := db.Version(t.Context())
		if have != 0 || want < 1 || err != nil {
			t.Fatalf("before: got %d of %d, %v", have, want, err)
		}
		for i, from := range []int64{0, want} { // the second finds nothing to do
			got, to, err := db.Migrate(t.Context())
			if got != from || to != want || err != nil {
				t.Errorf("Migrate no. %d: got %d to %d, %v; want %d to %d", i+1, got, to, err, from, want)
			}
		}
		if have, _, err := db.Version(t.Context()); have != want || err != nil {
			t.Errorf("after: got %d, %v; want %d", have, err, want)
		}
		db.person(t, "u1")
	})
}

func TestProcessesMayMigrateAtOnce(t *testing.T) {
	bothEmpty(t, func(t *testing.T, db *database) {
		var wg sync.WaitGroup
		for range 4 {
			other := reopen(t, db.config)
			wg.Go(func() {
				if _, _, err := other.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		db.person(t, "u1")
	})
}

func TestOlderSchemaIsNamed(t *testing.T) {
	bothEmpty(t, func(t *testing.T, db *database) {
		if err := db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.User("u1"); return err }); !errors.Is(err, store.ErrSchema) {
			t.Errorf("View: got %v, want ErrSchema", err)
		}
		if err := db.Update(t.Context(), tester, func(tx *store.Tx) error { return tx.PutMeta("a", "1") }); !errors.Is(err, store.ErrSchema) {
			t.Errorf("Update: got %v, want ErrSchema", err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		driver := map[string]string{"sqlite": "sqlite3", "postgres": "pgx"}[db.Dialect()]
		pool, err := sql.Open(driver, db.config.DSN)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if _, err := pool.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"); err != nil {
			t.Fatal(err)
		}
		_, _, err = db.Migrate(t.Context())
		if !errors.Is(err, store.ErrSchema) || !strings.Contains(err.Error(), "9999") {
			t.Errorf("got %v, want ErrSchema with the version", err)
		}
		if have, want, err := db.Version(t.Context()); have != 9999 || want >= have || err != nil {
			t.Errorf("Version: got %d of %d, %v", have, want, err)
		}
	})
}

// The two dialects must have the same tables and columns.
func TestDialectsHaveTheSameColumns(t *testing.T) {
	t.Parallel()
	lite, err := sql.Open("sqlite3", open(t, "sqlite").config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	post, err := sql.Open("pgx", open(t, "postgres").config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer post.Close()
	want := column(t, lite, `SELECT m.name || '.' || c.name || ' ' || c."notnull" FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' AND NOT c.pk`)
	got := column(t, post, `SELECT table_name || '.' || column_name || ' ' || CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END
		FROM information_schema.columns c WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' AND NOT EXISTS (
			SELECT 1 FROM information_schema.table_constraints k JOIN information_schema.key_column_usage u USING (constraint_name)
			WHERE k.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name AND u.column_name = c.column_name) `)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 100 {
		t.Errorf("%d columns (-sqlite +postgres)\n%s", len(want), diff)
	}
}
