package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mattn/go-sqlite3"

	"github.com/sekisho-id/sekisho/idp/store"
)

// together lets n updates queue while another holds the writer, and then all
// run; it returns the error of each.
func (db *database) together(t *testing.T, n int, f func(i int, tx *store.Tx) error) []error {
	t.Helper()
	errs := make([]error, n)
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		db.Update(t.Context(), tester, func(*store.Tx) error { //nolint:errcheck // its fate is the others'
			close(held)
			<-release
			return nil
		})
	})
	<-held
	for i := range n {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = fmt.Errorf("panic: %v", r)
				}
			}()
			errs[i] = errors.New("goroutine ended")
			errs[i] = db.Update(t.Context(), tester, func(tx *store.Tx) error { return f(i, tx) })
		})
	}
	for db.Waiting() < int64(n) {
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	return errs
}

func put(i int, tx *store.Tx) error { return tx.PutMeta(fmt.Sprint(i), "written") }

func TestUpdatesThatWaitShareOneCommit(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	before := db.Stats().Commits
	for i, err := range db.together(t, 32, put) {
		if err != nil || db.meta(t, fmt.Sprint(i)) != "written" {
			t.Errorf("update %d: %v, or it is not there", i, err)
		}
	}
	if n := db.Stats().Commits - before; n != 1 {
		t.Errorf("33 updates took %d commits, want 1", n)
	}
}

func TestGroupHasALimit(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	before := db.Stats().Commits
	for _, err := range db.together(t, 150, put) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := db.Stats().Commits - before; n != 3 { // 64, 64, 23
		t.Errorf("151 updates took %d commits, want 3", n)
	}
}

func TestFailureInAGroupHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	errs := db.together(t, 40, func(i int, tx *store.Tx) error {
		if err := put(i, tx); err != nil {
			return err
		}
		switch i % 5 {
		case 1:
			return errRefused
		case 2:
			panic("boom")
		case 3:
			return store.Keep(errRefused)
		case 4:
			runtime.Goexit()
		}
		return nil
	})
	for i, err := range errs {
		wantWritten := i%5 == 0 || i%5 == 3
		if got := db.meta(t, fmt.Sprint(i)) == "written"; got != wantWritten {
			t.Errorf("update %d (%v): written %v, want %v", i, err, got, wantWritten)
		}
		if (err == nil) != (i%5 == 0) {
			t.Errorf("update %d: got %v", i, err)
		}
	}
}

func TestCommitThatFailsIsEverybodysError(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	fail := atomic.Bool{}
	fail.Store(true)
	if err := db.Writer(func(c *sqlite3.SQLiteConn) {
		c.RegisterCommitHook(func() int {
			if fail.Load() {
				return 1 // turns the commit into a rollback
			}
			return 0
		})
	}); err != nil {
		t.Fatal(err)
	}
	for i, err := range db.together(t, 8, put) {
		if err == nil || db.meta(t, fmt.Sprint(i)) != "" {
			t.Errorf("update %d: got %v and %q, want an error and nothing", i, err, db.meta(t, fmt.Sprint(i)))
		}
	}
	fail.Store(false)
	db.do(t, func(tx *store.Tx) error { return tx.PutMeta("after", "1") })
}

// Whatever a full disk breaks, what was acknowledged is there and nothing else.
func TestFullDiskLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	limit := func(pages int) {
		t.Helper()
		if err := db.Writer(func(c *sqlite3.SQLiteConn) {
			if _, err := c.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil); err != nil {
				t.Error(err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size
	big := string(make([]byte, 3000))
	errs := db.together(t, 60, func(i int, tx *store.Tx) error {
		err := tx.PutMeta(fmt.Sprint(i), big)
		if i%2 == 0 {
			return err
		}
		return errors.Join(tx.PutMeta(fmt.Sprint("after", i), "1"), err) // goes on after the fault
	})
	failed := 0
	for i, err := range errs {
		if err != nil {
			failed++
		}
		if got := db.meta(t, fmt.Sprint(i)) != ""; got != (err == nil) {
			t.Errorf("update %d: got %v, but written is %v", i, err, got)
		}
		if err != nil && db.meta(t, fmt.Sprint("after", i)) != "" {
			t.Errorf("update %d failed and wrote something", i)
		}
	}
	if failed == 0 {
		t.Error("the disk never was full")
	}
	limit(1 << 30)
	db.do(t, func(tx *store.Tx) error { return tx.PutMeta("after", big) })
}

func TestCallersThatGiveUpAreDropped(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	ctx, cancel := context.WithCancel(t.Context())
	held, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		db.do(t, func(tx *store.Tx) error {
			close(held)
			<-release
			return tx.PutMeta("first", "1")
		})
	})
	<-held
	wg.Go(func() {
		err := db.Update(ctx, tester, func(*store.Tx) error { t.Error("ran after its caller gave up"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
	for db.Waiting() < 1 {
		runtime.Gosched()
	}
	cancel()
	close(release)
	wg.Wait() // the first is committed although the last at the door did nothing
	if v := db.meta(t, "first"); v != "1" {
		t.Errorf("got %q, want the first written", v)
	}
}
