package idp_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// kenji signs in with a code at the buyer, trusting the browser when asked.
func kenji(t *testing.T, s *idptest.Server, trust bool) story {
	t.Helper()
	st := story{t, s, browser()}
	st.redeem(st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, trust), "buyer")
	return st
}

func withKenji(t *testing.T, opts ...idptest.Option) (*idptest.Server, idp.User) {
	t.Helper()
	s := serve(t, opts...)
	return s, s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
}

// S-101, S-126: a ticked box skips the next code, and every credential change ends it.
func TestTrustedDeviceEndsWithEveryCredentialChange(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*testing.T, story){
		"reset": func(t *testing.T, st story) { fatal(t, st.s.Provider.ResetDevices(t.Context(), st.b)) },
		"password": func(t *testing.T, st story) {
			fatal(t, st.s.Provider.ChangePassword(t.Context(), st.b, password15, "another long phrase", false))
		},
		"operator": func(t *testing.T, st story) {
			u, err := st.s.Provider.FindUser(t.Context(), "kenji@example.jp")
			fatal(t, err)
			_, err = st.s.Provider.EndUserSessions(t.Context(), idptest.Operator(), u.ID)
			fatal(t, err)
		},
		"expiry": func(_ *testing.T, st story) { st.s.Clock.Advance(30 * 24 * time.Hour) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := withKenji(t)
			st := kenji(t, s, true)
			fresh := *st.b
			fresh.Session = ""
			skipped := story{t, s, &fresh}
			skipped.redeem(skipped.password(skipped.authorize("buyer"), "kenji@example.jp"), "buyer")
			trusted := fresh.Device
			change(t, st)
			pw := password15
			if name == "password" {
				pw = "another long phrase"
			}
			again := story{t, s, browser()}
			again.b.Device = trusted
			n, err := s.Provider.SubmitPassword(t.Context(), again.b, again.authorize("buyer").SignInID, "kenji@example.jp", pw)
			fatal(t, err)
			want(t, n, signin.PageCode)
		})
	}
}

// S-103: the reset reaches every browser, this one included.
func TestResetReachesEveryBrowser(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	a := kenji(t, s, true)
	s.Clock.Advance(time.Minute)
	b := kenji(t, s, true)
	fatal(t, s.Provider.ResetDevices(t.Context(), b.b))
	for _, st := range []story{a, b} {
		st.b.Session = ""
		want(t, st.password(st.authorize("buyer"), "kenji@example.jp"), signin.PageCode)
	}
}

// T-38: one person's trusted device is nothing in another's sign-in.
func TestTrustedDeviceOfAnotherPersonCountsNothing(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	s.AddUserWith(t, "hanako@example.jp", password15, "+819011112222", base32Key)
	st := kenji(t, s, true)
	st.b.Session = ""
	want(t, st.password(st.authorize("buyer"), "hanako@example.jp"), signin.PageCode)
}

// T-37: an old cookie is a stolen copy: the device goes and the owner is told.
func TestReplayedTrustedDeviceCookieEndsTheDevice(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	st := kenji(t, s, true)
	stolen := st.b.Device
	st.b.Session = ""
	st.password(st.authorize("buyer"), "kenji@example.jp")
	s.Clock.Advance(2 * time.Minute)
	thief := story{t, s, browser()}
	thief.b.Device = stolen
	want(t, thief.password(thief.authorize("buyer"), "kenji@example.jp"), signin.PageCode)
	st.b.Session = ""
	want(t, st.password(st.authorize("buyer"), "kenji@example.jp"), signin.PageCode)
	events, err := s.Provider.History(t.Context(), st.b, nil, "", 50)
	if err == nil && !slices.ContainsFunc(events, func(e idp.Event) bool { return e.Name == "device.replayed" }) {
		t.Error("no audit event of the replay")
	}
}

// S-099, S-093: off needs a code even on a trusted device; the methods stay and
// come back with one code.
func TestDisableNeedsACodeAndKeepsTheMethods(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, true)
	p, ctx := s.Provider, t.Context()
	wantErr(t, p.Disable(ctx, st.b, "123456", false), mfa.ErrNoChallenge)
	fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", ""))
	code := s.Code(t, mobile)
	wantErr(t, p.Disable(ctx, st.b, wrong(code), false), mfa.ErrWrongCode)
	fatal(t, p.Disable(ctx, st.b, code, false))
	a, err := p.Account(ctx, st.b)
	fatal(t, err)
	if a.State != idp.StateOff || len(a.Methods) != 2 || len(a.Devices) != 0 {
		t.Fatalf("state %s, %d methods, %d devices", a.State, len(a.Methods), len(a.Devices))
	}
	fresh := story{t, s, browser()}
	fresh.redeem(fresh.password(fresh.authorize("buyer"), "kenji@example.jp"), "buyer")
	methods, err := p.UserMethods(ctx, u.ID)
	fatal(t, err)
	fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForEnable, methods[1].ID, mfa.App))
	fatal(t, p.Enable(ctx, st.b, st.app())) // no new scan
	if a, err = p.Account(ctx, st.b); err != nil || a.State != idp.StateOn {
		t.Fatalf("state %s, %v", a.State, err)
	}
}

// T-28: a code for switching off does not sign in.
func TestDisableCodeCannotSignIn(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	st := kenji(t, s, false)
	other := story{t, s, browser()}
	n := other.password(other.authorize("buyer"), "kenji@example.jp")
	s.Code(t, mobile)
	fatal(t, s.Provider.SendTwoStepCode(t.Context(), st.b, mfa.ForDisable, "", mfa.Voice))
	_, err := s.Provider.SubmitCode(t.Context(), other.b, n.SignInID, s.Spoken(t, mobile), false)
	wantErr(t, err, mfa.ErrWrongCode)
}

// T-40: a stolen session without fresh proofs changes nothing.
func TestStaleSessionChangesNothing(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	s.Clock.Advance(11 * time.Minute)
	p, ctx := s.Provider, t.Context()
	methods, err := p.UserMethods(ctx, u.ID)
	fatal(t, err)
	for name, err := range map[string]error{
		"reset devices":   p.ResetDevices(ctx, st.b),
		"remove method":   p.RemoveMethod(ctx, st.b, methods[1].ID, false),
		"change password": p.ChangePassword(ctx, st.b, password15, "another long phrase", true),
		"ask to disable":  p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", ""),
		"disable":         p.Disable(ctx, st.b, "123456", true),
	} {
		if !errors.Is(err, idp.ErrSudo) {
			t.Errorf("%s: %v, want ErrSudo (A-7.5.1)", name, err)
		}
	}
}

// S-123: a main and a backup method remain.
func TestLastBackupCannotBeRemoved(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	methods, err := s.Provider.UserMethods(t.Context(), u.ID)
	fatal(t, err)
	for _, m := range methods {
		wantErr(t, s.Provider.RemoveMethod(t.Context(), st.b, m.ID, false), mfa.ErrLastMethod)
	}
	if after, err := s.Provider.UserMethods(t.Context(), u.ID); err != nil || len(after) != 2 {
		t.Errorf("%d methods left, %v", len(after), err)
	}
}

// N-07: a short password cannot be left to stand alone.
func TestShortPasswordCannotStandAlone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	_, err := s.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{Email: "a@example.jp", Name: "A", Password: "violet88tram"})
	var short *password.ShortError
	if !errors.As(err, &short) || short.Min != 15 {
		t.Fatalf("12 characters without a second step: %v", err)
	}
	_, err = s.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{
		Email: "kenji@example.jp", Name: "K", Password: "violet88tram", EmailVerified: true, TwoStep: true,
		Methods: []idp.NewMethod{{Channel: mfa.SMS, Role: mfa.Primary, Number: mobile, Verified: true}, {Channel: mfa.App, Role: mfa.Backup, Secret: base32Key, Verified: true}},
	})
	fatal(t, err)
	st := story{t, s, browser()}
	n, err := s.Provider.SubmitPassword(t.Context(), st.b, st.authorize("buyer").SignInID, "kenji@example.jp", "violet88tram")
	fatal(t, err)
	st.sms(n, mobile, false)
	s.Clock.Advance(time.Minute)
	fatal(t, s.Provider.SendTwoStepCode(t.Context(), st.b, mfa.ForDisable, "", ""))
	wantErr(t, s.Provider.Disable(t.Context(), st.b, s.Code(t, mobile), false), idp.ErrPasswordTooShortAlone)
}
