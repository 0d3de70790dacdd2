package idp_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// lift raises the limits that one walk after another would meet.
func lift(l *idp.Limits) {
	l.MFA.ResendWait, l.MFA.IPSends, l.MFA.SendsPerDayGlobal, l.MFA.AccountsPerNumber = 0, 1e6, 1e9, 1e6
	l.MFA.SendsTenMinutes, l.MFA.SendsHour, l.MFA.SendsDay, l.MFA.PrefixSendsHour = 1e6, 1e6, 1e6, 1e6
	l.MFA.NumberSendsHour, l.MFA.NumberSendsDay, l.MFA.UnverifiedSendsDay, l.MFA.UnverifiedSends = 1e6, 1e6, 1e6, 1e6
	l.Password.PerIPMinute, l.Password.PerAccountIPMinute, l.Password.PerAccountIPHour = 1e6, 1e6, 1e6
	l.SignIn.Mails, l.SignIn.MailsPerIP = 1e6, 1e6
}

// steps are all there are; each draws who does it.
func (w *walk) steps() map[string]func(*rapid.T) {
	by := func(f func(v *walker)) func(*rapid.T) {
		return func(*rapid.T) {
			w.who = w.walkers[rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2}).Draw(w.T, "who")]
			w.inFlow = false
			f(w.who)
		}
	}
	home := func(f func(v *walker)) func(*rapid.T) {
		return by(func(v *walker) {
			if !w.maybe(3) {
				w.comeHome(v)
				w.check(w.T)
			}
			w.inFlow = false
			f(v)
		})
	}
	return map[string]func(*rapid.T){
		"": w.check,
		"clock": by(func(*walker) {
			w.s.Clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 6 * time.Minute, 11 * time.Minute, 61 * time.Minute, 13 * time.Hour, 25 * time.Hour, 31 * 24 * time.Hour}).Draw(w.T, "time"))
		}),
		"ask": by(w.ask), "answer": by(w.answer), "sign in": by(w.signIn), "sign in again": by(w.signIn), "reset the password": by(w.resetPassword),
		"set up": home(func(v *walker) { w.setUp(v, "") }), "turn off": home(w.turnOff), "turn on": home(w.turnOn),
		"remove a method": home(w.removeMethod), "remove another": home(w.removeMethod), "make codes": home(w.makeCodes),
		"add a passkey": home(w.addPasskey), "remove a passkey": home(w.removePasskey),
		"change the password": home(w.changePassword), "reset devices": home(w.resetDevices),
		"sign out": by(func(v *walker) {
			w.ok(w.p.SignOut(w.ctx.Context(), v.b, w.maybe(3)))
			v.session = proofs{}
		}),
		"steal a cookie": by(func(v *walker) {
			thief := w.walkers[2]
			if v.b.Session != "" {
				thief.b.Session, thief.session = v.b.Session, v.session
			}
		}),
		"operator": by(func(*walker) {
			if w.maybe(4) {
				w.ok(w.p.ResetTwoStep(w.ctx.Context(), idptest.Operator(), w.user.ID))
				return
			}
			_, err := w.p.EndUserSessions(w.ctx.Context(), idptest.Operator(), w.user.ID)
			w.ok(err)
		}),
	}
}

// maybe is true once in n.
func (w *walk) maybe(n int) bool { return rapid.IntRange(1, n).Draw(w.T, "one in") == 1 }

func (w *walk) now() time.Time { return w.s.Clock.Now().UTC().Truncate(time.Second) }

// goOn takes what a sign-in answered with. One that is done turns into the session.
func (w *walk) goOn(v *walker, n idp.Next, err error) bool {
	if !w.ok(err) {
		return false
	}
	v.n = n
	if n.Reply != nil && n.Reply.Params.Get("error") == "" {
		v.session = v.session.and(v.flow)
	}
	return n.Reply == nil
}

func (w *walk) ask(v *walker) {
	if v.b.Session == "" {
		v.session = proofs{}
	}
	v.flow, v.b.CanPasskey = proofs{}, v.name == "laptop"
	r := request(rapid.SampledFrom(w.clients).Draw(w.T, "client"))
	r.Login = w.maybe(4)
	n, err := w.p.Authorize(w.ctx.Context(), v.b, r)
	w.goOn(v, n, err)
}

// signIn is a sign-in as far as it goes.
func (w *walk) signIn(v *walker) {
	w.ask(v)
	for range 7 {
		if v.n.Reply != nil {
			return
		}
		w.answer(v)
	}
}

// comeHome makes a session fit to change credentials, as far as its browser can.
func (w *walk) comeHome(v *walker) {
	if v.b.Session == "" {
		v.session = proofs{}
	}
	v.flow = proofs{}
	n, err := w.p.AccountSignIn(w.ctx.Context(), v.b, "/account", true)
	w.goOn(v, n, err)
	for range 6 {
		if v.n.Reply != nil {
			return
		}
		w.answer(v)
	}
}

// answer does what the page that is due asks for, or something else that the page takes.
func (w *walk) answer(v *walker) {
	ctx, id := w.ctx.Context(), v.n.SignInID
	if id == "" || v.n.Reply != nil {
		return
	}
	w.inFlow = true
	view, err := w.p.SignIn(ctx, v.b, id)
	if !w.ok(err) {
		return
	}
	if view.Step.PutOff && w.maybe(3) {
		n, err := w.p.PutOff(ctx, v.b, id)
		w.goOn(v, n, err)
		return
	}
	switch view.Step.Page {
	case signin.PagePassword:
		if view.Passkey != nil && !v.thief && w.maybe(3) {
			w.usePasskey(v, view)
			return
		}
		pass := w.pass
		if w.maybe(10) {
			pass = "not the password at all"
		}
		n, err := w.p.SubmitPassword(ctx, v.b, id, w.user.Email, pass)
		if err == nil {
			v.flow.first = w.now()
		}
		w.goOn(v, n, err)
	case signin.PageCode:
		w.secondStep(v, view)
	case signin.PagePasskey:
		w.usePasskey(v, view)
	case signin.PageNewPasskey, signin.PageOffer:
		w.makePasskey(v, id)
	case signin.PageEnrol, signin.PageNotice:
		w.setUp(v, id)
	case signin.PageConsent:
		n, err := w.p.SubmitConsent(ctx, v.b, id, true)
		w.goOn(v, n, err)
	default:
		n, err := w.p.SelectAccount(ctx, v.b, id, false)
		w.goOn(v, n, err)
	}
}

// secondStep gives a code of some method, a recovery code or a passkey; the
// thief has none of them and guesses.
func (w *walk) secondStep(v *walker, view idp.SignInView) {
	ctx, id := w.ctx.Context(), v.n.SignInID
	switch {
	case v.thief && w.maybe(2):
		n, err := w.p.SubmitRecoveryCode(ctx, v.b, id, "0000-0000-0000-0000")
		w.goOn(v, n, err)
	case !v.thief && view.Passkey != nil && w.maybe(3):
		w.usePasskey(v, view)
	case !v.thief && len(w.codes) > 0 && w.maybe(3):
		code := rapid.SampledFrom(w.codes).Draw(w.T, "recovery code")
		n, err := w.p.SubmitRecoveryCode(ctx, v.b, id, code)
		w.proved(v, err)
		w.goOn(v, n, err)
	case len(view.Methods) > 0:
		m := rapid.SampledFrom(view.Methods).Draw(w.T, "method")
		n, err := w.p.SendCode(ctx, v.b, id, m.Factor.ID, m.Channel)
		if !w.goOn(v, n, err) {
			return
		}
		n, err = w.p.SubmitCode(ctx, v.b, id, w.code(v, m.Factor, m.Channel), w.maybe(2))
		w.proved(v, err)
		w.goOn(v, n, err)
	}
}

// proved notes a second step of a sign-in that was right.
func (w *walk) proved(v *walker, err error) {
	if err == nil {
		v.flow.second = w.now()
	}
}

// code is what a factor gives its owner after a code was sent by a channel; now
// and then, and always for the thief, it is a wrong one.
func (w *walk) code(v *walker, f mfa.Factor, ch mfa.Channel) string {
	if v.thief || w.maybe(10) {
		return "000000"
	}
	switch ch {
	case mfa.App:
		return mfa.TOTPAt(f.Secret, w.s.Clock.Now())
	case mfa.Voice:
		return w.s.Spoken(w.ctx, f.Number)
	default:
		return w.s.Code(w.ctx, f.Number)
	}
}

func (w *walk) usePasskey(v *walker, view idp.SignInView) {
	device := w.device
	if v.thief {
		device = w.s.Authenticator(w.ctx)
	}
	n, err := w.p.SubmitPasskey(w.ctx.Context(), v.b, v.n.SignInID, device.Use(view.Passkey))
	if err == nil {
		v.flow = proofs{w.now(), w.now()}
	}
	w.goOn(v, n, err)
}

// setUp walks through the wizard, of a sign-in or, when flow is empty, at home.
func (w *walk) setUp(v *walker, flow string) {
	ctx := w.ctx.Context()
	if v.thief && w.before.user.TwoStepAt.IsZero() {
		return // somebody whose password is all there is to know
	}
	if !w.ok(w.p.SetupStart(ctx, v.b, flow)) {
		return
	}
	for range 6 {
		view, err := w.p.Setup(ctx, v.b, flow)
		if !w.ok(err) || w.maybe(12) {
			return
		}
		role := mfa.Primary
		switch view.Page {
		case 2:
			role = mfa.Backup
		case 3:
			if w.maybe(6) {
				w.ok(w.p.SetupRedo(ctx, v.b, flow, rapid.SampledFrom([]mfa.Role{mfa.Primary, mfa.Backup}).Draw(w.T, "redo")))
				continue
			}
			n, err := w.p.SetupFinish(ctx, v.b, flow, w.maybe(2))
			if flow == "" && w.ok(err) {
				v.session.second = later(v.session.second, v.setUp)
				return
			}
			v.flow.second = later(v.flow.second, v.setUp)
			w.goOn(v, n, err)
			return
		case 0:
			return
		}
		if w.enrol(v, flow, role, view) {
			v.setUp = w.now()
		}
	}
}

// enrol proves one method of the wizard, or adds a backup phone unproved.
func (w *walk) enrol(v *walker, flow string, role mfa.Role, view idp.SetupView) bool {
	ctx := w.ctx.Context()
	in := idp.PhoneInput{Role: role, Channel: rapid.SampledFrom([]mfa.Channel{mfa.App, mfa.SMS, mfa.Voice}).Draw(w.T, "channel"), Country: "JP"}
	if in.Channel == mfa.App {
		return w.ok(w.p.SetupVerify(ctx, v.b, flow, role, mfa.App, mfa.TOTPAt(view.Secret, w.s.Clock.Now())))
	}
	k := rapid.IntRange(1, 3).Draw(w.T, "number")
	in.Number = fmt.Sprintf("０９０-%04d-000%d", w.n, k)
	in.Unverified = w.maybe(4)
	if !w.ok(w.p.SetupPhone(ctx, v.b, flow, in)) || in.Unverified {
		return false
	}
	f := mfa.Factor{Number: fmt.Sprintf("+8190%04d000%d", w.n, k)}
	return w.ok(w.p.SetupVerify(ctx, v.b, flow, role, in.Channel, w.code(v, f, in.Channel)))
}

// withCode switches two-step verification by a code of its own.
func (w *walk) withCode(v *walker, purpose mfa.Purpose, do func(code string) error) bool {
	if len(w.before.factors) == 0 {
		return false
	}
	f := rapid.SampledFrom(w.before.factors).Draw(w.T, "method")
	if !w.ok(w.p.SendTwoStepCode(w.ctx.Context(), v.b, purpose, f.ID, "")) {
		return false
	}
	err := do(w.code(v, f, f.Channel))
	if err == nil {
		v.session.second = w.now()
	}
	return w.ok(err)
}

func (w *walk) turnOff(v *walker) {
	w.withCode(v, mfa.ForDisable, func(code string) error { return w.p.Disable(w.ctx.Context(), v.b, code, w.maybe(2)) })
}

func (w *walk) turnOn(v *walker) {
	w.withCode(v, mfa.ForEnable, func(code string) error { return w.p.Enable(w.ctx.Context(), v.b, code) })
}

func (w *walk) removeMethod(v *walker) {
	if len(w.before.factors) == 0 {
		return
	}
	f := rapid.SampledFrom(w.before.factors).Draw(w.T, "method")
	if !w.ok(w.p.RemoveMethod(w.ctx.Context(), v.b, f.ID, true)) || w.before.user.TwoStepAt.IsZero() {
		return
	}
	left := slices.DeleteFunc(w.read().factors, func(f mfa.Factor) bool { return !f.Usable() })
	if len(left) < 2 {
		w.Fatalf("S-123: %d usable methods are left", len(left))
	}
}

func (w *walk) makeCodes(v *walker) {
	ctx := w.ctx.Context()
	if !w.ok(w.p.MakeRecoveryCodes(ctx, v.b)) {
		return
	}
	view, err := w.p.RecoveryCodes(ctx, v.b)
	if w.ok(err) && w.ok(w.p.KeepRecoveryCodes(ctx, v.b)) && !v.thief {
		w.codes = view.New
	}
}

func (w *walk) addPasskey(v *walker) { w.makePasskey(v, "") }

func (w *walk) makePasskey(v *walker, flow string) {
	device := w.device
	if v.thief {
		device = w.s.Authenticator(w.ctx)
	}
	made, err := w.p.PasskeyCreation(w.ctx.Context(), v.b, flow)
	if !w.ok(err) {
		return
	}
	n, err := w.p.AddPasskey(w.ctx.Context(), v.b, flow, device.Create(made.Options), "Device")
	if flow == "" {
		w.ok(err)
		return
	}
	w.goOn(v, n, err)
}

func (w *walk) removePasskey(v *walker) {
	a, err := w.p.Account(w.ctx.Context(), v.b)
	if !w.ok(err) || len(a.Passkeys) == 0 {
		return
	}
	w.ok(w.p.RemovePasskey(w.ctx.Context(), v.b, rapid.SampledFrom(a.Passkeys).Draw(w.T, "passkey").ID))
}
