package idp

import (
	"context"

	"github.com/sekisho-id/sekisho/idp/store"
)

// A password that others know opens nothing any more (N-10): neither one that
// an operator says so of, nor one that stands on a list by now, which it did not
// when it was set or which another system let through. Passkeys are not touched.

// compromised reports whether a right password is known to others.
func (p *Provider) compromised(u User, pw string) bool {
	return u.MustChange || p.cfg.Rules.Listed(pw)
}

// refuseCompromised answers a right password that is known to others. Whoever
// typed it may be one of them, so the link goes to the owner's address, and a
// reset asks for the second step too (N-50).
func (p *Provider) refuseCompromised(ctx context.Context, b *Browser, id string) error {
	return p.update(ctx, b, func(w *work) error {
		u, err := w.User(id)
		if err != nil {
			return err
		}
		w.count(func(p *Provider) { p.meters.passwords.Inc("compromised") })
		until, err := p.spendMail(w, "reset", u.Email)
		if err == nil && until.IsZero() {
			err = p.mustChange(w, u)
		}
		if err != nil {
			return err
		}
		return store.Keep(ErrMustChange)
	})
}

// mustChange marks a password as known to others and mails a link to set another.
func (p *Provider) mustChange(w *work, u User) error {
	u.MustChange = true
	if err := w.UpdateUser(u); err != nil {
		return err
	}
	if err := p.mailReset(w, u, "mail.mustchange"); err != nil {
		return err
	}
	return w.record("password.must_change", u.ID, "")
}

// RequireNewPassword is for a password that others know: everything of the
// person's ends, it opens nothing any more, and a link to choose another is
// mailed. It returns how many sessions ended. [ErrNotFound].
func (p *Provider) RequireNewPassword(ctx context.Context, actor Actor, id string) (int, error) {
	n := 0
	err := p.changeUser(ctx, actor, id, func(w *work, u User) error {
		var err error
		if n, err = p.endUser(w, u); err != nil {
			return err
		}
		if u, err = w.User(id); err != nil {
			return err
		}
		return p.mustChange(w, u)
	})
	return n, err
}
