package idp_test

import (
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// T-43: no page of staff opens without a passkey, whatever else was proved.
func TestStaffPagesNeedAPasskey(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddStaff(t, "kenji@example.jp", password15, mobile, base32Key, idp.Admin)
	st := kenji(t, s, false) // password and code
	p, ctx := s.Provider, t.Context()
	listed := func(passkeys int, lacks bool) {
		t.Helper()
		list, err := p.ListStaff(ctx)
		fatal(t, err)
		if len(list) != 1 || list[0].ID != u.ID || list[0].Passkeys != passkeys || list[0].Lacks != lacks {
			t.Errorf("staff are listed as %+v", list)
		}
	}
	listed(0, true)
	_, err := p.Duty(ctx, st.b)
	wantErr(t, err, idp.ErrStaffSignIn)
	_, err = p.StaffPerson(ctx, st.b, u.ID)
	wantErr(t, err, idp.ErrStaffSignIn)
	n, err := p.StaffSignIn(ctx, st.b, "/admin")
	fatal(t, err)
	want(t, n, signin.PageNewPasskey) // the code is fresh
	_, err = p.PutOff(ctx, st.b, n.SignInID)
	wantErr(t, err, idp.ErrStep)
	s.Clock.Advance(11 * time.Minute)
	n, err = p.StaffSignIn(ctx, st.b, "/admin")
	fatal(t, err)
	want(t, n, signin.PagePassword) // an old code makes no passkey (T-40)

	other := story{t, s, browser()}
	other.onDuty(u.Email, mobile)
	if got := mailsTo(t, s, u.Email, "パスキーを追加しました"); got != 1 {
		t.Errorf("%d mails tell of the passkey", got)
	}
	listed(1, false)
	// With the passkey alone the next day; a code or a recovery code is nothing beside it.
	s.Clock.Advance(25 * time.Hour)
	third := story{t, s, browser()}
	n, err = p.StaffSignIn(ctx, third.b, "/admin")
	fatal(t, err)
	n = third.passkey(n, s.DeviceOf(t, u.Email))
	if n.Reply == nil || n.Reply.To != "/admin" {
		t.Fatalf("the passkey leads to %+v", n)
	}
	fourth := story{t, s, browser()}
	n, err = p.StaffSignIn(ctx, fourth.b, "/admin")
	fatal(t, err)
	n = fourth.password(n, u.Email)
	want(t, n, signin.PagePasskey)
	_, err = p.SendCode(ctx, fourth.b, n.SignInID, "", "")
	wantErr(t, err, idp.ErrStep)
	_, err = p.SubmitRecoveryCode(ctx, fourth.b, n.SignInID, mfa.NewRecoveryCodes(1)[0])
	wantErr(t, err, idp.ErrStep)
}

// T-43: a password and a code that were phished from staff replace no passkey
// and no other credential.
func TestPhishedCodeOfStaffChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	admin := member(t, s, "kenji@example.jp", mobile, idp.Admin)
	a, err := s.Provider.Account(t.Context(), admin.b)
	fatal(t, err)
	thief := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	if b, err := p.Account(ctx, thief.b); err != nil || b.Sudo {
		t.Fatalf("the thief may change credentials: %v, %v", b.Sudo, err)
	}
	wantErr(t, p.RemovePasskey(ctx, thief.b, a.Passkeys[0].ID), idp.ErrSudo)
	_, err = p.PasskeyCreation(ctx, thief.b, "")
	wantErr(t, err, idp.ErrSudo)
	wantErr(t, p.MakeRecoveryCodes(ctx, thief.b), idp.ErrSudo)
	wantErr(t, p.RemoveMethod(ctx, thief.b, a.Methods[0].ID, true), idp.ErrSudo)
	wantErr(t, p.ChangePassword(ctx, thief.b, password15, "another long phrase", true), idp.ErrSudo)
	n, err := p.AccountSignIn(ctx, thief.b, "/account", true)
	fatal(t, err)
	want(t, n, signin.PagePasskey)
	_, err = p.StaffSignIn(ctx, thief.b, "/admin")
	fatal(t, err)

	// The owner may, with the passkey; and the operator's reset frees who has lost it.
	if held := wantHeld(t, "makes codes by a passkey of just now", p.MakeRecoveryCodes(ctx, admin.b)); held.Other {
		t.Error("another method is to prove it, which proves staff nothing")
	}
	s.Clock.Advance(25 * time.Hour)
	admin.onDuty("kenji@example.jp", mobile)
	fatal(t, p.MakeRecoveryCodes(ctx, admin.b))
	fatal(t, p.ResetTwoStep(ctx, idptest.Operator(), a.User.ID))
	n, err = p.StaffSignIn(ctx, admin.b, "/admin")
	fatal(t, err)
	want(t, admin.password(n, "kenji@example.jp"), signin.PageEnrol)
}

// Where browsers make no passkeys for the issuer, staff are not locked out.
func TestStaffOfAnIssuerWithoutPasskeysNeedACode(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Issuer("https://192.0.2.1"))
	u := s.AddStaff(t, "kenji@example.jp", password15, mobile, base32Key, idp.Admin)
	st := story{t, s, browser()}
	n, err := s.Provider.StaffSignIn(t.Context(), st.b, "/admin")
	fatal(t, err)
	st.sms(st.password(n, u.Email), mobile, false)
	_, err = s.Provider.Duty(t.Context(), st.b)
	fatal(t, err)
	list, err := s.Provider.ListStaff(t.Context())
	fatal(t, err)
	if len(list) != 1 || list[0].Lacks {
		t.Errorf("staff are listed as %+v", list)
	}
}

// A passkey in place of the password is as fresh as one: it leads on to the
// page that switches two-step verification off, and does not go round.
func TestPasskeyIsFreshWhereAPasswordMustBe(t *testing.T) {
	t.Parallel()
	st, a, _ := owner(t)
	other := st.fresh()
	other.redeem(other.passkey(other.authorize("buyer"), a), "buyer")
	v, err := st.s.Provider.Account(t.Context(), other.b)
	fatal(t, err)
	if !v.AuthTime.Equal(st.s.Clock.Now().UTC().Truncate(time.Second)) {
		t.Errorf("signed in at %s", v.AuthTime)
	}
	fatal(t, st.s.Provider.SendTwoStepCode(t.Context(), other.b, mfa.ForDisable, "", ""))
}
