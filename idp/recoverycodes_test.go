package idp_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// save makes recovery codes in a browser with fresh proofs, and keeps them.
func (st story) save() []string {
	st.t.Helper()
	fatal(st.t, st.s.Provider.MakeRecoveryCodes(st.t.Context(), st.b))
	v, err := st.s.Provider.RecoveryCodes(st.t.Context(), st.b)
	fatal(st.t, err)
	fatal(st.t, st.s.Provider.KeepRecoveryCodes(st.t.Context(), st.b))
	return v.New
}

// recover gives a recovery code on the code page.
func (st story) recover(n idp.Next, code string) (idp.Next, error) {
	st.t.Helper()
	return st.s.Provider.SubmitRecoveryCode(st.t.Context(), st.b, n.SignInID, code)
}

// left is how many codes the person has.
func (st story) left() int {
	st.t.Helper()
	a, err := st.s.Provider.Account(st.t.Context(), st.b)
	fatal(st.t, err)
	return a.RecoveryCodes.Left
}

// saver is kenji at home, with recovery codes.
func saver(t *testing.T, opts ...idptest.Option) (story, []string) {
	t.Helper()
	s, _ := withKenji(t, opts...)
	st := kenji(t, s, false)
	codes := st.save()
	s.Clock.Advance(time.Minute)
	return st, codes
}

// elsewhere is another browser that the code page is shown to.
func (st story) elsewhere(client string) (story, idp.Next) {
	st.t.Helper()
	other := st.fresh()
	n := other.password(other.authorize(client), "kenji@example.jp")
	want(st.t, n, signin.PageCode)
	return other, n
}

// N-14, N-15, C-45, 2.C.2: a code stands in for a security code, once, is told
// by mail, and is worth what a security code is.
func TestRecoveryCodeStandsInForACode(t *testing.T) {
	t.Parallel()
	st, codes := saver(t)
	if len(codes) != 10 || len(codes[0]) != 19 || mailsTo(t, st.s, "kenji@example.jp", "リカバリーコードを作りました") != 1 {
		t.Fatalf("codes %q", codes)
	}
	other, n := st.elsewhere("vault")
	v, err := st.s.Provider.SignIn(t.Context(), other.b, n.SignInID)
	fatal(t, err)
	if !v.RecoveryCode {
		t.Error("the code page does not offer it")
	}
	n, err = other.recover(n, strings.ToLower(strings.ReplaceAll(codes[3], "-", " ")))
	fatal(t, err)
	g := other.redeem(n, "vault").Grant
	if diff := cmp.Diff([]string{"pwd", "otp"}, g.AMR); diff != "" || g.ACR != signin.LevelTwoStep.ACR() {
		t.Errorf("acr %s, amr (-want +got):\n%s", g.ACR, diff)
	}
	if got := other.left(); got != 9 || mailsTo(t, st.s, "kenji@example.jp", "残り9個") != 1 {
		t.Errorf("%d are left, want 9 and a mail that says so", got)
	}
	// It proves the person for changes of settings too, and then lapses like any code (C-33).
	if a, err := st.s.Provider.Account(t.Context(), other.b); err != nil || !a.Sudo || a.Session.Channel != mfa.RecoveryCode {
		t.Errorf("the account is %+v, %v", a.Session, err)
	}
	wantHeld(t, "makes others with codes of a minute ago", st.s.Provider.MakeRecoveryCodes(t.Context(), other.b))
	st.s.Clock.Advance(11 * time.Minute)
	wantErr(t, st.s.Provider.MakeRecoveryCodes(t.Context(), other.b), idp.ErrSudo)

	// A day later they are as good as any method, and make others.
	st.s.Clock.Advance(24 * time.Hour)
	other, n = st.elsewhere("buyer")
	_, err = other.recover(n, codes[4])
	fatal(t, err)
	other.save()
}

// N-14: used once, one at a time or all at once.
func TestRecoveryCodeCannotBeReplayed(t *testing.T) {
	t.Parallel()
	st, codes := saver(t, idptest.Limits(func(l *idp.Limits) { l.Password.PerAccountIPMinute, l.MFA.IPSends = 100, 100 }))
	other, n := st.elsewhere("buyer")
	_, err := other.recover(n, codes[0])
	fatal(t, err)
	again, m := st.elsewhere("buyer")
	_, err = again.recover(m, codes[0])
	wantErr(t, err, mfa.ErrWrongCode)

	const n8 = 8
	stories, nexts := make([]story, n8), make([]idp.Next, n8)
	for i := range stories {
		stories[i], nexts[i] = st.elsewhere("buyer")
		stories[i].b.IP = fmt.Sprintf("198.51.100.%d", i) // each with tries of its own
	}
	done := make([]bool, n8)
	var wg sync.WaitGroup
	for i := range stories {
		wg.Go(func() {
			next, err := st.s.Provider.SubmitRecoveryCode(t.Context(), stories[i].b, nexts[i].SignInID, codes[1])
			done[i] = err == nil && next.Reply != nil
			if err != nil && !errors.Is(err, mfa.ErrWrongCode) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	won := 0
	for _, ok := range done {
		if ok {
			won++
		}
	}
	if won != 1 || st.left() != 8 {
		t.Errorf("one code opened %d sign-ins, %d are left", won, st.left())
	}
}

// N-15, T-26: guesses are counted before they are compared, in parallel too,
// and a right code does not help any more; the other methods stay open, and so
// does the way of the owner, who sits elsewhere (T-04).
func TestRecoveryCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	st, codes := saver(t)
	thief, n := st.elsewhere("buyer")
	thief.b.IP = "203.0.113.9"
	var mu sync.Mutex
	wrong, paused := 0, 0
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			b := *thief.b
			_, err := st.s.Provider.SubmitRecoveryCode(t.Context(), &b, n.SignInID, "0000-0000-0000-0000")
			mu.Lock()
			defer mu.Unlock()
			var soon *mfa.TooSoonError
			switch {
			case errors.Is(err, mfa.ErrWrongCode):
				wrong++
			case errors.As(err, &soon) && soon.What == "recovery":
				paused++
			default:
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if wrong != 5 || paused != 15 {
		t.Errorf("%d guesses were compared and %d refused, want 5 and 15", wrong, paused)
	}
	var soon *mfa.TooSoonError
	if _, err := thief.recover(n, codes[0]); !errors.As(err, &soon) {
		t.Errorf("a right code in the pause: %v", err)
	}
	if got := len(events(t, st.s, "", "recovery_code.wrong")); got != 5 {
		t.Errorf("%d events tell of wrong codes, want 5", got)
	}
	owner, m := st.elsewhere("buyer")
	_, err := owner.recover(m, codes[0])
	fatal(t, err)
	st.s.Clock.Advance(15*time.Minute + time.Second)
	thief2, o := st.elsewhere("buyer")
	_, err = thief2.recover(o, codes[1])
	fatal(t, err)
}

// A stranger who guesses codes of a method must not close this way, and the
// other way round (T-04).
func TestRecoveryCodeWorksWhileCodesArePaused(t *testing.T) {
	t.Parallel()
	st, codes := saver(t, idptest.Limits(func(l *idp.Limits) { l.MFA.AccountFailuresDay = 3 }))
	other, n := st.elsewhere("buyer")
	code := st.s.Code(t, mobile)
	for range 3 {
		_, err := st.s.Provider.SubmitCode(t.Context(), other.b, n.SignInID, wrong(code), false)
		wantErr(t, err, mfa.ErrWrongCode)
	}
	var soon *mfa.TooSoonError
	if _, err := st.s.Provider.SubmitCode(t.Context(), other.b, n.SignInID, code, false); !errors.As(err, &soon) || soon.What != "account" {
		t.Fatalf("codes are not paused: %v", err)
	}
	_, err := other.recover(n, codes[9])
	fatal(t, err)
}

// What a code is typed like does not matter; what cannot be one is no try.
func TestRecoveryCodeIsReadAsPeopleTypeIt(t *testing.T) {
	t.Parallel()
	st, codes := saver(t)
	other, n := st.elsewhere("buyer")
	for range 10 {
		for in, want := range map[string]error{"": mfa.ErrCodeEmpty, "1234": mfa.ErrCodeShort, codes[0] + "7": mfa.ErrCodeLong, "ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ": mfa.ErrCodeChars} {
			_, err := other.recover(n, in)
			wantErr(t, err, want)
		}
	}
	wide := strings.Map(func(r rune) rune { return r + 0xfee0 }, strings.ToLower(codes[0]))
	_, err := other.recover(n, " "+wide+"\u3000")
	fatal(t, err)
}

// N-14: codes are issued at the level of two-step verification only, to fresh
// proofs, and not to a trusted device.
func TestRecoveryCodesAreMadeByTheStrongestProofOnly(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	s.AddUser(t, "hana@example.jp", password15)
	hana := story{t, s, browser()}
	hana.redeem(hana.password(hana.authorize("buyer"), "hana@example.jp"), "buyer")
	wantErr(t, p.MakeRecoveryCodes(ctx, hana.b), idp.ErrState) // two-step verification is off

	st := kenji(t, s, true)
	s.Clock.Advance(2 * time.Hour) // the session is idle, the device stays trusted
	trusted := story{t, s, &idp.Browser{IP: st.b.IP, UserAgent: st.b.UserAgent, Lang: "en", Device: st.b.Device}}
	trusted.redeem(trusted.password(trusted.authorize("buyer"), "kenji@example.jp"), "buyer")
	wantErr(t, p.MakeRecoveryCodes(ctx, trusted.b), idp.ErrSudo)
	_, err := p.RecoveryCodes(ctx, trusted.b)
	wantErr(t, err, idp.ErrSudo)
	wantErr(t, p.MakeRecoveryCodes(ctx, browser()), idp.ErrSignedOut)
}

// Codes are shown to the session that made them until they are saved, and
// never again; those of before work until then and not after.
func TestRecoveryCodesMadeAnewVoidTheOld(t *testing.T) {
	t.Parallel()
	st, old := saver(t)
	p, ctx := st.s.Provider, t.Context()
	v, err := p.RecoveryCodes(ctx, st.b)
	fatal(t, err)
	if v.New != nil || v.Left != 10 {
		t.Fatalf("saved codes are shown again: %+v", v)
	}
	wantErr(t, p.KeepRecoveryCodes(ctx, st.b), idp.ErrStep)

	fatal(t, p.MakeRecoveryCodes(ctx, st.b))
	second := kenji(t, st.s, false) // another session of the same person sees nothing
	if v, err := p.RecoveryCodes(ctx, second.b); err != nil || v.New != nil {
		t.Errorf("another session sees %v, %v", v.New, err)
	}
	wantErr(t, p.KeepRecoveryCodes(ctx, second.b), idp.ErrStep)
	if v, err = p.RecoveryCodes(ctx, st.b); err != nil || len(v.New) != 10 {
		t.Fatalf("the codes that wait are %v, %v", v.New, err)
	}
	st.s.Clock.Advance(time.Minute)
	other, n := st.elsewhere("buyer")
	_, err = other.recover(n, v.New[0])
	wantErr(t, err, mfa.ErrWrongCode) // not before they are saved
	_, err = other.recover(n, old[0])
	fatal(t, err)

	fatal(t, p.KeepRecoveryCodes(ctx, st.b))
	other, n = st.elsewhere("buyer")
	_, err = other.recover(n, old[1])
	wantErr(t, err, mfa.ErrWrongCode)
	_, err = other.recover(n, v.New[1])
	fatal(t, err)

	fatal(t, p.MakeRecoveryCodes(ctx, st.b))
	fatal(t, p.DropNewCodes(ctx, st.b))
	if got := other.left(); got != 9 {
		t.Errorf("%d are left after giving up, want 9", got)
	}
	fatal(t, p.MakeRecoveryCodes(ctx, st.b))
	st.s.Clock.Advance(31 * time.Minute) // C-22
	again := kenji(t, st.s, false)
	wantErr(t, p.KeepRecoveryCodes(ctx, again.b), idp.ErrStep)
}

// S-125: they stay while two-step verification is off, unless all goes; what
// is off asks for none.
func TestRecoveryCodesGoWithTheMethods(t *testing.T) {
	t.Parallel()
	for _, clearAll := range []bool{false, true} {
		t.Run(fmt.Sprintf("clear %v", clearAll), func(t *testing.T) {
			t.Parallel()
			st, _ := saver(t)
			p, ctx := st.s.Provider, t.Context()
			fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", ""))
			fatal(t, p.Disable(ctx, st.b, st.s.Code(t, mobile), clearAll))
			if got, want := st.left(), map[bool]int{false: 10, true: 0}[clearAll]; got != want {
				t.Errorf("%d are left, want %d", got, want)
			}
			wantErr(t, p.MakeRecoveryCodes(ctx, st.b), idp.ErrState)
			other := st.fresh()
			other.redeem(other.password(other.authorize("buyer"), "kenji@example.jp"), "buyer")
		})
	}
}

// S-053, S-123: they are no backup; the last pair of methods stays whatever is saved.
func TestRecoveryCodesReplaceNoMethod(t *testing.T) {
	t.Parallel()
	st, _ := saver(t)
	a, err := st.s.Provider.Account(t.Context(), st.b)
	fatal(t, err)
	for _, m := range a.Methods {
		wantErr(t, st.s.Provider.RemoveMethod(t.Context(), st.b, m.ID, false), mfa.ErrLastMethod)
	}
}

// T-64: the links in both mails void the codes, and so does "this wasn't me"
// about anything else while they are young.
func TestReportVoidsRecoveryCodes(t *testing.T) {
	t.Parallel()
	for name, word := range map[string]string{"made": "リカバリーコードを作りました", "used": "リカバリーコードが使われました", "else": "新しい端末"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u := withKenji(t)
			s.Clock.Advance(time.Hour)
			st := kenji(t, s, false)
			codes := st.save()
			other, n := st.elsewhere("buyer")
			_, err := other.recover(n, codes[0])
			fatal(t, err)
			fatal(t, s.Provider.Deliver(t.Context()))
			for _, m := range s.Inbox.Messages(mfa.Mail) {
				if strings.Contains(m.Subject, word) {
					fatal(t, s.Provider.Report(t.Context(), browser(), reportIn(t, m.Message)))
					break
				}
			}
			if got := len(events(t, s, u.ID, "risk.reported")); got != 1 {
				t.Fatalf("%d reports", got)
			}
			secret := resetToken(t, s, "kenji@example.jp")
			wantErr(t, s.Provider.ResetPassword(t.Context(), browser(), secret, password15, true), idp.ErrCodeNeeded)
			wantErr(t, s.Provider.ResetRecoveryCode(t.Context(), browser(), secret, codes[1]), mfa.ErrWrongCode)
		})
	}
}

// N-49, N-50: with the mailed link a code sets a new password, once; without
// the link's password it does nothing.
func TestPasswordResetByRecoveryCode(t *testing.T) {
	t.Parallel()
	st, codes := saver(t)
	p, ctx := st.s.Provider, t.Context()
	secret := resetToken(t, st.s, "kenji@example.jp")
	wantErr(t, p.ResetRecoveryCode(ctx, browser(), secret, codes[0]), idp.ErrStep)
	wantErr(t, p.ResetRecoveryCode(ctx, browser(), "no such link", codes[0]), idp.ErrLink)
	wantErr(t, p.ResetPassword(ctx, browser(), secret, "an entirely new phrase", true), idp.ErrCodeNeeded)
	v, err := p.ResetCodeView(ctx, browser(), secret)
	fatal(t, err)
	if !v.RecoveryCode {
		t.Error("it is not offered")
	}
	wantErr(t, p.ResetRecoveryCode(ctx, browser(), secret, "0000-0000-0000-0000"), mfa.ErrWrongCode)
	fatal(t, p.ResetRecoveryCode(ctx, browser(), secret, codes[0]))
	wantErr(t, p.ResetRecoveryCode(ctx, browser(), secret, codes[1]), idp.ErrLink)
	if _, err := p.Account(ctx, st.b); !errors.Is(err, idp.ErrSignedOut) {
		t.Errorf("the old session is %v", err)
	}
	if got := mailsTo(t, st.s, "kenji@example.jp", "残り9個"); got != 1 {
		t.Errorf("%d mails tell of the code", got)
	}
}
