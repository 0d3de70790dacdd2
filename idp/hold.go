package idp

import (
	"context"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// What was added a short time ago gives no power over what was there before
// (C-40, T-35): a thief who gets a method of their own into an account cannot
// use it to push the owner's out. A held method signs in; but methods,
// passkeys, addresses and the switch itself change only by a proof that no
// held method gave.

// HeldError says that a change must be proved by a method that is not new.
type HeldError struct {
	// Until is when the newest hold that is in the way ends.
	Until time.Time
	// Other says that a method which is not held can prove it now.
	Other bool
}

// Error names the rule.
func (e *HeldError) Error() string { return "method is held" }

// find is a person's factor by its id; nil when it is not among them.
func find(factors []mfa.Factor, id string) *mfa.Factor {
	i := slices.IndexFunc(factors, func(f mfa.Factor) bool { return f.ID == id })
	if i < 0 {
		return nil
	}
	return &factors[i]
}

// held reports whether a proof that a passkey gave is held.
func held(k mfa.Passkey, proof, now time.Time) bool {
	return now.Before(k.HeldUntil) && !proof.Before(k.CreatedAt)
}

// codesHeld reports whether recovery codes were made so lately that using one is held.
func (p *Provider) codesHeld(c store.RecoveryCodes, now time.Time) bool {
	return now.Before(c.MadeAt.Add(p.cfg.Limits.Care.Hold))
}

// firmly is a session with what held methods proved left out. What a method
// proved that is gone since counts no longer either.
func (p *Provider) firmly(tx *store.Tx, s Session, factors []mfa.Factor, passkeys []mfa.Passkey) (Session, error) {
	now := tx.Now
	if s.FactorID == byRecoveryCode {
		c, err := tx.RecoveryCodes(s.UserID)
		if err != nil {
			return s, err
		}
		if p.codesHeld(c, now) {
			s.CodeAt = zero
		}
	} else if f := find(factors, s.FactorID); s.FactorID != "" && (f == nil || f.Held(s.CodeAt, now)) {
		s.CodeAt = zero
	}
	for _, k := range passkeys {
		if k.ID == s.PasskeyID && held(k, s.PasskeyAt, now) {
			s.PasskeyAt, s.PasskeyID = zero, ""
		}
	}
	return s, nil
}

// firmFactors are those whose proof would not be held now: none that is held,
// and none whose first code in a sign-in would begin a hold.
func (p *Provider) firmFactors(factors []mfa.Factor, now time.Time) []mfa.Factor {
	return slices.DeleteFunc(slices.Clone(factors), func(f mfa.Factor) bool {
		return f.Held(now, now) || !p.cfg.Limits.Care.Sure(f, now)
	})
}

func firmPasskeys(passkeys []mfa.Passkey, now time.Time) []mfa.Passkey {
	return slices.DeleteFunc(slices.Clone(passkeys), func(k mfa.Passkey) bool { return held(k, now, now) })
}

// firm refuses with *HeldError when the fresh proofs of a session come from a
// held method; mfa.ErrMustVerify when there is no verified one to wait for.
func (p *Provider) firm(tx *store.Tx, h *holder) error {
	strict := *h
	var err error
	if strict.session, err = p.firmly(tx, h.session, h.factors, h.passkeys); err != nil {
		return err
	}
	if p.sudoFresh(&strict, tx.Now) {
		return nil
	}
	return p.heldError(tx, h)
}

func (p *Provider) heldError(tx *store.Tx, h *holder) error {
	now := tx.Now
	c, err := tx.RecoveryCodes(h.user.ID)
	if err != nil {
		return err
	}
	e := &HeldError{Other: len(usable(p.firmFactors(h.factors, now)))+len(firmPasskeys(h.passkeys, now)) > 0 || c.Left > 0 && !p.codesHeld(c, now)}
	if h.user.Roles != "" { // nothing but a passkey proves staff
		e.Other = len(firmPasskeys(h.passkeys, now)) > 0
	}
	for _, f := range h.factors {
		e.Until = later(e.Until, f.HeldUntil)
	}
	for _, k := range h.passkeys {
		e.Until = later(e.Until, k.HeldUntil)
	}
	if h.session.FactorID == byRecoveryCode {
		e.Until = later(e.Until, c.MadeAt.Add(p.cfg.Limits.Care.Hold))
	}
	if e.Until.IsZero() && !e.Other { // nothing is held; nothing is verified either
		return mfa.ErrMustVerify
	}
	return e
}

// withFirm is withSudo for changes of what a thief would push out: *HeldError
// while a held method gave the proofs.
func (p *Provider) withFirm(ctx context.Context, b *Browser, f func(*work, *holder) error) error {
	return p.withSudo(ctx, b, func(w *work, h *holder) error {
		if err := p.firm(w.Tx, h); err != nil {
			return err
		}
		return f(w, h)
	})
}

// viewFirm is withFirm for a page that only reads.
func (p *Provider) viewFirm(ctx context.Context, b *Browser, f func(*store.Tx, *holder) error) error {
	return p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		if !p.sudoFresh(h, tx.Now) {
			return ErrSudo
		}
		if err := p.firm(tx, h); err != nil {
			return err
		}
		return f(tx, h)
	})
}

// switches are the methods whose code may switch two-step verification: none
// that is held, or was never verified, switches it off (T-35).
func (p *Provider) switches(factors []mfa.Factor, purpose mfa.Purpose, now time.Time) []mfa.Factor {
	if purpose == mfa.ForDisable {
		return p.firmFactors(factors, now)
	}
	return factors
}

// FirmSignIn is [Provider.AccountSignIn] for a change that answered with a
// *HeldError: only methods that are not held are asked for.
func (p *Provider) FirmSignIn(ctx context.Context, b *Browser, returnTo string) (Next, error) {
	r := AuthorizeRequest{Firm: true}
	r.Sudo = true
	return p.begin(ctx, b, r, ourPath(returnTo, "/account"))
}

// MayChangeMethods answers whether this session may change methods now, for a
// page that asks before it does: ErrSudo or *HeldError when it may not.
func (p *Provider) MayChangeMethods(ctx context.Context, b *Browser) error {
	return p.viewFirm(ctx, b, func(*store.Tx, *holder) error { return nil })
}
