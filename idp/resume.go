package idp

import (
	"context"
	"errors"
	"net/url"

	"github.com/sekisho-id/sekisho/idp/store"
)

// tokenResume is the link that ends a pause of the code step.
const tokenResume = "resume"

// stopCodes pauses the code step of an account for a day: somebody who has the
// password guesses codes (C-08). Its owner, who reads the address, may end the
// pause by the link in the mail.
func (p *Provider) stopCodes(w *work, u User) error {
	if err := w.DeleteTokens(u.ID, tokenResume); err != nil {
		return err
	}
	secret := newToken()
	err := w.InsertToken(store.Token{
		ID: newID(), Hash: store.Hash(secret), Purpose: tokenResume, UserID: u.ID, Data: map[string]string{},
		CreatedAt: w.Now, ExpiresAt: w.Now.Add(day),
	})
	if err != nil {
		return err
	}
	link := p.cfg.Issuer + "/signin/resume?" + url.Values{"token": {secret}}.Encode()
	if err := p.mail(w, u, "mail.paused", "link", link); err != nil {
		return err
	}
	return w.record("code.stopped", u.ID, "")
}

// resumeToken loads the link's token; ErrLink when it is spent.
func (p *Provider) resumeToken(tx *store.Tx, secret string) (store.Token, error) {
	t, err := tx.TokenByHash(tokenResume, store.Hash(secret))
	if errors.Is(err, store.ErrNotFound) || (err == nil && (!t.UsedAt.IsZero() || !tx.Now.Before(t.ExpiresAt))) {
		return t, ErrLink
	}
	return t, err
}

// ResumeCheck reports ErrLink for a link that no longer works; it changes nothing.
func (p *Provider) ResumeCheck(ctx context.Context, secret string) error {
	return p.st.View(ctx, func(tx *store.Tx) error {
		_, err := p.resumeToken(tx, secret)
		return err
	})
}

// Resume ends the pause of the code step, as the button behind the mailed link
// does. It signs nobody in, and what counts on a method stays (N-20).
func (p *Provider) Resume(ctx context.Context, b *Browser, secret string) error {
	return p.update(ctx, b, func(w *work) error {
		t, err := p.resumeToken(w.Tx, secret)
		if err != nil {
			return err
		}
		if err := w.UseToken(t.ID); err != nil {
			return ErrLink
		}
		for _, key := range []string{"code.pause|" + t.UserID, "code.day|" + t.UserID} {
			if err := w.ClearCount(key); err != nil {
				return err
			}
		}
		return w.record("code.resumed", t.UserID, "")
	})
}
