package idp_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// owned is a method of a person in the table; the numbers are theirs alone.
type owned struct {
	ch                  mfa.Channel
	unverified, stopped bool
}

// conditions are what a person's two-step verification may be in. The first method is the main one.
var conditions = []struct {
	name    string
	on      bool
	methods []owned
}{
	{"none", false, nil},
	{"off, kept", false, []owned{{ch: mfa.SMS}, {ch: mfa.App}}},
	{"sms, app", true, []owned{{ch: mfa.SMS}, {ch: mfa.App}}},
	{"app, sms", true, []owned{{ch: mfa.App}, {ch: mfa.SMS}}},
	{"sms, voice", true, []owned{{ch: mfa.SMS}, {ch: mfa.Voice}}},
	{"sms, unverified", true, []owned{{ch: mfa.SMS}, {ch: mfa.Voice, unverified: true}}},
	{"app, unverified", true, []owned{{ch: mfa.App}, {ch: mfa.SMS, unverified: true}}},
	{"stopped sms, app", true, []owned{{ch: mfa.SMS, stopped: true}, {ch: mfa.App}}},
	{"app, stopped sms", true, []owned{{ch: mfa.App}, {ch: mfa.SMS, stopped: true}}},
	{"sms, app, sms", true, []owned{{ch: mfa.SMS}, {ch: mfa.App}, {ch: mfa.SMS}}},
	{"sms, app, app", true, []owned{{ch: mfa.SMS}, {ch: mfa.App}, {ch: mfa.App}}},
}

// outcomes are what each operation ends with, in the order of conditions.
// "pair" is ErrLastMethod (S-123), "state" ErrState, "gone" ErrNotFound, "must"
// ErrMustVerify, "twice" ErrAppTwice, "choice" ErrChoice, "stop" ErrFactorDisabled.
const outcomes = `
add sms           state state ok    ok    ok    ok    ok    ok    ok    ok    ok
add voice         state state ok    ok    ok    ok    ok    ok    ok    ok    ok
add unverified    state state ok    ok    ok    ok    ok    ok    ok    ok    ok
add app           state state ok    twice ok    ok    twice ok    twice ok    many
replace first     state state ok    ok    ok    ok    ok    ok    ok    ok    ok
replace second    state state ok    ok    ok    ok    ok    ok    ok    ok    ok
verify first      gone  state ok    gone  ok    ok    gone  stop  gone  ok    ok
verify second     gone  gone  gone  ok    ok    ok    ok    gone  stop  gone  gone
lead first        gone  state choice choice choice choice choice choice choice choice choice
lead second       gone  state ok    ok    ok    must  must  twice choice ok    ok
remove first      gone  ok    pair  pair  pair  pair  pair  pair  pair  ok    pair
remove second     gone  ok    pair  pair  pair  pair  pair  pair  pair  ok    ok
name first        gone  gone  gone  ok    gone  gone  ok    gone  ok    gone  gone
name second       gone  ok    ok    gone  gone  gone  gone  ok    gone  ok    ok
off               state state ok    ok    ok    ok    ok    ok    ok    ok    ok
on                state ok    state state state state state state state state state
`

var outcomeWords = []struct {
	word string
	err  error
}{
	{"state", idp.ErrState},
	{"gone", idp.ErrNotFound},
	{"pair", mfa.ErrLastMethod},
	{"must", mfa.ErrMustVerify},
	{"twice", mfa.ErrAppTwice},
	{"choice", mfa.ErrChoice},
	{"many", mfa.ErrTooManyFactors},
	{"stop", mfa.ErrFactorDisabled},
}

func outcomeOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range outcomeWords {
		if errors.Is(err, o.err) {
			return o.word
		}
	}
	return err.Error()
}

// subject is one person of the table, signed in with a proof that is firm.
type subject struct {
	story
	user    idp.User
	methods []mfa.Factor // in the order of their condition
	n       int
}

// number is the i-th number of the person.
func (s subject) number(i int, ch mfa.Channel) (typed, e164 string) {
	if ch == mfa.Voice {
		return fmt.Sprintf("03-%04d-%d678", 1000+s.n, i), fmt.Sprintf("+813%04d%d678", 1000+s.n, i)
	}
	return fmt.Sprintf("090-%04d-%d678", 1000+s.n, i), fmt.Sprintf("+8190%04d%d678", 1000+s.n, i)
}

// newSubject adds a person in a condition and signs them in.
func newSubject(t *testing.T, s *idptest.Server, n int, on bool, methods []owned) subject {
	t.Helper()
	x := subject{story: story{t, s, browser()}, n: n}
	in := idp.NewUser{Email: fmt.Sprintf("p%d@example.jp", n), Name: "P", Password: password15, EmailVerified: true, TwoStep: on}
	for i, m := range methods {
		role := mfa.Backup
		if i == 0 {
			role = mfa.Primary
		}
		add := idp.NewMethod{Channel: m.ch, Role: role, Verified: !m.unverified}
		if m.ch == mfa.App {
			add.Secret = base32Key
		} else {
			_, add.Number = x.number(i, m.ch)
		}
		in.Methods = append(in.Methods, add)
	}
	var err error
	x.user, err = s.Provider.AddUser(t.Context(), idptest.Operator(), in)
	fatal(t, err)
	list := x.story.methods(x.user)
	for i, m := range methods {
		j := slices.IndexFunc(list, func(f mfa.Factor) bool {
			_, e164 := x.number(i, m.ch)
			taken := slices.ContainsFunc(x.methods, func(o mfa.Factor) bool { return o.ID == f.ID })
			return !taken && f.Channel == m.ch && (m.ch == mfa.App || f.Number == e164) && (i == 0) == (f.Role == mfa.Primary)
		})
		x.methods = append(x.methods, list[j])
		if m.stopped {
			stop(t, s, list[j].ID)
		}
	}
	x.signIn(on, methods, in.Email)
	return x
}

// signIn gives the password, and a code of the first method that may be used.
func (s subject) signIn(on bool, methods []owned, email string) {
	s.t.Helper()
	n := s.password(s.authorize("buyer"), email)
	if !on {
		s.redeem(n, "buyer")
		return
	}
	i := slices.IndexFunc(methods, func(m owned) bool { return !m.stopped })
	code := s.app()
	if methods[i].ch.Phone() {
		_, e164 := s.number(i, methods[i].ch)
		code = s.s.Code(s.t, e164)
	}
	n, err := s.s.Provider.SubmitCode(s.t.Context(), s.b, n.SignInID, code, true)
	fatal(s.t, err)
	s.redeem(n, "buyer")
}

// id is that of the i-th method; of nobody's when there is none.
func (s subject) id(i int) string {
	if i < len(s.methods) {
		return s.methods[i].ID
	}
	return "nobody's"
}

// operate carries out an operation of the table.
func (s subject) operate(op string) error {
	ctx, p := s.t.Context(), s.s.Provider
	s.s.Clock.Advance(time.Minute)
	what, which, _ := strings.Cut(op, " ")
	i := 0
	if which == "second" {
		i = 1
	}
	switch what {
	case "add":
		return s.add(which)
	case "replace":
		if i < len(s.methods) && s.methods[i].Channel == mfa.App {
			_, err := s.addNewApp(s.id(i))
			return err
		}
		return s.addPhone(s.id(i), mfa.Voice)
	case "verify":
		return s.verify(s.id(i))
	case "lead":
		return p.MakeMain(ctx, s.b, s.id(i))
	case "remove":
		return p.RemoveMethod(ctx, s.b, s.id(i), true)
	case "name":
		return p.RenameMethod(ctx, s.b, s.id(i), "the new phone")
	case "off":
		return s.turn(mfa.ForDisable, func(code string) error { return p.Disable(ctx, s.b, code, false) })
	default:
		return s.turn(mfa.ForEnable, func(code string) error { return p.Enable(ctx, s.b, code) })
	}
}

func (s subject) add(which string) error {
	switch which {
	case "app":
		_, err := s.addNewApp("")
		return err
	case "unverified":
		typed, _ := s.number(7, mfa.SMS)
		in := phone(mfa.SMS, typed)
		in.Unverified = true
		return s.s.Provider.AddPhone(s.t.Context(), s.b, "", in)
	}
	return s.addPhone("", mfa.Channel(which))
}

// addPhone adds a phone with a code, or puts it in a method's place.
func (s subject) addPhone(replaces string, ch mfa.Channel) error {
	ctx, p := s.t.Context(), s.s.Provider
	typed, e164 := s.number(8, ch)
	if err := p.AddPhone(ctx, s.b, replaces, phone(ch, typed)); err != nil {
		return err
	}
	return p.VerifyAdding(ctx, s.b, replaces, ch, s.code(ch, e164), true)
}

// code is the code that was sent to a number.
func (s subject) code(ch mfa.Channel, e164 string) string {
	if ch == mfa.Voice {
		return s.s.Spoken(s.t, e164)
	}
	return s.s.Code(s.t, e164)
}

func (s subject) verify(id string) error {
	ctx, p := s.t.Context(), s.s.Provider
	if err := p.SendMethodCode(ctx, s.b, id, ""); err != nil {
		return err
	}
	f, _, err := p.MethodCode(ctx, s.b, id)
	fatal(s.t, err)
	return p.VerifyMethod(ctx, s.b, id, s.code(f.Channel, f.Number))
}

// turn switches two-step verification with a code of the first method that may be used.
func (s subject) turn(purpose mfa.Purpose, with func(code string) error) error {
	ctx, p := s.t.Context(), s.s.Provider
	if err := p.SendTwoStepCode(ctx, s.b, purpose, "", ""); err != nil {
		return err
	}
	v, _, err := p.TwoStepCode(ctx, s.b, purpose)
	fatal(s.t, err)
	if v.Channel == mfa.App {
		return with(s.app())
	}
	return with(s.code(v.Channel, v.Number))
}

// S-053, S-055, S-123, 1.B: every operation in every condition, what it ends
// with, and what holds afterwards whatever it was.
func TestEveryOperationInEveryCondition(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Limits(func(l *idp.Limits) {
		l.MFA.IPSends, l.Password.PerIPMinute, l.MFA.PrefixSendsHour, l.MFA.SendsPerDayGlobal = 100_000, 100_000, 100_000, 1_000_000
	}))
	n := 0
	for line := range strings.Lines(strings.TrimSpace(outcomes)) {
		op, want := strings.TrimSpace(line[:18]), strings.Fields(line[18:])
		for i, c := range conditions {
			n++
			x := newSubject(t, s, n, c.on, c.methods)
			before, err := s.Provider.FindUser(t.Context(), x.user.ID)
			fatal(t, err)
			pair := mfa.HasPair(x.story.methods(x.user))
			got := outcomeOf(x.operate(op))
			if got != want[i] {
				t.Errorf("%s in %q: %s, want %s", op, c.name, got, want[i])
			}
			x.holds(fmt.Sprintf("%s in %q", op, c.name), before, pair, got == "ok" && !strings.HasPrefix(op, "name") && !strings.HasPrefix(op, "verify"))
		}
	}
}

// holds checks what is true after every operation.
func (s subject) holds(name string, before idp.User, pair, changed bool) {
	s.t.Helper()
	u, err := s.s.Provider.FindUser(s.t.Context(), s.user.ID)
	fatal(s.t, err)
	list := s.story.methods(u)
	mains := 0
	numbers := map[string]bool{}
	for _, f := range list {
		if f.Role == mfa.Primary {
			mains++
			if !f.Verified() {
				s.t.Errorf("%s: the main method is not verified (S-061)", name)
			}
		}
		if f.Channel == mfa.App && !f.Verified() {
			s.t.Errorf("%s: an app is not verified (S-061)", name)
		}
		if f.Number != "" && numbers[f.Number] {
			s.t.Errorf("%s: a number is there twice (S-055)", name)
		}
		numbers[f.Number] = true
	}
	if mains > 1 {
		s.t.Errorf("%s: %d main methods", name, mains)
	}
	if !u.TwoStepAt.IsZero() && pair && !mfa.HasPair(list) {
		s.t.Errorf("%s: no pair is left: %+v (S-123)", name, list)
	}
	if changed && u.Epoch == before.Epoch {
		s.t.Errorf("%s: trusted devices stay (S-126)", name)
	}
	if !changed && u.Epoch != before.Epoch {
		s.t.Errorf("%s: trusted devices end though nothing changed", name)
	}
}
