package idp

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// A right password that no code follows means, most often, that somebody else
// knows it. Its owner learns when the sign-in dies: by its end, by cancelling,
// or by key 9 of a call (S-011, A-6.3.5).

const unfinishedBatch = 50

// Unfinished tells the owners of sign-ins that died between password and code.
func (p *Provider) Unfinished(ctx context.Context) error {
	for {
		n := 0
		err := p.updateAs(ctx, Actor{Kind: "job", ID: jobUnfinished}, nil, func(w *work) error {
			rows, err := w.UnfinishedSignIns(unfinishedBatch)
			n = len(rows)
			if err != nil {
				return err
			}
			for _, row := range rows {
				row.EndedAt = w.Now
				if err := w.UpdateSignIn(row); err != nil {
					return err
				}
				if err := p.unfinished(w, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n < unfinishedBatch {
			return err
		}
	}
}

// unfinished notes what a dead sign-in tells, and warns the owner unless it was
// them: a session of theirs in the same browser at the same place.
func (p *Provider) unfinished(w *work, row store.SignIn) error {
	if row.UserID == "" || row.PasswordAt.IsZero() || !row.CodeAt.IsZero() || !row.DeviceAt.IsZero() || !row.PasskeyAt.IsZero() {
		return nil
	}
	u, err := w.User(row.UserID)
	if err != nil {
		return ignore(err, store.ErrNotFound)
	}
	if u.TwoStepAt.IsZero() || row.PasswordAt.Before(u.PasswordAt) {
		return nil // nothing had to follow, or the password is another one by now
	}
	w.Actor.IP, w.Actor.UserAgent = row.IP, row.UserAgent
	sessions, err := w.Sessions(u.ID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.UserAgent == row.UserAgent && network(s.IP) == network(row.IP) {
			return w.record("signin.unfinished", u.ID, row.ClientID)
		}
	}
	if err := p.mail(w, u, "mail.blocked"); err != nil {
		return err
	}
	return w.record("signin.blocked", u.ID, row.ClientID)
}

// countAsked counts codes sent for sign-ins in browsers that are strange to
// the owner; a right code clears the count. After a few of them somebody knows
// the password and is trying (T-30).
func (p *Provider) countAsked(w *work, t target) error {
	limit := p.cfg.Limits.Account.NoticeSends
	if t.purpose != mfa.ForSignIn || limit <= 0 || p.knows(w.b, t.user.Email) {
		return nil
	}
	n, err := w.tally(askedKey(t.user.ID), 24*time.Hour)
	if err != nil || n != limit {
		return err
	}
	if err := p.mail(w, t.user, "mail.unasked"); err != nil {
		return err
	}
	return w.record("code.unasked", t.user.ID, "")
}

func askedKey(userID string) string { return "send.unanswered|" + userID }

// warnOnce mails a warning that an attacker could cause again and again, once a day.
func (p *Provider) warnOnce(w *work, u User, name string) error {
	n, err := w.tally("warned|"+name+"|"+u.ID, 24*time.Hour)
	if err != nil || n > 1 {
		return err
	}
	return p.mail(w, u, name)
}

// tally counts one event under key and returns how many there were in its window.
func (w *work) tally(key string, per time.Duration) (int, error) {
	if _, _, err := w.Hit(key, 0, per); err != nil {
		return 0, err
	}
	n, _, err := w.Count(key)
	return n, err
}
