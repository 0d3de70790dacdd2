package idp_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
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

// T-40, N-46: no passkey is made with an old session, with a password where
// there is more, or with another browser's ceremony.
func TestPasskeyIsMadeWithFreshProofsOnly(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	st := kenji(t, s, true)
	p, ctx := s.Provider, t.Context()
	made, err := p.PasskeyCreation(ctx, st.b, "")
	fatal(t, err)
	a := s.Authenticator(t)
	answer := a.Create(made.Options)

	thief := story{t, s, browser()}
	thief.b.Device = st.b.Device
	thief.redeem(thief.password(thief.authorize("buyer"), "kenji@example.jp"), "buyer") // password and a trusted device
	_, err = p.PasskeyCreation(ctx, thief.b, "")
	wantErr(t, err, idp.ErrSudo)
	_, err = p.AddPasskey(ctx, thief.b, "", answer, "")
	wantErr(t, err, idp.ErrSudo)

	second := kenji(t, s, false)
	_, err = p.AddPasskey(ctx, second.b, "", answer, "")
	wantErr(t, err, passkey.ErrRefused) // made for the first browser

	_, err = p.AddPasskey(ctx, st.b, "", answer, "")
	fatal(t, err)
	_, err = p.AddPasskey(ctx, st.b, "", answer, "")
	wantErr(t, err, passkey.ErrRefused)
	s.Clock.Advance(11 * time.Minute)
	_, err = p.PasskeyCreation(ctx, st.b, "")
	wantErr(t, err, idp.ErrSudo)
}

// A credential is one person's: the second account cannot take it.
func TestCredentialBelongsToOnePerson(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t)
	st.s.AddUser(t, "hana@example.jp", password15)
	hana := st.fresh()
	hana.redeem(hana.password(hana.authorize("buyer"), "hana@example.jp"), "buyer")
	made, err := st.s.Provider.PasskeyCreation(t.Context(), hana.b, "")
	fatal(t, err)
	_, err = st.s.Provider.AddPasskey(t.Context(), hana.b, "", a.Create(made.Options), "")
	wantErr(t, err, passkey.ErrRefused)
}

func TestPasskeysPerAccountAreLimited(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t, idptest.Limits(func(l *idp.Limits) { l.Care.Passkeys = 1 }))
	st := kenji(t, s, false)
	k := st.register(s.Authenticator(t))
	_, err := s.Provider.PasskeyCreation(t.Context(), st.b, "")
	wantErr(t, err, mfa.ErrTooManyFactors)
	fatal(t, s.Provider.RenamePasskey(t.Context(), st.b, k.ID, "  仕事の\tMac "))
	wantErr(t, s.Provider.RenamePasskey(t.Context(), st.b, k.ID, " "), idp.ErrName)
	wantErr(t, s.Provider.RenamePasskey(t.Context(), st.b, "another", "x"), idp.ErrNotFound)
	account, err := s.Provider.Account(t.Context(), st.b)
	fatal(t, err)
	if got := account.Passkeys[0].Name; got != "仕事の Mac" {
		t.Errorf("name %q", got)
	}
}

// T-43: where a passkey is demanded, who has none makes one after the code, and uses it.
func TestDemandedPasskeyIsMadeOnTheWay(t *testing.T) {
	t.Parallel()
	safe := buyer()
	safe.ID, safe.Name, safe.Rules.MinACR = "safe", "Safe", "phr"
	s, _ := withKenji(t, idptest.Clients(safe))
	st := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	s.Clock.Advance(11 * time.Minute)
	n := st.password(st.authorize("safe"), "kenji@example.jp") // the session is too old to bind anything
	s.Clock.Advance(time.Minute)
	n = st.sms(n, mobile, false)
	want(t, n, signin.PageNewPasskey)
	_, err := p.PutOff(ctx, st.b, n.SignInID)
	wantErr(t, err, idp.ErrStep)
	made, err := p.PasskeyCreation(ctx, st.b, n.SignInID)
	fatal(t, err)
	a := s.Authenticator(t)
	n, err = p.AddPasskey(ctx, st.b, n.SignInID, a.Create(made.Options), "Mac")
	fatal(t, err)
	want(t, n, signin.PagePasskey)
	if g := st.redeem(st.passkey(n, a), "safe").Grant; g.ACR != "phr" {
		t.Errorf("acr %s", g.ACR)
	}
	st.redeem(st.authorize("safe"), "safe") // and is not asked again
}

// O-23: acr phr, when it binds and when it does not.
func TestClientDemandsPhishingResistance(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t)
	r := request("buyer")
	r.Want, r.Essential = signin.LevelPhishingResistant, true
	n := st.ask(r)
	want(t, n, signin.PagePasskey)
	if g := st.redeem(st.passkey(n, a), "buyer").Grant; g.ACR != "phr" {
		t.Errorf("acr %s", g.ACR)
	}
	// Voluntary: with a code when the passkey is put off.
	other := st.fresh()
	other.redeem(other.sms(other.password(other.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
	r.Essential = false
	n = other.ask(r)
	want(t, n, signin.PagePasskey)
	n, err := st.s.Provider.PutOff(t.Context(), other.b, n.SignInID)
	fatal(t, err)
	if g := other.redeem(n, "buyer").Grant; g.ACR != signin.LevelTwoStep.ACR() {
		t.Errorf("acr %s", g.ACR)
	}
	// Nobody without one is asked in vain under prompt=none.
	st.s.AddUser(t, "hana@example.jp", password15)
	hana := st.fresh()
	hana.redeem(hana.password(hana.authorize("buyer"), "hana@example.jp"), "buyer")
	r.Essential, r.None = true, true
	if got := hana.ask(r).Reply.Params.Get("error"); got != "unmet_authentication_requirements" {
		t.Errorf("error %q", got)
	}
}

// requirements.md section 5: offered once, after the code and never before.
func TestPasskeyIsOfferedOnceAfterTheCode(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := story{t, s, browser()}
	st.b.CanPasskey = true
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	want(t, n, signin.PageCode)
	_, err := p.PasskeyCreation(ctx, st.b, n.SignInID)
	wantErr(t, err, idp.ErrStep)
	n = st.sms(n, mobile, false)
	want(t, n, signin.PageOffer)
	made, err := p.PasskeyCreation(ctx, st.b, n.SignInID)
	fatal(t, err)
	if !made.Offered {
		t.Error("the offer cannot be declined")
	}
	n, err = p.PutOff(ctx, st.b, n.SignInID)
	fatal(t, err)
	st.redeem(n, "buyer")

	again := story{t, s, browser()}
	again.b.CanPasskey = true
	s.Clock.Advance(time.Minute)
	again.redeem(again.sms(again.password(again.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
}

// A browser that cannot make passkeys, or says nothing, is offered none.
func TestPasskeyIsNotOfferedInVain(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	st := story{t, s, browser()}
	st.redeem(st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
}

// a passkey proves it again before settings change, and N-46: who has
// one and no second step is asked for it.
func TestPasskeyOpensSettings(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t)
	p, ctx := st.s.Provider, t.Context()
	st.s.Clock.Advance(11 * time.Minute)
	wantErr(t, p.ResetDevices(ctx, st.b), idp.ErrSudo)
	n, err := p.AccountSignIn(ctx, st.b, "/account", true)
	fatal(t, err)
	want(t, n, signin.PagePassword)
	if n = st.passkey(n, a); n.Reply == nil {
		t.Fatalf("still asked: %+v", n.Step)
	}
	fatal(t, p.ResetDevices(ctx, st.b))

	st.s.AddUser(t, "hana@example.jp", password15)
	hana := st.fresh()
	hana.redeem(hana.password(hana.authorize("buyer"), "hana@example.jp"), "buyer")
	key := st.s.Authenticator(t)
	hana.register(key)
	other := st.fresh()
	other.redeem(other.password(other.authorize("buyer"), "hana@example.jp"), "buyer")
	wantErr(t, p.SetupStart(ctx, other.b, ""), idp.ErrSudo) // the password alone binds nothing
	n, err = p.AccountSignIn(ctx, other.b, "/account", true)
	fatal(t, err)
	want(t, n, signin.PagePasskey)
	if n = other.passkey(n, key); n.Reply == nil {
		t.Fatalf("still asked: %+v", n.Step)
	}
	fatal(t, p.SetupStart(ctx, other.b, ""))
}

// S-120: a client's least acr that a passkey reached needs no two-step
// verification afterwards; an enforcement date does.
func TestGrantByPasskeyLivesWithoutTwoStepVerification(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(clients.Client{
		ID: "safe", Name: "Safe", Auth: clients.AuthNone, RedirectURIs: []string{back}, Scopes: []string{"openid", "offline_access"},
		Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, Rules: clients.Rules{FirstParty: true, MinACR: signin.LevelTwoStep.ACR()},
	}))
	s.AddUser(t, "hana@example.jp", password15)
	st := story{t, s, browser()}
	st.redeem(st.password(st.authorize("buyer"), "hana@example.jp"), "buyer")
	a := s.Authenticator(t)
	st.register(a)
	other := st.fresh()
	r := request("safe")
	r.Scopes = []string{"openid", "offline_access"}
	issue := other.redeem(other.passkey(other.ask(r), a), "safe")
	c, _ := s.Provider.Config().Clients.Lookup("safe")
	if _, err := s.Provider.Refresh(t.Context(), other.b, c, idp.Renewal{Token: issue.RefreshToken}); err != nil {
		t.Errorf("refresh: %v", err)
	}
	want(t, other.authorize("seller"), signin.PageEnrol) // S-110
}

// T-05: what a stranger can make us compute is bounded.
func TestPasskeyTriesOfAStrangerAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) { l.Password.PerIPMinute = 3 }))
	st := story{t, s, browser()}
	n, stranger := st.authorize("buyer"), s.Authenticator(t)
	var err error
	for range 4 {
		_, err = st.usePasskey(n, stranger)
	}
	var soon *mfa.TooSoonError
	if !errors.As(err, &soon) {
		t.Errorf("got %v", err)
	}
}

// An issuer that is an IP address gets no passkeys: browsers make none there.
func TestNoPasskeysForAnAddress(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Issuer("https://192.0.2.1"))
	s.AddUser(t, "hana@example.jp", password15)
	st := story{t, s, browser()}
	n := st.authorize("buyer")
	v, err := s.Provider.SignIn(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	if v.Passkey != nil {
		t.Errorf("asked %s", v.Passkey)
	}
	st.redeem(st.password(n, "hana@example.jp"), "buyer")
	_, err = s.Provider.PasskeyCreation(t.Context(), st.b, "")
	wantErr(t, err, idp.ErrNotFound)
}
