package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

var errRefused = errors.New("refused")

func (db *database) meta(t *testing.T, key string) (v string) {
	t.Helper()
	db.read(t, func(tx *store.Tx) (err error) { v, err = tx.Meta(key); return err })
	return v
}

func TestUpdateCommitsOrUndoes(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		want  error
		keeps bool
	}{
		{"no error", nil, nil, true},
		{"an error", errRefused, errRefused, false},
		{"a kept error", store.Keep(errRefused), errRefused, true},
		{"a kept nil", store.Keep(nil), nil, true},
		{"a kept error in another", fmt.Errorf("verify: %w", store.Keep(errRefused)), errRefused, true},
		{"a kept error joined", errors.Join(errRefused, store.Keep(errRefused)), errRefused, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, db *database) {
				err := db.Update(t.Context(), tester, func(tx *store.Tx) error {
					if err := tx.PutMeta("a", "1"); err != nil {
						return err
					}
					return c.err
				})
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if got := db.meta(t, "a") == "1"; got != c.keeps {
					t.Errorf("written: got %v, want %v", got, c.keeps)
				}
			})
		})
	}
}

func TestKeepIsUnwrapped(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		err := db.Update(t.Context(), tester, func(*store.Tx) error { return store.Keep(errRefused) })
		if err != errRefused { //nolint:errorlint // the very error is promised
			t.Errorf("got %#v, want the error itself", err)
		}
	})
}

func TestPanicUndoesAndGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		func() {
			defer func() {
				if r := fmt.Sprint(recover()); !strings.HasPrefix(r, "boom") { // and where it was
					t.Errorf("recovered %v, want boom", r)
				}
			}()
			db.Update(t.Context(), tester, func(tx *store.Tx) error { //nolint:errcheck // it panics
				tx.PutMeta("a", "1") //nolint:errcheck // undone
				panic("boom")
			})
		}()
		if v := db.meta(t, "a"); v != "" {
			t.Errorf("got %q, want nothing written", v)
		}
		db.do(t, func(tx *store.Tx) error { return tx.PutMeta("b", "1") })
	})
}

func TestGoroutineThatEndsInUpdateHarmsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		var wg sync.WaitGroup
		wg.Go(func() {
			db.Update(t.Context(), tester, func(tx *store.Tx) error { //nolint:errcheck // it never returns
				tx.PutMeta("a", "1") //nolint:errcheck // undone
				runtime.Goexit()
				return nil
			})
		})
		wg.Wait()
		db.do(t, func(tx *store.Tx) error { return tx.PutMeta("b", "1") })
		if v := db.meta(t, "a"); v != "" {
			t.Errorf("got %q, want nothing written", v)
		}
	})
}

func TestViewCannotWrite(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		for name, write := range map[string]func(tx *store.Tx) error{
			"insert":    func(tx *store.Tx) error { return tx.Record(store.Event{}) },
			"update":    func(tx *store.Tx) error { return tx.UpdateUser(store.User{}) },
			"statement": func(tx *store.Tx) error { return tx.PutMeta("a", "1") },
			"returning": func(tx *store.Tx) error { _, err := tx.CountFailure("f"); return err },
			"claim":     func(tx *store.Tx) error { _, err := tx.ClaimOutgoing(1, time.Second); return err },
			"end":       func(tx *store.Tx) error { _, err := tx.EndSessions("u", ""); return err },
			"revoke":    func(tx *store.Tx) error { _, err := tx.RevokeGrants(store.GrantFilter{UserID: "u"}); return err },
		} {
			if err := db.View(t.Context(), write); !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("%s: got %v, want ErrReadOnly", name, err)
			}
		}
	})
}

func TestViewSeesOneState(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.read(t, func(tx *store.Tx) error {
			before, err := tx.Meta("a")
			if err != nil {
				return err
			}
			db.do(t, func(tx *store.Tx) error { return tx.PutMeta("a", "1") })
			if after, err := tx.Meta("a"); after != before || err != nil {
				t.Errorf("got %q, %v; want %q as before", after, err, before)
			}
			return nil
		})
	})
}

func TestNowIsFrozenAndWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.move(1234 * time.Millisecond)
		want := db.now().UTC().Truncate(time.Second)
		db.do(t, func(tx *store.Tx) error {
			db.move(time.Hour)
			if tx.Now != want || tx.Actor != tester {
				t.Errorf("got %v by %v, want %v by %v", tx.Now, tx.Actor, want, tester)
			}
			return nil
		})
	})
}

func TestCancelledWorkIsNotBegun(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, err := range map[string]error{
			"Update": db.Update(ctx, tester, func(*store.Tx) error { t.Error("Update began"); return nil }),
			"View":   db.View(ctx, func(*store.Tx) error { t.Error("View began"); return nil }),
		} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want context.Canceled", name, err)
			}
		}
	})
}

func TestWorkThatHasBegunIsFinished(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Update(ctx, tester, func(tx *store.Tx) error {
			cancel()
			return tx.PutMeta("a", "1")
		})
		if v := db.meta(t, "a"); err != nil || v != "1" {
			t.Errorf("got %v with %q, want it written", err, v)
		}
	})
}

func TestClosedStoreRefusesWork(t *testing.T) {
	t.Parallel()
	db := open(t, "sqlite")
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	if err := db.View(t.Context(), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View: got %v, want ErrClosed", err)
	}
	if err := db.Update(t.Context(), tester, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update: got %v, want ErrClosed", err)
	}
}

// Two updates lock two rows in opposite order; PostgreSQL ends one, which runs again.
func TestDeadlockRunsAgain(t *testing.T) {
	t.Parallel()
	db := open(t, "postgres")
	db.person(t, "u1")
	db.person(t, "u2")
	var met sync.WaitGroup
	met.Add(2)
	raise := func(first, second string) error {
		tries := 0
		return db.Update(t.Context(), tester, func(tx *store.Tx) error {
			tries++
			for _, id := range []string{first, second} {
				u, err := tx.User(id)
				if err != nil {
					return errRefused // even when f hides the reason
				}
				u.Epoch++
				if err := tx.UpdateUser(u); err != nil {
					return err
				}
				if tries == 1 && id == first { // both hold their first row
					met.Done()
					met.Wait()
				}
			}
			return nil
		})
	}
	var wg sync.WaitGroup
	var a, b error
	wg.Go(func() { a = raise("u1", "u2") })
	wg.Go(func() { b = raise("u2", "u1") })
	wg.Wait()
	if a != nil || b != nil {
		t.Errorf("got %v and %v, want both to succeed", a, b)
	}
	for _, id := range []string{"u1", "u2"} {
		same(t, db, 2, func(tx *store.Tx) (int, error) { u, err := tx.User(id); return u.Epoch, err })
	}
}
