package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Call is what a call that is going on says. Gateways ask for it turn by turn,
// because the code must not be spoken before a key was pressed (T-32).
// ErrNotFound when there is no such call or its code has expired.
func (p *Provider) Call(ctx context.Context, id string) (mfa.Message, error) {
	var o store.Outgoing
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		o, err = tx.Call(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return mfa.Message{}, ErrNotFound
	}
	if err != nil {
		return mfa.Message{}, err
	}
	m, err := p.cfg.Render(o.Lang, o.Name, o.Params)
	if err != nil {
		return m, fmt.Errorf("render %s: %w", o.Name, err)
	}
	m.ID, m.Kind, m.To, m.Lang = o.ID, o.Kind, o.To, o.Lang
	return m, nil
}

// StopCall is key 9 of a call: somebody who did not ask for the code ends what
// asked for it, and learns by mail that their password is known. It only ever
// reduces access (T-64). ErrNotFound when there is no such call.
func (p *Provider) StopCall(ctx context.Context, b *Browser, id string) error {
	return p.update(ctx, b, func(w *work) error {
		o, err := w.Call(id)
		if errors.Is(err, store.ErrNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		c, err := w.Challenge(o.ChallengeID)
		if errors.Is(err, store.ErrNotFound) || (err == nil && (!c.UsedAt.IsZero() || !c.SupersededAt.IsZero())) {
			return ErrNotFound // nothing is left to stop
		}
		if err != nil {
			return err
		}
		if err := w.SupersedeChallenges(c.Binding, c.Purpose); err != nil {
			return err
		}
		if c.Purpose != mfa.ForSignIn { // only a sign-in tells that the password is known
			return w.record("call.stopped", c.UserID, "")
		}
		return p.stopAsking(w, c)
	})
}

// stopAsking ends the sign-in that asked for a code. What is noted and told is
// where the password came from, not where the call was answered.
func (p *Provider) stopAsking(w *work, c mfa.Challenge) error {
	row, err := w.SignIn(c.Binding)
	if err != nil {
		return err
	}
	if row.DoneAt.IsZero() && row.EndedAt.IsZero() {
		row.EndedAt = w.Now
		if err := w.UpdateSignIn(row); err != nil {
			return err
		}
	}
	u, err := w.User(c.UserID)
	if err != nil {
		return err
	}
	w.Actor.IP, w.Actor.UserAgent = row.IP, row.UserAgent
	if err := p.mail(w, u, "mail.blocked"); err != nil {
		return err
	}
	return w.record("signin.stopped", u.ID, row.ClientID, "by", "call")
}
