package idp

import (
	"context"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// withPassword is withHolder for changes that ask for a code of their own:
// only the password must be fresh (C-33).
func (p *Provider) withPassword(ctx context.Context, b *Browser, f func(*work, *holder) error) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		if h.proofs().AuthTime().Before(w.Now.Add(-p.cfg.Limits.Session.Sudo)) {
			return ErrSudo
		}
		return f(w, h)
	})
}

// codePurpose checks that a purpose fits the state: a code disables what is on,
// unless every method is held, and enables what is off with its methods kept (S-093).
func (p *Provider) codePurpose(tx *store.Tx, h *holder, purpose mfa.Purpose) error {
	state := twoStepState(h.user, h.factors)
	if purpose == mfa.ForDisable && state == StateOn {
		if len(usable(p.firmFactors(h.factors, tx.Now))) == 0 {
			return p.heldError(tx, h)
		}
		return nil
	}
	if ps := person(h.user, h.factors, h.passkeys); purpose == mfa.ForEnable && state == StateOff && ps.Primary && ps.Backup {
		return nil
	}
	return ErrState
}

// TwoStepCode describes the running challenge for switching off or on; the view
// is zero before a code was asked for.
func (p *Provider) TwoStepCode(ctx context.Context, b *Browser, purpose mfa.Purpose) (CodeView, []MethodView, error) {
	var code CodeView
	var methods []MethodView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		if err := p.codePurpose(tx, h, purpose); err != nil {
			return err
		}
		v, m, err := p.codeView(tx, h.user, p.switches(h.factors, purpose, tx.Now), purpose, h.session.SID)
		methods = m
		if v != nil {
			code = *v
		}
		return err
	})
	return code, methods, err
}

// SendTwoStepCode sends a code for switching off or on. An empty factor means
// the main method.
func (p *Provider) SendTwoStepCode(ctx context.Context, b *Browser, purpose mfa.Purpose, factorID string, ch mfa.Channel) error {
	return p.withPassword(ctx, b, func(w *work, h *holder) error {
		if err := p.codePurpose(w.Tx, h, purpose); err != nil {
			return err
		}
		f, err := factorOf(p.switches(h.factors, purpose, w.Now), factorID)
		if err != nil {
			return err
		}
		if ch == "" {
			ch = f.Channel
		}
		return p.sendTo(w, h.user, purpose, h.session.SID, f, ch, p.codeLang(w, h.user))
	})
}

// Disable switches two-step verification off. It takes a live code always, from
// a trusted device too (S-099), and a password that may stand alone (N-07). The
// methods stay unless clear is set (S-093, S-125); trusted devices and the
// grants of clients that demand two-step verification end (S-120, S-126).
func (p *Provider) Disable(ctx context.Context, b *Browser, code string, clear bool) error {
	return p.withPassword(ctx, b, func(w *work, h *holder) error {
		if err := p.codePurpose(w.Tx, h, mfa.ForDisable); err != nil {
			return err
		}
		if n := h.user.PasswordLen; n > 0 && n < p.cfg.Limits.Password.MinAlone {
			return ErrPasswordTooShortAlone
		}
		got, err := p.check(w, h.user, mfa.ForDisable, h.session.SID, code)
		if err != nil {
			return err
		}
		if f := find(p.firmFactors(h.factors, w.Now), got.factorID); f == nil {
			return p.heldError(w.Tx, h)
		}
		if err := p.turnOff(w, &h.user, h.factors, clear); err != nil {
			return err
		}
		h.session.CodeAt, h.session.DeviceAt = zero, zero
		return w.UpdateSession(h.session)
	})
}

// turnOff is shared by the person's own switch and an operator's reset.
func (p *Provider) turnOff(w *work, u *User, factors []mfa.Factor, clear bool) error {
	u.TwoStepAt = zero
	if err := p.stopRecovery(w, u.ID, "two_step_off"); err != nil { // there is nothing left to reset
		return err
	}
	if err := p.forgetDevices(w, u); err != nil {
		return err
	}
	if err := w.UpdateUser(*u); err != nil {
		return err
	}
	if err := w.DeleteEnrolment(u.ID); err != nil { // a method that was being added
		return err
	}
	for _, f := range factors {
		var err error
		if f.DormantAt = w.Now; clear || !f.DisabledAt.IsZero() {
			err = w.DeleteFactor(f.ID)
		} else {
			err = w.UpdateFactor(f)
		}
		if err != nil {
			return err
		}
	}
	if clear {
		if err := p.dropRecoveryCodes(w, u, ""); err != nil {
			return err
		}
	}
	grants, err := w.Grants(u.ID)
	if err != nil {
		return err
	}
	for _, g := range grants {
		_, shut := p.actingBy(w.Tx, g, *u) // without what its shop demands
		if err := ignore(shut, ErrRevoked); err != nil {
			return err
		}
		if c, ok := p.cfg.Clients.Lookup(g.ClientID); ok && (shut != nil || p.leans(*c, g, w.Now)) {
			if err := w.RevokeGrant(g.ID); err != nil {
				return err
			}
		}
	}
	if err := p.guardShopsOf(w, u.ID); err != nil {
		return err
	}
	if err := p.mail(w, *u, "mail.2sv_off"); err != nil {
		return err
	}
	kept := "yes"
	if clear {
		kept = "no"
	}
	return w.record("two_step.off", u.ID, "", "kept", kept)
}

// Enable switches two-step verification on again with the methods kept: one
// code, no scan, no wizard (S-093).
func (p *Provider) Enable(ctx context.Context, b *Browser, code string) error {
	return p.withPassword(ctx, b, func(w *work, h *holder) error {
		if err := p.codePurpose(w.Tx, h, mfa.ForEnable); err != nil {
			return err
		}
		got, err := p.check(w, h.user, mfa.ForEnable, h.session.SID, code)
		if err != nil {
			return err
		}
		h.user.TwoStepAt = w.Now
		if err := p.turnedOn(w, &h.user); err != nil {
			return err
		}
		return p.prove(w, h, h.user, w.Now, got, false)
	})
}
