package idp_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

var form = idp.SignUpInput{Name: "田中 さくら", Email: " Sakura@Example.JP ", Password: password15, Agree: true}

func TestSignUpGoesOnIntoTheSignIn(t *testing.T) {
	t.Parallel()
	s := serve(t)
	st := story{t, s, browser()}
	n := st.authorize("buyer")
	ref, err := s.Provider.SignUp(t.Context(), st.b, n.SignInID, form)
	fatal(t, err)
	code := s.MailCode(t, "sakura@example.jp")
	_, err = s.Provider.SignUpVerify(t.Context(), st.b, ref, wrong(code))
	wantErr(t, err, mfa.ErrWrongCode)
	n, err = s.Provider.SignUpVerify(t.Context(), st.b, ref, code)
	fatal(t, err)
	if issue := st.redeem(n, "buyer"); issue.User.Email != "sakura@example.jp" || issue.User.EmailVerifiedAt.IsZero() {
		t.Errorf("user %+v", issue.User)
	}
	_, err = s.Provider.SignUpVerify(t.Context(), st.b, ref, code)
	wantErr(t, err, idp.ErrLink)
}

// T-02: a taken address looks the same; its owner is told.
func TestSignUpDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	b := browser()
	ref, err := s.Provider.SignUp(t.Context(), b, "", form)
	fatal(t, err)
	if email, err := s.Provider.SignUpPending(t.Context(), b, ref); err != nil || email != "sakura@example.jp" {
		t.Errorf("pending %q, %v", email, err)
	}
	m := s.Message(t, mfa.Mail, "sakura@example.jp")
	if regexp.MustCompile(`\d{6}`).MatchString(m.Body) {
		t.Errorf("the owner got a code:\n%s", m.Body)
	}
	_, err = s.Provider.SignUpVerify(t.Context(), b, ref, "123456")
	wantErr(t, err, mfa.ErrWrongCode)
	wantErr(t, s.Provider.Forgot(t.Context(), b, "nobody@example.jp"), nil)
	wantErr(t, s.Provider.Forgot(t.Context(), b, "sakura@example.jp"), nil)
}

// A code by mail is bound to the browser and allows few tries.
func TestSignUpCodeCannotBeGuessedOrStolen(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := browser()
	ref, err := s.Provider.SignUp(t.Context(), b, "", form)
	fatal(t, err)
	code := s.MailCode(t, "sakura@example.jp")
	thief := browser()
	thief.Flow = "another browser"
	_, err = s.Provider.SignUpVerify(t.Context(), thief, ref, code)
	wantErr(t, err, idp.ErrLink)
	for range 5 {
		_, err = s.Provider.SignUpVerify(t.Context(), b, ref, wrong(code))
		wantErr(t, err, mfa.ErrWrongCode)
	}
	_, err = s.Provider.SignUpVerify(t.Context(), b, ref, code)
	wantErr(t, err, idp.ErrLink)
}

func TestSignUpNamesEveryFault(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, err := s.Provider.SignUp(t.Context(), browser(), "", idp.SignUpInput{Email: "no address", Password: "short"})
	var short *password.ShortError
	for _, target := range []error{idp.ErrName, idp.ErrEmail, idp.ErrAgree} {
		wantErr(t, err, target)
	}
	if !errors.As(err, &short) || short.Min != 15 { // N-07
		t.Errorf("password fault missing in %v", err)
	}
}

func resetToken(t *testing.T, s *idptest.Server, email string) string {
	t.Helper()
	fatal(t, s.Provider.Forgot(t.Context(), browser(), email))
	return mailedReset(t, s, email)
}

// mailedReset is the token of the link that was mailed last.
func mailedReset(t *testing.T, s *idptest.Server, email string) string {
	t.Helper()
	m := s.Message(t, mfa.Mail, email)
	link := regexp.MustCompile(`http://\S+`).FindString(m.Body)
	u, err := url.Parse(strings.TrimRight(link, ".。"))
	fatal(t, err)
	return u.Query().Get("token")
}

// N-50, A-6.4.3: the mail alone does not change a password beside a second step.
func TestResetByMailAloneIsRefusedWithTwoStep(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	token := resetToken(t, s, "kenji@example.jp")
	p, ctx, b := s.Provider, t.Context(), browser()
	wantErr(t, p.ResetPassword(ctx, b, token, "another long phrase", true), idp.ErrCodeNeeded)
	st := story{t, s, browser()}
	_, err := p.SubmitPassword(ctx, st.b, st.authorize("buyer").SignInID, "kenji@example.jp", "another long phrase")
	wantErr(t, err, idp.ErrBadCredentials)
	fatal(t, p.ResetCode(ctx, b, token, s.Code(t, mobile)))
	n, err := p.SubmitPassword(ctx, st.b, st.authorize("buyer").SignInID, "kenji@example.jp", "another long phrase")
	fatal(t, err)
	want(t, n, signin.PageCode)
	wantErr(t, p.ResetCheck(ctx, b, token), idp.ErrLink)
}

// C-43: a reset link works once, for half an hour.
func TestResetLinkExpires(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	token := resetToken(t, s, "sakura@example.jp")
	s.Clock.Advance(30 * time.Minute)
	wantErr(t, s.Provider.ResetPassword(t.Context(), browser(), token, "another long phrase", true), idp.ErrLink)
}

// T-03, N-40: after 100 failures even the right password fails until a reset.
func TestGuessedPasswordIsDisabled(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.Password.FailuresMax, l.Password.PerAccountIPMinute, l.Password.PerIPMinute, l.Password.PerAccountIPHour = 5, 1000, 1000, 1000
	}))
	s.AddUser(t, "sakura@example.jp", password15)
	for i := range 5 {
		st := story{t, s, browser()}
		_, err := s.Provider.SubmitPassword(t.Context(), st.b, st.authorize("buyer").SignInID, "sakura@example.jp", "a wrong password "+string(rune('a'+i)))
		wantErr(t, err, idp.ErrBadCredentials)
		s.Clock.Advance(time.Hour)
	}
	st := story{t, s, browser()}
	_, err := s.Provider.SubmitPassword(t.Context(), st.b, st.authorize("buyer").SignInID, "sakura@example.jp", password15)
	wantErr(t, err, idp.ErrBadCredentials)
	s.Clock.Advance(time.Hour)
	fatal(t, s.Provider.ResetPassword(t.Context(), browser(), resetToken(t, s, "sakura@example.jp"), "another long phrase", true))
	_, err = s.Provider.SubmitPassword(t.Context(), st.b, st.authorize("buyer").SignInID, "sakura@example.jp", "another long phrase")
	fatal(t, err)
}

// T-04: strangers' failures do not slow down the owner's own browser.
func TestStrangersFailuresDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	owner := story{t, s, browser()}
	owner.password(owner.authorize("buyer"), "sakura@example.jp")
	owner.b.Session = ""
	stranger := story{t, s, browser()} // the same address: an office, a carrier's NAT
	var soon *mfa.TooSoonError
	for range 8 {
		_, err := s.Provider.SubmitPassword(t.Context(), stranger.b, stranger.authorize("buyer").SignInID, "sakura@example.jp", "a wrong password")
		if errors.As(err, &soon) {
			break
		}
	}
	if soon == nil {
		t.Fatal("the stranger was never slowed down (C-25)")
	}
	owner.redeem(owner.password(owner.authorize("buyer"), "sakura@example.jp"), "buyer")
}

// T-42, O-08: a reset ends what the old password began: parked sign-ins and
// refresh tokens, offline ones too.
func TestResetEndsWhatTheOldPasswordBegan(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	thief := story{t, s, browser()}
	r := request("buyer")
	r.Scopes = []string{"openid", "offline_access"}
	offline := thief.redeem(thief.password(thief.ask(r), "sakura@example.jp"), "buyer")
	parked := story{t, s, browser()}
	n := parked.password(parked.authorize("seller"), "sakura@example.jp")
	want(t, n, signin.PageEnrol)
	s.Clock.Advance(time.Minute)
	fatal(t, s.Provider.ResetPassword(t.Context(), browser(), resetToken(t, s, "sakura@example.jp"), "another long phrase", true))
	_, err := s.Provider.Refresh(t.Context(), thief.b, client(t, s, "buyer"), idp.Renewal{Token: offline.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	v, err := s.Provider.SignIn(t.Context(), parked.b, n.SignInID)
	fatal(t, err)
	if v.Step.Page != signin.PagePassword {
		t.Errorf("the parked sign-in is at %q", v.Step.Page)
	}
}

// T-04: an address's password cannot be killed in its owner's own browser.
func TestStrangersCannotKillAPassword(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.Password.FailuresMax, l.Password.PerAccountIPMinute, l.Password.PerIPMinute, l.Password.PerAccountIPHour = 5, 1000, 1000, 1000
	}))
	s.AddUser(t, "sakura@example.jp", password15)
	owner := story{t, s, browser()}
	owner.password(owner.authorize("buyer"), "sakura@example.jp")
	for range 6 {
		st := story{t, s, browser()}
		_, err := s.Provider.SubmitPassword(t.Context(), st.b, st.authorize("buyer").SignInID, "sakura@example.jp", "a wrong password")
		wantErr(t, err, idp.ErrBadCredentials)
		s.Clock.Advance(time.Hour)
	}
	owner.b.Session = ""
	owner.redeem(owner.password(owner.authorize("buyer"), "sakura@example.jp"), "buyer")
}
