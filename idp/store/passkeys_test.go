package store_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

func passkey(db *database, id, user string) mfa.Passkey {
	return mfa.Passkey{
		ID: id, UserID: user, Name: "iPhone", Credential: []byte("credential of " + id), PublicKey: []byte("\xa5key"), CreatedAt: db.now(),
	}
}

func TestPasskeys(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		at := db.now()
		k := passkey(db, "k1", "u1")
		k.SignCount, k.AAGUID, k.Transports, k.Synced, k.BackedUp = 4, "fbfc3007-154e-4ecc-8c0b-6e020557d7bd", []string{"internal", "hybrid"}, true, true
		k.HeldUntil, k.LastUsedAt, k.DisabledAt = at.Add(24*time.Hour), at, at
		other := passkey(db, "k2", "u1")
		other.CreatedAt = at.Add(time.Second)
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertPasskey(other), tx.InsertPasskey(k), tx.InsertPasskey(passkey(db, "k3", "u2")))
		})
		same(t, db, []mfa.Passkey{k, other}, func(tx *store.Tx) ([]mfa.Passkey, error) { return tx.Passkeys("u1") })
		same(t, db, k, func(tx *store.Tx) (mfa.Passkey, error) { return tx.PasskeyByCredential(k.Credential) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { // a credential is one person's
			twice := passkey(db, "k4", "u2")
			twice.Credential = k.Credential
			return tx.InsertPasskey(twice)
		})

		// A stale copy moves no counter back.
		db.do(t, func(tx *store.Tx) error { return tx.CountPasskey("k1", 4, 9) })
		k.Name, k.DisabledAt = "Work phone", time.Time{}
		db.do(t, func(tx *store.Tx) error { return tx.UpdatePasskey(k) })
		k.SignCount = 9
		same(t, db, k, func(tx *store.Tx) (mfa.Passkey, error) { return tx.PasskeyByCredential(k.Credential) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.CountPasskey("k1", 4, 5) })

		db.do(t, func(tx *store.Tx) error { return tx.DeletePasskey("k1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeletePasskey("k1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdatePasskey(k) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.PasskeyByCredential(k.Credential); return err })
	})
}

func TestPasskeyChallengeCannotBeSpentTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		soon := db.now().Add(time.Hour)
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertSignIn(store.SignIn{ID: "i1", ExpiresAt: soon}), tx.InsertSignIn(store.SignIn{ID: "done", ExpiresAt: soon}),
				tx.FinishSignIn("done"), tx.InsertSession(store.Session{SID: "s1", Hash: store.Hash("c"), UserID: "u1", ExpiresAt: soon}))
		})
		for name, spend := range map[string]func(tx *store.Tx, n int) error{
			"sign-in": func(tx *store.Tx, n int) error { return tx.SpendSignInChallenge("i1", n) },
			"session": func(tx *store.Tx, n int) error { return tx.SpendSessionChallenge("s1", n) },
		} {
			db.do(t, func(tx *store.Tx) error { return spend(tx, 0) })
			db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return spend(tx, 0) })
			db.do(t, func(tx *store.Tx) error {
				if err := spend(tx, 1); err != nil {
					t.Errorf("%s: the next challenge: %v", name, err)
				}
				return nil
			})
		}
		db.do(t, func(tx *store.Tx) error { // nobody's stale copy brings one back
			return errors.Join(tx.UpdateSignIn(store.SignIn{ID: "i1", ExpiresAt: soon}), tx.UpdateSession(store.Session{SID: "s1", Hash: store.Hash("c"), UserID: "u1", CreatedAt: db.now(), ExpiresAt: soon}))
		})
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.SpendSignInChallenge("i1", 0) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.SpendSessionChallenge("s1", 0) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.SpendSignInChallenge("done", 0) })
	})
}

// whoever writes to the database cannot give somebody a passkey of their own.
func TestPasskeyCannotBeMovedOrExchanged(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"user_id = 'u2'", "public_key = x'a501'", "credential = x'00'", "synced = 1"} {
		db := open(t, "sqlite")
		db.person(t, "u1")
		db.person(t, "u2")
		k := passkey(db, "k1", "u1")
		db.do(t, func(tx *store.Tx) error { return tx.InsertPasskey(k) })
		pool, err := sql.Open("sqlite3", db.config.DSN)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pool.ExecContext(t.Context(), "UPDATE passkeys SET "+change); err != nil {
			t.Fatal(err)
		}
		pool.Close()
		err = db.View(t.Context(), func(tx *store.Tx) error {
			_, one := tx.Passkeys("u1")
			_, two := tx.Passkeys("u2")
			return errors.Join(one, two)
		})
		if !errors.Is(err, store.ErrSealed) {
			t.Errorf("%s: got %v, want ErrSealed", change, err)
		}
	}
}
