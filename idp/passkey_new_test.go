package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

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
