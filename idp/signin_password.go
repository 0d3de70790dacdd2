package idp

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

var zero time.Time

// SubmitPassword answers the password page. The address is ignored when the
// person is fixed: at a step-up, under sudo, or by an id_token_hint (O-27).
//
// The attempt is counted before the password is compared, so that parallel
// guesses cannot slip under a limit; the hash is computed outside any
// transaction. Errors: ErrBadCredentials, ErrMustChange, *mfa.TooSoonError, password.ErrBusy.
func (p *Provider) SubmitPassword(ctx context.Context, b *Browser, id, email, pw string) (Next, error) {
	email = normaliseEmail(email)
	var user *User
	var dead bool
	err := p.update(ctx, b, func(w *work) error {
		row, err := p.open(w.Tx, b, id)
		if err != nil {
			return err
		}
		s, err := p.look(w.Tx, b, row)
		if err != nil {
			return err
		}
		if user, err = p.claimed(w.Tx, s, email); err != nil {
			return err
		}
		if user != nil {
			email = user.Email
		}
		if dead, err = p.passwordDead(w, user); err != nil {
			return err
		}
		return p.countPassword(w, email)
	})
	if err != nil {
		return Next{}, err
	}
	ok, newHash, err := p.comparePassword(ctx, user, pw, dead)
	if errors.Is(err, password.ErrBusy) {
		p.meters.passwords.Inc("busy")
	}
	if err != nil {
		return Next{}, err
	}
	p.watchPassword(!ok)
	if !ok {
		return Next{}, p.wrongPassword(ctx, b, email, user)
	}
	if p.compromised(*user, pw) {
		return Next{}, p.refuseCompromised(ctx, b, user.ID)
	}
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		return p.rightPassword(w, s, *user, pw, newHash)
	})
}

// claimed is the person a password is about; nil when nobody has the address.
func (p *Provider) claimed(tx *store.Tx, s *situation, email string) (*User, error) {
	var u User
	var err error
	switch hint := s.req.HintSubject; {
	case hint != "": // O-24: nobody else's success is of use
		u, err = tx.User(hint)
	case s.user != nil && (s.session != nil || proved(s.row)):
		return s.user, nil
	default:
		u, err = tx.UserByEmail(email)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil //nolint:nilnil // nobody: the caller compares with a dummy (T-02)
	}
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// passwordDead reports whether a password is refused right or wrong until a
// reset: after too many failures in a row, anywhere (C-27, N-40). In a browser
// that signed in before only its own failures count, so that strangers cannot
// take a password from its owner (T-04).
func (p *Provider) passwordDead(w *work, u *User) (bool, error) {
	most := p.cfg.Limits.Password.FailuresMax
	if u == nil || u.PasswordFailures < most {
		return false, nil
	}
	if !p.knows(w.b, u.Email) {
		return true, nil
	}
	n, _, err := w.Count(ownFailures(u.Email, p.origin(w.b, u.Email)))
	return n >= most, err
}

// ownFailures is where a browser that signed in before counts its failures in a row.
func ownFailures(email, origin string) string { return "pw.own|" + email + "|" + origin }

// comparePassword takes the same time whether or not the person exists (T-02).
// newHash is not empty when the stored hash is weaker than today's (N-12).
func (p *Provider) comparePassword(ctx context.Context, u *User, pw string, dead bool) (ok bool, newHash string, err error) {
	if u == nil || u.Password == "" || dead {
		return false, "", p.cfg.Hasher.Dummy(ctx, pw)
	}
	ok, rehash, err := p.cfg.Hasher.Verify(ctx, u.Password, pw)
	if err != nil || !ok || !rehash {
		return ok, "", err
	}
	newHash, err = p.cfg.Hasher.Hash(ctx, pw)
	return ok, newHash, err
}

// origin is whose budget an attempt draws on: a browser that signed in as this
// address before has its own, so that strangers cannot use it up (T-04).
func (p *Provider) origin(b *Browser, email string) string {
	if p.knows(b, email) {
		return "known:" + b.Known
	}
	return network(b.IP)
}

// countPassword counts one attempt and refuses it when a limit is met (C-25, C-26, C-28).
func (p *Provider) countPassword(w *work, email string) error {
	l := p.cfg.Limits.Password
	from := email + "|" + p.origin(w.b, email)
	if n, until, err := w.Count("pw.wait|" + from); err != nil || n > 0 {
		return cmp.Or(err, w.slowed(until))
	}
	shared := network(w.b.IP)
	if p.knows(w.b, email) { // T-04: nor can strangers at the same address use up what it has
		shared = from
	}
	for _, h := range []struct {
		key   string
		limit int
		per   time.Duration
	}{
		{"pw.ip|" + shared, l.PerIPMinute, time.Minute},
		{"pw.min|" + from, l.PerAccountIPMinute, time.Minute},
		{"pw.hour|" + from, l.PerAccountIPHour, time.Hour},
	} {
		ok, until, err := w.Hit(h.key, h.limit, h.per)
		if err != nil {
			return err
		}
		if !ok {
			return w.slowed(until)
		}
	}
	return nil
}

// slowed refuses a password that was not compared.
func (w *work) slowed(until time.Time) error {
	w.count(func(p *Provider) { p.meters.passwords.Inc("slowed") })
	return store.Keep(&mfa.TooSoonError{What: "password", At: until})
}

// wrongPassword records a failure; the answer is the same for an unknown address.
func (p *Provider) wrongPassword(ctx context.Context, b *Browser, email string, user *User) error {
	return p.update(ctx, b, func(w *work) error {
		w.count(func(p *Provider) { p.meters.passwords.Inc("wrong") })
		from := email + "|" + p.origin(b, email)
		if _, _, err := w.Hit("pw.fail|"+from, 0, 24*time.Hour); err != nil {
			return err
		}
		n, _, err := w.Count("pw.fail|" + from)
		if err != nil {
			return err
		}
		if d := p.cfg.Limits.Password.Delay(n); d > 0 {
			if err := w.ClearCount("pw.wait|" + from); err != nil {
				return err
			}
			if _, _, err := w.Hit("pw.wait|"+from, 0, d); err != nil {
				return err
			}
		}
		if user != nil {
			if p.knows(b, email) {
				if _, _, err := w.Hit(ownFailures(email, p.origin(b, email)), 0, 365*day); err != nil {
					return err
				}
			}
			if err := p.countFailure(w, user.ID); err != nil {
				return err
			}
		}
		return store.Keep(ErrBadCredentials)
	})
}

// countFailure counts consecutive failures; at the cap the password is dead
// until a reset and the owner is told (C-27, N-40).
func (p *Provider) countFailure(w *work, userID string) error {
	u, err := w.User(userID)
	if err != nil {
		return err
	}
	u.PasswordFailures++
	u.PasswordFailedAt = w.Now
	if err := w.UpdateUser(u); err != nil {
		return err
	}
	if n := p.cfg.Limits.Account.NoticeFailures; n > 0 && u.PasswordFailures == n {
		if err := p.warnOnce(w, u, "mail.failures"); err != nil {
			return err
		}
	}
	if u.PasswordFailures == p.cfg.Limits.Password.FailuresMax {
		if err := p.mail(w, u, "mail.locked"); err != nil {
			return err
		}
	}
	return w.record("signin.password.wrong", u.ID, "")
}

// rightPassword writes the proof into the sign-in and lets a trusted device speak.
func (p *Provider) rightPassword(w *work, s *situation, compared User, pw, newHash string) error {
	u, err := w.User(compared.ID)
	if err != nil {
		return err
	}
	if !u.PasswordAt.Equal(compared.PasswordAt) { // changed while the hash was computed
		return ErrBadCredentials
	}
	w.as(u.ID)
	w.count(func(p *Provider) { p.meters.passwords.Inc("right") })
	if u.PasswordFailures > 0 || newHash != "" || u.PasswordLen == 0 {
		u.PasswordFailures, u.PasswordLen = 0, passwordLen(pw)
		if newHash != "" {
			u.Password = newHash
		}
		if err := w.UpdateUser(u); err != nil {
			return err
		}
	}
	for _, key := range []string{"pw.fail|" + u.Email + "|" + p.origin(w.b, u.Email), ownFailures(u.Email, p.origin(w.b, u.Email))} {
		if err := w.ClearCount(key); err != nil {
			return err
		}
	}
	if s.row.UserID != u.ID {
		forget(&s.row)
	}
	s.row.UserID, s.row.PasswordAt = u.ID, w.Now
	s.row.IP, s.row.UserAgent = w.b.IP, clip(w.b.UserAgent, 300)
	s.row.ExpiresAt = later(s.row.ExpiresAt, w.Now.Add(p.cfg.Limits.SignIn.Pending))
	if u.TwoStepAt.IsZero() {
		return w.record("signin.password.right", u.ID, s.row.ClientID)
	}
	trusted, err := p.useDevice(w, u)
	if err != nil {
		return err
	}
	if trusted {
		s.row.DeviceAt = w.Now
	}
	return w.record("signin.password.right", u.ID, s.row.ClientID)
}
