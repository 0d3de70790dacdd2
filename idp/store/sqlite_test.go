package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func TestFileIsForItsOwnerOnly(t *testing.T) { // T-61
	t.Parallel()
	db := open(t, "sqlite")
	db.person(t, "u1")
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{db.config.DSN, db.config.DSN + "-wal", db.config.DSN + "-shm", copied} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s: got mode %o, want 600", filepath.Base(path), mode)
		}
	}
}

// Two stores on one file are two processes to SQLite.
func TestWritersAndReadersNeverGetBusy(t *testing.T) { // T-61
	t.Parallel()
	db := open(t, "sqlite")
	other := &database{reopen(t, db.config), db.clock, db.config}
	db.person(t, "u1")
	var wg sync.WaitGroup
	for i := range 16 {
		one := []*database{db, other}[i%2]
		wg.Go(func() {
			for range 20 {
				one.do(t, func(tx *store.Tx) error { // deferred transactions would lose here
					u, err := tx.User("u1")
					if err != nil {
						return err
					}
					u.Epoch++
					return tx.UpdateUser(u)
				})
				one.read(t, func(tx *store.Tx) error { _, err := tx.User("u1"); return err })
			}
		})
	}
	wg.Wait()
	same(t, db, 320, func(tx *store.Tx) (int, error) { u, err := tx.User("u1"); return u.Epoch, err })
}

func config(dsn string) store.Config {
	return store.Config{DSN: dsn, Keys: keys(), Now: time.Now}
}

func TestLockedFileIsNamed(t *testing.T) { // T-61
	t.Parallel()
	db := open(t, "sqlite")
	pool, err := sql.Open("sqlite3", "file:"+db.config.DSN+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	tx, err := pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // the test is over
	_, err = store.Open(t.Context(), config("file:"+db.config.DSN+"?_busy_timeout=20"))
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), db.config.DSN) {
		t.Errorf("got %v, want ErrLocked with the path", err)
	}
}

func TestFileThatCannotBeWrittenIsNamed(t *testing.T) { // T-61
	t.Parallel()
	t.Run("opened for reading", func(t *testing.T) {
		t.Parallel()
		db := open(t, "sqlite")
		_, err := store.Open(t.Context(), config("file:"+db.config.DSN+"?mode=ro"))
		if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), db.config.DSN) {
			t.Errorf("got %v, want ErrReadOnly with the path", err)
		}
	})
	for name, modes := range map[string][2]os.FileMode{
		"file of mode 400":                 {0o400, 0o700},
		"folder of mode 500":               {0o600, 0o500},
		"new file in a folder of mode 500": {0, 0o500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := unwritable(t, modes[0], modes[1])
			var err error
			asNobody(t, func(ctx context.Context) { _, err = store.Open(ctx, config(path)) })
			if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want ErrReadOnly with the path", err)
			}
		})
	}
}

const nobody = 65534

// unwritable makes a database (none for mode 0) and its folder with these modes.
func unwritable(t *testing.T, file, folder os.FileMode) (path string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "store")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "sekisho.db")
	if file != 0 {
		err = errors.Join(migrate(t.Context(), config(path)), os.Chmod(path, file))
	}
	err = errors.Join(err, os.Chmod(dir, folder))
	if os.Geteuid() == 0 {
		err = errors.Join(err, os.Chown(dir, nobody, nobody))
		if file != 0 {
			err = errors.Join(err, os.Chown(path, nobody, nobody))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(os.Chmod(dir, 0o700), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return path
}

// asNobody runs f without root's right to ignore file modes.
func asNobody(t *testing.T, f func(ctx context.Context)) {
	t.Helper()
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setfsuid(0) //nolint:errcheck // of this thread only
	}
	f(context.WithoutCancel(t.Context())) // a context that can end makes the driver use other threads
}

func TestPathsWithOddCharacters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "50%.db", "関所#1.db", "a&b=c.db"} {
		path := filepath.Join(t.TempDir(), name)
		if err := migrate(t.Context(), config(path)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: the database is elsewhere: %v", name, err)
		}
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	db.person(t, "u1")
	path := filepath.Join(t.TempDir(), "copy.db")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				db.do(t, func(tx *store.Tx) error { return tx.PutMeta(fmt.Sprint(i), "x") })
			}
		}
	})
	err := db.Backup(t.Context(), path)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	c := db.config
	c.DSN = path
	restored := &database{reopen(t, c), db.clock, c}
	same(t, restored, "u1", func(tx *store.Tx) (string, error) { u, err := tx.UserByEmail("u1@example.jp"); return u.ID, err })
	if err := db.Backup(t.Context(), path); !errors.Is(err, store.ErrExists) {
		t.Errorf("onto an existing file: got %v, want ErrExists", err)
	}
	if err := open(t, "postgres").Backup(t.Context(), path+"2"); !errors.Is(err, store.ErrUnsupported) {
		t.Errorf("PostgreSQL: got %v, want ErrUnsupported", err)
	}
}

func TestDatabaseThatCannotBeReachedIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ dsn, want string }{
		"no such folder":  {filepath.Join(t.TempDir(), "no", "x.db"), "x.db"},
		"not a database":  {"main_test.go", "main_test.go"},
		"nobody listens":  {"postgres://test:hunter2@127.0.0.1:1/sekisho?connect_timeout=1", "sekisho on 127.0.0.1"},
		"no address":      {"postgres://test:hunter2@:x:/", "malformed"},
		"no such cluster": {cluster.DSN("nowhere"), "nowhere"},
	} {
		db, err := store.Open(t.Context(), config(c.dsn))
		if err == nil {
			t.Errorf("%s: opened %v", name, db.Close())
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q and no password in it", name, err, c.want)
		}
	}
}
