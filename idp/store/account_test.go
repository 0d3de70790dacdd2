package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func TestNoticeAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		a := store.NoticeAddress{ID: "a", UserID: "u1", Email: "secret-a@example.jp", CreatedAt: db.now()}
		b := store.NoticeAddress{ID: "b", UserID: "u1", Email: "secret-b@example.jp", CreatedAt: db.now().Add(time.Second)}
		db.do(t, func(tx *store.Tx) error {
			other := a
			other.ID, other.UserID = "c", "u2"
			return errors.Join(tx.InsertNoticeAddress(b), tx.InsertNoticeAddress(a), tx.InsertNoticeAddress(other))
		})
		same(t, db, []store.NoticeAddress{a, b}, func(tx *store.Tx) ([]store.NoticeAddress, error) { return tx.NoticeAddresses("u1") })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteNoticeAddress("a") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteNoticeAddress("a") })
		same(t, db, []store.NoticeAddress{b}, func(tx *store.Tx) ([]store.NoticeAddress, error) { return tx.NoticeAddresses("u1") })
		if bytes.Contains(db.dump(t), []byte("secret-")) { // T-52
			t.Error("the database holds an address for notices in clear")
		}
	})
}

func TestFormerEmails(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		f := store.FormerEmail{ID: "f", UserID: "u1", Email: "secret-f@example.jp", CreatedAt: db.now(), ExpiresAt: db.now().Add(time.Hour)}
		db.do(t, func(tx *store.Tx) error { return tx.InsertFormerEmail(f) })
		same(t, db, f, func(tx *store.Tx) (store.FormerEmail, error) { return tx.FormerEmail("f") })
		same(t, db, []store.FormerEmail{f}, func(tx *store.Tx) ([]store.FormerEmail, error) { return tx.FormerEmails("u1") })
		held := func(email, user string, want time.Time) {
			t.Helper()
			same(t, db, want, func(tx *store.Tx) (time.Time, error) { return tx.EmailHeld(email, user) })
		}
		held("secret-f@example.jp", "", f.ExpiresAt)
		held("secret-f@example.jp", "u1", time.Time{})
		held("other@example.jp", "", time.Time{})
		if bytes.Contains(db.dump(t), []byte("secret-")) { // T-52
			t.Error("the database holds a former address in clear")
		}
		db.move(time.Hour)
		held("secret-f@example.jp", "", time.Time{})
		db.expireAll(t)
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.FormerEmail("f"); return err })
		db.do(t, func(tx *store.Tx) error { f.ExpiresAt = db.now().Add(time.Hour); return tx.InsertFormerEmail(f) })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteFormerEmails("u1") })
		held("secret-f@example.jp", "", time.Time{})
	})
}

func TestClosures(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		c := store.Closure{UserID: "u1", AskedAt: db.now(), DueAt: db.now().Add(time.Hour)}
		later := store.Closure{UserID: "u2", AskedAt: db.now(), DueAt: db.now().Add(2 * time.Hour)}
		db.do(t, func(tx *store.Tx) error { return errors.Join(tx.InsertClosure(later), tx.InsertClosure(c)) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertClosure(c) })
		due := func(after time.Duration, want ...store.Closure) {
			t.Helper()
			same(t, db, append([]store.Closure{}, want...), func(tx *store.Tx) ([]store.Closure, error) {
				return tx.ClosuresUntil(db.now().Add(after), 10)
			})
		}
		due(59 * time.Minute)
		due(time.Hour, c)
		due(2*time.Hour, c, later)
		db.do(t, func(tx *store.Tx) error { return tx.RemindClosure("u1") })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.RemindClosure("u1") })
		c.RemindedAt = db.now()
		same(t, db, c, func(tx *store.Tx) (store.Closure, error) { return tx.Closure("u1") })
		for _, want := range []bool{true, false} {
			same(t, db, want, func(tx *store.Tx) (gone bool, err error) {
				err = db.Update(t.Context(), tester, func(tx *store.Tx) error { gone, err = tx.DeleteClosure("u1"); return err })
				return gone, err
			})
		}
	})
}

func TestUnfinishedSignInsAreThoseBetweenPasswordAndCode(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at, soon := db.now(), db.now().Add(time.Minute)
		base := store.SignIn{UserID: "u1", PasswordAt: at, ExpiresAt: soon, IP: "192.0.2.1", UserAgent: "x"}
		with := func(id string, f func(*store.SignIn)) store.SignIn { s := base; s.ID = id; f(&s); return s }
		for _, s := range []store.SignIn{
			with("dead", func(*store.SignIn) {}),
			with("no password", func(s *store.SignIn) { s.PasswordAt = time.Time{} }),
			with("code", func(s *store.SignIn) { s.CodeAt = at }),
			with("device", func(s *store.SignIn) { s.DeviceAt = at }),
			with("done", func(s *store.SignIn) { s.DoneAt = at }),
			with("ended", func(s *store.SignIn) { s.EndedAt = at }),
			with("lives", func(s *store.SignIn) { s.ExpiresAt = soon.Add(time.Hour) }),
		} {
			db.do(t, func(tx *store.Tx) error { return tx.InsertSignIn(s) })
		}
		ids := func(tx *store.Tx) (ids []string, err error) {
			list, err := tx.UnfinishedSignIns(10)
			for _, s := range list {
				ids = append(ids, s.ID+" "+s.IP)
			}
			return ids, err
		}
		same(t, db, nil, ids)
		db.move(time.Minute)
		same(t, db, []string{"dead 192.0.2.1"}, ids)
	})
}
