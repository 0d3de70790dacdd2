package idp_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

// A walk is a life of one account: its owner, who has the phones, the app, the
// device and the recovery codes, and a thief, who has the password and now and
// then a stolen cookie, do whatever they like in whatever order. What they know
// and have proved is kept here, apart from the provider; after every step the
// store is held to the invariants. walk_steps_test.go and
// walk_home_test.go have the steps.

// walks and strides are how much is walked, limit for how long at most.
const (
	walks, strides = "30", "40"
	limit          = 5 * time.Second
)

// proofs are what a browser has shown, as this test saw it.
type proofs struct{ first, second time.Time }

func (p proofs) and(o proofs) proofs {
	return proofs{later(p.first, o.first), later(p.second, o.second)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// walker is somebody at a browser.
type walker struct {
	name  string
	b     *idp.Browser
	thief bool
	// n is the sign-in that is going on; flow is what was proved in it, session
	// what the cookie stands for.
	n             idp.Next
	flow, session proofs
	// setUp is when a method of the wizard was last proved.
	setUp   time.Time
	trusted bool
}

type walk struct {
	*rapid.T
	ctx     *testing.T
	s       *idptest.Server
	p       *idp.Provider
	user    idp.User
	pass    string
	device  *idptest.Authenticator
	codes   []string
	clients []string
	walkers []*walker
	// who did the last step; inFlow is set if it was within a sign-in.
	who     *walker
	inFlow  bool
	n       int // of the walk
	phrases int
	// before is the person before it; seen the newest event before it.
	before  state
	seen    string
	counted *coverage
}

// state is what the store holds of the person.
type state struct {
	user     idp.User
	factors  []mfa.Factor
	passkeys int
	devices  []store.Device
}

// coverage counts the events of all walks, so that nobody believes in walks that go nowhere.
type coverage map[string]int

// S-053, S-055, S-123, S-126, T-40.
func TestRandomLivesKeepTheInvariants(t *testing.T) {
	setDefault(t, "rapid.checks", walks)
	setDefault(t, "rapid.steps", strides)
	setDefault(t, "rapid.nofailfile", "true") // a walk that failed is printed, and leaves nothing behind
	s := serve(t, idptest.Limits(func(l *idp.Limits) { l.MFA.MethodFailuresMax = 8; lift(l) }))
	counted, n, until, short := coverage{}, 0, time.Now().Add(limit), false
	rapid.Check(t, func(rt *rapid.T) {
		if short = short || time.Now().After(until); short {
			return // a slow machine walks less
		}
		n++
		w := newWalk(t, rt, s, n)
		w.counted = &counted
		rt.Repeat(w.steps())
	})
	if short {
		return
	}
	for _, name := range []string{
		"two_step.on", "two_step.off", "method.removed", "device.trusted", "passkey.added", "passkey.removed", "password.changed",
		"recovery_codes.made", "recovery_code.used", "signin.done", "code.wrong", "method.added", "method.main",
	} {
		if counted[name] == 0 {
			t.Errorf("no walk ever came to %s: %v", name, counted)
		}
	}
}

// setDefault sets a flag that was not given.
func setDefault(t *testing.T, name, value string) {
	t.Helper()
	if f := flag.Lookup(name); f.Value.String() == f.DefValue {
		fatal(t, flag.Set(name, value))
	}
}

// newWalk begins a life: half of them with two-step verification on.
func newWalk(t *testing.T, rt *rapid.T, s *idptest.Server, n int) *walk {
	w := &walk{T: rt, ctx: t, s: s, n: 1000 + n%9000, p: s.Provider, pass: password15, device: s.Authenticator(t), clients: []string{"buyer", "seller", "vault"}}
	email := fmt.Sprintf("walk%d-%d@example.jp", n, s.Clock.Now().Unix())
	who := idp.NewUser{Email: email, Name: "Hana", Password: w.pass, EmailVerified: true}
	if methods := rapid.IntRange(1, 3).Draw(rt, "methods"); methods > 1 {
		who.TwoStep = true
		who.Methods = []idp.NewMethod{
			{Channel: mfa.SMS, Role: mfa.Primary, Number: fmt.Sprintf("+8190%04d0001", w.n), Verified: true},
			{Channel: mfa.App, Role: mfa.Backup, Secret: base32Key, Verified: true},
			{Channel: mfa.Voice, Role: mfa.Backup, Number: fmt.Sprintf("+8190%04d0002", w.n), Verified: n%2 == 0},
		}[:methods]
	}
	var err error
	if w.user, err = w.p.AddUser(t.Context(), idptest.Operator(), who); err != nil {
		rt.Fatal(err)
	}
	soon := buyer() // its date comes within the walk
	soon.ID = fmt.Sprintf("soon%d", n)
	soon.Rules.EnforceFrom = s.Clock.Now().Add(36 * time.Hour)
	if _, err := w.p.AddClient(t.Context(), idptest.Operator(), soon); err != nil {
		rt.Fatal(err)
	}
	w.clients = append(w.clients, soon.ID)
	for _, name := range []string{"laptop", "phone"} {
		w.walkers = append(w.walkers, &walker{name: name, b: browser()})
	}
	w.walkers = append(w.walkers, &walker{name: "thief", b: &idp.Browser{IP: "203.0.113.66", UserAgent: "Mozilla/5.0 Thief", Lang: "en"}, thief: true})
	w.who = w.walkers[0]
	w.before = w.read()
	return w
}

func (w *walk) read() (st state) {
	err := w.s.Store.View(w.ctx.Context(), func(tx *store.Tx) error {
		var errs [4]error
		st.user, errs[0] = tx.User(w.user.ID)
		st.factors, errs[1] = tx.Factors(w.user.ID)
		st.devices, errs[2] = tx.Devices(w.user.ID)
		keys, err := tx.Passkeys(w.user.ID)
		errs[3], st.passkeys = err, len(keys)
		return errors.Join(errs[:]...)
	})
	if err != nil {
		w.Fatal(err)
	}
	st.factors = slices.DeleteFunc(st.factors, func(f mfa.Factor) bool { return f.Draft })
	st.devices = slices.DeleteFunc(st.devices, func(d store.Device) bool {
		return d.Epoch != st.user.Epoch || !w.s.Clock.Now().Before(d.ExpiresAt)
	})
	return st
}

// news are the events of the last step, the oldest first.
func (w *walk) news() []idp.Event {
	list, err := w.p.Events(w.ctx.Context(), store.EventFilter{UserID: w.user.ID, Limit: 60})
	if err != nil {
		w.Fatal(err)
	}
	if i := slices.IndexFunc(list, func(e idp.Event) bool { return e.ID == w.seen }); i >= 0 {
		list = list[:i]
	}
	if len(list) > 0 {
		w.seen = list[0].ID
	}
	slices.Reverse(list)
	return list
}

// changes are the events by which credentials change.
var changes = []string{
	"two_step.on", "two_step.off", "method.added", "method.removed", "method.changed", "method.renewed", "method.main",
	"passkey.added", "passkey.removed", "password.changed", "recovery_codes.made",
}

// check holds the store to the invariants.
func (w *walk) check(*rapid.T) {
	now, events := w.read(), w.news()
	for _, e := range events {
		(*w.counted)[e.Name]++
	}
	w.pair(now)
	w.fresh(events)
	w.devices(now, events)
	w.truthful()
	w.before = now
}

// pair: two-step verification that is on has a main and a backup method, on
// different numbers (S-053, S-055, S-123).
func (w *walk) pair(st state) {
	var main []mfa.Factor
	var backups []mfa.Factor
	for _, f := range st.factors {
		if f.Role == mfa.Primary {
			main = append(main, f)
		} else {
			backups = append(backups, f)
		}
	}
	if len(main) > 1 {
		w.Fatalf("S-025: %d main methods", len(main))
	}
	if st.user.TwoStepAt.IsZero() {
		return
	}
	if len(main) != 1 || len(backups) == 0 {
		w.Fatalf("S-053, S-123: on with %d main and %d backup methods", len(main), len(backups))
	}
	for _, b := range backups {
		if main[0].Number != "" && mfa.SameNumber(b.Number, main[0].Number) {
			w.Fatalf("S-055: %s is the main and a backup method's", b.Number)
		}
		if main[0].Channel == mfa.App && b.Channel == mfa.App && len(backups) == 1 {
			w.Fatalf("S-050: an app backs up an app")
		}
	}
}

// fresh: nobody changes a credential without proofs of the last ten minutes, of
// both steps where there are two (T-40, C-33).
func (w *walk) fresh(events []idp.Event) {
	sudo := w.p.Config().Limits.Session.Sudo
	since := w.s.Clock.Now().Add(-sudo).Truncate(time.Second)
	have := w.who.session
	if w.inFlow {
		have = have.and(w.who.flow)
	}
	for _, e := range events {
		if e.Actor.Kind != "user" || !slices.Contains(changes, e.Name) || e.Details["by"] != "" {
			continue
		}
		if e.Name != "password.changed" && have.first.Before(since) { // a reset is by the mailed link instead
			w.Fatalf("T-40: %s by %s with a password of %s", e.Name, w.who.name, have.first)
		}
		guarded := !w.before.user.TwoStepAt.IsZero() || w.before.passkeys > 0 && e.Name != "password.changed"
		if guarded && have.second.Before(since) {
			w.Fatalf("T-40, N-46: %s by %s with a second step of %s", e.Name, w.who.name, have.second)
		}
	}
}

// devices: no change of a credential leaves a browser trusted (S-126), and no
// browser skips the code that is not.
func (w *walk) devices(st state, events []idp.Event) {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.Name
		if e.Name == "signin.done" && e.Details["acr"] == signin.LevelTrustedDevice.ACR() && !w.who.trusted {
			w.Fatalf("S-126: %s skipped the code", w.who.name)
		}
	}
	for _, name := range append(changes, "session.ended_all", "device.reset", "risk.reported") {
		i := slices.Index(names, name)
		if name == "recovery_codes.made" || i < 0 {
			continue
		}
		for _, v := range w.walkers {
			v.trusted = false
		}
		if made := slices.Contains(names[i:], "device.trusted"); len(st.devices) > 1 || len(st.devices) == 1 && !made {
			w.Fatalf("S-126: %d devices are trusted after %s", len(st.devices), name)
		}
	}
	if slices.Contains(names, "device.trusted") {
		w.who.trusted = true
	}
}

// truthful: no session claims more than was shown in it.
func (w *walk) truthful() {
	for _, v := range w.walkers {
		a, err := w.p.Account(w.ctx.Context(), v.b)
		if err != nil {
			continue
		}
		if a.Level >= signin.LevelTwoStep && v.session.second.IsZero() {
			w.Fatalf("T-13: %s is at %s and has shown no second step", v.name, a.Level.ACR())
		}
		if a.User.ID != w.user.ID {
			w.Fatalf("%s is signed in as somebody else", v.name)
		}
	}
}

// refusals are the answers that a step may get; any other is a fault.
var refusals = []error{
	idp.ErrStale, idp.ErrSignedOut, idp.ErrSudo, idp.ErrBadCredentials, idp.ErrStep, idp.ErrState, idp.ErrNotFound, idp.ErrCodeNeeded,
	idp.ErrLink, idp.ErrPasswordTooShortAlone, idp.ErrRequired, idp.ErrPasskey, idp.ErrNoCookie, passkey.ErrRefused,
	mfa.ErrWrongCode, mfa.ErrUsedCode, mfa.ErrOldCode, mfa.ErrExpiredCode, mfa.ErrNoChallenge, mfa.ErrFactorDisabled,
	mfa.ErrNumberSame, mfa.ErrNumberExists, mfa.ErrNumberShared, mfa.ErrChoice, mfa.ErrAppTwice, mfa.ErrMustVerify, mfa.ErrNoBackup,
	mfa.ErrLastMethod, mfa.ErrTooManyFactors,
}

// ok reports whether a step was done; a refusal is nothing but a step that was not.
func (w *walk) ok(err error) bool {
	if err == nil {
		return true
	}
	_, soon := errors.AsType[*mfa.TooSoonError](err)
	_, held := errors.AsType[*idp.HeldError](err)
	if !soon && !held && !slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) }) {
		w.Fatalf("a step ended with %v", err)
	}
	return false
}
