package idp_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

// register makes a passkey on the account pages, in a browser with fresh proofs.
func (st story) register(a *idptest.Authenticator) mfa.Passkey {
	st.t.Helper()
	made, err := st.s.Provider.PasskeyCreation(st.t.Context(), st.b, "")
	fatal(st.t, err)
	_, err = st.s.Provider.AddPasskey(st.t.Context(), st.b, "", a.Create(made.Options), "Mac, Safari")
	fatal(st.t, err)
	account, err := st.s.Provider.Account(st.t.Context(), st.b)
	fatal(st.t, err)
	i := slices.IndexFunc(account.Passkeys, func(k mfa.Passkey) bool { return string(k.Credential) == string(a.Credential()) })
	if i < 0 {
		st.t.Fatal("the passkey is not among the person's")
	}
	return account.Passkeys[i]
}

// asked is what the page that is due asks a passkey.
func (st story) asked(n idp.Next) []byte {
	st.t.Helper()
	v, err := st.s.Provider.SignIn(st.t.Context(), st.b, n.SignInID)
	fatal(st.t, err)
	if v.Passkey == nil {
		st.t.Fatalf("page %s asks for no passkey", v.Step.Page)
	}
	return v.Passkey
}

func (st story) usePasskey(n idp.Next, a *idptest.Authenticator) (idp.Next, error) {
	st.t.Helper()
	return st.s.Provider.SubmitPasskey(st.t.Context(), st.b, n.SignInID, a.Use(st.asked(n)))
}

func (st story) passkey(n idp.Next, a *idptest.Authenticator) idp.Next {
	st.t.Helper()
	n, err := st.usePasskey(n, a)
	fatal(st.t, err)
	return n
}

// owner is kenji, with two-step verification on and a passkey on a device.
func owner(t *testing.T, change ...func(*idptest.Authenticator)) (story, *idptest.Authenticator, mfa.Passkey) {
	t.Helper()
	s, _ := withKenji(t)
	st := kenji(t, s, false)
	a := s.Authenticator(t)
	for _, f := range change {
		f(a)
	}
	k := st.register(a)
	s.Clock.Advance(time.Minute)
	return st, a, k
}

func synced(a *idptest.Authenticator) { a.Synced = true }

// fresh is another browser of the same person.
func (st story) fresh() story { return story{st.t, st.s, browser()} }

// 2.C.2, O-25: a passkey that verifies the person is a whole sign-in, without a
// password and without a code, and says so truthfully.
func TestPasskeyIsAWholeSignIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*idptest.Authenticator)
		amr    []string
	}{
		"kept on its device": {func(*idptest.Authenticator) {}, []string{"hwk", "user", "mfa"}},
		"synced":             {synced, []string{"swk", "user", "mfa"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, a, _ := owner(t, test.change)
			at := st.s.Clock.Now().UTC().Truncate(time.Second)
			other := st.fresh()
			g := other.redeem(other.passkey(other.authorize("buyer"), a), "buyer").Grant
			if diff := cmp.Diff(test.amr, g.AMR); diff != "" || g.ACR != "phr" || !g.AuthTime.Equal(at) {
				t.Errorf("acr %s, auth_time %s, amr (-want +got):\n%s", g.ACR, g.AuthTime, diff)
			}
			// S-109, MinACR: it opens the seller and the vault too.
			for _, client := range []string{"seller", "vault"} {
				if g := other.redeem(other.authorize(client), client).Grant; g.ACR != "phr" {
					t.Errorf("%s: acr %s", client, g.ACR)
				}
			}
		})
	}
}

// 2.C.2: a security key that was only touched is a second step after the password.
func TestTouchedKeyIsASecondStep(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t, func(a *idptest.Authenticator) { a.Verifies, a.Silent = false, true })
	other := st.fresh()
	n := other.password(other.authorize("buyer"), "kenji@example.jp")
	want(t, n, signin.PageCode)
	g := other.redeem(other.passkey(n, a), "buyer").Grant
	if diff := cmp.Diff([]string{"pwd", "hwk", "user"}, g.AMR); diff != "" || g.ACR != "phr" {
		t.Errorf("acr %s, amr (-want +got):\n%s", g.ACR, diff)
	}
}

// What a passkey must not do, by what was tried.
func TestPasskeyIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   func(st story, a *idptest.Authenticator, k mfa.Passkey)
		want error
	}{
		{"without verifying the person, as a whole sign-in", func(_ story, a *idptest.Authenticator, _ mfa.Passkey) { a.Verifies = false }, passkey.ErrUnverified},
		{"from a phishing site", func(_ story, a *idptest.Authenticator, _ mfa.Passkey) { a.Origin = "https://sekisho.evil.example" }, passkey.ErrRefused},
		{"from another port of the host", func(_ story, a *idptest.Authenticator, _ mfa.Passkey) { a.Origin = "http://localhost:1" }, passkey.ErrRefused},
		{"for another site", func(_ story, a *idptest.Authenticator, _ mfa.Passkey) { a.ID = "evil.example" }, passkey.ErrRefused},
		{"after it was removed", func(st story, _ *idptest.Authenticator, k mfa.Passkey) {
			fatal(st.t, st.s.Provider.RemovePasskey(st.t.Context(), st.b, k.ID))
		}, idp.ErrPasskey},
		{"that was never registered", func(st story, a *idptest.Authenticator, _ mfa.Passkey) { *a = *st.s.Authenticator(st.t) }, idp.ErrPasskey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st, a, k := owner(t)
			tt.do(st, a, k)
			other := st.fresh()
			n := other.authorize("buyer")
			_, err := other.usePasskey(n, a)
			wantErr(t, err, tt.want)
			if other.b.Session != "" {
				t.Error("a session was made")
			}
			want(t, other.password(n, "kenji@example.jp"), signin.PageCode) // the sign-in goes on
		})
	}
}

// T-26: an answer serves once, in the sign-in it was made for.
func TestPasskeyAnswerCannotBeReplayed(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t, func(a *idptest.Authenticator) { a.Counts = false })
	one, two := st.fresh(), st.fresh()
	n, m := one.authorize("buyer"), two.authorize("buyer")
	answer := a.Use(one.asked(n))
	p, ctx := st.s.Provider, t.Context()
	_, err := p.SubmitPasskey(ctx, two.b, m.SignInID, answer)
	wantErr(t, err, passkey.ErrRefused) // another sign-in
	_, err = p.SubmitPasskey(ctx, two.b, n.SignInID, answer)
	wantErr(t, err, idp.ErrOtherBrowser) // another browser (T-08)

	bad := st.s.Authenticator(t)
	_, err = p.SubmitPasskey(ctx, one.b, n.SignInID, bad.Use(one.asked(n)))
	wantErr(t, err, idp.ErrPasskey)
	_, err = p.SubmitPasskey(ctx, one.b, n.SignInID, answer)
	wantErr(t, err, passkey.ErrRefused) // the failed try spent the challenge

	answer = a.Use(one.asked(n))
	var wg sync.WaitGroup
	done := make([]bool, 8)
	for i := range done {
		wg.Go(func() {
			b := *one.b
			next, err := p.SubmitPasskey(ctx, &b, n.SignInID, answer)
			done[i] = err == nil && next.Reply != nil
		})
	}
	wg.Wait()
	if got := len(slices.DeleteFunc(done, func(ok bool) bool { return !ok })); got != 1 {
		t.Errorf("one answer was good %d times, want once", got)
	}
}

// O-27: at a step-up, and under a hint, another person's passkey is nothing.
func TestPasskeyOfAnotherPersonIsRefused(t *testing.T) {
	t.Parallel()
	st, _, _ := owner(t)
	st.s.AddUser(t, "hana@example.jp", password15)
	hana := st.fresh()
	hana.redeem(hana.password(hana.authorize("buyer"), "hana@example.jp"), "buyer")
	foreign := st.s.Authenticator(t)
	hana.register(foreign)
	kenjis := st.s.Authenticator(t)
	st.register(kenjis)

	st.s.Clock.Advance(11 * time.Minute)
	n, err := st.s.Provider.AccountSignIn(t.Context(), st.b, "/account", true)
	fatal(t, err)
	_, err = st.usePasskey(n, foreign)
	wantErr(t, err, idp.ErrPasskey)

	other := st.fresh()
	m := other.password(other.authorize("buyer"), "kenji@example.jp")
	_, err = other.usePasskey(m, foreign)
	wantErr(t, err, idp.ErrPasskey)

	u, err := st.s.Provider.FindUser(t.Context(), "kenji@example.jp")
	fatal(t, err)
	r := request("buyer")
	r.HintSubject = u.ID
	hinted := st.fresh()
	m = hinted.ask(r)
	_, err = hinted.usePasskey(m, foreign)
	wantErr(t, err, idp.ErrPasskey)
	hinted.redeem(hinted.passkey(m, kenjis), "buyer")
}

// A passkey whose counter goes backwards exists twice: it is stopped, and its owner told.
func TestCopiedPasskeyIsStoppedAndTold(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t)
	thief := a.Copy()
	one := st.fresh()
	one.redeem(one.passkey(one.authorize("buyer"), a), "buyer")
	two := st.fresh()
	n := two.authorize("buyer")
	_, err := two.usePasskey(n, thief)
	wantErr(t, err, passkey.ErrCloned)
	_, err = two.usePasskey(n, a) // neither of the two serves any more
	wantErr(t, err, idp.ErrPasskey)
	if m := st.s.Message(t, mfa.Mail, "kenji@example.jp"); !strings.Contains(m.Subject, "停止") {
		t.Errorf("the last mail is %q", m.Subject)
	}
	account, err := st.s.Provider.Account(t.Context(), st.b)
	fatal(t, err)
	if len(account.Passkeys) != 1 || account.Passkeys[0].Usable() {
		t.Errorf("passkeys: %+v", account.Passkeys)
	}
	// What it had proved counts no longer.
	_, err = st.s.Provider.Account(t.Context(), one.b)
	wantErr(t, err, idp.ErrSignedOut)
}

// S-126: what a removed passkey proved ends with it, in every browser; so does
// every trusted device.
func TestRemovedPasskeyTakesItsProofsAlong(t *testing.T) {
	t.Parallel()
	st, a, k := owner(t)
	other, third := st.fresh(), st.fresh()
	other.redeem(other.passkey(other.authorize("buyer"), a), "buyer")
	third.redeem(third.sms(third.password(third.authorize("buyer"), "kenji@example.jp"), mobile, true), "buyer")
	fatal(t, st.s.Provider.RemovePasskey(t.Context(), st.b, k.ID))
	want(t, other.authorize("buyer"), signin.PagePassword)
	_, err := st.s.Provider.Account(t.Context(), other.b)
	wantErr(t, err, idp.ErrSignedOut)
	third.b.Session = ""
	want(t, third.password(third.authorize("buyer"), "kenji@example.jp"), signin.PageCode)
	if m := st.s.Message(t, mfa.Mail, "kenji@example.jp"); !strings.Contains(m.Subject, "削除") {
		t.Errorf("the last mail is %q", m.Subject)
	}
}

// T-64: who did not make a passkey says so by mail: it stops, and so does every
// other that is new; one that has been there for long signs in still.
func TestReportedPasskeyStops(t *testing.T) {
	t.Parallel()
	st, old, _ := owner(t)
	st.s.Clock.Advance(30 * 24 * time.Hour)
	thief := st.fresh()
	thief.redeem(thief.sms(thief.password(thief.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
	stolen := st.s.Authenticator(t)
	thief.register(stolen)
	fatal(t, st.s.Provider.Report(t.Context(), browser(), reportIn(t, mailIn(t, st.s, "kenji@example.jp", "パスキーを追加"))))
	_, err := thief.usePasskey(thief.authorize("buyer"), stolen)
	wantErr(t, err, idp.ErrPasskey)
	back := st.fresh()
	back.redeem(back.passkey(back.authorize("buyer"), old), "buyer")
}
