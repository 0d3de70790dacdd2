package idp_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// S-004, S-027: the password alone gives neither a session nor a code.
func TestPasswordAloneOpensNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	want(t, n, signin.PageCode)
	if st.b.Session != "" {
		t.Error("a session cookie was given before the code")
	}
	if _, err := s.Provider.Account(t.Context(), st.b); !errors.Is(err, idp.ErrSignedOut) {
		t.Errorf("account pages answer %v before the code", err)
	}
	n = st.sms(n, mobile, false)
	issue := st.redeem(n, "buyer")
	if got := issue.Grant.AMR; !slices.Equal(got, []string{"pwd", "otp"}) {
		t.Errorf("amr %v", got)
	}
	if issue.Grant.ACR != "urn:sekisho:acr:2sv" {
		t.Errorf("acr %s", issue.Grant.ACR)
	}
}

// S-096 and the main job: one identity, two relying parties.
func TestOtherRelyingPartyIsSignedInWithoutAsking(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	st.redeem(st.sms(st.password(st.authorize("seller"), "kenji@example.jp"), mobile, false), "seller")
	s.Clock.Advance(10 * time.Minute)
	issue := st.redeem(st.authorize("buyer"), "buyer")
	if !slices.Equal(issue.Grant.AMR, []string{"pwd", "otp"}) || !issue.Grant.AuthTime.Equal(idptest.Start) {
		t.Errorf("amr %v, auth_time %v: want those of the sign-in (O-25)", issue.Grant.AMR, issue.Grant.AuthTime)
	}
}

// T-08, H-01: whoever started a request cannot collect what another browser finished.
func TestAttackerCannotCollectWhatTheVictimFinished(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	attacker, victim := story{t, s, browser()}, story{t, s, browser()}
	n := attacker.authorize("buyer")
	_, err := s.Provider.SignIn(t.Context(), victim.b, n.SignInID)
	wantErr(t, err, idp.ErrNoCookie)
	victim.authorize("buyer") // now the victim has a cookie of their own
	_, err = s.Provider.SubmitPassword(t.Context(), victim.b, n.SignInID, "sakura@example.jp", password15)
	wantErr(t, err, idp.ErrOtherBrowser)
}

// T-09, H-02: one sign-in answers once.
func TestFinishedSignInGivesNoSecondCode(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	n := st.authorize("buyer")
	st.redeem(st.password(n, "sakura@example.jp"), "buyer")
	_, err := s.Provider.SubmitPassword(t.Context(), st.b, n.SignInID, "sakura@example.jp", password15)
	wantErr(t, err, idp.ErrStale)
	_, err = s.Provider.SignIn(t.Context(), st.b, n.SignInID)
	wantErr(t, err, idp.ErrStale)
}

// T-10: two tabs of one browser keep their own requests.
func TestTwoTabsDoNotCompleteEachOther(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	one, two := st.authorize("buyer"), st.authorize("vault")
	st.redeem(st.sms(st.password(one, "kenji@example.jp"), mobile, false), "buyer")
	v, err := s.Provider.SignIn(t.Context(), st.b, two.SignInID)
	fatal(t, err)
	if v.Client.ID != "vault" || v.Step.Page != signin.PageDone {
		t.Errorf("second tab is at %q for %s", v.Step.Page, v.Client.ID)
	}
	// A code asked for in one sign-in is worthless in another (A-6.6.2, T-28).
	other := story{t, s, browser()}
	a := other.password(other.authorize("buyer"), "kenji@example.jp")
	b := other.password(other.authorize("buyer"), "kenji@example.jp")
	want(t, b, signin.PageCode)
	_, err = s.Provider.SubmitCode(t.Context(), other.b, a.SignInID, s.Code(t, mobile), false) // the newest: b's
	wantErr(t, err, mfa.ErrWrongCode)
}

// T-06: the cookie changes at every proof, the old one is dead.
func TestSessionCookieChangesAtEveryProof(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, false)
	old := *st.b
	s.Clock.Advance(time.Minute)
	r := request("buyer")
	r.Login = true
	n := st.password(st.ask(r), "kenji@example.jp")
	if n.Reply == nil {
		n = st.sms(n, mobile, false)
	}
	if st.b.Session == old.Session {
		t.Error("cookie stayed the same after a new proof")
	}
	_, err := s.Provider.Account(t.Context(), &old)
	wantErr(t, err, idp.ErrSignedOut)
}

// T-13: a weaker session does not open a client that demands more.
func TestWeakSessionDoesNotOpenAStrictClient(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, true)
	st.b.Session = ""
	s.Clock.Advance(time.Hour)
	issue := st.redeem(st.password(st.authorize("seller"), "kenji@example.jp"), "seller")
	if !slices.Equal(issue.Grant.AMR, []string{"pwd"}) || issue.Grant.ACR != "urn:sekisho:acr:trusted-device" {
		t.Fatalf("trusted device gave amr %v acr %s (decision 2)", issue.Grant.AMR, issue.Grant.ACR)
	}
	n := st.authorize("vault")
	want(t, n, signin.PageCode) // N-56: a trusted device never satisfies a step-up
	v, err := s.Provider.SignIn(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	if !v.TrustUntil.IsZero() {
		t.Error("trusting the device is offered at a step-up")
	}
}

// T-26, N-19: of 50 parallel right codes one is accepted.
func TestCodeCannotBeUsedTwiceInParallel(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	if got := parallel(50, func() error {
		b := *st.b
		next, err := s.Provider.SubmitCode(t.Context(), &b, n.SignInID, code, false)
		if err == nil && next.Reply == nil {
			return errors.New("not done")
		}
		return err
	}); got != 1 {
		t.Errorf("%d of 50 parallel submits succeeded, want 1", got)
	}
}

// T-22: the sixth try of a code fails, right or wrong, and T-26: parallel
// guesses cannot exceed five.
func TestGuessingOneCodeEndsAfterFiveTries(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	counted := 0
	var mu sync.Mutex
	parallel(20, func() error {
		b := *st.b
		_, err := s.Provider.SubmitCode(t.Context(), &b, n.SignInID, wrong(code), false)
		if errors.Is(err, mfa.ErrWrongCode) {
			mu.Lock()
			counted++
			mu.Unlock()
		}
		return err
	})
	if counted != 5 {
		t.Errorf("%d guesses were compared, want 5", counted)
	}
	_, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, code, false)
	wantErr(t, err, mfa.ErrNoChallenge)
}

// T-23, N-20, N-40: failures stay with the method over codes and sign-ins; at
// the cap the method is disabled and even a right code fails.
func TestMethodIsDisabledAfterTooManyFailuresAcrossSignIns(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.MethodFailuresHour, l.MFA.AccountFailuresDay, l.MFA.MethodFailuresMax = 1000, 1000, 8
		l.MFA.NumberSendsHour, l.MFA.SendsTenMinutes = 1000, 1000
		l.Password.PerAccountIPMinute = 1000
	}))
	u := s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	for range 2 {
		st := story{t, s, browser()}
		n := st.password(st.authorize("buyer"), "kenji@example.jp")
		code := s.Code(t, mobile)
		for range 4 {
			_, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, wrong(code), false)
			wantErr(t, err, mfa.ErrWrongCode)
		}
	}
	methods, err := s.Provider.UserMethods(t.Context(), u.ID)
	fatal(t, err)
	if methods[0].DisabledAt.IsZero() {
		t.Fatalf("method still enabled after 8 failures in two sign-ins (count %d)", methods[0].Failures)
	}
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	v, err := s.Provider.SignIn(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	if v.Code.Channel != mfa.App {
		t.Errorf("disabled method is still asked for: %s", v.Code.Channel)
	}
}

// S-107: another method may be chosen; the code before is dead and says so.
func TestSwitchingTheMethodEndsTheCodeBefore(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	old := s.Code(t, mobile)
	_, err := s.Provider.SendCode(t.Context(), st.b, n.SignInID, "", mfa.SMS)
	var soon *mfa.TooSoonError
	if !errors.As(err, &soon) || !soon.At.Equal(idptest.Start.Add(30*time.Second)) {
		t.Fatalf("resend at once: %v, want to wait 30 s (C-10)", err)
	}
	_, err = s.Provider.SendCode(t.Context(), st.b, n.SignInID, "", mfa.Voice)
	fatal(t, err)
	_, err = s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, old, false)
	wantErr(t, err, mfa.ErrOldCode)
	n, err = s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, s.Spoken(t, mobile), false)
	fatal(t, err)
	st.redeem(n, "buyer")
}

// N-19, C-02: a code dies after ten minutes.
func TestCodeExpires(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	s.Clock.Advance(10 * time.Minute)
	_, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, code, false)
	wantErr(t, err, mfa.ErrExpiredCode)
}

// T-25, O-44: an app's code works once, in any sign-in.
func TestAppCodeCannotBeReplayed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	methods, err := s.Provider.UserMethods(t.Context(), u.ID)
	fatal(t, err)
	for i, wantError := range []error{nil, mfa.ErrUsedCode} {
		st := story{t, s, browser()}
		n := st.password(st.authorize("buyer"), "kenji@example.jp")
		_, err := s.Provider.SendCode(t.Context(), st.b, n.SignInID, methods[1].ID, mfa.App)
		fatal(t, err)
		if _, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, st.app(), false); !errors.Is(err, wantError) {
			t.Errorf("use %d: %v, want %v", i+1, err, wantError)
		}
	}
}

// T-11: what a request asks for is fixed when it starts, and prompt=none shows no page.
func TestPromptNoneAnswersWithAnError(t *testing.T) {
	t.Parallel()
	s := serve(t)
	r := request("buyer")
	r.None = true
	n := story{t, s, browser()}.ask(r)
	if n.Reply == nil || n.Reply.Params.Get("error") != "login_required" || n.Reply.Params.Get("state") != "s" || n.Reply.Params.Get("iss") != s.URL {
		t.Errorf("reply %+v, want login_required with state and iss (O-22, RFC 9207)", n.Reply)
	}
}

// O-24, O-27: with a hint about somebody else the session's owner cannot
// succeed, and the hinted person can.
func TestHintAboutAnotherPersonAsksThem(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	hanako := s.AddUser(t, "hanako@example.jp", "quiet rivers at dawn")
	st := story{t, s, browser()}
	st.redeem(st.password(st.authorize("buyer"), "sakura@example.jp"), "buyer")
	r := request("buyer")
	r.HintSubject = hanako.ID
	n := st.ask(r)
	want(t, n, signin.PagePassword)
	_, err := s.Provider.SubmitPassword(t.Context(), st.b, n.SignInID, "sakura@example.jp", password15)
	wantErr(t, err, idp.ErrBadCredentials)
	n, err = s.Provider.SubmitPassword(t.Context(), st.b, n.SignInID, "", "quiet rivers at dawn")
	fatal(t, err)
	if issue := st.redeem(n, "buyer"); issue.User.ID != hanako.ID {
		t.Errorf("signed in %s", issue.User.Email)
	}
}

// parallel runs f n times at once and counts successes.
func parallel(n int, f func() error) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	ok := 0
	for range n {
		wg.Go(func() {
			if f() == nil {
				mu.Lock()
				ok++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return ok
}
