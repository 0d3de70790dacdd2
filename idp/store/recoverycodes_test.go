package store_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func TestRecoveryCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		count := func(user string, want store.RecoveryCodes) {
			t.Helper()
			same(t, db, want, func(tx *store.Tx) (store.RecoveryCodes, error) { return tx.RecoveryCodes(user) })
		}
		use := func(user, code string) func(*store.Tx) error {
			return func(tx *store.Tx) error { return tx.UseRecoveryCode(user, code) }
		}
		count("u1", store.RecoveryCodes{})
		db.do(t, func(tx *store.Tx) error { return tx.PutRecoveryCodes("u1", []string{"A", "B", "C"}) })
		made := db.now()
		count("u1", store.RecoveryCodes{Left: 3, MadeAt: made})
		count("u2", store.RecoveryCodes{})

		db.wants(t, store.ErrConflict, use("u2", "A")) // another's
		db.wants(t, store.ErrConflict, use("u1", "D"))
		db.do(t, use("u1", "A"))
		db.wants(t, store.ErrConflict, use("u1", "A"))
		count("u1", store.RecoveryCodes{Left: 2, MadeAt: made})

		db.move(time.Hour)
		db.do(t, func(tx *store.Tx) error { return tx.PutRecoveryCodes("u1", []string{"E"}) })
		count("u1", store.RecoveryCodes{Left: 1, MadeAt: db.now()})
		for _, old := range []string{"A", "B"} {
			db.wants(t, store.ErrConflict, use("u1", old)) // made anew, the old ones die
		}
		db.do(t, func(tx *store.Tx) error { return tx.DeleteRecoveryCodes("u1") })
		db.wants(t, store.ErrConflict, use("u1", "E"))
		count("u1", store.RecoveryCodes{})
	})
}

func TestRecoveryCodeCannotBeUsedTwiceAtOnce(t *testing.T) { // T-26
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.do(t, func(tx *store.Tx) error { return tx.PutRecoveryCodes("u1", []string{"A", "B"}) })
		if won := db.race(t, 50, func(tx *store.Tx) error { return tx.UseRecoveryCode("u1", "A") }); won != 1 {
			t.Errorf("%d of 50 used the code, want 1", won)
		}
	})
}

// A row that somebody with the database alone copies to another account is no code there.
func TestRecoveryCodeOfAnotherAccountIsUselessWhenItsRowIsMoved(t *testing.T) {
	db := open(t, "sqlite")
	db.person(t, "u1")
	db.person(t, "u2")
	db.do(t, func(tx *store.Tx) error { return tx.PutRecoveryCodes("u1", []string{"A"}) })
	pool, err := sql.Open("sqlite3", db.config.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(t.Context(), "UPDATE recovery_codes SET user_id = 'u2'"); err != nil {
		t.Fatal(err)
	}
	db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.UseRecoveryCode("u2", "A") })
}
