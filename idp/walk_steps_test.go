package idp_test

import (
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
		"ask": by(w.ask), "answer": by(w.answer), "sign in": by(w.signIn), "trust a browser": by(w.trust), "come back": by(w.comeBack), "reset the password": by(w.resetPassword),
		"set up": home(func(v *walker) { w.setUp(v, "") }), "turn off": home(w.turnOff), "turn on": home(w.turnOn),
		"remove a method": home(w.removeMethod), "make codes": home(w.makeCodes), "add a method": home(w.addMethod),
		"replace a method": home(w.replaceMethod), "make another the main one": home(w.makeMain), "verify a method": home(w.verifyMethod),
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
		"look after": by(func(*walker) { w.ok(w.p.LookAfter(w.ctx.Context())) }),
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

// trust signs in where a browser may be trusted, and asks for that.
func (w *walk) trust(v *walker) {
	if w.before.user.TwoStepAt.IsZero() || v.trusted {
		return
	}
	w.comeBack(v)
	if v.n.Step.Page != signin.PageCode || v.thief {
		return
	}
	w.inFlow = true
	i := slices.IndexFunc(w.before.factors, func(f mfa.Factor) bool { return f.Usable() && f.Channel == mfa.SMS })
	if i < 0 {
		return
	}
	f := w.before.factors[i]
	n, err := w.p.SendCode(w.ctx.Context(), v.b, v.n.SignInID, f.ID, f.Channel)
	if w.goOn(v, n, err) {
		n, err = w.p.SubmitCode(w.ctx.Context(), v.b, v.n.SignInID, w.s.Code(w.ctx, f.Number), true)
		w.proved(v, err)
		w.goOn(v, n, err)
	}
}

// comeBack signs out and gives the password: a browser that is not trusted any
// more must be asked for a code.
func (w *walk) comeBack(v *walker) {
	w.ok(w.p.SignOut(w.ctx.Context(), v.b, false))
	v.session, v.flow = proofs{}, proofs{}
	n, err := w.p.Authorize(w.ctx.Context(), v.b, request("buyer"))
	if !w.goOn(v, n, err) || n.Step.Page != signin.PagePassword {
		return
	}
	w.inFlow = true
	n, err = w.p.SubmitPassword(w.ctx.Context(), v.b, n.SignInID, w.user.Email, w.pass)
	if err == nil {
		v.flow.first = w.now()
	}
	w.goOn(v, n, err)
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
