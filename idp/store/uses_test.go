package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

func TestUses(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		same(t, db, store.Use{UserID: "u1", ClientID: "c"}, func(tx *store.Tx) (store.Use, error) { return tx.Use("u1", "c") })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.Remind("u1", "c", db.now(), 30) }) // never signed in there
		begin := db.now()
		use := func() { db.do(t, func(tx *store.Tx) error { return tx.Used("u1", "c") }) }
		use()
		db.move(23 * time.Hour)
		use()
		want := store.Use{UserID: "u1", ClientID: "c", FirstAt: begin, LastAt: begin}
		same(t, db, want, func(tx *store.Tx) (store.Use, error) { return tx.Use("u1", "c") })
		db.move(time.Hour)
		use()
		want.LastAt = db.now()
		same(t, db, want, func(tx *store.Tx) (store.Use, error) { return tx.Use("u1", "c") })
		db.do(t, func(tx *store.Tx) error { return tx.PutOffNotice("u1", "c") })
		want.PutOffAt = db.now()

		from := db.now().Add(30 * 24 * time.Hour)
		for _, days := range []int{30, 14, 1, 0} {
			db.do(t, func(tx *store.Tx) error { return tx.Remind("u1", "c", from, days) })
			db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.Remind("u1", "c", from, days) })
		}
		from = from.Add(24 * time.Hour) // another date is told anew
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.Remind("u1", "c", from, 14) }); won != 1 {
			t.Errorf("%d of 20 reminded, want 1", won)
		}
		want.RemindedFrom, want.RemindedDays = from, 14
		same(t, db, []store.Use{want}, func(tx *store.Tx) ([]store.Use, error) { return tx.Uses("u1") })

		db.do(t, func(tx *store.Tx) error { return tx.PutOffNotice("u1", "other") }) // an extension before the first sign-in
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.Extend("u1", "other", from) }); won != 1 {
			t.Errorf("%d of 20 extended, want 1", won)
		}
		db.do(t, func(tx *store.Tx) error { return tx.Extend("u1", "c", from) })
		want.ExtendedUntil, want.ExtendedAt = from, db.now()
		same(t, db, want, func(tx *store.Tx) (store.Use, error) { return tx.Use("u1", "c") })
		db.do(t, func(tx *store.Tx) error { return tx.EraseUser("u1") })
		same(t, db, []store.Use{}, func(tx *store.Tx) ([]store.Use, error) { return tx.Uses("u1") })
	})
}

func TestExtensionIsNotRenewed(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		until := db.now().Add(time.Hour)
		db.do(t, func(tx *store.Tx) error { return tx.Extend("u1", "c", until) })
		db.move(100 * 24 * time.Hour)
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.Extend("u1", "c", db.now().Add(time.Hour)) })
	})
}

func TestClientUsersComeInBatches(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		for i := range 7 {
			id := fmt.Sprintf("u%d", i)
			db.person(t, id)
			f := factor(db, "f"+id, id)
			f.Number, f.Secret = "+819012345678", []byte("secret")
			db.do(t, func(tx *store.Tx) error {
				if i%2 == 0 {
					return errors.Join(tx.Used(id, "c"), tx.InsertFactor(f))
				}
				return tx.PutOffNotice(id, "c")
			})
		}
		walk := func(everybody bool, limit int) (ids []string, people []store.ClientUser) {
			for after := ""; ; {
				var batch []store.ClientUser
				db.read(t, func(tx *store.Tx) error {
					var err error
					batch, after, err = tx.ClientUsers("c", everybody, after, limit)
					return err
				})
				for _, p := range batch {
					ids = append(ids, p.User.ID)
				}
				people = append(people, batch...)
				if after == "" {
					return ids, people
				}
			}
		}
		for limit := 1; limit < 9; limit++ {
			users, people := walk(false, limit)
			if diff := cmp.Diff([]string{"u0", "u2", "u4", "u6"}, users); diff != "" {
				t.Errorf("by %d (-want +got):\n%s", limit, diff)
			}
			if all, _ := walk(true, limit); len(all) != 7 {
				t.Errorf("everybody by %d: %v", limit, all)
			}
			one := people[1]
			if one.Use.FirstAt.IsZero() || len(one.Factors) != 1 || one.Factors[0].UserID != "u2" || one.Factors[0].Channel == mfa.App {
				t.Errorf("u2 comes with %+v", one)
			}
			if f := one.Factors[0]; f.Number != "" || f.Secret != nil {
				t.Errorf("a report holds %q and %q", f.Number, f.Secret)
			}
		}
	})
}
