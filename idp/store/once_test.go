package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// race runs f in n Updates at once and returns how many succeeded; all others
// must fail with ErrConflict.
func (db *database) race(t *testing.T, n int, f func(tx *store.Tx) error) (won int) {
	t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = db.Update(t.Context(), tester, f)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrConflict):
			t.Errorf("got %v, want nil or ErrConflict", err)
		}
	}
	return won
}

func challenge(db *database, id string) mfa.Challenge {
	return mfa.Challenge{
		ID: id, UserID: "u1", FactorID: "f1", Binding: "b1", Purpose: mfa.ForSignIn, Channel: mfa.SMS, MAC: []byte("mac"),
		Sends: 1, SentAt: db.now(), ExpiresAt: db.now().Add(10 * time.Minute),
	}
}

func TestChallengeCannotBeUsedTwice(t *testing.T) { // T-26
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error { return tx.InsertChallenge(challenge(db, "c1")) })
		if won := db.race(t, 50, func(tx *store.Tx) error { return tx.UseChallenge("c1") }); won != 1 {
			t.Errorf("%d of 50 used the challenge, want 1", won)
		}
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { _, err := tx.CountAttempt("c1", 5); return err })
	})
}

func TestAttemptsCannotExceedTheLimitInParallel(t *testing.T) { // T-26, C-06
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error { return tx.InsertChallenge(challenge(db, "c1")) })
		var mu sync.Mutex
		seen := map[int]int{}
		won := db.race(t, 50, func(tx *store.Tx) error {
			n, err := tx.CountAttempt("c1", 5)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			seen[n]++
			return nil
		})
		if won != 5 || len(seen) != 5 {
			t.Errorf("%d attempts of 50 were allowed with numbers %v, want 5 different", won, seen)
		}
		same(t, db, 5, func(tx *store.Tx) (int, error) {
			all, err := tx.Challenges("b1", mfa.ForSignIn)
			return all[0].Attempts, err
		})
	})
}

func TestSupersededChallengeCannotBeUsed(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		first, second, other := challenge(db, "c1"), challenge(db, "c2"), challenge(db, "c3")
		second.Sends, other.Purpose = 2, mfa.ForEnrol
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertChallenge(first), tx.InsertChallenge(other),
				tx.SupersedeChallenges("b1", mfa.ForSignIn), tx.InsertChallenge(second))
		})
		first.SupersededAt = db.now()
		same(t, db, []mfa.Challenge{second, first}, func(tx *store.Tx) ([]mfa.Challenge, error) { return tx.Challenges("b1", mfa.ForSignIn) })
		same(t, db, []mfa.Challenge{other}, func(tx *store.Tx) ([]mfa.Challenge, error) { return tx.Challenges("b1", mfa.ForEnrol) })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.UseChallenge("c1") })
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { _, err := tx.CountAttempt("c1", 5); return err })
		db.do(t, func(tx *store.Tx) error { return tx.UseChallenge("c2") })
	})
}

func TestTOTPStepCannotBeAcceptedTwice(t *testing.T) { // N-30, RFC 6238 §5.2
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.do(t, func(tx *store.Tx) error { return tx.InsertFactor(factor(db, "f1", "u1")) })
		if won := db.race(t, 50, func(tx *store.Tx) error { return tx.AcceptStep("f1", 100, 1) }); won != 1 {
			t.Errorf("%d of 50 accepted the step, want 1", won)
		}
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.AcceptStep("f1", 99, 0) })
		same(t, db, 1, func(tx *store.Tx) (int, error) { f, err := tx.Factor("f1"); return f.Drift, err })
	})
}

func TestFailuresCannotBeLostInParallel(t *testing.T) { // N-40
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.do(t, func(tx *store.Tx) error { return tx.InsertFactor(factor(db, "f1", "u1")) })
		db.race(t, 50, func(tx *store.Tx) error { _, err := tx.CountFailure("f1"); return err })
		same(t, db, 50, func(tx *store.Tx) (int, error) { f, err := tx.Factor("f1"); return f.Failures, err })
	})
}

func TestReadAndWriteCannotLoseAnUpdate(t *testing.T) { // T-61
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		db.race(t, 50, func(tx *store.Tx) error {
			u, err := tx.User("u1")
			if err != nil {
				return err
			}
			u.Epoch++
			return tx.UpdateUser(u)
		})
		same(t, db, 50, func(tx *store.Tx) (int, error) { u, err := tx.User("u1"); return u.Epoch, err })
	})
}

func TestCodeCannotBeUsedTwice(t *testing.T) { // T-17
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		c := store.Code{
			Hash: store.Hash("code"), RedirectURI: "https://shop.example/cb",
			Nonce: "n", Challenge: "ch", JKT: "key", ExpiresAt: at.Add(time.Minute),
		}
		g := store.Grant{ID: "g1", ClientID: "shop", UserID: "u1", Scopes: []string{"openid"}, CreatedAt: at}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertGrantWithCode(g, c), tx.InsertGrant(store.Grant{ID: "of a device"}))
		})
		code := func(tx *store.Tx) (store.Code, error) { _, c, err := tx.GrantWithCode("g1"); return c, err }
		same(t, db, c, code)
		same(t, db, g, func(tx *store.Tx) (store.Grant, error) { g, _, err := tx.GrantWithCode("g1"); return g, err })
		same(t, db, g, func(tx *store.Tx) (store.Grant, error) { return tx.Grant("g1") })

		for _, none := range []string{"of a device", "no"} {
			db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, _, err := tx.GrantWithCode(none); return err })
			db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.UseCode(none) })
		}

		// As the token endpoint does it: the losers' replay revokes the grant.
		won := db.race(t, 32, func(tx *store.Tx) error {
			err := tx.UseCode("g1")
			if errors.Is(err, store.ErrConflict) {
				return store.Keep(errors.Join(err, tx.RevokeGrant("g1")))
			}
			return err
		})
		if won != 1 {
			t.Errorf("%d of 32 redeemed the code, want 1", won)
		}
		same(t, db, true, func(tx *store.Tx) (bool, error) { g, err := tx.Grant("g1"); return !g.RevokedAt.IsZero(), err })
		c.UsedAt = at
		same(t, db, c, code)
	})
}

func TestPushedRequestIsAnsweredOnce(t *testing.T) { // RFC 9126 §4
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		r := store.PushedRequest{
			Hash: store.Hash("uri"), ClientID: "shop", Params: "scope=openid&login_hint=hanako%40example.jp", ByClient: true,
			CreatedAt: at, ExpiresAt: at.Add(time.Minute),
		}
		db.do(t, func(tx *store.Tx) error { return tx.InsertPushed(r) })
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertPushed(r) })
		same(t, db, r, func(tx *store.Tx) (store.PushedRequest, error) { return tx.Pushed(r.Hash) })
		db.do(t, func(tx *store.Tx) error { return tx.KeepPushed(r.Hash, at.Add(time.Hour)) })
		if won := db.race(t, 16, func(tx *store.Tx) error { return tx.UsePushed(r.Hash) }); won != 1 {
			t.Errorf("%d of 16 answered the request, want 1", won)
		}
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.KeepPushed(r.Hash, at.Add(time.Hour)) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Pushed(r.Hash); return err })
	})
}

func TestSignInCannotBeFinishedTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.do(t, func(tx *store.Tx) error { return tx.InsertSignIn(store.SignIn{ID: "i1", ExpiresAt: db.now()}) })
		if won := db.race(t, 32, func(tx *store.Tx) error { return tx.FinishSignIn("i1") }); won != 1 {
			t.Errorf("%d of 32 finished, want 1", won)
		}
	})
}

func TestRefreshTokenCannotBeRotatedTwice(t *testing.T) { // T-51
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		r := store.RefreshToken{Hash: store.Hash("r1"), GrantID: "g1", CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
		db.do(t, func(tx *store.Tx) error {
			return errors.Join(tx.InsertRefreshToken(r), tx.InsertRefreshToken(store.RefreshToken{Hash: store.Hash("r2"), Next: "r3", ExpiresAt: at}))
		})
		same(t, db, r, func(tx *store.Tx) (store.RefreshToken, error) { return tx.RefreshToken(r.Hash) })
		if won := db.race(t, 32, func(tx *store.Tx) error { return tx.UseRefreshToken(r.Hash, "successor") }); won != 1 {
			t.Errorf("%d of 32 rotated, want 1", won)
		}
		r.UsedAt, r.Next = at, "successor"
		same(t, db, r, func(tx *store.Tx) (store.RefreshToken, error) { return tx.RefreshToken(r.Hash) })
		same(t, db, "r3", func(tx *store.Tx) (string, error) { r, err := tx.RefreshToken(store.Hash("r2")); return r.Next, err })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.RefreshToken(store.Hash("no")); return err })
	})
}

func TestDeviceCannotBeRotatedTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		db.person(t, "u1")
		at := db.now()
		d := store.Device{Hash: store.Hash("d1"), TrustedDevice: mfa.TrustedDevice{
			ID: "d", UserID: "u1", Epoch: 2, UserAgent: "curl", IP: "192.0.2.1", CreatedAt: at, ExpiresAt: at.Add(time.Hour),
		}}
		db.do(t, func(tx *store.Tx) error { return tx.InsertDevice(d) })
		same(t, db, d, func(tx *store.Tx) (store.Device, error) { return tx.DeviceByHash(store.Hash("d1")) })
		if won := db.race(t, 32, func(tx *store.Tx) error { return tx.RotateDevice("d", store.Hash("d1"), store.Hash("d2")) }); won != 1 {
			t.Errorf("%d of 32 rotated, want 1", won)
		}
		d.Hash, d.Previous, d.RotatedAt, d.LastUsedAt = store.Hash("d2"), store.Hash("d1"), at, at
		for _, cookie := range []string{"d1", "d2"} {
			same(t, db, d, func(tx *store.Tx) (store.Device, error) { return tx.DeviceByHash(store.Hash(cookie)) })
		}
		second := store.Device{Hash: store.Hash("e"), TrustedDevice: mfa.TrustedDevice{ID: "e", UserID: "u1", CreatedAt: at.Add(1e9), ExpiresAt: at}}
		db.do(t, func(tx *store.Tx) error { return tx.InsertDevice(second) })
		same(t, db, []store.Device{second, d}, func(tx *store.Tx) ([]store.Device, error) { return tx.Devices("u1") })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteDevice("e") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteDevice("e") })
		db.do(t, func(tx *store.Tx) error {
			n, err := tx.DeleteDevices("u1")
			if n != 1 {
				t.Errorf("DeleteDevices: got %d, want 1", n)
			}
			return err
		})
	})
}

func TestTokenCannotBeUsedTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		at := db.now()
		k := store.Token{
			ID: "t1", Hash: store.Hash("secret"), Purpose: "reset", UserID: "u1", Browser: store.Hash("b"),
			Data: map[string]string{"email": "new@example.jp"}, CreatedAt: at, ExpiresAt: at.Add(time.Hour),
		}
		db.do(t, func(tx *store.Tx) error { return tx.InsertToken(k) })
		same(t, db, k, func(tx *store.Tx) (store.Token, error) { return tx.Token("t1") })
		same(t, db, k, func(tx *store.Tx) (store.Token, error) { return tx.TokenByHash("reset", k.Hash) })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.TokenByHash("signup", k.Hash); return err })

		k.Data, k.ExpiresAt = map[string]string{"step": "2", "empty": ""}, at.Add(time.Minute)
		db.do(t, func(tx *store.Tx) error { return tx.UpdateToken(k) })
		if won := db.race(t, 20, func(tx *store.Tx) error { _, err := tx.CountTokenAttempt("t1", 3); return err }); won != 3 {
			t.Errorf("%d of 20 tries were allowed, want 3", won)
		}
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.UseToken("t1") }); won != 1 {
			t.Errorf("%d of 20 used the token, want 1", won)
		}
		k.Attempts, k.UsedAt = 3, at
		same(t, db, k, func(tx *store.Tx) (store.Token, error) { return tx.Token("t1") })
		db.do(t, func(tx *store.Tx) error { return tx.DeleteTokens("u1", "reset") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.Token("t1"); return err })
	})
}

func TestLeaseHasOneHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		lease := func(holder string) (ok bool) {
			db.do(t, func(tx *store.Tx) (err error) { ok, err = tx.Lease("job", holder, time.Minute); return err })
			return ok
		}
		for i, c := range []struct {
			holder string
			want   bool
			after  time.Duration
		}{{"a", true, 0}, {"b", false, 0}, {"a", true, 50 * time.Second}, {"b", false, 50 * time.Second}, {"b", true, 10 * time.Second}, {"a", false, 0}} {
			db.move(c.after)
			if got := lease(c.holder); got != c.want {
				t.Errorf("step %d: Lease(%s): got %v, want %v", i, c.holder, got, c.want)
			}
		}
	})
}

func TestProofCannotBeSpentTwice(t *testing.T) { // H-13
	onBoth(t, func(t *testing.T, db *database) {
		until := db.now().Add(time.Minute)
		if won := db.race(t, 50, func(tx *store.Tx) error { return tx.Spend(store.Hash("jti"), until) }); won != 1 {
			t.Errorf("%d of 50 spent it, want 1", won)
		}
	})
}

func TestDeviceIsAnsweredAndUsedOnce(t *testing.T) { // RFC 8628, T-17
	onBoth(t, func(t *testing.T, db *database) {
		hash := store.Hash("d")
		want := store.DeviceCode{
			Hash: hash, UserCode: "BCDF-GHJK", ClientID: "tv", Scopes: []string{"openid"}, IP: "192.0.2.1", UserAgent: "TV", Pace: 5,
			CreatedAt: db.now(), ExpiresAt: db.now().Add(5 * time.Minute),
		}
		db.do(t, func(tx *store.Tx) error { return tx.InsertDeviceCode(want) })
		same(t, db, want, func(tx *store.Tx) (store.DeviceCode, error) { return tx.DeviceByUserCode("BCDF-GHJK") })
		db.wants(t, store.ErrNotFound, func(tx *store.Tx) error { _, err := tx.DeviceByUserCode("BCDF-GHJL"); return err })
		twin := want
		twin.Hash = store.Hash("e")
		db.wants(t, store.ErrExists, func(tx *store.Tx) error { return tx.InsertDeviceCode(twin) })
		db.do(t, func(tx *store.Tx) error { return tx.PollDeviceCode(hash, 10) })
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.AnswerDeviceCode(hash, "g") }); won != 1 {
			t.Errorf("%d of 20 answered, want 1", won)
		}
		if won := db.race(t, 20, func(tx *store.Tx) error { return tx.UseDeviceCode(hash) }); won != 1 {
			t.Errorf("%d of 20 used the code, want 1", won)
		}
		want.Pace, want.PolledAt, want.AnsweredAt, want.GrantID, want.UsedAt = 10, db.now(), db.now(), "g", db.now()
		same(t, db, want, func(tx *store.Tx) (store.DeviceCode, error) { return tx.DeviceCode(hash) })
		db.do(t, func(tx *store.Tx) error {
			return tx.InsertDeviceCode(store.DeviceCode{Hash: twin.Hash, UserCode: "X", ExpiresAt: db.now()})
		})
		db.wants(t, store.ErrConflict, func(tx *store.Tx) error { return tx.AnswerDeviceCode(twin.Hash, "g") }) // expired
	})
}
