package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// RFC 7591: an initial access token lets in as many as it says, whoever comes at once.
func TestRegistrationTokenIsSpentExactly(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		token := store.RegistrationToken{ID: "t", Hash: store.Hash("s"), Name: "Partner", Uses: 3, CreatedAt: db.now(), ExpiresAt: db.now().Add(time.Hour)}
		db.do(t, func(tx *store.Tx) error { return tx.InsertRegistrationToken(token) })
		same(t, db, token, func(tx *store.Tx) (store.RegistrationToken, error) { return tx.RegistrationToken(store.Hash("s")) })
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.UseRegistrationToken("t") }); won != 3 {
			t.Errorf("%d of 20 used it, want 3", won)
		}
		db.do(t, func(tx *store.Tx) error { return tx.RevokeRegistrationToken("t") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.RevokeRegistrationToken("t") })
		same(t, db, 1, func(tx *store.Tx) (int, error) { all, err := tx.RegistrationTokens(); return len(all), err })
	})
}

// RFC 7592: the token rotates once, and a client that leaves takes its registration along.
func TestRegistrationRotatesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertClient(store.Client{Client: clients.Client{ID: "reg-1", Name: "Shop"}}),
				tx.InsertRegistration(store.Registration{ClientID: "reg-1", Hash: store.Hash("a"), TokenID: "t"}))
		})
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.RotateRegistration("reg-1", store.Hash("a"), store.Hash("b")) }); won != 1 {
			t.Errorf("%d of 20 rotated, want 1", won)
		}
		same(t, db, 1, func(tx *store.Tx) (int, error) { return tx.CountRegistrations() })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteClient("reg-1") })
		same(t, db, 0, func(tx *store.Tx) (int, error) { return tx.CountRegistrations() })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteClient("reg-1") })
	})
}

// OIDC Core §8.1: one subject for a person in a sector, and it goes with the person.
func TestSubjectIsOneForEachSector(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		want := store.Subject{Sub: "s", UserID: "u1", Sector: "rp.example"}
		db.do(t, func(tx *store.Tx) error { return tx.InsertSubject(want) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error {
			return tx.InsertSubject(store.Subject{Sub: "other", UserID: "u1", Sector: "rp.example"})
		})
		same(t, db, want, func(tx *store.Tx) (store.Subject, error) { return tx.Subject("u1", "rp.example") })
		same(t, db, want, func(tx *store.Tx) (store.Subject, error) { return tx.SubjectNamed("s") })
		db.do(t, func(tx *store.Tx) error { return tx.EraseUser("u1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.SubjectNamed("s"); return err })
	})
}
