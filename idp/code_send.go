package idp

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// target says for whom, for what and to where a code goes.
type target struct {
	user    User
	purpose mfa.Purpose
	// binding is the sign-in, session, wizard or reset that asks.
	binding string
	// factorID is the factor's or the enrolment's.
	factorID string
	channel  mfa.Channel
	number   string
	verified bool
	lang     string
}

// send issues a challenge and queues its code; for an app it only opens the
// challenge. Earlier challenges of the binding end, failure counts stay (N-20).
// A *mfa.TooSoonError tells which budget is met (C-10 to C-17, C-21, T-31).
func (p *Provider) send(w *work, t target) error {
	before, err := w.Challenges(t.binding, t.purpose)
	if err != nil {
		return err
	}
	if t.channel.Phone() {
		if err := p.mayResend(w, t, before); err != nil {
			return err
		}
		if err := p.spendSend(w, t); err != nil {
			return err
		}
	}
	if err := w.SupersedeChallenges(t.binding, t.purpose); err != nil {
		return err
	}
	c := mfa.Challenge{
		ID: newID(), UserID: t.user.ID, FactorID: t.factorID, Binding: t.binding, Purpose: t.purpose, Channel: t.channel,
		Sends: 1, SentAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.MFA.CodeLifetime),
	}
	for _, b := range before {
		if b.Channel.Phone() {
			c.Sends = b.Sends + 1
			break
		}
	}
	if !t.channel.Phone() {
		c.ExpiresAt = w.Now.Add(p.cfg.Limits.SignIn.Request)
		return w.InsertChallenge(c)
	}
	code := mfa.NewCode(p.cfg.Limits.MFA.CodeDigits)
	c.MAC = p.codeMAC(c.ID, code)
	if err := w.InsertChallenge(c); err != nil {
		return err
	}
	if err := p.queueCode(w, t, c, code); err != nil {
		return err
	}
	if err := p.countAsked(w, t); err != nil {
		return err
	}
	w.count(func(p *Provider) {
		p.meters.codesSent.Inc(string(t.channel), p.meters.country(t.number), string(t.purpose))
	})
	return w.record("code.sent", t.user.ID, "", "channel", string(t.channel), "to", mfa.Tail(t.number, 2), "for", string(t.purpose))
}

func (p *Provider) codeMAC(challenge, code string) []byte { return p.st.MAC("code", challenge, code) }

func (p *Provider) queueCode(w *work, t target, c mfa.Challenge, code string) error {
	kind, name := mfa.Text, "sms.code"
	if t.channel == mfa.Voice {
		kind, name = mfa.Call, "voice.code"
	}
	w.queued = true
	id, err := w.Enqueue(store.Outgoing{
		Kind: kind, To: t.number, Lang: p.lang(t.lang), UserID: t.user.ID, Name: name,
		Params:      map[string]string{"code": code, "n": strconv.Itoa(c.Sends), "domain": p.Host(), "minutes": minutes(p.cfg.Limits.MFA.CodeLifetime)},
		ChallengeID: c.ID, ExpiresAt: c.ExpiresAt,
	})
	if err != nil {
		return err
	}
	return w.InsertSend(store.Send{
		ID: id, ChallengeID: c.ID, UserID: t.user.ID, FactorID: t.factorID, Channel: t.channel,
		Country: p.meters.country(t.number), SentAt: w.Now,
	})
}

// minutes is a lifetime as messages say it.
func minutes(d time.Duration) string { return strconv.Itoa(int(d / time.Minute)) }

// days is a longer lifetime as messages say it.
func days(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }

// mayResend holds the growing wait between codes of one method (C-10).
func (p *Provider) mayResend(w *work, t target, before []mfa.Challenge) error {
	if at := p.resendAt(t.factorID, t.channel, before); w.Now.Before(at) {
		return &mfa.TooSoonError{What: "resend", At: at}
	}
	return nil
}

// resendAt is when a factor may be sent another code by a channel; the zero
// time means now.
func (p *Provider) resendAt(factorID string, ch mfa.Channel, before []mfa.Challenge) time.Time {
	sends := 0
	var last mfa.Challenge
	for _, b := range before {
		if b.FactorID == factorID && b.Channel == ch {
			sends++
			if b.SentAt.After(last.SentAt) {
				last = b
			}
		}
	}
	return mfa.NextSend(p.cfg.Limits.MFA, sends, last)
}

// sendTo sends a code by one of a person's factors. ch may be Voice for a mobile
// number registered for text messages (ux 4.3).
func (p *Provider) sendTo(w *work, u User, purpose mfa.Purpose, binding string, f mfa.Factor, ch mfa.Channel, lang string) error {
	if !reachable(f, ch) {
		return mfa.ErrChoice
	}
	return p.send(w, target{
		user: u, purpose: purpose, binding: binding, factorID: f.ID, channel: ch, number: f.Number, verified: p.cfg.Limits.Care.Sure(f, w.Now), lang: lang,
	})
}

// reachable reports whether a factor gives codes by a channel.
func reachable(f mfa.Factor, ch mfa.Channel) bool {
	return ch == f.Channel || (f.Channel == mfa.SMS && ch == mfa.Voice)
}

// firstCode opens the first challenge of a sign-in: once, however often the
// page is loaded. A met budget leaves the page without a code; other ways work.
func (p *Provider) firstCode(w *work, s *situation) error {
	running, err := w.Challenges(s.row.ID, mfa.ForSignIn)
	if err != nil || slices.ContainsFunc(running, func(c mfa.Challenge) bool { return c.UserID == s.user.ID }) {
		return err
	}
	factors, _ := s.ways(p, w.Now)
	factors = usable(factors)
	if len(factors) == 0 {
		return nil
	}
	f := factors[0]
	err = p.sendTo(w, *s.user, mfa.ForSignIn, s.row.ID, f, f.Channel, p.codeLang(w, *s.user))
	var soon *mfa.TooSoonError
	if errors.As(err, &soon) {
		return w.record("code.refused", s.user.ID, s.row.ClientID, "limit", soon.What)
	}
	return err
}

func (p *Provider) codeLang(w *work, u User) string {
	if u.Lang != "" {
		return u.Lang
	}
	return w.b.Lang
}

// verified are the factors that were proved, and not too long ago: no other
// changes a password (N-17, T-34).
func (p *Provider) verified(factors []mfa.Factor, now time.Time) []mfa.Factor {
	return slices.DeleteFunc(slices.Clone(factors), func(f mfa.Factor) bool { return !p.cfg.Limits.Care.Sure(f, now) })
}

// factorOf finds a usable factor of a person.
func factorOf(factors []mfa.Factor, id string) (mfa.Factor, error) {
	list := usable(factors)
	if id == "" && len(list) > 0 {
		return list[0], nil
	}
	if i := slices.IndexFunc(list, func(f mfa.Factor) bool { return f.ID == id }); i >= 0 {
		return list[i], nil
	}
	return mfa.Factor{}, mfa.ErrChoice
}
