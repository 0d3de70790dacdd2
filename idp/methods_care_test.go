package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

const day = 24 * time.Hour

// after moves the clock and lets the job look after everybody, as it does every hour.
func after(t *testing.T, s *idptest.Server, d time.Duration) {
	t.Helper()
	s.Clock.Advance(d)
	fatal(t, s.Provider.LookAfter(t.Context()))
	fatal(t, s.Provider.LookAfter(t.Context())) // twice does no more than once
}

// stop disables a method, as too many wrong codes do.
func stop(t *testing.T, s *idptest.Server, id string) {
	t.Helper()
	fatal(t, s.Store.Update(t.Context(), idptest.Operator(), func(tx *store.Tx) error {
		f, err := tx.Factor(id)
		f.DisabledAt = tx.Now
		return errors.Join(err, tx.UpdateFactor(f))
	}))
}

// C-23, S-127: methods left behind are told of, then deleted; not one day before.
func TestMethodsLeftBehindAreDeletedAfterANotice(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	ctx := t.Context()
	fatal(t, s.Provider.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", mfa.Voice))
	fatal(t, s.Provider.Disable(ctx, st.b, s.Spoken(t, mobile), false))
	after(t, s, 165*day)
	if n := mailsTo(t, s, "kenji@example.jp", "使われていない方法を削除します"); n != 0 {
		t.Errorf("%d mails after 165 days, want none", n)
	}
	after(t, s, day)
	if n := mailsTo(t, s, "kenji@example.jp", "使われていない方法を削除します"); n != 2 {
		t.Errorf("%d mails after 166 days, want one for each method", n)
	}
	after(t, s, 13*day)
	if n := len(st.methods(u)); n != 2 {
		t.Errorf("%d methods after 179 days, want both", n)
	}
	after(t, s, day)
	if n := len(st.methods(u)); n != 0 {
		t.Errorf("%d methods after 180 days, want none", n)
	}
	if n := mailsTo(t, s, "kenji@example.jp", "使われていない方法を削除しました"); n != 2 {
		t.Errorf("%d mails of the end, want 2", n)
	}
}

// A job that was off for long still tells first, and waits as long as it said.
func TestNobodyLosesAMethodUntold(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	ctx := t.Context()
	fatal(t, s.Provider.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", mfa.Voice))
	fatal(t, s.Provider.Disable(ctx, st.b, s.Spoken(t, mobile), false))
	after(t, s, 400*day)
	if n := len(st.methods(u)); n != 2 {
		t.Fatalf("%d methods on the day of the notice", n)
	}
	// Switched on again in time, they stay.
	st = story{t, s, browser()}
	st.redeem(st.password(st.authorize("buyer"), "kenji@example.jp"), "buyer")
	app := st.methods(u)[1].ID
	fatal(t, s.Provider.SendTwoStepCode(ctx, st.b, mfa.ForEnable, app, mfa.App))
	fatal(t, s.Provider.Enable(ctx, st.b, st.app()))
	after(t, s, 30*day)
	if n := len(st.methods(u)); n != 2 {
		t.Errorf("%d methods, want both", n)
	}
}

// S-123: a stopped method goes in the end, unless it is needed for the pair.
func TestStoppedMethodIsDeletedUnlessItIsNeeded(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	fatal(t, st.addNewPhone("", otherTyped, otherMobile))
	spare, app := st.numbered(u, otherMobile), st.methods(u)[1]
	if app.Channel != mfa.App {
		app = st.methods(u)[2]
	}
	stop(t, s, spare.ID)
	after(t, s, 166*day)
	after(t, s, 14*day)
	if got := st.methods(u); len(got) != 2 {
		t.Fatalf("methods are %+v", got)
	}
	stop(t, s, app.ID)
	after(t, s, 166*day)
	after(t, s, 30*day)
	if got := st.methods(u); len(got) != 2 {
		t.Errorf("the last backup was deleted: %+v", got)
	}
}

// S-060: an unverified backup is reminded of after a week and after four.
func TestUnverifiedBackupIsRemindedOfTwice(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, err := s.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{
		Email: "kenji@example.jp", Name: "鈴木 健司", Password: password15, EmailVerified: true, TwoStep: true,
		Methods: []idp.NewMethod{{Channel: mfa.App, Role: mfa.Primary, Secret: base32Key, Verified: true}, {Channel: mfa.SMS, Role: mfa.Backup, Number: mobile}},
	})
	fatal(t, err)
	for _, c := range []struct {
		later time.Duration
		mails int
	}{{6 * day, 0}, {day, 1}, {20 * day, 1}, {day, 2}, {300 * day, 2}} {
		after(t, s, c.later)
		if n := mailsTo(t, s, "kenji@example.jp", "予備の番号を確認"); n != c.mails {
			t.Errorf("%d mails at %s, want %d", n, s.Clock.Now(), c.mails)
		}
	}
}

// T-34: a number nobody used for a year may be somebody else's: its owner is
// asked a month before; then it changes no password, and the first code from it
// opens a session that changes no method, until it is verified.
func TestNumberUnusedForAYearMustProveItself(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := story{t, s, browser()}
	after(t, s, 334*day)
	if n := mailsTo(t, s, "kenji@example.jp", "今もお使いの番号"); n != 0 {
		t.Errorf("%d mails after 334 days, want none", n)
	}
	after(t, s, day)
	if n := mailsTo(t, s, "kenji@example.jp", "今もお使いの番号"); n != 1 {
		t.Errorf("%d mails after 335 days, want 1", n)
	}
	after(t, s, 31*day)
	token := resetToken(t, s, "kenji@example.jp")
	wantErr(t, s.Provider.ResetPassword(t.Context(), browser(), token, "another long phrase", true), idp.ErrCodeNeeded)
	wantErr(t, s.Provider.SendResetCode(t.Context(), browser(), token, st.methods(u)[0].ID, ""), mfa.ErrChoice)

	st.redeem(st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
	wantHeld(t, "adds a method", s.Provider.AddPhone(t.Context(), st.b, "", phone(mfa.SMS, otherTyped)))
	if n := mailsTo(t, s, "kenji@example.jp", "電話番号が確認されました"); n != 1 {
		t.Errorf("%d mails of the proof, want 1", n)
	}
	after(t, s, 2*day)
	if got := st.methods(u)[0]; !s.Provider.Config().Limits.Care.Sure(got, s.Clock.Now()) {
		t.Error("it is still in doubt")
	}
}

// what is due is told in the moment it is noted.
func TestWhatIsDueIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		later time.Duration
		with  func(*testing.T, *idptest.Server, story, idp.User)
	}{
		"method.expiring": {166 * day, func(t *testing.T, s *idptest.Server, st story, _ idp.User) {
			fatal(t, s.Provider.SendTwoStepCode(t.Context(), st.b, mfa.ForDisable, "", mfa.Voice))
			fatal(t, s.Provider.Disable(t.Context(), st.b, s.Spoken(t, mobile), false))
		}},
		"method.reminded": {7 * day, func(t *testing.T, s *idptest.Server, st story, _ idp.User) {
			in := phone(mfa.SMS, otherTyped)
			in.Unverified = true
			fatal(t, s.Provider.AddPhone(t.Context(), st.b, "", in))
		}},
		"method.questioned": {335 * day, func(*testing.T, *idptest.Server, story, idp.User) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u := withKenji(t)
			c.with(t, s, kenji(t, s, false), u)
			after(t, s, c.later)
			if len(events(t, s, u.ID, name)) == 0 {
				t.Errorf("no %s after %s", name, c.later)
			}
		})
	}
}
