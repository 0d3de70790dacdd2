package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

func ids(messages []store.Outgoing) (got []string) {
	for _, m := range messages {
		got = append(got, m.Name)
	}
	return got
}

func (db *database) claim(t *testing.T, limit int) (claimed []store.Outgoing) {
	t.Helper()
	db.do(t, func(tx *store.Tx) (err error) { claimed, err = tx.ClaimOutgoing(limit, time.Minute); return err })
	return claimed
}

func (db *database) enqueue(t *testing.T, o store.Outgoing) (id string) {
	t.Helper()
	db.do(t, func(tx *store.Tx) (err error) { id, err = tx.Enqueue(o); return err })
	return id
}

func TestOutbox(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		m := store.Outgoing{
			Kind: mfa.Text, To: "+819012345678", Lang: "ja", UserID: "u1", Name: "code", Params: map[string]string{"code": "123456"},
			ChallengeID: "c1", ExpiresAt: at.Add(10 * time.Minute),
		}
		m.ID = db.enqueue(t, m)
		db.enqueue(t, store.Outgoing{Kind: mfa.Mail, To: "h@example.jp", Name: "later", NextAt: at.Add(time.Hour)})
		m.CreatedAt, m.NextAt = at, at
		same(t, db, []string{"later", "code"}, func(tx *store.Tx) ([]string, error) { all, err := tx.Outbox(9); return ids(all), err })

		m.Attempts, m.NextAt = 1, at.Add(time.Minute)
		if diff := cmp.Diff([]store.Outgoing{m}, db.claim(t, 9)); diff != "" {
			t.Errorf("claimed (-want +got)\n%s", diff)
		}
		if got := db.claim(t, 9); len(got) != 0 {
			t.Errorf("claimed twice within the lease: %v", ids(got))
		}
		db.move(time.Minute) // the lease ends: whoever claimed it has died
		if got := db.claim(t, 9); len(got) != 1 || got[0].Attempts != 2 {
			t.Errorf("after the lease: got %v, want the message at its second attempt", got)
		}
		db.do(t, func(tx *store.Tx) error { return tx.FailedOutgoing(m.ID, "busy", db.now().Add(30*time.Second)) })
		if got := db.claim(t, 9); len(got) != 0 {
			t.Errorf("claimed before its next try: %v", ids(got))
		}
		db.move(30 * time.Second)
		if got := db.claim(t, 9); len(got) != 1 || got[0].LastError != "busy" || got[0].Params["code"] != "123456" {
			t.Errorf("after the wait: got %+v", got)
		}
		db.do(t, func(tx *store.Tx) error { return tx.SentOutgoing(m.ID) })
		same(t, db, true, func(tx *store.Tx) (bool, error) {
			all, err := tx.Outbox(9)
			return all[1].Params == nil && all[1].SentAt.Equal(db.now()), err // what was sent is erased
		})
		db.move(2 * time.Hour)
		if diff := cmp.Diff([]string{"later"}, ids(db.claim(t, 9))); diff != "" {
			t.Error(diff)
		}
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.SentOutgoing("no") })
	})
}

func TestMessagesThatAreTooLateAreNotSent(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.enqueue(t, store.Outgoing{Name: "old", Params: map[string]string{"code": "1"}, ExpiresAt: db.now().Add(time.Second)})
		given := db.enqueue(t, store.Outgoing{Name: "given up", Params: map[string]string{"code": "1"}})
		db.do(t, func(tx *store.Tx) error { return tx.FailedOutgoing(given, "no such number", time.Time{}) })
		db.move(time.Second)
		if got := db.claim(t, 9); len(got) != 0 {
			t.Errorf("claimed %v, want none", ids(got))
		}
		same(t, db, []string{"no such number", "expired"}, func(tx *store.Tx) (reasons []string, err error) {
			all, err := tx.Outbox(0)
			for _, m := range all {
				reasons = append(reasons, m.LastError)
				if m.FailedAt.IsZero() || m.Params != nil {
					t.Errorf("%s: failed at %v with %v, want a time and no parameters", m.Name, m.FailedAt, m.Params)
				}
			}
			return reasons, err
		})
	})
}

func TestClaimsAreShared(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		for range 20 {
			db.enqueue(t, store.Outgoing{Name: "m"})
		}
		seen := make(chan string, 100)
		db.race(t, 10, func(tx *store.Tx) error {
			claimed, err := tx.ClaimOutgoing(3, time.Minute)
			if len(claimed) > 3 {
				t.Errorf("claimed %d at once, want at most 3", len(claimed))
			}
			for _, m := range claimed {
				seen <- m.ID
			}
			return err
		})
		close(seen)
		times := map[string]int{}
		for id := range seen {
			times[id]++
		}
		for id, n := range times {
			if n > 1 {
				t.Errorf("message %s was claimed %d times", id, n)
			}
		}
	})
}

func TestCounters(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		hit := func(limit int) (ok bool, reset time.Time) {
			db.do(t, func(tx *store.Tx) (err error) {
				ok, reset, err = tx.Hit("ip:192.0.2.1", limit, 90*time.Second)
				return err
			})
			return ok, reset
		}
		count := func() (n int) {
			db.read(t, func(tx *store.Tx) (err error) { n, _, err = tx.Count("ip:192.0.2.1"); return err })
			return n
		}
		end := db.now().Add(90 * time.Second)
		for i, want := range []bool{true, true, false, false} {
			if ok, reset := hit(2); ok != want || !reset.Equal(end) {
				t.Errorf("hit %d: got %v until %v, want %v until %v", i+1, ok, reset, want, end)
			}
			db.move(time.Second)
		}
		if ok, _ := hit(0); !ok || count() != 5 {
			t.Errorf("limit 0: got %v with %d, want true with 5", ok, count())
		}
		db.move(end.Sub(db.now()))
		if n := count(); n != 0 {
			t.Errorf("at the end of the window: got %d, want 0", n)
		}
		if ok, reset := hit(1); !ok || !reset.Equal(db.now().Add(90*time.Second)) {
			t.Errorf("the next window: got %v until %v", ok, reset)
		}
		db.do(t, func(tx *store.Tx) error { return tx.ClearCount("ip:192.0.2.1") })
		if n := count(); n != 0 {
			t.Errorf("after ClearCount: got %d, want 0", n)
		}
		db.race(t, 50, func(tx *store.Tx) error { _, _, err := tx.Hit("ip:192.0.2.1", 0, time.Minute); return err })
		if n := count(); n != 50 {
			t.Errorf("50 hits at once: counted %d", n)
		}
	})
}

func TestGrants(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		g := store.Grant{
			ID: "g1", ClientID: "shop", UserID: "u1", SID: "s1", ACR: "2", AMR: []string{"pwd", "otp"}, Scopes: []string{"openid"},
			Resources: []string{"https://api.example"}, AuthTime: at, CreatedAt: at, JKT: "key", X5T: "certificate",
			Claims: store.Claims{UserInfo: []string{"name"}, IDToken: []string{"email", "name"}, ACR: "https://refeds.org/profile/mfa"},
		}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertGrant(g),
				tx.InsertGrant(store.Grant{ID: "g2", ClientID: "shop", UserID: "u1", SID: "s2"}),
				tx.InsertGrant(store.Grant{ID: "g3", ClientID: "mail", UserID: "u1", SID: "s1"}),
				tx.InsertGrant(store.Grant{ID: "g4", ClientID: "shop", UserID: "u2", SID: "s3"}))
		})
		same(t, db, g, func(tx *store.Tx) (store.Grant, error) { return tx.Grant("g1") })
		use := func() {
			t.Helper()
			db.do(t, func(tx *store.Tx) error { return tx.UseGrant(g, db.now().Add(time.Hour)) })
		}
		use()
		g.LastUsedAt = db.now()
		same(t, db, g, func(tx *store.Tx) (store.Grant, error) { return tx.Grant("g1") })
		db.move(time.Second)
		use()
		same(t, db, g, func(tx *store.Tx) (store.Grant, error) { return tx.Grant("g1") }) // within the minute nothing is written
		db.move(time.Minute)
		db.do(t, func(tx *store.Tx) error { return tx.UseGrant(g, db.now()) })
		g.LastUsedAt = db.now()
		same(t, db, g, func(tx *store.Tx) (store.Grant, error) { return tx.Grant("g1") })

		for _, c := range []struct {
			name   string
			filter store.GrantFilter
			want   []string
		}{
			{"a user but one session", store.GrantFilter{UserID: "u1", Except: "s1"}, []string{"g2"}},
			{"a user and client but one grant", store.GrantFilter{UserID: "u1", ClientID: "shop", Except: "g1"}, nil},
			{"a client", store.GrantFilter{ClientID: "shop"}, []string{"g1", "g4"}},
			{"a user", store.GrantFilter{UserID: "u1"}, []string{"g3"}},
			{"a user with none left", store.GrantFilter{UserID: "u1"}, nil},
		} {
			db.do(t, func(tx *store.Tx) error {
				revoked, err := tx.RevokeGrants(c.filter)
				got := map[string]bool{}
				for _, g := range revoked {
					got[g.ID] = g.RevokedAt.Equal(tx.Now)
				}
				want := map[string]bool{}
				for _, id := range c.want {
					want[id] = true
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got)\n%s", c.name, diff)
				}
				return err
			})
		}
		if err := db.Update(t.Context(), tester, func(tx *store.Tx) error {
			_, err := tx.RevokeGrants(store.GrantFilter{Except: "s1"})
			return err
		}); err == nil {
			t.Error("an empty filter revoked everything, want an error")
		}
		same(t, db, []store.Grant{}, func(tx *store.Tx) ([]store.Grant, error) { return tx.Grants("u1") })
	})
}

func TestJTIs(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		for range 2 {
			db.do(t, func(tx *store.Tx) error { return tx.RevokeJTI("j1", db.now().Add(time.Minute)) })
		}
		same(t, db, true, func(tx *store.Tx) (bool, error) { return tx.JTIRevoked("j1") })
		same(t, db, false, func(tx *store.Tx) (bool, error) { return tx.JTIRevoked("j2") })
	})
}

func TestSigningKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		k := store.Key{ID: "k1", Alg: "ES256", Private: []byte("\x30\x00pkcs8"), CreatedAt: at, ActiveAt: at}
		older := store.Key{ID: "k0", Alg: "RS256", Private: []byte("rsa"), CreatedAt: at.Add(-time.Hour)}
		db.do(t, func(tx *store.Tx) error { return errors.Join(tx.InsertKey(k), tx.InsertKey(older)) })
		k.RetireAt, k.RevokedAt = at, at
		db.do(t, func(tx *store.Tx) error { return tx.UpdateKey(k) })
		same(t, db, []store.Key{older, k}, func(tx *store.Tx) ([]store.Key, error) { return tx.Keys() })

		bare := []store.Key{older, k}
		bare[0].Private, bare[1].Private = nil, nil
		same(t, db, bare, func(tx *store.Tx) ([]store.Key, error) { return tx.KeyDates() })
		if err := db.Update(t.Context(), tester, func(tx *store.Tx) error { return tx.UpdateKey(bare[1]) }); err == nil {
			t.Error("a key was written over with nothing")
		}
		same(t, db, []store.Key{older, k}, func(tx *store.Tx) ([]store.Key, error) { return tx.Keys() })
	})
}
