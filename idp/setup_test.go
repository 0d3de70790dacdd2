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

// begin brings a person without two-step verification to the wizard inside the
// seller's sign-in (S-110).
func begin(t *testing.T, opts ...idptest.Option) (story, string) {
	t.Helper()
	s := serve(t, opts...)
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	n := st.password(st.authorize("seller"), "sakura@example.jp")
	want(t, n, signin.PageEnrol)
	fatal(t, s.Provider.SetupStart(t.Context(), st.b, n.SignInID))
	return st, n.SignInID
}

// add proves one method in the wizard as a person would.
func (st story) add(flow string, role mfa.Role, ch mfa.Channel, number string) error {
	p, ctx := st.s.Provider, st.t.Context()
	code := ""
	if ch == mfa.App {
		v, err := p.Setup(ctx, st.b, flow)
		if err != nil {
			return err
		}
		code = mfa.TOTPAt(v.Secret, st.s.Clock.Now())
	} else {
		if err := p.SetupPhone(ctx, st.b, flow, idp.PhoneInput{Role: role, Channel: ch, Country: "JP", Number: number}); err != nil {
			return err
		}
		if ch == mfa.SMS {
			code = st.s.Code(st.t, number)
		} else {
			code = st.s.Spoken(st.t, number)
		}
	}
	return p.SetupVerify(ctx, st.b, flow, role, ch, code)
}

// Matrix 1.B: every main with every backup, and the refusals.
func TestPrimaryAndBackupMatrix(t *testing.T) {
	t.Parallel()
	const other = "+819087654321"
	cases := []struct {
		name          string
		main          mfa.Channel
		mainNumber    string
		backup        mfa.Channel
		backupNumber  string
		mainErr, bErr error
	}{
		{"SMS then SMS to another mobile", mfa.SMS, mobile, mfa.SMS, other, nil, nil},
		{"SMS then voice to another mobile", mfa.SMS, mobile, mfa.Voice, other, nil, nil},
		{"SMS then voice to a landline", mfa.SMS, mobile, mfa.Voice, landline, nil, nil},
		{"SMS then app", mfa.SMS, mobile, mfa.App, "", nil, nil},
		{"voice then SMS to another mobile", mfa.Voice, mobile, mfa.SMS, other, nil, nil},
		{"voice on a landline then voice to a mobile", mfa.Voice, landline, mfa.Voice, mobile, nil, nil},
		{"voice then app", mfa.Voice, landline, mfa.App, "", nil, nil},
		{"app then SMS", mfa.App, "", mfa.SMS, mobile, nil, nil},
		{"app then voice to a landline", mfa.App, "", mfa.Voice, landline, nil, nil},
		{"app then app", mfa.App, "", mfa.App, "", nil, mfa.ErrAppTwice},
		{"SMS to a landline", mfa.SMS, landline, "", "", mfa.ErrNumberSMS, nil},
		{"SMS then SMS to the same number (S-055)", mfa.SMS, mobile, mfa.SMS, mobile, nil, mfa.ErrNumberSame},
		{"SMS then voice to the same number (S-055)", mfa.SMS, mobile, mfa.Voice, mobile, nil, mfa.ErrNumberSame},
		{"SMS then SMS to a landline", mfa.SMS, mobile, mfa.SMS, landline, nil, mfa.ErrNumberSMS},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			st, flow := begin(t)
			if err := st.add(flow, mfa.Primary, c.main, c.mainNumber); !errors.Is(err, c.mainErr) {
				t.Fatalf("main: %v, want %v", err, c.mainErr)
			}
			if c.mainErr != nil {
				return
			}
			if err := st.add(flow, mfa.Backup, c.backup, c.backupNumber); !errors.Is(err, c.bErr) {
				t.Fatalf("backup: %v, want %v", err, c.bErr)
			}
			n, err := st.s.Provider.SetupFinish(t.Context(), st.b, flow, false)
			if c.bErr != nil {
				wantErr(t, err, mfa.ErrNoBackup) // S-053: not on without a backup
				return
			}
			fatal(t, err)
			issue := st.redeem(n, "seller")
			if !slices.Equal(issue.Grant.AMR, []string{"pwd", "otp"}) { // S-112
				t.Errorf("amr %v, want the code just proved", issue.Grant.AMR)
			}
		})
	}
}

// S-055: the same number in any spelling is the same number.
func TestSameNumberInAnySpellingIsRefused(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	fatal(t, st.add(flow, mfa.Primary, mfa.SMS, mobile))
	for _, spelling := range []string{"090-1234-5678", "０９０ー１２３４ー５６７８", "+81 90 1234 5678", "+81 (0)90-1234-5678", "010-81-90-1234-5678"} {
		err := st.s.Provider.SetupPhone(t.Context(), st.b, flow, idp.PhoneInput{Role: mfa.Backup, Channel: mfa.Voice, Country: "JP", Number: spelling})
		if !errors.Is(err, mfa.ErrNumberSame) {
			t.Errorf("%q: %v, want ErrNumberSame", spelling, err)
		}
	}
}

// S-060, S-061: only a backup phone may be added without a code, and nothing is sent.
func TestOnlyBackupPhoneMayBeAddedWithoutCode(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	p, ctx := st.s.Provider, t.Context()
	err := p.SetupPhone(ctx, st.b, flow, idp.PhoneInput{Role: mfa.Primary, Channel: mfa.SMS, Country: "JP", Number: mobile, Unverified: true})
	wantErr(t, err, mfa.ErrMustVerify)
	fatal(t, st.add(flow, mfa.Primary, mfa.App, ""))
	before := len(st.s.Inbox.Messages(""))
	fatal(t, p.SetupPhone(ctx, st.b, flow, idp.PhoneInput{Role: mfa.Backup, Channel: mfa.SMS, Country: "JP", Number: mobile, Unverified: true}))
	fatal(t, p.Deliver(ctx))
	if n := len(st.s.Inbox.Messages("")); n != before {
		t.Errorf("%d messages were sent for an unverified backup", n-before)
	}
	v, err := p.Setup(ctx, st.b, flow)
	fatal(t, err)
	if v.Page != 3 || v.Backup.Verified() {
		t.Errorf("page %d, verified %v; want page 3 with an unverified backup", v.Page, v.Backup.Verified())
	}
}

// T-35 with a strict profile: no unverified backup at all.
func TestStrictProfileRefusesUnverifiedBackup(t *testing.T) {
	t.Parallel()
	st, flow := begin(t, idptest.Limits(func(l *idp.Limits) { l.MFA.AllowUnverified = false }))
	fatal(t, st.add(flow, mfa.Primary, mfa.App, ""))
	err := st.s.Provider.SetupPhone(t.Context(), st.b, flow, idp.PhoneInput{Role: mfa.Backup, Channel: mfa.SMS, Country: "JP", Number: mobile, Unverified: true})
	wantErr(t, err, mfa.ErrMustVerify)
}

// S-042: changing the number ends the code sent to the one before.
func TestChangingTheNumberEndsItsCode(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	p, ctx := st.s.Provider, t.Context()
	in := idp.PhoneInput{Role: mfa.Primary, Channel: mfa.SMS, Country: "JP", Number: mobile}
	fatal(t, p.SetupPhone(ctx, st.b, flow, in))
	old := st.s.Code(t, mobile)
	in.Number = "+819087654321"
	st.s.Clock.Advance(time.Minute)
	fatal(t, p.SetupPhone(ctx, st.b, flow, in))
	wantErr(t, p.SetupVerify(ctx, st.b, flow, mfa.Primary, mfa.SMS, old), mfa.ErrOldCode)
	fatal(t, p.SetupVerify(ctx, st.b, flow, mfa.Primary, mfa.SMS, st.s.Code(t, in.Number)))
	v, err := p.Setup(ctx, st.b, flow)
	fatal(t, err)
	if v.Page != 2 || v.Primary.Number != in.Number {
		t.Errorf("page %d with %s", v.Page, v.Primary.Number)
	}
}

// S-043, S-062: before page 3 two-step verification is off; the drafts expire (C-22).
func TestAbandonedWizardChangesNothing(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	fatal(t, st.add(flow, mfa.Primary, mfa.SMS, mobile))
	other := story{t, st.s, browser()}
	other.redeem(other.password(other.authorize("buyer"), "sakura@example.jp"), "buyer")
	if other.b.Session == "" {
		t.Fatal("password-only sign-in no longer works during set-up")
	}
	st.s.Clock.Advance(31 * time.Minute)
	again := story{t, st.s, browser()}
	n := again.password(again.authorize("seller"), "sakura@example.jp")
	want(t, n, signin.PageEnrol)
	v, err := st.s.Provider.Setup(t.Context(), again.b, n.SignInID)
	fatal(t, err)
	if v.Page != 0 || v.Primary != nil {
		t.Errorf("page %d, primary %v after the draft's lifetime", v.Page, v.Primary)
	}
}

// S-110: an enforced enrolment cannot be put off, and other clients still work.
func TestEnrolmentCannotBePutOffPastTheDate(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	_, err := st.s.Provider.PutOff(t.Context(), st.b, flow)
	wantErr(t, err, idp.ErrStep)
}

// T-58, T-28: the wizard of one sign-in cannot be continued in another, nor by
// another browser.
func TestWizardBelongsToItsSignIn(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	p, ctx := st.s.Provider, t.Context()
	fatal(t, p.SetupPhone(ctx, st.b, flow, idp.PhoneInput{Role: mfa.Primary, Channel: mfa.SMS, Country: "JP", Number: mobile}))
	code := st.s.Code(t, mobile)
	other := story{t, st.s, browser()}
	n := other.password(other.authorize("seller"), "sakura@example.jp")
	err := p.SetupVerify(ctx, other.b, n.SignInID, mfa.Primary, mfa.SMS, code)
	wantErr(t, err, idp.ErrStep)
	_, err = p.Setup(ctx, other.b, flow)
	wantErr(t, err, idp.ErrOtherBrowser)
}

// O-47: the code that registered an app does not sign in as well.
func TestEnrolmentCodeCannotSignIn(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	v, err := st.s.Provider.Setup(t.Context(), st.b, flow)
	fatal(t, err)
	code := mfa.TOTPAt(v.Secret, st.s.Clock.Now())
	fatal(t, st.add(flow, mfa.Primary, mfa.App, ""))
	fatal(t, st.add(flow, mfa.Backup, mfa.SMS, mobile))
	_, err = st.s.Provider.SetupFinish(t.Context(), st.b, flow, false)
	fatal(t, err)
	other := story{t, st.s, browser()}
	n := other.password(other.authorize("buyer"), "sakura@example.jp")
	_, err = st.s.Provider.SubmitCode(t.Context(), other.b, n.SignInID, code, false)
	wantErr(t, err, mfa.ErrUsedCode)
}

// T-58, S-131: what one browser proved does not carry another browser over.
func TestAnotherBrowsersProofCountsNothing(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	fatal(t, st.add(flow, mfa.Primary, mfa.App, ""))
	p, ctx := st.s.Provider, t.Context()
	thief := story{t, st.s, browser()}
	n := thief.password(thief.authorize("seller"), "sakura@example.jp")
	fatal(t, p.SetupStart(ctx, thief.b, n.SignInID))
	v, err := p.Setup(ctx, thief.b, n.SignInID)
	fatal(t, err)
	if v.Page != 1 || v.Primary != nil {
		t.Fatalf("the thief begins on page %d with %v", v.Page, v.Primary)
	}
	_, err = p.SetupFinish(ctx, thief.b, n.SignInID, true)
	wantErr(t, err, mfa.ErrNoBackup)
}

// S-112: a method kept from before and an unverified backup prove nothing; a
// code is asked once two-step verification is on.
func TestKeptMethodIsNoProof(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", mfa.Voice))
	fatal(t, p.Disable(ctx, st.b, s.Spoken(t, mobile), false))
	methods, err := p.UserMethods(ctx, u.ID)
	fatal(t, err)
	fatal(t, p.RemoveMethod(ctx, st.b, methods[1].ID, false))
	s.Clock.Advance(time.Minute)
	other := story{t, s, browser()}
	n := other.password(other.authorize("seller"), "kenji@example.jp")
	fatal(t, p.SetupStart(ctx, other.b, n.SignInID))
	fatal(t, p.SetupPhone(ctx, other.b, n.SignInID, idp.PhoneInput{Role: mfa.Backup, Channel: mfa.Voice, Country: "JP", Number: "03-1234-5678", Unverified: true}))
	n, err = p.SetupFinish(ctx, other.b, n.SignInID, true)
	fatal(t, err)
	want(t, n, signin.PageCode)
}

// S-093, S-112: who switched it off and kept the methods passes an enforced
// sign-in with them; a code is asked before anything is answered.
func TestKeptMethodsPassAnEnforcedSignIn(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	st := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", mfa.Voice))
	fatal(t, p.Disable(ctx, st.b, s.Spoken(t, mobile), false))
	s.Clock.Advance(time.Minute)
	_, err := p.SetupFinish(ctx, st.b, "", false)
	wantErr(t, err, idp.ErrState) // on the account pages Enable asks for a code first
	other := story{t, s, browser()}
	n := other.password(other.authorize("seller"), "kenji@example.jp")
	want(t, n, signin.PageEnrol)
	fatal(t, p.SetupStart(ctx, other.b, n.SignInID))
	n, err = p.SetupFinish(ctx, other.b, n.SignInID, true)
	fatal(t, err)
	other.redeem(other.sms(n, mobile, false), "seller")
}

// 1.B, S-050: changing the main method last does not end with two apps.
func TestTwoAppsCannotComeAboutByChangingTheMainMethod(t *testing.T) {
	t.Parallel()
	st, flow := begin(t)
	fatal(t, st.add(flow, mfa.Primary, mfa.SMS, mobile))
	fatal(t, st.add(flow, mfa.Backup, mfa.App, ""))
	fatal(t, st.s.Provider.SetupRedo(t.Context(), st.b, flow, mfa.Primary))
	wantErr(t, st.add(flow, mfa.Primary, mfa.App, ""), mfa.ErrAppTwice)
}
