package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func TestExpire(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		soon := db.now().Add(time.Minute)
		db.do(t, func(tx *store.Tx) error {
			draft := factor(db, "draft", "u1")
			draft.Draft = true
			_, _, hit := tx.Hit("k", 1, time.Minute)
			late := challenge(db, "c1")
			late.ExpiresAt = soon
			sent, queued := tx.Enqueue(store.Outgoing{Name: "sent"})
			failed, queued2 := tx.Enqueue(store.Outgoing{Name: "failed"})
			_, queued3 := tx.Enqueue(store.Outgoing{Name: "waiting"})
			return errors.Join(hit, queued, queued2, queued3,
				tx.SentOutgoing(sent), tx.FailedOutgoing(failed, "no", time.Time{}),
				tx.InsertFactor(draft), tx.InsertFactor(factor(db, "kept", "u1")), tx.InsertChallenge(late),
				tx.InsertSignIn(store.SignIn{ID: "i", ExpiresAt: soon}),
				tx.InsertDeviceCode(store.DeviceCode{Hash: store.Hash("d"), UserCode: "BCDF-GHJK", ExpiresAt: soon}),
				tx.InsertPushed(store.PushedRequest{Hash: store.Hash("p"), ExpiresAt: soon}),
				tx.InsertPushed(store.PushedRequest{Hash: store.Hash("o"), ExpiresAt: soon}),
				tx.KeepPushed(store.Hash("o"), soon.Add(time.Hour)),
				tx.InsertToken(store.Token{ID: "t", Hash: store.Hash("t"), ExpiresAt: soon}),
				tx.RevokeJTI("j", soon), tx.Spend(store.Hash("s"), soon),
				tx.InsertSession(store.Session{SID: "expired", Hash: store.Hash("1"), UserID: "u1", ExpiresAt: soon}),
				tx.InsertSession(store.Session{SID: "ended", Hash: store.Hash("2"), UserID: "u1", ExpiresAt: soon.AddDate(1, 0, 0), EndedAt: soon}),
				tx.InsertGrant(store.Grant{ID: "idle"}), tx.InsertGrant(store.Grant{ID: "refreshed"}),
				tx.InsertRefreshToken(store.RefreshToken{Hash: store.Hash("r"), GrantID: "refreshed", ExpiresAt: soon.AddDate(0, 0, 40)}),
				tx.UseGrant(store.Grant{ID: "refreshed", CreatedAt: tx.Now}, soon.AddDate(0, 0, 40)),
				tx.Record(store.Event{Name: "kept"}))
		})
		rows := map[string]func(tx *store.Tx) error{
			"draft":     func(tx *store.Tx) error { _, err := tx.Factor("draft"); return err },
			"kept":      func(tx *store.Tx) error { _, err := tx.Factor("kept"); return err },
			"sign-in":   func(tx *store.Tx) error { _, err := tx.SignIn("i"); return err },
			"device":    func(tx *store.Tx) error { _, err := tx.DeviceCode(store.Hash("d")); return err },
			"pushed":    func(tx *store.Tx) error { _, err := tx.Pushed(store.Hash("p")); return err },
			"opened":    func(tx *store.Tx) error { _, err := tx.Pushed(store.Hash("o")); return err },
			"token":     func(tx *store.Tx) error { _, err := tx.Token("t"); return err },
			"expired":   func(tx *store.Tx) error { _, err := tx.Session("expired"); return err },
			"ended":     func(tx *store.Tx) error { _, err := tx.Session("ended"); return err },
			"idle":      func(tx *store.Tx) error { _, err := tx.Grant("idle"); return err },
			"refreshed": func(tx *store.Tx) error { _, err := tx.Grant("refreshed"); return err },
			"refresh":   func(tx *store.Tx) error { _, err := tx.RefreshToken(store.Hash("r")); return err },
		}
		gone := map[string]bool{}
		for _, c := range []struct {
			after time.Duration
			gone  []string // in addition
		}{
			{30 * time.Second, nil},
			{2 * time.Minute, []string{"pushed"}},
			{2 * time.Hour, []string{"opened", "token", "device"}},
			{25 * time.Hour, []string{"sign-in", "draft"}},
			{31 * 24 * time.Hour, []string{"expired", "ended", "idle"}},
			{41 * 24 * time.Hour, []string{"refreshed", "refresh"}},
		} {
			db.move(soon.Add(-time.Minute).Add(c.after).Sub(db.now()))
			db.expireAll(t)
			for _, name := range c.gone {
				gone[name] = true
			}
			for name, read := range rows {
				err := db.View(t.Context(), read)
				if errors.Is(err, store.ErrNotFound) != gone[name] {
					t.Errorf("after %v: %s: got %v, want gone: %v", c.after, name, err, gone[name])
				}
			}
		}
		db.do(t, func(tx *store.Tx) error { return tx.Spend(store.Hash("s"), db.now()) }) // forgotten
		same(t, db, []string{"waiting"}, func(tx *store.Tx) ([]string, error) { all, err := tx.Outbox(0); return ids(all), err })
		same(t, db, 1, func(tx *store.Tx) (int, error) { all, err := tx.Events(store.EventFilter{}); return len(all), err })
	})
}

// expireAll comes again until nothing is left, one row of each kind at a time.
func (db *database) expireAll(t *testing.T) {
	t.Helper()
	for n := 1; n > 0; {
		db.do(t, func(tx *store.Tx) (err error) { n, err = tx.Expire(1); return err })
	}
}
