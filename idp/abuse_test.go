package idp_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// from is a browser at an address.
func from(ip string) *idp.Browser {
	b := browser()
	b.IP = ip
	return b
}

// guess types a password and says how that ended.
func (st story) guess(email, pw string) error {
	st.t.Helper()
	n, err := st.s.Provider.AccountSignIn(st.t.Context(), st.b, "/account", false)
	fatal(st.t, err)
	_, err = st.s.Provider.SubmitPassword(st.t.Context(), st.b, n.SignInID, email, pw)
	return err
}

// T-01, A-6.3.1: one guess for each of many accounts, from many addresses, meets
// no limit of any of them; together they are an alarm. Whoever signed in in
// this browser before notices nothing.
func TestStuffingRaisesAnAlarmAndSparesKnownBrowsers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	owner := story{t, s, from("203.0.113.1")}
	owner.redeem(owner.password(owner.authorize("buyer"), "sakura@example.jp"), "buyer")
	for i := range 200 {
		if i == 199 && s.Metric(t, "alarm", `alarm="password_failures"`) != 0 {
			t.Fatal("the alarm is on before the number of failures is reached")
		}
		st := story{t, s, from(fmt.Sprintf("203.0.113.%d", i%50+1))}
		wantErr(t, st.guess(fmt.Sprintf("victim%d@example.jp", i), "password from a leak"), idp.ErrBadCredentials)
	}
	if s.Metric(t, "alarm", `alarm="password_failures"`) != 1 || !strings.Contains(s.Log.String(), `"msg":"alarm raised","alarm":"password_failures"`) {
		t.Error("200 wrong passwords of 201 raise no alarm")
	}
	if got := s.Metric(t, "events_total", `event="alarm.raised"`); got > 1 {
		t.Errorf("the alarm is told %v times", got)
	}
	owner.b.Session = ""
	owner.redeem(owner.password(owner.authorize("buyer"), "sakura@example.jp"), "buyer")
	s.Clock.Advance(2 * time.Hour)
	if s.Metric(t, "alarm", `alarm="password_failures"`) != 0 {
		t.Error("the alarm stays on for ever")
	}
}

// T-04: strangers behind the same address as the owner, an office or a carrier,
// cannot use up the tries of a browser that signed in before.
func TestStrangersAtTheSameAddressCannotUseUpTheOwnersTries(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.AddUser(t, "sakura@example.jp", password15)
	owner := story{t, s, browser()}
	owner.redeem(owner.password(owner.authorize("buyer"), "sakura@example.jp"), "buyer")
	var soon *mfa.TooSoonError
	for i := range 40 {
		if err := (story{t, s, browser()}).guess(fmt.Sprintf("p%d@example.jp", i), "x"); errors.As(err, &soon) {
			break
		}
	}
	if soon == nil {
		t.Fatal("strangers at one address were never slowed down (C-28)")
	}
	owner.b.Session = ""
	owner.redeem(owner.password(owner.authorize("buyer"), "sakura@example.jp"), "buyer")
}

// T-04 turned round, N-40: the cookie of a known browser, stolen, gives no
// endless tries either.
func TestStolenKnownBrowserCannotGuessForEver(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) { l.Password.FailuresMax = 5 }))
	s.AddUser(t, "sakura@example.jp", password15)
	thief := story{t, s, browser()}
	thief.redeem(thief.password(thief.authorize("buyer"), "sakura@example.jp"), "buyer")
	thief.b.Session = ""
	for range 5 {
		wantErr(t, thief.guess("sakura@example.jp", "a wrong password"), idp.ErrBadCredentials)
		s.Clock.Advance(time.Hour)
	}
	wantErr(t, thief.guess("sakura@example.jp", password15), idp.ErrBadCredentials)
}

// C-26, N-41: the waits grow, and what they bound is one address's guesses only.
func TestWaitsGrowWithWrongPasswords(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.Password.PerAccountIPMinute, l.Password.PerAccountIPHour, l.Password.PerIPMinute = 1000, 1000, 1000
	}))
	s.AddUser(t, "sakura@example.jp", password15)
	st := story{t, s, browser()}
	for i, wait := range []time.Duration{0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		wantErr(t, st.guess("sakura@example.jp", "a wrong password"), idp.ErrBadCredentials)
		if wait == 0 {
			continue
		}
		var soon *mfa.TooSoonError
		if err := st.guess("sakura@example.jp", password15); !errors.As(err, &soon) || soon.At.Sub(s.Clock.Now()) != wait {
			t.Fatalf("after %d failures: %v, want a wait of %v", i+1, err, wait)
		}
		s.Clock.Advance(wait)
	}
	other := story{t, s, from("198.51.100.9")}
	fatal(t, other.guess("sakura@example.jp", password15))
}

// Counters live in the database: a restart, or another node, forgives nothing.
func TestLimitsSurviveARestart(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	start := func() *idptest.Server { return idptest.New(t, idptest.DSN(dsn), idptest.Clients(buyer())) }
	s := start()
	s.AddUser(t, "sakura@example.jp", password15)
	for range 5 {
		_ = (story{t, s, browser()}).guess("sakura@example.jp", "a wrong password")
	}
	var soon *mfa.TooSoonError
	again := start()
	if err := (story{t, again, browser()}).guess("sakura@example.jp", password15); !errors.As(err, &soon) {
		t.Errorf("after a restart: %v, want to be slowed down still", err)
	}
}

// T-24: a few guesses for each of many accounts whose passwords are known.
func TestGuessingCodesAcrossAccountsRaisesAnAlarm(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.Alarms.CodeFailures, l.Password.PerIPMinute, l.MFA.IPSends, l.MFA.PrefixSendsHour = 12, 1000, 1000, 1000
	}))
	for i := range 4 {
		email := fmt.Sprintf("victim%d@example.jp", i)
		s.AddUserWith(t, email, password15, fmt.Sprintf("+8190123456%02d", i), base32Key)
		st := story{t, s, browser()}
		n := st.password(st.authorize("buyer"), email)
		code := s.Code(t, fmt.Sprintf("+8190123456%02d", i))
		for range 3 {
			if s.Metric(t, "alarm", `alarm="code_failures"`) != 0 {
				t.Fatalf("the alarm is on early, at account %d", i)
			}
			_, err := s.Provider.SubmitCode(t.Context(), st.b, n.SignInID, wrong(code), false)
			wantErr(t, err, mfa.ErrWrongCode)
		}
	}
	if s.Metric(t, "alarm", `alarm="code_failures"`) != 1 {
		t.Error("12 wrong codes of 12 raise no alarm")
	}
}

// C-08: after thirty wrong codes of any method the code step is off; a link to
// the owner's address, and a press of a button, switch it on again.
func TestGuessedAccountIsStoppedUntilItsOwnerReadsTheMail(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.AccountFailuresDay, l.MFA.MethodFailuresHour = 4, 1000
	}))
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	thief := story{t, s, browser()}
	n := thief.password(thief.authorize("buyer"), "kenji@example.jp")
	code := s.Code(t, mobile)
	for range 4 {
		_, err := s.Provider.SubmitCode(t.Context(), thief.b, n.SignInID, wrong(code), false)
		wantErr(t, err, mfa.ErrWrongCode)
	}
	owner := story{t, s, from("203.0.113.5")}
	m := owner.password(owner.authorize("buyer"), "kenji@example.jp")
	code = s.Code(t, mobile)
	var soon *mfa.TooSoonError
	if _, err := s.Provider.SubmitCode(t.Context(), owner.b, m.SignInID, code, false); !errors.As(err, &soon) || soon.What != "account" {
		t.Fatalf("after too many wrong codes: %v, want the account's pause", err)
	}
	link := regexp.MustCompile(`/signin/resume\?token=(\w+)`).FindStringSubmatch(s.Message(t, mfa.Mail, "kenji@example.jp").Body)
	if link == nil {
		t.Fatal("no link in the mail")
	}
	fatal(t, s.Provider.ResumeCheck(t.Context(), link[1])) // T-64: looking changes nothing
	if _, err := s.Provider.SubmitCode(t.Context(), owner.b, m.SignInID, code, false); !errors.As(err, &soon) {
		t.Errorf("a look at the link ended the pause: %v", err)
	}
	fatal(t, s.Provider.Resume(t.Context(), browser(), link[1]))
	wantErr(t, s.Provider.Resume(t.Context(), browser(), link[1]), idp.ErrLink)
	m, err := s.Provider.SubmitCode(t.Context(), owner.b, m.SignInID, code, false)
	fatal(t, err)
	owner.redeem(m, "buyer")
}

// T-31, C-21: what enrolments may send is half of the day's messages, so that
// whoever pumps numbers cannot keep people from signing in; and it is an alarm.
func TestEnrolmentsCannotUseUpTheDaysMessages(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) { l.MFA.SendsPerDayGlobal, l.Password.PerIPMinute = 4, 1000 }))
	refused := pump(t, s, "JP", "090%d2345678")
	if refused != 1 || s.Metric(t, "codes_refused_total", `budget="day_enrolment"`) != 1 || s.Metric(t, "alarm", `alarm="budget"`) != 1 {
		t.Errorf("%d of 3 enrolments were refused, want 1 and an alarm", refused)
	}
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	st.redeem(st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
}

// T-31, C-21: a country other than the home country gets a fifth of the day's messages.
func TestOneCountryCannotUseUpTheDaysMessages(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.Countries, l.MFA.SendsPerDayGlobal, l.Password.PerIPMinute = []string{"JP", "GB"}, 10, 1000
	}))
	refused := pump(t, s, "GB", "0740012345%d")
	if refused != 1 || s.Metric(t, "alarm", `alarm="budget"`, `country="GB"`) != 1 || s.Metric(t, "alarm", `alarm="budget"`, `country="JP"`) != 0 {
		t.Errorf("%d of 3 were refused, want 1 and an alarm of that country", refused)
	}
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key)
	st := story{t, s, browser()}
	st.redeem(st.sms(st.password(st.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
}

// pump enrols three numbers and tells how many of the codes were refused.
func pump(t *testing.T, s *idptest.Server, country, number string) int {
	t.Helper()
	refused := 0
	for i := range 3 {
		email := fmt.Sprintf("pump%d@example.jp", i)
		s.AddUser(t, email, password15)
		st := story{t, s, from(fmt.Sprintf("203.0.113.%d", i))}
		n := st.password(st.authorize("seller"), email)
		want(t, n, signin.PageEnrol)
		fatal(t, s.Provider.SetupStart(t.Context(), st.b, n.SignInID))
		err := s.Provider.SetupPhone(t.Context(), st.b, n.SignInID, idp.PhoneInput{
			Role: mfa.Primary, Channel: mfa.SMS, Country: country, Number: fmt.Sprintf(number, i+1),
		})
		var soon *mfa.TooSoonError
		if errors.As(err, &soon) {
			refused++
			continue
		}
		fatal(t, err)
	}
	return refused
}

// T-27: MACs of codes and hashes of tokens are compared in constant time.
func TestTimingTellsNothingOfACode(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{".", "../mfa"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		fatal(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			tree, err := parser.ParseFile(set, file, nil, 0)
			fatal(t, err)
			ast.Inspect(tree, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				f, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || f.Sel.Name != "Equal" {
					return true
				}
				if room, ok := f.X.(*ast.Ident); ok && room.Name == "hmac" {
					return true
				}
				for _, arg := range call.Args {
					if s, ok := arg.(*ast.SelectorExpr); ok && s.Sel.Name == "MAC" {
						t.Errorf("%s compares a MAC with something else than hmac.Equal", set.Position(n.Pos()))
					}
				}
				return true
			})
		}
	}
}
