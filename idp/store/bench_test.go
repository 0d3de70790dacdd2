package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// What one commit costs alone and in groups. Run with -benchtime=2s on a real disk.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 8, 32, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db := open(b, "sqlite")
			before := db.Stats().Commits
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						err := db.Update(b.Context(), tester, func(tx *store.Tx) error {
							return tx.InsertRefreshToken(store.RefreshToken{Hash: store.Hash(fmt.Sprint(i)), GrantID: "g", ExpiresAt: tx.Now})
						})
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
			b.ReportMetric(float64(b.N)/float64(db.Stats().Commits-before), "updates/commit")
		})
	}
}

// What the reads of a request cost.
func BenchmarkView(b *testing.B) {
	db := open(b, "sqlite")
	db.person(b, "u1")
	soon := db.now().Add(time.Hour)
	db.do(b, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertGrant(store.Grant{ID: "g1", ClientID: "shop", UserID: "u1", AMR: []string{"pwd", "otp"}, Scopes: []string{"openid", "email"}}),
			tx.InsertRefreshToken(store.RefreshToken{Hash: store.Hash("r"), GrantID: "g1", ExpiresAt: soon}),
			tx.InsertSession(store.Session{SID: "s1", Hash: store.Hash("s"), UserID: "u1", ExpiresAt: soon}))
	})
	for _, c := range []struct {
		name string
		read func(tx *store.Tx) error
	}{
		{"nothing", func(*store.Tx) error { return nil }},
		{"meta", func(tx *store.Tx) error { _, err := tx.Meta("x"); return err }},
		{"jti", func(tx *store.Tx) error { _, err := tx.JTIRevoked("x"); return err }},
		{"grant", func(tx *store.Tx) error { _, err := tx.Grant("g1"); return err }},
		{"user", func(tx *store.Tx) error { _, err := tx.User("u1"); return err }},
		{"session", func(tx *store.Tx) error { _, err := tx.SessionByHash(store.Hash("s")); return err }},
		{"refresh token", func(tx *store.Tx) error { _, err := tx.RefreshToken(store.Hash("r")); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				db.read(b, c.read)
			}
		})
	}
}
