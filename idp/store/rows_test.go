package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// same fails unless got is want, which the function read returned.
func same[T any](t *testing.T, db *database, want T, read func(tx *store.Tx) (T, error)) {
	t.Helper()
	db.read(t, func(tx *store.Tx) error {
		got, err := read(tx)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("read %T: %v (-want +got)\n%s", want, err, diff)
		}
		return nil
	})
}

// wants fails unless an Update of f returns an error that is want.
func (db *database) wants(t *testing.T, want error, f func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), tester, f); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestUsers(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		u := store.User{
			ID: "u1", Email: "hanako@example.jp", Name: "花子", Lang: "ja", Zone: "Asia/Tokyo",
			Password: "$argon2id$…", PasswordLen: 12, PasswordFailures: 2, MustChange: true, Roles: "admin reviewer", Epoch: 3,
			EmailVerifiedAt: at.Add(1), PasswordAt: at.Add(time.Second), PasswordFailedAt: at, TwoStepAt: at, DisabledAt: at, PasskeyOfferedAt: at,
			CreatedAt: at.In(time.FixedZone("JST", 9*3600)), UpdatedAt: at,
		}
		db.do(t, func(tx *store.Tx) error { return tx.InsertUser(u) })
		u.EmailVerifiedAt, u.CreatedAt = at, at // whole seconds, UTC
		same(t, db, u, func(tx *store.Tx) (store.User, error) { return tx.User("u1") })
		same(t, db, u, func(tx *store.Tx) (store.User, error) { return tx.UserByEmail("hanako@example.jp") })
		same(t, db, []store.User{u}, (*store.Tx).Staff)

		db.move(time.Hour)
		u = store.User{ID: "u1", Email: "h@example.jp", CreatedAt: at, UpdatedAt: db.now()}
		db.do(t, func(tx *store.Tx) error { return tx.UpdateUser(u) })
		same(t, db, u, func(tx *store.Tx) (store.User, error) { return tx.User("u1") })

		db.person(t, "u2")
		db.wants(t, store.ErrExists, func(tx *store.Tx) error {
			return tx.InsertUser(store.User{ID: "u3", Email: "h@example.jp"})
		})
		db.wants(t, store.ErrExists, func(tx *store.Tx) error {
			return tx.UpdateUser(store.User{ID: "u2", Email: "h@example.jp", CreatedAt: at})
		})
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateUser(store.User{ID: "u9", CreatedAt: at}) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.User("u9"); return err })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.UserByEmail("u9"); return err })
		same(t, db, []string{"u2"}, func(tx *store.Tx) (ids []string, err error) {
			users, err := tx.Users("u1", 10)
			for _, u := range users {
				ids = append(ids, u.ID)
			}
			return ids, err
		})
	})
}

func TestInsertThatExistsLeavesTheTransactionUsable(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.do(t, func(tx *store.Tx) error {
			if err := tx.InsertUser(store.User{ID: "u2", Email: "u1@example.jp"}); !errors.Is(err, store.ErrExists) {
				t.Errorf("got %v, want ErrExists", err)
			}
			return tx.PutMeta("after", "yes")
		})
		same(t, db, "yes", func(tx *store.Tx) (string, error) { return tx.Meta("after") })
	})
}

func TestAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		a := store.Address{PostalCode: "100-0001", Region: "東京都", Locality: "千代田区", Street: "千代田1-1\n御所", Country: "日本"}
		for _, want := range []store.Address{{}, a, {Country: "日本"}, {}} {
			db.do(t, func(tx *store.Tx) error { return tx.PutAddress("u1", want) })
			same(t, db, want, func(tx *store.Tx) (store.Address, error) { return tx.Address("u1") })
		}
	})
}

func factor(db *database, id, user string) mfa.Factor {
	at := db.now()
	return mfa.Factor{
		ID: id, UserID: user, Channel: mfa.SMS, Role: mfa.Backup, Number: "+819012345678", CreatedAt: at,
		VerifiedAt: at, LastUsedAt: at,
	}
}

func TestFactors(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		phone := factor(db, "f1", "u1")
		app := mfa.Factor{
			ID: "f2", UserID: "u1", Channel: mfa.App, Role: mfa.Primary, Name: "電話", Secret: []byte("\x00secret"),
			LastStep: 7, Drift: -1, Failures: 2, Draft: true, CreatedAt: db.now().Add(time.Minute), DisabledAt: db.now(),
		}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertFactor(phone), tx.InsertFactor(app), tx.InsertFactor(factor(db, "f3", "u2")))
		})
		same(t, db, []mfa.Factor{app, phone}, func(tx *store.Tx) ([]mfa.Factor, error) { return tx.Factors("u1") })
		same(t, db, 2, func(tx *store.Tx) (int, error) { return tx.NumberOwners("+819012345678", "") })
		same(t, db, 0, func(tx *store.Tx) (int, error) { return tx.NumberOwners("+819000000000", "") })
		same(t, db, 0, func(tx *store.Tx) (int, error) { return tx.NumberOwners("", "") })

		// A stale copy undoes no counter and no step.
		stale := app
		stale.Name, stale.LastStep, stale.Drift, stale.Failures = "tablet", 0, 0, 0
		db.do(t, func(tx *store.Tx) error { return tx.UpdateFactor(stale) })
		app.Name = "tablet"
		same(t, db, app, func(tx *store.Tx) (mfa.Factor, error) { return tx.Factor("f2") })

		db.do(t, func(tx *store.Tx) error {
			n, err := tx.CountFailure("f2")
			if n != 3 {
				t.Errorf("CountFailure: got %d, want 3", n)
			}
			return err
		})
		db.do(t, func(tx *store.Tx) error { return tx.ClearFailures("f2") })
		app.Failures = 0
		same(t, db, app, func(tx *store.Tx) (mfa.Factor, error) { return tx.Factor("f2") })

		db.do(t, func(tx *store.Tx) error { return tx.DeleteFactor("f2") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Factor("f2"); return err })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.CountFailure("f2"); return err })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.ClearFailures("f2") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteFactor("f2") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateFactor(app) })
	})
}

func TestEnrolments(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		e := mfa.Enrolment{
			ID: "e1", UserID: "u1", Binding: "s1", Role: mfa.Backup, Channel: mfa.App, Secret: []byte("key"),
			CreatedAt: db.now(), ExpiresAt: db.now().Add(time.Hour),
		}
		db.do(t, func(tx *store.Tx) error { return tx.PutEnrolment(e) })
		same(t, db, e, func(tx *store.Tx) (mfa.Enrolment, error) { return tx.Enrolment("u1") })
		e.ID, e.Channel, e.Number, e.Secret = "e2", mfa.Voice, "+81312345678", nil
		db.do(t, func(tx *store.Tx) error { return tx.PutEnrolment(e) })
		same(t, db, e, func(tx *store.Tx) (mfa.Enrolment, error) { return tx.Enrolment("u1") })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteEnrolment("u1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Enrolment("u1"); return err })
	})
}

func TestSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		at := db.now()
		s := store.Session{
			SID: "s1", Hash: store.Hash("c1"), UserID: "u1", PasswordAt: at, CodeAt: at, DeviceAt: at, Channel: mfa.SMS,
			FactorID: "f1", PasskeyAt: at, PasskeyID: "k1", PasskeyVerified: true, PasskeySynced: true, UserAgent: "curl", IP: "192.0.2.1", CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(time.Hour),
		}
		other := store.Session{SID: "s2", Hash: store.Hash("c2"), UserID: "u1", CreatedAt: at.Add(time.Second), ExpiresAt: at.Add(time.Minute)}
		db.do(t, func(tx *store.Tx) error { return errors.Join(tx.InsertSession(s), tx.InsertSession(other)) })
		same(t, db, []store.Session{other, s}, func(tx *store.Tx) ([]store.Session, error) { return tx.Sessions("u1") })

		s.Hash = store.Hash("c1b") // T-06: the cookie changes, the SID stays
		db.do(t, func(tx *store.Tx) error { return tx.UpdateSession(s) })
		same(t, db, s, func(tx *store.Tx) (store.Session, error) { return tx.SessionByHash(store.Hash("c1b")) })
		same(t, db, s, func(tx *store.Tx) (store.Session, error) { return tx.Session("s1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.SessionByHash(store.Hash("c1")); return err })

		db.move(time.Minute) // s2 expires
		same(t, db, []store.Session{s}, func(tx *store.Tx) ([]store.Session, error) { return tx.Sessions("u1") })
		db.do(t, func(tx *store.Tx) error {
			sids, err := tx.EndSessions("u1", "s1")
			if len(sids) != 0 {
				t.Errorf("EndSessions but s1: got %v, want none: s2 had expired", sids)
			}
			return err
		})
		db.do(t, func(tx *store.Tx) error {
			sids, err := tx.EndSessions("u1", "")
			if diff := cmp.Diff([]string{"s1"}, sids); diff != "" {
				t.Error(diff)
			}
			return err
		})
		ended := s
		ended.EndedAt = db.now()
		db.move(time.Second)
		db.do(t, func(tx *store.Tx) error { return errors.Join(tx.EndSession("s1"), tx.UpdateSession(s)) })
		same(t, db, ended, func(tx *store.Tx) (store.Session, error) { return tx.Session("s1") })
	})
}

func TestSignIns(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		s := store.SignIn{
			ID: "i1", Browser: store.Hash("b"), ClientID: "shop", ReturnTo: "/account", Request: []byte(`{"a":1}`),
			CreatedAt: at, ExpiresAt: at.Add(time.Hour),
		}
		db.do(t, func(tx *store.Tx) error { return tx.InsertSignIn(s) })
		s.UserID, s.PasswordAt, s.CodeAt, s.DeviceAt, s.Channel, s.Trust = "u1", at, at, at, mfa.App, true
		s.SelectedAt, s.ConsentedAt, s.PutOffAt = at, at, at
		s.FactorID, s.PasskeyAt, s.PasskeyID, s.PasskeyVerified, s.PasskeySynced, s.Able = "f1", at, "k1", true, true, true
		db.do(t, func(tx *store.Tx) error { return tx.UpdateSignIn(s) })
		same(t, db, s, func(tx *store.Tx) (store.SignIn, error) { return tx.SignIn("i1") })

		forged := s // T-11
		forged.ClientID, forged.Request = "evil", []byte("{}")
		db.do(t, func(tx *store.Tx) error { return tx.UpdateSignIn(forged) })
		same(t, db, s, func(tx *store.Tx) (store.SignIn, error) { return tx.SignIn("i1") })

		db.do(t, func(tx *store.Tx) error { return errors.Join(tx.FinishSignIn("i1"), tx.UpdateSignIn(s)) })
		s.DoneAt = at
		same(t, db, s, func(tx *store.Tx) (store.SignIn, error) { return tx.SignIn("i1") })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.FinishSignIn("i1") })

		ended := store.SignIn{ID: "i2", ExpiresAt: at, EndedAt: at}
		db.do(t, func(tx *store.Tx) error { return tx.InsertSignIn(ended) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.FinishSignIn("i2") })
	})
}

func TestClientsAndTheirVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		version := func(want int64) {
			t.Helper()
			same(t, db, want, func(tx *store.Tx) (int64, error) { return tx.ClientsVersion() })
		}
		version(0)
		c := store.Client{CreatedAt: db.now(), UpdatedAt: db.now(), Client: clients.Client{
			ID: "shop", Name: "Shop", Names: map[string]string{"ja": "店"}, NoPKCE: true, RedirectURIs: []string{"https://shop.example/cb"},
			Rules: clients.Rules{FirstParty: true, NoTrustedDevices: true, EnforceFrom: db.now()},
		}}
		db.do(t, func(tx *store.Tx) error { return tx.InsertClient(c) })
		same(t, db, c, func(tx *store.Tx) (store.Client, error) { return tx.Client("shop") })
		version(1)
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertClient(c) })
		version(1)
		db.move(time.Minute)
		c.Name, c.UpdatedAt = "Shop 2", db.now()
		db.do(t, func(tx *store.Tx) error { return tx.UpdateClient(c) })
		same(t, db, []store.Client{c}, func(tx *store.Tx) ([]store.Client, error) { return tx.Clients() })
		version(2)
	})
}

func TestConsents(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		c := store.Consent{UserID: "u1", ClientID: "shop", Scopes: []string{"openid"}, GrantedAt: db.now()}
		db.do(t, func(tx *store.Tx) error { return tx.PutConsent(c) })
		c.Scopes = []string{"openid", "email"}
		db.do(t, func(tx *store.Tx) error { return tx.PutConsent(c) })
		same(t, db, c, func(tx *store.Tx) (store.Consent, error) { return tx.Consent("u1", "shop") })
		same(t, db, []store.Consent{c}, func(tx *store.Tx) ([]store.Consent, error) { return tx.Consents("u1") })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteConsent("u1", "shop") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Consent("u1", "shop"); return err })
	})
}

func TestAuditLog(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(
				tx.Record(store.Event{UserID: "u1", Name: "a", Details: map[string]string{"k": "v"}, Actor: store.Actor{Kind: "forged"}}),
				tx.Record(store.Event{UserID: "u1", ClientID: "shop", Name: "b"}))
		})
		at := db.now()
		db.move(time.Minute)
		db.do(t, func(tx *store.Tx) error { return tx.Record(store.Event{UserID: "u2", Name: "a"}) })

		names := func(f store.EventFilter) (got []string) {
			db.read(t, func(tx *store.Tx) error {
				events, err := tx.Events(f)
				for _, e := range events {
					got = append(got, e.Name+"/"+e.UserID)
				}
				return err
			})
			return got
		}
		for _, c := range []struct {
			filter store.EventFilter
			want   []string
		}{
			{store.EventFilter{}, []string{"a/u2", "b/u1", "a/u1"}},
			{store.EventFilter{UserID: "u1"}, []string{"b/u1", "a/u1"}},
			{store.EventFilter{UserID: "u1", Limit: 1}, []string{"b/u1"}},
			{store.EventFilter{Name: "a"}, []string{"a/u2", "a/u1"}},
			{store.EventFilter{Names: []string{"b", "a"}, UserID: "u1"}, []string{"b/u1", "a/u1"}},
			{store.EventFilter{Since: at.Add(time.Second)}, []string{"a/u2"}},
			{store.EventFilter{ClientID: "shop"}, []string{"b/u1"}},
			{store.EventFilter{Before: at.Add(time.Second)}, []string{"b/u1", "a/u1"}},
		} {
			if diff := cmp.Diff(c.want, names(c.filter)); diff != "" {
				t.Errorf("%+v (-want +got)\n%s", c.filter, diff)
			}
		}
		var newest store.Event
		db.read(t, func(tx *store.Tx) error {
			events, err := tx.Events(store.EventFilter{Limit: 1})
			newest = events[0]
			return err
		})
		if diff := cmp.Diff([]string{"b/u1", "a/u1"}, names(store.EventFilter{Older: newest.ID})); diff != "" {
			t.Errorf("older than the newest (-want +got)\n%s", diff)
		}
		db.read(t, func(tx *store.Tx) error {
			events, err := tx.Events(store.EventFilter{UserID: "u1", Name: "a"})
			if err != nil || len(events) != 1 || events[0].ID == "" {
				t.Fatalf("got %+v, %v", events, err)
			}
			want := store.Event{ID: events[0].ID, At: at, Actor: tester, UserID: "u1", Name: "a", Details: map[string]string{"k": "v"}}
			if diff := cmp.Diff(want, events[0]); diff != "" {
				t.Error(diff)
			}
			return nil
		})
	})
}

func TestMeta(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		same(t, db, "", func(tx *store.Tx) (string, error) { return tx.Meta("a") })
		for _, v := range []string{"1", "2"} {
			db.do(t, func(tx *store.Tx) error { return tx.PutMeta("a", v) })
			same(t, db, v, func(tx *store.Tx) (string, error) { return tx.Meta("a") })
		}
	})
}
