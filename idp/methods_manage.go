package idp

import (
	"context"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// MethodCode is a registered number and the challenge that proves it again; the
// challenge is nil before a code was sent. Errors as for [Provider.Adding].
func (p *Provider) MethodCode(ctx context.Context, b *Browser, id string) (mfa.Factor, *CodeView, error) {
	var f mfa.Factor
	var code *CodeView
	err := p.viewFirm(ctx, b, func(tx *store.Tx, h *holder) error {
		own, err := p.provable(h, id)
		if err != nil {
			return err
		}
		f = own
		v, _, err := p.codeView(tx, h.user, h.factors, mfa.ForVerify, h.session.SID)
		if v != nil && v.FactorID == id {
			code = v
		}
		return err
	})
	return f, code, err
}

// provable is a number that its owner may prove again while two-step verification is on.
func (p *Provider) provable(h *holder, id string) (mfa.Factor, error) {
	f := find(h.factors, id)
	switch {
	case f == nil || f.Draft || !f.Channel.Phone():
		return mfa.Factor{}, ErrNotFound
	case twoStepState(h.user, h.factors) != StateOn:
		return *f, ErrState
	case !f.DisabledAt.IsZero():
		return *f, mfa.ErrFactorDisabled
	}
	return *f, nil
}

// SendMethodCode sends a code to a registered number to prove it.
func (p *Provider) SendMethodCode(ctx context.Context, b *Browser, id string, ch mfa.Channel) error {
	return p.withFirm(ctx, b, func(w *work, h *holder) error {
		f, err := p.provable(h, id)
		if err != nil {
			return err
		}
		if ch == "" {
			ch = f.Channel
		}
		return p.sendTo(w, h.user, mfa.ForVerify, h.session.SID, f, ch, p.codeLang(w, h.user))
	})
}

// VerifyMethod takes the code: the number is verified from now on, whether it
// never was or was not used for long.
func (p *Provider) VerifyMethod(ctx context.Context, b *Browser, id, code string) error {
	return p.withFirm(ctx, b, func(w *work, h *holder) error {
		if _, err := p.provable(h, id); err != nil {
			return err
		}
		_, err := p.check(w, h.user, mfa.ForVerify, h.session.SID, code)
		return err
	})
}

// MakeMain makes a verified backup the main method, and the main one a backup
// (S-124). Errors: mfa.ErrChoice for what is no usable backup, ErrMustVerify,
// ErrAppTwice and ErrLastMethod where no pair of the matrix would be left.
func (p *Provider) MakeMain(ctx context.Context, b *Browser, id string) error {
	return p.withFirm(ctx, b, func(w *work, h *holder) error {
		f := find(h.factors, id)
		switch {
		case f == nil || f.Draft:
			return ErrNotFound
		case twoStepState(h.user, h.factors) != StateOn:
			return ErrState
		case !p.cfg.Limits.Care.Sure(*f, w.Now):
			return mfa.ErrMustVerify
		}
		led, err := mfa.Led(h.factors, id)
		if err != nil {
			return err
		}
		before, err := p.writeRoles(w, h.factors, led)
		if err != nil {
			return err
		}
		if err := p.changed(w, h, false); err != nil {
			return err
		}
		if err := p.mail(w, h.user, "mail.m_main", append(method(*f), "ref", before)...); err != nil {
			return err
		}
		return w.record("method.main", h.user.ID, "", method(*f)...)
	})
}

// writeRoles writes the roles that differ, and answers with the id of what was
// the main method.
func (p *Provider) writeRoles(w *work, before, after []mfa.Factor) (main string, err error) {
	for _, f := range after {
		was := find(before, f.ID)
		if was.Role == mfa.Primary {
			main = f.ID
		}
		if was.Role != f.Role {
			if err := w.UpdateFactor(f); err != nil {
				return main, err
			}
		}
	}
	return main, nil
}

// RemoveMethod removes one method. While two-step verification is on, a main
// and a backup must remain (S-123): mfa.ErrLastMethod. When the main one goes,
// the first verified backup takes its place. A held method removes itself only.
func (p *Provider) RemoveMethod(ctx context.Context, b *Browser, id string, endOthers bool) error {
	return p.withSudo(ctx, b, func(w *work, h *holder) error {
		gone := find(h.factors, id)
		if gone == nil || gone.Draft {
			return ErrNotFound
		}
		if h.session.FactorID != id {
			if err := p.firm(w.Tx, h); err != nil {
				return err
			}
		}
		if err := p.removeMethod(w, h.user, h.factors, *gone); err != nil {
			return err
		}
		if err := p.changed(w, h, endOthers); err != nil {
			return err
		}
		if err := p.mail(w, h.user, "mail.m_rm", method(*gone)...); err != nil {
			return err
		}
		if err := p.tellNumber(w, h.user, *gone); err != nil {
			return err
		}
		return w.record("method.removed", h.user.ID, "", method(*gone)...)
	})
}

// removeMethod takes a method away as far as the matrix allows (S-123).
func (p *Provider) removeMethod(w *work, u User, factors []mfa.Factor, gone mfa.Factor) error {
	if !u.TwoStepAt.IsZero() {
		rest, _, err := mfa.Without(factors, gone.ID)
		if err != nil {
			return err
		}
		if _, err := p.writeRoles(w, factors, rest); err != nil {
			return err
		}
	}
	return w.DeleteFactor(gone.ID)
}

// RenameMethod names an app; an empty name is refused with ErrName.
func (p *Provider) RenameMethod(ctx context.Context, b *Browser, id, name string) error {
	if name = mfa.CleanName(name); name == "" {
		return ErrName
	}
	return p.withSudo(ctx, b, func(w *work, h *holder) error {
		f := find(h.factors, id)
		if f == nil || f.Draft || f.Channel != mfa.App {
			return ErrNotFound
		}
		f.Name = name
		return w.UpdateFactor(*f)
	})
}
