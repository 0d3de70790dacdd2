package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// shop adds a shop with members, each as "user role".
func (db *database) shop(t *testing.T, id string, members ...string) {
	t.Helper()
	db.do(t, func(tx *store.Tx) error {
		err := tx.InsertShop(store.Shop{ID: id, Name: "Shop " + id})
		for _, m := range members {
			member := store.Member{ShopID: id}
			if _, scanned := fmt.Sscan(m, &member.UserID, &member.Role); scanned != nil {
				return scanned
			}
			err = errors.Join(err, tx.InsertMember(member))
		}
		return err
	})
}

func TestShopsAndMembers(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		for _, id := range []string{"u1", "u2"} {
			db.person(t, id)
		}
		at := db.now()
		db.shop(t, "s2", "u1 owner", "u2 staff")
		db.shop(t, "s1", "u1 staff")
		s2 := store.Shop{ID: "s2", Name: "Shop s2", CreatedAt: at, UpdatedAt: at}
		same(t, db, s2, func(tx *store.Tx) (store.Shop, error) { return tx.Shop("s2") })
		same(t, db, []store.Shop{{ID: "s1", Name: "Shop s1", CreatedAt: at, UpdatedAt: at}, s2}, func(tx *store.Tx) ([]store.Shop, error) { return tx.UserShops("u1") })
		same(t, db, []store.Shop{s2}, func(tx *store.Tx) ([]store.Shop, error) { return tx.Shops("s1", 10) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertShop(store.Shop{ID: "s1"}) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertMember(store.Member{ShopID: "s1", UserID: "u1"}) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Shop("s9"); return err })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Member("s1", "u2"); return err })

		db.move(time.Hour)
		s2 = store.Shop{ID: "s2", Name: "New", CreatedAt: at, UpdatedAt: db.now(), SuspendedAt: db.now()}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.UpdateShop(s2), tx.UpdateMember(store.Member{ShopID: "s2", UserID: "u2", Role: "manager"}), tx.DeleteMember("s1", "u1"))
		})
		same(t, db, s2, func(tx *store.Tx) (store.Shop, error) { return tx.Shop("s2") })
		same(t, db, []store.Member{{ShopID: "s2", UserID: "u1", Role: "owner", JoinedAt: at}, {ShopID: "s2", UserID: "u2", Role: "manager", JoinedAt: at}},
			func(tx *store.Tx) ([]store.Member, error) { return tx.Members("s2") })
		same(t, db, []store.Member{{ShopID: "s2", UserID: "u1", Role: "owner", JoinedAt: at}},
			func(tx *store.Tx) ([]store.Member, error) { return tx.Memberships("u1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteMember("s1", "u1") })
		same(t, db, 2, func(tx *store.Tx) (int, error) { people, err := tx.ShopUsers("s2"); return len(people), err })

		s2.ClosedAt = db.now()
		db.do(t, func(tx *store.Tx) error { return tx.UpdateShop(s2) })
		same(t, db, 0, func(tx *store.Tx) (int, error) { list, err := tx.UserShops("u1"); return len(list), err })
		db.move(31 * 24 * time.Hour)
		db.do(t, func(tx *store.Tx) error { _, err := tx.Expire(100); return err })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Shop("s2"); return err })
	})
}

func TestDemandsAndChoices(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.shop(t, "s1", "u1 owner")
		db.shop(t, "s2")
		from := db.now().Add(time.Hour)
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.PutDemand("s1", "staff", db.now()), tx.PutDemand("s1", "staff", from), tx.PutDemand("s1", "owner", from),
				tx.PutDemand("s1", "owner", time.Time{}), tx.PutDemand("s2", "owner", from),
				tx.PutShopChoice("u1", "seller", "s1"), tx.PutShopChoice("u1", "seller", "s2"))
		})
		same(t, db, map[string]time.Time{"staff": from}, func(tx *store.Tx) (map[string]time.Time, error) { return tx.Demands("s1") })
		same(t, db, "s2", func(tx *store.Tx) (string, error) { return tx.ShopChoice("u1", "seller") })
		same(t, db, "", func(tx *store.Tx) (string, error) { return tx.ShopChoice("u1", "buyer") })
	})
}

func TestInvitationIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.shop(t, "s1")
		at := db.now()
		i := store.Invitation{
			ID: "i1", ShopID: "s1", Hash: store.Hash("first"), Email: "staff@example.jp", Role: "staff", InvitedBy: "u1",
			CreatedAt: at, SentAt: at, ExpiresAt: at.Add(time.Hour),
		}
		db.do(t, func(tx *store.Tx) error { return tx.InsertInvitation(i) })
		same(t, db, i, func(tx *store.Tx) (store.Invitation, error) { return tx.InvitationByHash(store.Hash("first")) })
		again := i
		again.ID, again.Hash = "i2", store.Hash("another")
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertInvitation(again) })

		db.move(time.Minute)
		i.Hash, i.Role, i.SentAt, i.ExpiresAt = store.Hash("second"), "manager", db.now(), db.now().Add(time.Hour)
		db.do(t, func(tx *store.Tx) error { return tx.UpdateInvitation(i) })
		same(t, db, []store.Invitation{i}, func(tx *store.Tx) ([]store.Invitation, error) { return tx.Invitations("s1") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.InvitationByHash(store.Hash("first")); return err })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.UseInvitation("i1", store.Hash("first")) })

		var wg sync.WaitGroup
		won := make(chan bool, 16)
		for range cap(won) {
			wg.Go(func() {
				won <- db.Update(t.Context(), tester, func(tx *store.Tx) error { return tx.UseInvitation("i1", store.Hash("second")) }) == nil
			})
		}
		wg.Wait()
		close(won)
		n := 0
		for ok := range won {
			if ok {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the invitation was used %d times", n)
		}
	})
}

// T-52: whom a shop invites is not to be read in the database.
func TestInvitedAddressIsSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.shop(t, "s1")
		db.do(t, func(tx *store.Tx) error {
			return tx.InsertInvitation(store.Invitation{ID: "i1", ShopID: "s1", Hash: store.Hash("x"), Email: "staff@example.jp", ExpiresAt: db.now()})
		})
		if bytes.Contains(db.dump(t), []byte("staff@example.jp")) {
			t.Error("the database holds the address in clear")
		}
	})
}

func TestToolsChangeInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.shop(t, "s1")
		db.shop(t, "s2")
		tool := func(id, shop string) store.Tool {
			return store.Tool{
				ID: id, ShopID: shop, Name: "Stock", Auth: clients.AuthBasic, Secrets: []store.ToolSecret{{Hash: "h1", CreatedAt: db.now()}},
				Scopes: []string{"orders"}, Resources: []string{"https://api.example"}, CreatedBy: "u1", CreatedAt: db.now(), ExpiresAt: db.now().Add(time.Hour),
			}
		}
		t1 := tool("t1", "s1")
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertTool(t1), tx.InsertTool(tool("t2", "s1")), tx.InsertTool(tool("t3", "s2")))
		})
		same(t, db, t1, func(tx *store.Tx) (store.Tool, error) { return tx.Tool("t1") })
		version := int64(0)
		changed := func(limit int, want ...string) {
			t.Helper()
			db.read(t, func(tx *store.Tx) error {
				list, err := tx.ChangedTools(version, limit)
				var got []string
				for _, c := range list {
					s := c.ID
					if c.Suspended {
						s += " suspended"
					}
					if !c.RevokedAt.IsZero() {
						s += " revoked"
					}
					got = append(got, s)
					version = c.Version
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("changed (-want +got)\n%s", diff)
				}
				return err
			})
		}
		changed(2, "t1", "t2")
		changed(2, "t3")
		changed(2)
		t1.Name, t1.Secrets = "Stock 2", append(t1.Secrets, store.ToolSecret{Hash: "h2", CreatedAt: db.now()})
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.UpdateTool(t1), tx.UpdateShop(store.Shop{ID: "s1", SuspendedAt: db.now()}), tx.TouchTools("s1"))
		})
		changed(1, "t1 suspended", "t2 suspended") // one version is never split
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.RevokeTools("s1"), tx.ToolUsed("t3", db.now()), tx.ToolUsed("t3", db.now().Add(-time.Minute)))
		})
		changed(10, "t1 suspended revoked", "t2 suspended revoked")
		same(t, db, db.now(), func(tx *store.Tx) (time.Time, error) { tool, err := tx.Tool("t3"); return tool.LastUsedAt, err })
		same(t, db, 0, func(tx *store.Tx) (int, error) { list, err := tx.Tools("s1"); return len(list), err })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertTool(tool("t1", "s2")) })
	})
}

func TestShopsAstray(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error {
			return tx.InsertUser(store.User{ID: "u1", Email: "u1@example.jp", TwoStepAt: db.now()})
		})
		db.person(t, "u2")
		db.shop(t, "guarded", "u1 owner", "u2 owner")
		db.shop(t, "astray", "u2 owner", "u1 staff")
		db.shop(t, "toolless", "u2 owner")
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertTool(store.Tool{ID: "t1", ShopID: "guarded"}), tx.InsertTool(store.Tool{ID: "t2", ShopID: "astray"}))
		})
		astray := func(want ...string) {
			t.Helper()
			same(t, db, want, func(tx *store.Tx) ([]string, error) { return tx.ShopsAstray("owner", 10) })
		}
		astray("astray")
		same(t, db, true, func(tx *store.Tx) (bool, error) { return tx.ShopGuarded("guarded", "owner") })
		same(t, db, false, func(tx *store.Tx) (bool, error) { return tx.ShopGuarded("astray", "owner") })
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.UpdateShop(store.Shop{ID: "astray", SuspendedAt: db.now()}), tx.UpdateShop(store.Shop{ID: "guarded", SuspendedAt: db.now()}))
		})
		astray("guarded")
	})
}

func TestGrantsOfAShopAreRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertGrant(store.Grant{ID: "g1", SID: "sid", UserID: "u1", ShopID: "s1"}), tx.InsertGrant(store.Grant{ID: "g2", SID: "sid", UserID: "u1", ShopID: "s2"}),
				tx.InsertGrant(store.Grant{ID: "g3", SID: "sid", UserID: "u2", ShopID: "s1"}))
		})
		db.do(t, func(tx *store.Tx) error {
			ended, err := tx.RevokeGrants(store.GrantFilter{UserID: "u1", ShopID: "s1"})
			if len(ended) != 1 || ended[0].ID != "g1" || ended[0].ShopID != "s1" {
				t.Errorf("ended %v", ended)
			}
			return err
		})
	})
}

func TestToolsThatEndAreToldOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		const day = 24 * time.Hour
		db.do(t, func(tx *store.Tx) error {
			err := tx.InsertShop(store.Shop{ID: "s", Name: "S"})
			for id, span := range map[string][2]time.Duration{ // since when, and for how long from now
				"a": {20 * day, 10 * day}, "b": {20 * day, 2 * day}, "new": {time.Hour, 10 * day}, "late": {20 * day, 30 * day},
				"over": {20 * day, -day}, "revoked": {20 * day, 2 * day},
			} {
				tool := store.Tool{ID: id, ShopID: "s", Name: id, CreatedAt: tx.Now.Add(-span[0]), ExpiresAt: tx.Now.Add(span[1])}
				if id == "revoked" {
					tool.RevokedAt = tx.Now
				}
				err = errors.Join(err, tx.InsertTool(tool))
			}
			return errors.Join(err, tx.InsertTool(store.Tool{ID: "ever", ShopID: "s", Name: "ever"}))
		})
		ending := func(days int, after string, limit int) (ids string) {
			db.read(t, func(tx *store.Tx) error {
				tools, err := tx.ToolsEnding(days, after, limit)
				for _, tool := range tools {
					ids += tool.ID
				}
				return err
			})
			return ids
		}
		for _, tt := range []struct {
			days  int
			after string
			limit int
			want  string
		}{{14, "", 9, "ab"}, {14, "", 1, "a"}, {14, "a", 9, "b"}, {3, "", 9, "b"}} {
			if got := ending(tt.days, tt.after, tt.limit); got != tt.want {
				t.Errorf("within %d days after %q: got %q, want %q", tt.days, tt.after, got, tt.want)
			}
		}
		db.do(t, func(tx *store.Tx) error { return tx.RemindTool("b", 14) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.RemindTool("b", 14) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.RemindTool("revoked", 14) })
		db.do(t, func(tx *store.Tx) error { return tx.RemindTool("b", 3) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.RemindTool("b", 14) })
		if got := ending(14, "", 9) + ending(3, "", 9); got != "a" {
			t.Errorf("after b was told: got %q", got)
		}
		db.do(t, func(tx *store.Tx) error { // a new secret is no reason to tell again
			tool, err := tx.Tool("b")
			return errors.Join(err, tx.UpdateTool(tool))
		})
		if got := ending(3, "", 9); got != "" {
			t.Errorf("after b changed: got %q", got)
		}
	})
}
