package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// lateAfter is how long no gateway may have taken a code before its reader is told.
const lateAfter = 20 * time.Second

// Receipt writes down what a gateway tells of a message, or what a call shows by
// itself. Reports come late, twice and out of order: see [mfa.Delivery.Then].
// ErrNotFound for a message that is no code or long gone.
func (p *Provider) Receipt(ctx context.Context, gateway, id string, report mfa.Delivery, reason string) error {
	if report == "" {
		return nil
	}
	return p.updateAs(ctx, Actor{Kind: "gateway", ID: gateway}, nil, func(w *work) error {
		s, err := w.Send(id)
		if errors.Is(err, store.ErrNotFound) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		next := s.State.Then(report)
		if next == s.State {
			return nil
		}
		if s.State, s.Reason = next, reason; s.Gateway == "" {
			s.Gateway = gateway
		}
		w.count(func(p *Provider) { p.meters.receipts.Inc(string(s.Channel), s.Country, s.Gateway, string(next)) })
		if err := w.UpdateSend(s); err != nil || !next.Failed() {
			return err
		}
		return w.record("code.undelivered", s.UserID, "", "channel", string(s.Channel), "state", string(next), "reason", reason)
	})
}

// took writes down how handing a code to a gateway went.
func (p *Provider) took(w *work, o store.Outgoing, by mfa.TakenBy, sent error, final bool) error {
	s, err := w.Send(o.ID)
	if err != nil {
		return ignore(err, store.ErrNotFound) // no code
	}
	switch {
	case sent == nil:
		s.State, s.Gateway = s.State.Then(mfa.Taken), by.Gateway
		w.count(func(p *Provider) { p.meters.taken.Inc(string(s.Channel), s.Country, s.Gateway) })
	case errors.Is(sent, mfa.ErrNumberRisk):
		s.State = mfa.Withheld
	case final:
		s.State = mfa.Undelivered
	default:
		return nil
	}
	if err := w.UpdateSend(s); err != nil || !s.State.Failed() {
		return err
	}
	if s.State == mfa.Withheld {
		if err := p.warnOfRisk(w, s); err != nil {
			return err
		}
	}
	return w.record("code.undelivered", s.UserID, "", "channel", string(s.Channel), "state", string(s.State))
}

// useChallenge spends a challenge whose code was right; so its message came.
func (w *work) useChallenge(c mfa.Challenge) error {
	if err := w.UseChallenge(c.ID); err != nil || !c.Channel.Phone() {
		return err
	}
	s, err := w.SendOf(c.ID)
	if err != nil || s.ID == "" {
		return err
	}
	s.State, s.EnteredAt = mfa.Delivered, w.Now
	w.count(func(p *Provider) { p.meters.converted.Inc(string(s.Channel), s.Country, s.Gateway) })
	return w.UpdateSend(s)
}

// warnOfRisk tells a person, once a day, that a number of theirs seems to have
// changed hands (T-33).
func (p *Provider) warnOfRisk(w *work, s store.Send) error {
	u, err := w.User(s.UserID)
	if err != nil {
		return err
	}
	return p.warnOnce(w, u, "mail.swapped")
}

// conversionDelay is the time people have to enter a code before it counts as
// not entered.
const conversionDelay = 5 * time.Minute

// Watch looks at how many of the codes sent to each country are entered: who
// pumps messages for money enters none (T-31, C-17).
func (p *Provider) Watch(ctx context.Context) error {
	l := p.cfg.Limits.Alarms
	var low []string
	err := p.st.View(ctx, func(tx *store.Tx) error {
		low = nil
		for _, country := range append(slices.Clone(p.cfg.Limits.MFA.Countries), "other") {
			sent, entered, err := tx.Conversion(country, tx.Now.Add(-day), tx.Now.Add(-conversionDelay), l.ConversionSends)
			if err != nil {
				return err
			}
			if l.Unconverted(sent, entered) {
				low = append(low, country)
			}
		}
		return nil
	})
	for _, country := range low {
		p.raise(alarmConversion, country)
	}
	return err
}

// pumped reports until when a country gets no codes for enrolments: while too
// few are entered there. The home country's go on, or its enrolments could be
// stopped by anybody; its alarm is for people to look at.
func (p *Provider) pumped(w *work, t target, country string) (bool, time.Time, error) {
	if t.verified || country == p.cfg.Limits.MFA.Home() {
		return false, zero, nil
	}
	n, until, err := w.Count(alarmKey(alarmConversion, country))
	return n > 0, until, err
}
