package idp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

const blocked = "サインインを止めました"

// stranger is a browser from elsewhere.
func stranger() *idp.Browser {
	return &idp.Browser{IP: "203.0.113.9", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Chrome/150.0 Safari/537.36", Lang: "en", RequestID: "r2"}
}

// S-011, A-6.3.5: who has the password but no code is told of when the sign-in dies.
func TestOwnerLearnsOfARightPasswordWithoutACode(t *testing.T) {
	t.Parallel()
	deaths := map[string]func(*testing.T, *idptest.Server, story, idp.Next){
		"it expires": func(t *testing.T, s *idptest.Server, _ story, _ idp.Next) { s.Clock.Advance(31 * time.Minute) },
		"it is cancelled": func(t *testing.T, s *idptest.Server, st story, n idp.Next) {
			_, err := s.Provider.Cancel(t.Context(), st.b, n.SignInID)
			fatal(t, err)
		},
		"wrong codes, then it expires": func(t *testing.T, s *idptest.Server, st story, n idp.Next) {
			_, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, wrong(s.Code(t, mobile)), false)
			wantErr(t, err, mfa.ErrWrongCode)
			s.Clock.Advance(31 * time.Minute)
		},
	}
	for name, die := range deaths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u := withKenji(t)
			st := story{t, s, stranger()}
			n := st.password(st.authorize("buyer"), "kenji@example.jp")
			want(t, n, signin.PageCode)
			fatal(t, s.Provider.Unfinished(t.Context()))
			if mailsTo(t, s, "kenji@example.jp", blocked) != 0 {
				t.Fatal("the owner was told while the sign-in goes on")
			}
			die(t, s, st, n)
			for range 2 { // once, however often the job comes by
				fatal(t, s.Provider.Unfinished(t.Context()))
			}
			if got := mailsTo(t, s, "kenji@example.jp", blocked); got != 1 {
				t.Errorf("%d mails, want 1", got)
			}
			list := events(t, s, u.ID, "signin.blocked")
			if len(list) != 1 || list[0].Actor.IP != st.b.IP || list[0].Actor.UserAgent != st.b.UserAgent {
				t.Errorf("events %+v, want one from where the password came from", list)
			}
		})
	}
}

// The owner who gives up, or begins anew, at a browser that is signed in as
// them anyway is not warned of themselves.
func TestOwnersOwnUnfinishedSignInIsNoAlarm(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := story{t, s, browser()}
	first := st.password(st.authorize("buyer"), "kenji@example.jp")
	want(t, first, signin.PageCode)
	s.Code(t, mobile)
	s.Clock.Advance(time.Minute)
	st.redeem(st.sms(st.password(st.authorize("seller"), "kenji@example.jp"), mobile, false), "seller")
	s.Clock.Advance(time.Hour)
	fatal(t, s.Provider.Unfinished(t.Context()))
	if mailsTo(t, s, "kenji@example.jp", blocked) != 0 {
		t.Error("the owner was warned of themselves")
	}
	if len(events(t, s, u.ID, "signin.unfinished")) != 1 {
		t.Error("the history says nothing of it")
	}
}

// Nothing had to follow the password, so nothing was blocked.
func TestSignInWithoutASecondStepIsNotBlocked(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, stranger()}
	want(t, st.password(st.authorize("seller"), "sakura@example.jp"), signin.PageEnrol)
	s.Clock.Advance(time.Hour)
	fatal(t, s.Provider.Unfinished(t.Context()))
	if len(events(t, s, u.ID, "signin.blocked")) != 0 {
		t.Error("a sign-in that asked for no code counts as blocked")
	}
}

// T-30: codes that nobody asked for tell the owner that the password is known.
func TestCodesThatNobodyEntersWarnTheOwner(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	for i := range 4 {
		if got := mailsTo(t, s, "kenji@example.jp", "何度も送られています"); (got == 1) != (i >= 3) {
			t.Errorf("after %d codes: %d warnings", i, got)
		}
		st := story{t, s, stranger()}
		want(t, st.password(st.authorize("buyer"), "kenji@example.jp"), signin.PageCode)
		s.Clock.Advance(5 * time.Minute)
	}
	if len(events(t, s, u.ID, "code.unasked")) != 1 {
		t.Error("the warning was not noted once")
	}

	other, _ := withKenji(t)
	for range 4 { // an owner whose codes arrive
		kenji(t, other, false)
		other.Clock.Advance(11 * time.Minute)
	}
	if mailsTo(t, other, "kenji@example.jp", "何度も送られています") != 0 {
		t.Error("the owner was warned of codes that were entered")
	}
}

// many wrong passwords or codes are told, once a day.
func TestManyFailuresAreToldOnceADay(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t, idptest.Limits(func(l *idp.Limits) {
		l.Password.PerAccountIPMinute, l.Password.PerIPMinute, l.Password.PerAccountIPHour = 1000, 1000, 1000
		l.MFA.MethodFailuresHour = 5
	}))
	ctx, p := t.Context(), s.Provider
	fail := func() {
		t.Helper()
		for range 11 {
			st := story{t, s, stranger()}
			_, err := p.SubmitPassword(ctx, st.b, st.authorize("buyer").SignInID, "kenji@example.jp", "a wrong password")
			wantErr(t, err, idp.ErrBadCredentials)
			s.Clock.Advance(16 * time.Minute)
		}
	}
	fail()
	if got := mailsTo(t, s, "kenji@example.jp", "間違ったパスワードが何度も"); got != 1 {
		t.Errorf("%d warnings after many failures, want 1", got)
	}
	kenji(t, s, false) // clears the count
	fail()
	if got := mailsTo(t, s, "kenji@example.jp", "間違ったパスワードが何度も"); got != 1 {
		t.Errorf("%d warnings on one day, want 1", got)
	}

	s.Clock.Advance(25 * time.Hour)
	guess := story{t, s, stranger()}
	n := guess.password(guess.authorize("buyer"), "kenji@example.jp")
	code := wrong(s.Code(t, mobile))
	for range 5 {
		_, err := p.SubmitCode(ctx, guess.b, n.SignInID, code, false)
		wantErr(t, err, mfa.ErrWrongCode)
	}
	if got := mailsTo(t, s, "kenji@example.jp", "間違った認証コード"); got != 1 {
		t.Errorf("%d warnings of wrong codes, want 1", got)
	}
}

// T-64: key 9 ends the sign-in; what is told is where the password came from,
// not where the call was answered.
func TestStoppedCallTellsWhereThePasswordCameFrom(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := story{t, s, stranger()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	s.Clock.Advance(time.Minute)
	n, err := s.Provider.SendCode(t.Context(), st.b, n.SignInID, "", mfa.Voice)
	fatal(t, err)
	call := s.Message(t, mfa.Call, mobile)
	gateway := &idp.Browser{IP: "198.51.100.1", UserAgent: "Gateway/1.0"}
	fatal(t, s.Provider.StopCall(t.Context(), gateway, call.ID))
	if m := mailIn(t, s, "kenji@example.jp", blocked); !strings.Contains(m.Body, "Windows") || strings.Contains(m.Body, "198.51") {
		t.Errorf("the mail tells:\n%s", m.Body)
	}
	if list := events(t, s, u.ID, "signin.stopped"); len(list) != 1 || list[0].Actor.IP != st.b.IP {
		t.Errorf("events %+v", list)
	}
	s.Clock.Advance(time.Hour)
	fatal(t, s.Provider.Unfinished(t.Context()))
	if got := mailsTo(t, s, "kenji@example.jp", blocked); got != 1 {
		t.Errorf("%d mails of one sign-in, want 1", got)
	}
}
