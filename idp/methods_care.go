package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// careBatch is how many people are looked after in one go.
const careBatch = 200

// duties say how each duty is told.
var duties = map[mfa.Duty]struct{ mail, event string }{
	mfa.DutyConfirm: {"mail.m_unver", "method.reminded"},
	mfa.DutyRecheck: {"mail.m_check", "method.questioned"},
	mfa.DutyExpire:  {"mail.m_old", "method.expiring"},
	mfa.DutyPurge:   {"mail.m_purged", "method.purged"},
}

// LookAfter reminds of unverified backups, asks whether numbers that were not
// used for long are still their owner's, and deletes methods that were left
// behind or stopped long ago, after telling so in time (C-23, T-34).
func (p *Provider) LookAfter(ctx context.Context) error {
	for after := ""; ; {
		var users []string
		err := p.st.View(ctx, func(tx *store.Tx) error {
			var err error
			users, err = tx.FactorsToMind(careRows(p.cfg.Limits.Care, tx.Now), after, careBatch)
			return err
		})
		if err != nil || len(users) == 0 {
			return err
		}
		after = users[len(users)-1]
		if users, err = p.inNeed(ctx, users); err != nil {
			return err
		}
		for _, id := range users {
			if err := p.lookAfter(ctx, id); err != nil {
				return err
			}
		}
	}
}

// inNeed are those of some people for whom something is due: most are read and left alone.
func (p *Provider) inNeed(ctx context.Context, users []string) ([]string, error) {
	var out []string
	err := p.st.View(ctx, func(tx *store.Tx) error {
		out = nil
		for _, id := range users {
			u, err := tx.User(id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			factors, err := tx.Factors(id)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(factors, func(f mfa.Factor) bool { duty, _ := p.duty(u, factors, f, tx.Now); return duty != mfa.DutyNone }) {
				out = append(out, id)
			}
		}
		return nil
	})
	return out, err
}

// duty is what is due for a method: none that is needed is deleted, or said to be.
func (p *Provider) duty(u User, factors []mfa.Factor, f mfa.Factor, now time.Time) (mfa.Duty, time.Time) {
	duty, at := p.cfg.Limits.Care.Due(f, now)
	if (duty == mfa.DutyExpire || duty == mfa.DutyPurge) && !expendable(u, factors, f) {
		return mfa.DutyNone, zero
	}
	return duty, at
}

// careRows bounds the rows that may have a duty; [mfa.CareLimits.Due] judges them.
func careRows(l mfa.CareLimits, now time.Time) store.FactorAges {
	ago := func(on, d time.Duration) time.Time {
		if on <= 0 {
			return zero
		}
		return now.Add(-d)
	}
	return store.FactorAges{
		Idle: ago(l.Purge, l.Purge-l.PurgeNotice), Unverified: ago(l.Unverified, l.Unverified),
		Unproved: ago(l.Recheck, l.Recheck-l.RecheckNotice),
	}
}

// lookAfter does what is due for one person.
func (p *Provider) lookAfter(ctx context.Context, userID string) error {
	return p.updateAs(ctx, Actor{Kind: "job", ID: jobMethods}, nil, func(w *work) error {
		u, err := w.User(userID)
		if err != nil {
			return ignore(err, store.ErrNotFound)
		}
		factors, err := w.Factors(userID)
		if err != nil {
			return err
		}
		for _, f := range slices.Clone(factors) {
			duty, at := p.duty(u, factors, f, w.Now)
			if duty == mfa.DutyNone {
				continue
			}
			if err := p.doDuty(w, u, f, duty, at); err != nil {
				return err
			}
			if duty == mfa.DutyPurge {
				factors = slices.DeleteFunc(factors, func(o mfa.Factor) bool { return o.ID == f.ID })
			}
		}
		return nil
	})
}

// expendable reports whether a method may be deleted without its owner: none
// that is needed for a pair while two-step verification is on (S-123).
func expendable(u User, factors []mfa.Factor, f mfa.Factor) bool {
	if u.TwoStepAt.IsZero() {
		return true
	}
	_, heir, err := mfa.Without(factors, f.ID)
	return err == nil && heir == ""
}

func (p *Provider) doDuty(w *work, u User, f mfa.Factor, duty mfa.Duty, at time.Time) error {
	var err error
	if duty == mfa.DutyPurge {
		err = w.DeleteFactor(f.ID)
	} else {
		f.NoticedAt = w.Now
		err = w.UpdateFactor(f)
	}
	if err != nil {
		return err
	}
	params := method(f)
	if !at.IsZero() && duty != mfa.DutyPurge {
		params = append(params, "until", at.Format(time.RFC3339))
	}
	if err := p.mail(w, u, duties[duty].mail, params...); err != nil {
		return err
	}
	return w.record(duties[duty].event, u.ID, "", method(f)...)
}
