// Package litetest makes SQLite databases for tests, as pgtest makes PostgreSQL
// ones. The tables are made once in a process, and every test gets a copy: the
// migrations cost far more than most tests do.
package litetest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// File is the path of a database with all tables and no rows, for one test.
func File(t testing.TB) string {
	t.Helper()
	content, err := migrated()
	if err != nil {
		t.Fatalf("make the tables: %v", err)
	}
	path := filepath.Join(t.TempDir(), "sekisho.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// DSN is File for tests that look at what the database says, not at what the
// disk has: nothing waits for the disk.
func DSN(t testing.TB) string {
	t.Helper()
	return File(t) + "?_synchronous=off"
}

// migrated is the content of the file that is copied.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "litetest")
	if err != nil {
		return nil, err
	}
	content, err := migrate(filepath.Join(dir, "made.db"), filepath.Join(dir, "whole.db"))
	return content, errors.Join(err, os.RemoveAll(dir))
})

// migrate makes a database, and reads it from a copy, which is one file.
func migrate(path, whole string) ([]byte, error) {
	ctx := context.Background()
	keys := store.Keys{Current: "test", All: map[string][]byte{"test": bytes.Repeat([]byte{7}, 32)}}
	st, err := store.Open(ctx, store.Config{DSN: path, Keys: keys, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		return nil, err
	}
	_, _, err = st.Migrate(ctx)
	if err == nil {
		err = st.Backup(ctx, whole)
	}
	if err = errors.Join(err, st.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(whole)
}
