package idp_test

import (
	"fmt"

	"pgregory.net/rapid"
)

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
