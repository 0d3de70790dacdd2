package idp

import (
	"crypto/hmac"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// given is a right code: how it came, and by which factor.
type given struct {
	channel  mfa.Channel
	factorID string
}

// check compares a code with the running challenge of a binding and spends it.
// It is the only place where codes of registered factors are compared.
//
// The try is counted before the comparison (T-26), on the challenge (C-06), on
// the factor (C-07, C-09, N-20) and on the account (C-08). Outcomes that count
// are kept although they are errors: return them through store.Keep.
func (p *Provider) check(w *work, u User, purpose mfa.Purpose, binding, code string) (given, error) {
	all, err := w.Challenges(binding, purpose)
	if err != nil {
		return given{}, err
	}
	i := slices.IndexFunc(all, func(c mfa.Challenge) bool { return c.SupersededAt.IsZero() })
	if i < 0 {
		return given{}, mfa.ErrNoChallenge
	}
	c := all[i]
	if code, err = p.parseCode(c.Channel, code); err != nil {
		return given{}, err
	}
	f, err := w.Factor(c.FactorID)
	if errors.Is(err, store.ErrNotFound) || (err == nil && f.UserID != u.ID) {
		return given{}, mfa.ErrNoChallenge
	}
	if err != nil {
		return given{}, err
	}
	if !f.DisabledAt.IsZero() {
		return given{}, mfa.ErrFactorDisabled
	}
	if err := p.mayTry(w, u.ID, f.ID); err != nil {
		return given{}, err
	}
	if c.Channel == mfa.App {
		err = p.checkApp(w, &f, code)
	} else {
		err = p.checkSent(w, c, all, code)
	}
	w.entered(f, c.Channel, err)
	switch {
	case err == nil:
		if err := w.useChallenge(c); err != nil {
			return given{}, store.Keep(mfa.ErrUsedCode)
		}
		return given{c.Channel, f.ID}, p.accept(w, u, f, c)
	case errors.Is(err, mfa.ErrWrongCode), errors.Is(err, mfa.ErrOldCode):
		if err := p.countWrong(w, u, f); err != nil {
			return given{}, err
		}
		return given{}, store.Keep(err)
	case errors.Is(err, mfa.ErrUsedCode):
		return given{}, store.Keep(err)
	default:
		return given{}, err
	}
}

// entered counts a code that was compared.
func (w *work) entered(f mfa.Factor, ch mfa.Channel, err error) {
	result := "right"
	switch {
	case err == nil:
	case errors.Is(err, mfa.ErrWrongCode):
		result = "wrong"
	case errors.Is(err, mfa.ErrOldCode):
		result = "old"
	case errors.Is(err, mfa.ErrUsedCode):
		result = "used"
	case errors.Is(err, mfa.ErrExpiredCode):
		result = "expired"
	default:
		return // nothing was compared
	}
	w.count(func(p *Provider) {
		country := ""
		if ch.Phone() {
			country = p.meters.country(f.Number)
		}
		p.meters.codesEntered.Inc(string(ch), country, result)
		p.watchCode(result != "right")
	})
}

// appDigits is what every authenticator app shows (C-04).
const appDigits = 6

// parseCode reads what was typed; a code that cannot be one counts as no try.
func (p *Provider) parseCode(ch mfa.Channel, typed string) (string, error) {
	if ch == mfa.App {
		return mfa.ParseCode(typed, appDigits)
	}
	return mfa.ParseCode(typed, p.cfg.Limits.MFA.CodeDigits)
}

func (p *Provider) checkApp(w *work, f *mfa.Factor, code string) error {
	step, drift, err := mfa.VerifyTOTP(f.Secret, code, w.Now, f.LastStep, f.Drift)
	if err != nil {
		return err
	}
	f.LastStep, f.Drift = step, drift
	off := step - mfa.StepAt(w.Now)
	w.count(func(p *Provider) { p.meters.apps.Inc(strconv.FormatInt(off, 10)) })
	if err := w.AcceptStep(f.ID, step, drift); err != nil { // T-25: two at once, one wins
		if errors.Is(err, store.ErrConflict) {
			return mfa.ErrUsedCode
		}
		return err
	}
	return nil
}

func (p *Provider) checkSent(w *work, c mfa.Challenge, all []mfa.Challenge, code string) error {
	tries := p.cfg.Limits.MFA.CodeTries
	if _, err := w.CountAttempt(c.ID, tries); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return mfa.ErrNoChallenge
		}
		return err
	}
	err := c.Check(p.codeMAC(c.ID, code), w.Now, tries)
	if !errors.Is(err, mfa.ErrWrongCode) {
		return err
	}
	for _, old := range all {
		if old.ID != c.ID && hmac.Equal(old.MAC, p.codeMAC(old.ID, code)) {
			return mfa.ErrOldCode
		}
	}
	return err
}

// mayTry refuses while the method or the account is paused (C-07, C-08).
func (p *Provider) mayTry(w *work, userID, factorID string) error {
	for _, k := range []struct{ key, what string }{{"code.pause|" + factorID, "method"}, {"code.pause|" + userID, "account"}} {
		n, until, err := w.Count(k.key)
		if err != nil {
			return err
		}
		if n > 0 {
			return &mfa.TooSoonError{What: k.what, At: until}
		}
	}
	return nil
}

// countWrong counts a wrong code where it hurts a guesser: on the factor,
// across challenges and sign-ins. At the cap the factor is disabled and must be
// bound anew (N-40, T-23).
func (p *Provider) countWrong(w *work, u User, f mfa.Factor) error {
	l := p.cfg.Limits.MFA
	if err := w.record("code.wrong", u.ID, "", "channel", string(f.Channel)); err != nil {
		return err
	}
	for _, k := range []struct {
		count, pause string
		limit        int
		per, rest    time.Duration
		stop         bool
	}{
		{"code.hour|" + f.ID, "code.pause|" + f.ID, l.MethodFailuresHour, time.Hour, l.MethodPause, false}, // C-07
		{"code.day|" + u.ID, "code.pause|" + u.ID, l.AccountFailuresDay, day, day, true},                   // C-08
	} {
		if _, _, err := w.Hit(k.count, 0, k.per); err != nil {
			return err
		}
		n, _, err := w.Count(k.count)
		if err != nil {
			return err
		}
		if k.limit > 0 && n >= k.limit {
			if _, _, err := w.Hit(k.pause, 0, k.rest); err != nil {
				return err
			}
			if err := w.ClearCount(k.count); err != nil {
				return err
			}
			warn := func() error { return p.warnOnce(w, u, "mail.codes") }
			if k.stop {
				warn = func() error { return p.stopCodes(w, u) }
			}
			if err := warn(); err != nil {
				return err
			}
		}
	}
	n, err := w.CountFailure(f.ID)
	if err != nil || n < l.MethodFailuresMax {
		return err
	}
	return p.disableFactor(w, u, f)
}

func (p *Provider) disableFactor(w *work, u User, f mfa.Factor) error {
	f.DisabledAt = w.Now
	if err := w.UpdateFactor(f); err != nil {
		return err
	}
	if err := p.mail(w, u, "mail.m_stop", method(f)...); err != nil {
		return err
	}
	return w.record("method.disabled", u.ID, "", "channel", string(f.Channel))
}

// accept clears what a right code clears: the factor's own failures, not the
// account's (N-42). The first code from an unverified backup, or from a number
// that was not used for long, verifies it; a sign-in that did so changes no
// other method for a while (T-35, T-34).
func (p *Provider) accept(w *work, u User, f mfa.Factor, c mfa.Challenge) error {
	if err := w.ClearFailures(f.ID); err != nil {
		return err
	}
	for _, key := range []string{"code.hour|" + f.ID, askedKey(u.ID)} {
		if err := w.ClearCount(key); err != nil {
			return err
		}
	}
	anew := c.Purpose == mfa.ForVerify || !p.cfg.Limits.Care.Sure(f, w.Now)
	f.LastUsedAt = w.Now
	if anew {
		f.VerifiedAt = w.Now
		if hold := p.cfg.Limits.Care.Hold; hold > 0 && c.Purpose != mfa.ForVerify {
			f.HeldUntil = w.Now.Add(hold)
		}
	}
	if err := w.UpdateFactor(f); err != nil {
		return err
	}
	if anew {
		if err := p.mail(w, u, "mail.m_ok", append(method(f), "ref", f.ID)...); err != nil {
			return err
		}
		if err := w.record("method.verified", u.ID, "", method(f)...); err != nil {
			return err
		}
	}
	return w.record("code.right", u.ID, "", "channel", string(c.Channel))
}

// method names a factor in a message: its channel, and what may be shown of it.
func method(f mfa.Factor) []string {
	detail := f.Name
	if f.Channel.Phone() {
		detail = mfa.Masked(f.Number)
	}
	return []string{"channel", string(f.Channel), "detail", detail}
}
