package idp

import (
	"context"
	"errors"
	"slices"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

// PasskeyCreation is what a browser is asked to make a passkey.
type PasskeyCreation struct {
	// Options is JSON for the browser.
	Options []byte
	// User is for whom.
	User User
	// Offered is set where it may be put off; Client is whom the sign-in is for.
	Offered bool
}

// creation is a person about to make a passkey.
type creation struct {
	user User
	// use, id and spent are what the challenge is made of.
	use, id string
	spent   int
	signIn  *situation // nil on the account pages
	all     []mfa.Passkey
}

// creating finds who makes a passkey: in a sign-in whose turn it is, or, when
// flow is empty, on the account pages with fresh proofs.
func (p *Provider) creating(tx *store.Tx, b *Browser, flow string) (*creation, error) {
	if p.site == nil {
		return nil, ErrNotFound
	}
	c := &creation{}
	if flow == "" {
		h, err := p.holder(tx, b)
		if err != nil {
			return nil, err
		}
		if !p.sudoFresh(h, tx.Now) {
			return nil, ErrSudo
		}
		if err := p.firm(tx, h); err != nil {
			return nil, err
		}
		c.user, c.use, c.id, c.spent = h.user, "session", h.session.SID, h.session.Ceremony
	} else {
		row, err := p.open(tx, b, flow)
		if err != nil {
			return nil, err
		}
		s, err := p.look(tx, b, row)
		if err != nil {
			return nil, err
		}
		if s.step.Page != signin.PageNewPasskey && s.step.Page != signin.PageOffer {
			return nil, ErrStep
		}
		c.user, c.use, c.id, c.spent, c.signIn = *s.user, "sign-in", row.ID, row.Ceremony, s
	}
	var err error
	c.all, err = tx.Passkeys(c.user.ID)
	return c, err
}

// PasskeyCreation is what to ask the browser; it changes nothing. flow is empty
// on the account pages, which need fresh proofs. ErrTooManyPasskeys when no more may be added.
func (p *Provider) PasskeyCreation(ctx context.Context, b *Browser, flow string) (PasskeyCreation, error) {
	var v PasskeyCreation
	err := p.st.View(ctx, func(tx *store.Tx) error {
		c, err := p.creating(tx, b, flow)
		if err != nil {
			return err
		}
		if len(c.all) >= p.cfg.Limits.Care.Passkeys {
			return mfa.ErrTooManyFactors
		}
		who := passkey.Person{ID: c.user.ID, Email: c.user.Email, Name: c.user.Name}
		v = PasskeyCreation{
			Options: p.site.Creation(p.challenge(c.use, c.id, c.spent), who, c.all), User: c.user,
			Offered: c.signIn != nil && c.signIn.step.PutOff,
		}
		return nil
	})
	return v, err
}

// AddPasskey takes what a browser answered to [PasskeyCreation.Options]. name
// is what it is called when its make is not known. A sign-in goes on; from the
// account pages the way leads back to them.
func (p *Provider) AddPasskey(ctx context.Context, b *Browser, flow string, answer []byte, name string) (Next, error) {
	var next Next
	err := p.update(ctx, b, func(w *work) error {
		c, err := p.creating(w.Tx, b, flow)
		if err != nil {
			return err
		}
		w.as(c.user.ID)
		if len(c.all) >= p.cfg.Limits.Care.Passkeys {
			return mfa.ErrTooManyFactors
		}
		spend := w.SpendSessionChallenge
		if c.signIn != nil {
			spend = w.SpendSignInChallenge
		}
		if err := spend(c.id, c.spent); err != nil {
			return passkey.ErrRefused // somebody else was first
		}
		k, _, err := p.site.Create(p.challenge(c.use, c.id, c.spent), answer)
		if err != nil {
			return store.Keep(err)
		}
		if err := p.insertPasskey(w, c, k, name); err != nil {
			return err
		}
		if c.signIn == nil {
			next = Next{Reply: &Reply{To: "/account/security/passkeys?done=added"}}
			return nil
		}
		s, err := p.look(w.Tx, b, c.signIn.row)
		if err != nil {
			return err
		}
		next, err = p.proceed(w, s)
		return err
	})
	return next, err
}

func (p *Provider) insertPasskey(w *work, c *creation, k mfa.Passkey, name string) error {
	k.ID, k.UserID, k.CreatedAt, k.HeldUntil = newID(), c.user.ID, w.Now, w.Now.Add(p.cfg.Limits.Care.Hold)
	if k.Name = passkey.Make(k); k.Name == "" {
		k.Name = mfa.CleanName(name)
	}
	if err := w.InsertPasskey(k); err != nil {
		if errors.Is(err, store.ErrExists) {
			return store.Keep(passkey.ErrRefused)
		}
		return err
	}
	c.user.PasskeyOfferedAt = w.Now
	if err := p.forgetDevices(w, &c.user); err != nil { // S-126
		return err
	}
	if err := w.UpdateUser(c.user); err != nil {
		return err
	}
	if err := p.mail(w, c.user, "mail.pk_add", "passkey", k.Name, "ref", k.ID); err != nil {
		return err
	}
	return w.record("passkey.added", c.user.ID, "", "passkey", k.ID, "name", k.Name)
}

// withPasskey is withSudo for one passkey of the person; ErrNotFound for another's.
func (p *Provider) withPasskey(ctx context.Context, b *Browser, id string, f func(*work, *holder, mfa.Passkey) error) error {
	return p.withSudo(ctx, b, func(w *work, h *holder) error {
		all, err := w.Passkeys(h.user.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(k mfa.Passkey) bool { return k.ID == id })
		if i < 0 {
			return ErrNotFound
		}
		return f(w, h, all[i])
	})
}

// RenamePasskey gives a passkey another name; an empty one is refused with ErrName.
func (p *Provider) RenamePasskey(ctx context.Context, b *Browser, id, name string) error {
	if name = mfa.CleanName(name); name == "" {
		return ErrName
	}
	return p.withPasskey(ctx, b, id, func(w *work, _ *holder, k mfa.Passkey) error {
		k.Name = name
		return w.UpdatePasskey(k)
	})
}

// RemovePasskey removes a passkey: nothing signs in with it any more, and what
// it proved in other browsers counts no longer.
func (p *Provider) RemovePasskey(ctx context.Context, b *Browser, id string) error {
	return p.withPasskey(ctx, b, id, func(w *work, h *holder, k mfa.Passkey) error {
		if h.session.PasskeyID != k.ID { // a held one removes itself only (C-40)
			if err := p.firm(w.Tx, h); err != nil {
				return err
			}
		}
		if err := w.DeletePasskey(k.ID); err != nil {
			return err
		}
		if err := p.forgetDevices(w, &h.user); err != nil { // S-126
			return err
		}
		if err := w.UpdateUser(h.user); err != nil {
			return err
		}
		if err := p.mail(w, h.user, "mail.pk_rm", "passkey", k.Name); err != nil {
			return err
		}
		return w.record("passkey.removed", h.user.ID, "", "passkey", k.ID, "name", k.Name)
	})
}
