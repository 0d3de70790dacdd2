package idp_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
)

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
	if w.maybe(3) {
		return w.ok(w.p.SetupVerify(ctx, v.b, flow, role, mfa.App, mfa.TOTPAt(view.Secret, w.s.Clock.Now())))
	}
	in, f := w.phone()
	in.Role = role
	if !w.ok(w.p.SetupPhone(ctx, v.b, flow, in)) || in.Unverified {
		return false
	}
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
	if !w.ok(w.p.RemoveMethod(w.ctx.Context(), v.b, f.ID, w.maybe(3))) || w.before.user.TwoStepAt.IsZero() {
		return
	}
	left := slices.DeleteFunc(w.read().factors, func(f mfa.Factor) bool { return !f.Usable() })
	if len(left) < 2 {
		w.Fatalf("S-123: %d usable methods are left", len(left))
	}
}

func (w *walk) addMethod(v *walker) { w.add(v, "") }

func (w *walk) replaceMethod(v *walker) {
	if len(w.before.factors) > 0 {
		w.add(v, rapid.SampledFrom(w.before.factors).Draw(w.T, "replaced").ID)
	}
}

// add adds a method after set-up, or puts one in another's place.
func (w *walk) add(v *walker, replaces string) {
	ctx := w.ctx.Context()
	if w.maybe(2) {
		if !w.ok(w.p.AddApp(ctx, v.b, replaces)) {
			return
		}
		view, err := w.p.Adding(ctx, v.b, replaces)
		if w.ok(err) {
			w.ok(w.p.VerifyAdding(ctx, v.b, replaces, mfa.App, mfa.TOTPAt(view.Secret, w.s.Clock.Now()), w.maybe(2)))
		}
		return
	}
	in, f := w.phone()
	if !w.ok(w.p.AddPhone(ctx, v.b, replaces, in)) || in.Unverified {
		return
	}
	w.ok(w.p.VerifyAdding(ctx, v.b, replaces, in.Channel, w.code(v, f, in.Channel), w.maybe(2)))
}

// phone is one of three numbers, in full-width digits, and the factor it would be.
func (w *walk) phone() (idp.PhoneInput, mfa.Factor) {
	k := rapid.IntRange(1, 3).Draw(w.T, "number")
	return idp.PhoneInput{
		Channel: rapid.SampledFrom([]mfa.Channel{mfa.SMS, mfa.Voice}).Draw(w.T, "channel"), Country: "JP",
		Number: fmt.Sprintf("０９０-%04d-000%d", w.n, k), Unverified: w.maybe(4),
	}, mfa.Factor{Number: fmt.Sprintf("+8190%04d000%d", w.n, k)}
}

func (w *walk) makeMain(v *walker) {
	if len(w.before.factors) > 0 {
		w.ok(w.p.MakeMain(w.ctx.Context(), v.b, rapid.SampledFrom(w.before.factors).Draw(w.T, "main").ID))
	}
}

func (w *walk) verifyMethod(v *walker) {
	if len(w.before.factors) == 0 {
		return
	}
	f := rapid.SampledFrom(w.before.factors).Draw(w.T, "verified")
	if w.ok(w.p.SendMethodCode(w.ctx.Context(), v.b, f.ID, "")) {
		w.ok(w.p.VerifyMethod(w.ctx.Context(), v.b, f.ID, w.code(v, f, f.Channel)))
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

// phrase is a password that nobody had before.
func (w *walk) phrase() string {
	w.phrases++
	return fmt.Sprintf("a long phrase, number %d", w.phrases)
}

func (w *walk) changePassword(v *walker) {
	next := w.phrase()
	if w.ok(w.p.ChangePassword(w.ctx.Context(), v.b, w.pass, next, w.maybe(2))) {
		w.pass = next
	}
}

// resetPassword is by the mailed link, which the thief does not get.
func (w *walk) resetPassword(v *walker) {
	if v.thief {
		return
	}
	ctx, next, secret := w.ctx.Context(), w.phrase(), resetToken(w.ctx, w.s, w.user.Email)
	w.inFlow = true
	err := w.p.ResetPassword(ctx, v.b, secret, next, w.maybe(2))
	if err != nil {
		w.ok(err)
		view, err := w.p.ResetCodeView(ctx, v.b, secret)
		if !w.ok(err) {
			return
		}
		if len(w.codes) > 0 && w.maybe(2) {
			err = w.p.ResetRecoveryCode(ctx, v.b, secret, w.codes[0])
		} else if len(view.Methods) > 0 {
			m := rapid.SampledFrom(view.Methods).Draw(w.T, "method")
			if !w.ok(w.p.SendResetCode(ctx, v.b, secret, m.Factor.ID, m.Channel)) {
				return
			}
			err = w.p.ResetCode(ctx, v.b, secret, w.code(v, m.Factor, m.Channel))
		} else {
			return
		}
		if !w.ok(err) {
			return
		}
		v.flow.second = w.now()
	}
	w.pass = next
}

func (w *walk) resetDevices(v *walker) { w.ok(w.p.ResetDevices(w.ctx.Context(), v.b)) }
