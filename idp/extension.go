package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Extension lets one person use a client without two-step verification for a
// while after its date. There is one for each person and client, ever: what
// could be renewed would be a way around the date.
type Extension struct {
	ClientID string
	Until    time.Time
	Reason   string
}

// Extend gives an extension. The person is told by mail. ErrNotFound, ErrReason,
// ErrNoDate, ErrUntil when it would end before it begins or later than the
// limits allow, ErrState for who has two-step verification on, ErrExtended for
// who had one.
func (p *Provider) Extend(ctx context.Context, actor Actor, userID string, e Extension) error {
	var err error
	if actor.Reason, err = cleanReason(e.Reason); err != nil {
		return err
	}
	return p.changeUser(ctx, actor, userID, func(w *work, u User) error { return p.extend(w, u, e) })
}

func (p *Provider) extend(w *work, u User, e Extension) error {
	c, err := p.findClient(e.ClientID)
	if err != nil {
		return err
	}
	from, until := c.Rules.EnforceFrom, e.Until.UTC().Truncate(time.Second)
	switch {
	case from.IsZero():
		return ErrNoDate
	case !u.TwoStepAt.IsZero():
		return ErrState
	case !until.After(later(from, w.Now)) || until.After(later(from, w.Now).Add(p.cfg.Limits.Account.Extension)):
		return ErrUntil
	}
	if err := w.Extend(u.ID, c.ID, until); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return ErrExtended
		}
		return err
	}
	name := c.DisplayName(p.lang(u.Lang))
	if err := p.mail(w, u, "mail.extended", "client", name, "until", until.Format(time.RFC3339)); err != nil {
		return err
	}
	return w.record("date.extended", u.ID, c.ID, "until", until.Format(time.RFC3339))
}

// UserDate is what a client's enforcement date means for one person.
type UserDate struct {
	ClientID string
	// Use is what they have to do with the client.
	Use store.Use
	// From is when they cannot use it any more without two-step verification:
	// its date, or the end of their extension.
	From time.Time
}

// UserDates are the dates of the clients that a person uses, or has an
// extension at, whether they have come or not.
func (p *Provider) UserDates(ctx context.Context, userID string) ([]UserDate, error) {
	var list []UserDate
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		list, err = p.userDates(tx, userID)
		return err
	})
	return list, err
}

// soon are the dates that are still to come for somebody, the next one first.
func (p *Provider) soon(tx *store.Tx, u User) ([]UserDate, error) {
	if !u.TwoStepAt.IsZero() {
		return nil, nil
	}
	list, err := p.userDates(tx, u.ID)
	list = slices.DeleteFunc(list, func(d UserDate) bool { return !tx.Now.Before(d.From) })
	slices.SortFunc(list, func(a, b UserDate) int { return a.From.Compare(b.From) })
	return list, err
}

func (p *Provider) userDates(tx *store.Tx, userID string) ([]UserDate, error) {
	uses, err := tx.Uses(userID)
	list := make([]UserDate, 0, len(uses))
	for _, use := range uses {
		c, ok := p.cfg.Clients.Lookup(use.ClientID)
		if !ok || c.Rules.EnforceFrom.IsZero() || use.FirstAt.IsZero() && use.ExtendedAt.IsZero() {
			continue
		}
		list = append(list, UserDate{ClientID: c.ID, Use: use, From: signin.EnforcedFrom(c.Rules, use.ExtendedUntil)})
	}
	return list, err
}
