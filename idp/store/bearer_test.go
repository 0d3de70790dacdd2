package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

func TestBearerIsNobodyOnceGrantTokenOrPersonEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.person(t, "u2")
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertGrant(store.Grant{ID: "lives", ClientID: "shop", UserID: "u1"}),
				tx.InsertGrant(store.Grant{ID: "ended", ClientID: "shop", UserID: "u1"}),
				tx.RevokeGrant("ended"),
				tx.InsertGrant(store.Grant{ID: "disabled", ClientID: "shop", UserID: "u2"}),
				tx.InsertGrant(store.Grant{ID: "deleted", ClientID: "shop", UserID: "u3"}),
				tx.RevokeJTI("refused", tx.Now.Add(time.Hour)))
		})
		db.do(t, func(tx *store.Tx) error {
			u, err := tx.User("u2")
			if err != nil {
				return err
			}
			u.DisabledAt = tx.Now
			return tx.UpdateUser(u)
		})
		bearer := func(grant, jti string) (u store.User, err error) {
			err = db.Glance(t.Context(), func(tx *store.Tx) error {
				var err error
				u, err = tx.Bearer(grant, jti)
				return err
			})
			return u, err
		}
		if u, err := bearer("lives", "fresh"); err != nil || u.ID != "u1" || u.Name != "花子" || u.CreatedAt.IsZero() {
			t.Errorf("a live token: got %+v, %v", u, err)
		}
		for _, tt := range [][2]string{{"lives", "refused"}, {"ended", "fresh"}, {"disabled", "fresh"}, {"deleted", "fresh"}, {"unknown", "fresh"}} {
			if u, err := bearer(tt[0], tt[1]); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("grant %s, token %s: got %+v, %v; want ErrNotFound", tt[0], tt[1], u, err)
			}
		}
	})
}

func TestGlanceWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		err := db.Glance(t.Context(), func(tx *store.Tx) error { return tx.PutMeta("k", "v") })
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("a write: got %v, want ErrReadOnly", err)
		}
	})
}

func TestListsOfGrantsKeepEveryCharacter(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		for i, list := range [][]string{nil, {}, {""}, {"openid"}, {"openid", "email"}, {`"`, `","`, `\`}, {"a b", "日本", "<&>", ""}} {
			id := fmt.Sprint("g", i)
			db.do(t, func(tx *store.Tx) error {
				return tx.InsertGrant(store.Grant{ID: id, Scopes: list, AMR: []string{"pwd"}})
			})
			same(t, db, list, func(tx *store.Tx) ([]string, error) { g, err := tx.Grant(id); return g.Scopes, err })
		}
	})
}

func TestEndedCountsWhatMayEndATokenOrChangeItsPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.do(t, func(tx *store.Tx) error { return tx.InsertGrant(store.Grant{ID: "g", ClientID: "shop", UserID: "u1"}) })
		for _, c := range []struct {
			name string
			ends bool
			f    func(tx *store.Tx) error
		}{
			{"code", false, func(tx *store.Tx) error {
				return tx.InsertGrantWithCode(store.Grant{ID: "c"}, store.Code{Hash: []byte("c"), ExpiresAt: tx.Now})
			}},
			{"nothing", false, func(*store.Tx) error { return nil }},
			{"token", true, func(tx *store.Tx) error { return tx.RevokeJTI("jti", tx.Now.Add(time.Hour)) }},
			{"grant", true, func(tx *store.Tx) error { return tx.RevokeGrant("g") }},
			{"grants", true, func(tx *store.Tx) error { _, err := tx.RevokeGrants(store.GrantFilter{UserID: "u1"}); return err }},
			{"user", true, func(tx *store.Tx) error {
				u, err := tx.User("u1")
				return errors.Join(err, tx.UpdateUser(u))
			}},
			{"erasure", true, func(tx *store.Tx) error { return tx.EraseUser("u1") }},
		} {
			before := db.Ended()
			db.do(t, c.f)
			if got := db.Ended() > before; got != c.ends {
				t.Errorf("%s: counted %v, want %v", c.name, got, c.ends)
			}
		}
	})
}
