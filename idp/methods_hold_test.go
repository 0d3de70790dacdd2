package idp_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// intruder gets a number of theirs into kenji's account by a session left open,
// and signs in with it a quarter of an hour later.
func intruder(t *testing.T, s *idptest.Server, u idp.User) (thief story, added mfa.Factor) {
	t.Helper()
	open := kenji(t, s, false)
	fatal(t, open.addNewPhone("", otherTyped, otherMobile))
	added = open.numbered(u, otherMobile)
	s.Clock.Advance(15 * time.Minute)
	thief = story{t, s, browser()}
	n := thief.password(thief.authorize("buyer"), "kenji@example.jp")
	n, err := s.Provider.SendCode(t.Context(), thief.b, n.SignInID, added.ID, "")
	fatal(t, err)
	thief.redeem(thief.sms(n, otherMobile, false), "buyer")
	return thief, added
}

func wantHeld(t *testing.T, name string, err error) (h idp.HeldError) {
	t.Helper()
	held, ok := errors.AsType[*idp.HeldError](err)
	if !ok {
		t.Errorf("%s: %v, want *HeldError (C-40)", name, err)
		return h
	}
	return *held
}

// C-40, T-40: a method that was slipped in signs in, and pushes nothing of the owner's out.
func TestNewMethodGivesNoPowerOverOldOnes(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	thief, added := intruder(t, s, u)
	p, ctx := s.Provider, t.Context()
	list := slices.DeleteFunc(thief.methods(u), func(f mfa.Factor) bool { return f.ID == added.ID })
	_, email := p.ChangeEmail(ctx, thief.b, "thief@example.net")
	_, address := p.AddAddress(ctx, thief.b, "second@example.jp") // one more reader harms nobody
	fatal(t, address)
	for name, err := range map[string]error{
		"removes the main method": p.RemoveMethod(ctx, thief.b, list[0].ID, false),
		"removes a backup":        p.RemoveMethod(ctx, thief.b, list[1].ID, false),
		"changes the number":      p.AddPhone(ctx, thief.b, list[0].ID, phone(mfa.SMS, "090-2222-3333")),
		"takes the number's code": p.VerifyAdding(ctx, thief.b, list[0].ID, mfa.SMS, "123456", false),
		"adds another":            p.AddPhone(ctx, thief.b, "", phone(mfa.SMS, "090-2222-3333")),
		"sets the app up again":   p.AddApp(ctx, thief.b, list[1].ID),
		"leads":                   p.MakeMain(ctx, thief.b, added.ID),
		"changes the address":     email,
		"drops an address":        p.RemoveAddress(ctx, thief.b, "any"),
		"asks before it leads":    p.MayChangeMethods(ctx, thief.b),
	} {
		if held := wantHeld(t, name, err); !held.Other || !held.Until.Equal(added.HeldUntil) {
			t.Errorf("%s: until %s, other %t", name, held.Until, held.Other)
		}
	}
	_, picks, err := p.TwoStepCode(ctx, thief.b, mfa.ForDisable)
	fatal(t, err)
	for _, m := range picks {
		if m.Factor.ID == added.ID {
			t.Error("its code would switch two-step verification off")
		}
	}
	wantErr(t, p.SendTwoStepCode(ctx, thief.b, mfa.ForDisable, added.ID, ""), mfa.ErrChoice)
	if got := thief.methods(u); len(got) != 3 || got[0].Number != mobile {
		t.Errorf("methods are %+v", got)
	}
}

// C-40: the way on is a proof by another method, in the same sign-in page; the
// new one is not offered there, and does not serve by guessing its id.
func TestHeldMethodIsNotAskedForAFirmProof(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st, added := intruder(t, s, u)
	p, ctx := s.Provider, t.Context()
	n, err := p.FirmSignIn(ctx, st.b, "/account/security/two-step")
	fatal(t, err)
	want(t, n, signin.PageCode)
	v, err := p.SignIn(ctx, st.b, n.SignInID)
	fatal(t, err)
	for _, m := range v.Methods {
		if m.Factor.ID == added.ID {
			t.Error("the held method is offered")
		}
	}
	_, err = p.SendCode(ctx, st.b, n.SignInID, added.ID, "")
	wantErr(t, err, mfa.ErrChoice)
	st.prove("sms", mobile, true)
	fatal(t, p.RemoveMethod(ctx, st.b, added.ID, true))
}

// The hold ends by itself, and a held method may always take itself away.
func TestHoldEnds(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st, added := intruder(t, s, u)
	s.Clock.Advance(24 * time.Hour)
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	n, err := s.Provider.SendCode(t.Context(), st.b, n.SignInID, added.ID, "")
	fatal(t, err)
	st.redeem(st.sms(n, otherMobile, false), "buyer")
	fatal(t, s.Provider.MayChangeMethods(t.Context(), st.b))

	s, u = withKenji(t)
	st, added = intruder(t, s, u)
	fatal(t, s.Provider.RemoveMethod(t.Context(), st.b, added.ID, false))
	if got := st.methods(u); len(got) != 2 {
		t.Errorf("methods are %+v", got)
	}
}

// T-35: the first code from an unverified number opens a session that changes no method.
func TestUnverifiedNumberOpensARestrictedSession(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u, err := s.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{
		Email: "kenji@example.jp", Name: "鈴木 健司", Password: password15, EmailVerified: true, TwoStep: true,
		Methods: []idp.NewMethod{{Channel: mfa.App, Role: mfa.Primary, Secret: base32Key, Verified: true}, {Channel: mfa.SMS, Role: mfa.Backup, Number: mobile}},
	})
	fatal(t, err)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	n, err = s.Provider.SendCode(t.Context(), st.b, n.SignInID, st.numbered(u, mobile).ID, "")
	fatal(t, err)
	st.redeem(st.sms(n, mobile, false), "buyer")
	wantHeld(t, "adds a method", s.Provider.AddPhone(t.Context(), st.b, "", phone(mfa.SMS, otherTyped)))
	st.prove("app", "", true)
	fatal(t, s.Provider.MayChangeMethods(t.Context(), st.b))
}

// What was proved before a method was added is as good as before: who adds two
// in a row is asked once.
func TestProofBeforeTheHoldCounts(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone("", otherTyped, otherMobile))
	_, err := st.addNewApp("")
	fatal(t, err)
	fatal(t, s.Provider.RemoveMethod(t.Context(), st.b, st.numbered(u, otherMobile).ID, false))
}

// With everything new there is nothing to prove it by: the page says until when.
func TestNobodyButTheHeldIsToldWhen(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	list := st.methods(u)
	_, err := st.addNewApp(list[1].ID)
	fatal(t, err)
	fatal(t, st.addNewPhone(list[0].ID, otherTyped, otherMobile))
	held := wantHeld(t, "adds another", s.Provider.AddPhone(t.Context(), st.b, "", phone(mfa.SMS, "090-2222-3333")))
	if held.Other || !held.Until.Equal(idptest.Start.Add(24*time.Hour)) {
		t.Errorf("until %s, other %t", held.Until, held.Other)
	}
	wantHeld(t, "switches off", s.Provider.SendTwoStepCode(t.Context(), st.b, mfa.ForDisable, "", ""))
}
