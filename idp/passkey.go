package idp

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/passkey"
)

// Rules of this file and passkey_new.go: a challenge is a MAC over where it is
// used and how many were used there before. So a page that asks for a passkey
// only reads, no challenge serves twice, and none serves elsewhere.

// passkeys are those of a person that may be used.
func (p *Provider) passkeys(tx *store.Tx, userID string) ([]mfa.Passkey, error) {
	if p.site == nil {
		return nil, nil
	}
	all, err := tx.Passkeys(userID)
	return p.liveKeys(all), err
}

// liveKeys are those of a person's passkeys that may be used.
func (p *Provider) liveKeys(all []mfa.Passkey) []mfa.Passkey {
	if p.site == nil {
		return nil
	}
	return slices.DeleteFunc(all, func(k mfa.Passkey) bool { return !k.Usable() })
}

// owns reports whether a passkey is among those that may be used.
func owns(passkeys []mfa.Passkey, id string) bool {
	return id != "" && slices.ContainsFunc(passkeys, func(k mfa.Passkey) bool { return k.ID == id })
}

// proved reports whether anything was proved in a sign-in itself.
func proved(row store.SignIn) bool {
	return !row.PasswordAt.IsZero() || !row.CodeAt.IsZero() || !row.DeviceAt.IsZero() || !row.PasskeyAt.IsZero()
}

// challenge is what the next answer must be to; use is "sign-in" or "session".
func (p *Provider) challenge(use, id string, spent int) []byte {
	return p.st.MAC("passkey challenge", use, id, strconv.Itoa(spent))
}

// asking is what a sign-in asks a passkey for.
type asking struct {
	// verify is set where the passkey stands for both steps.
	verify bool
	// allowed are those that may answer; nil for any of the site.
	allowed []mfa.Passkey
}

// asksPasskey reports whether a passkey is of use on the page that is due, and
// how it is asked for. Nobody's passkeys are named before their password.
func (p *Provider) asksPasskey(s *situation, now time.Time) (asking, bool) {
	if p.site == nil {
		return asking{}, false
	}
	_, passkeys := s.ways(p, now)
	switch s.step.Page {
	case signin.PagePassword:
		if s.user == nil || s.session == nil && !proved(s.row) {
			return asking{verify: true}, true
		}
		return asking{verify: true, allowed: passkeys}, len(passkeys) > 0
	case signin.PageCode, signin.PagePasskey:
		return asking{allowed: passkeys}, len(passkeys) > 0
	default:
		return asking{}, false
	}
}

// passkeyRequest is what a browser is asked on the page that is due; nil for nothing.
func (p *Provider) passkeyRequest(s *situation, now time.Time) []byte {
	a, ok := p.asksPasskey(s, now)
	if !ok {
		return nil
	}
	return p.site.Request(p.challenge("sign-in", s.row.ID, s.row.Ceremony), a.verify, a.allowed)
}

// SubmitPasskey takes what a browser answered to [SignInView.Passkey]: as a
// whole sign-in, in place of a code, or to prove it again. The errors are
// [ErrPasskey], mfa/passkey's and *mfa.TooSoonError.
func (p *Provider) SubmitPasskey(ctx context.Context, b *Browser, id string, answer []byte) (Next, error) {
	a, err := passkey.Read(answer)
	if err != nil {
		return Next{}, err
	}
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		ask, ok := p.asksPasskey(s, w.Now)
		if !ok {
			return ErrStep
		}
		if err := p.countPasskeyTry(w); err != nil {
			return err
		}
		challenge := p.challenge("sign-in", s.row.ID, s.row.Ceremony)
		if err := w.SpendSignInChallenge(s.row.ID, s.row.Ceremony); err != nil {
			return passkey.ErrRefused // somebody else was first
		}
		s.row.Ceremony++
		k, use, err := p.checkPasskey(w, s, a, challenge, ask)
		if err != nil {
			return err
		}
		return p.rightPasskey(w, s, k, use)
	})
}

// countPasskeyTry bounds what a stranger can make us compute (T-05).
func (p *Provider) countPasskeyTry(w *work) error {
	ok, until, err := w.Hit("passkey.ip|"+network(w.b.IP), p.cfg.Limits.Password.PerIPMinute, time.Minute)
	if err != nil || ok {
		return err
	}
	return store.Keep(&mfa.TooSoonError{What: "ip", At: until})
}

// checkPasskey finds the passkey that an answer claims to be of, and judges it.
// The outcome is remembered in any case: the challenge is spent.
func (p *Provider) checkPasskey(w *work, s *situation, a passkey.Answer, challenge []byte, ask asking) (mfa.Passkey, passkey.Use, error) {
	k, err := w.PasskeyByCredential(a.Credential)
	if errors.Is(err, store.ErrNotFound) {
		return k, passkey.Use{}, store.Keep(ErrPasskey)
	}
	if err != nil {
		return k, passkey.Use{}, err
	}
	if !k.Usable() || ask.allowed != nil && !owns(ask.allowed, k.ID) || s.req.HintSubject != "" && s.req.HintSubject != k.UserID {
		return k, passkey.Use{}, store.Keep(ErrPasskey) // O-27: somebody else's is nothing here
	}
	use, err := p.site.Check(a, challenge, ask.verify, k)
	switch {
	case errors.Is(err, passkey.ErrCloned):
		return k, use, keepAfter(p.copied(w, k), err)
	case err != nil:
		return k, use, keepAfter(w.record("passkey.refused", k.UserID, s.row.ClientID, "why", err.Error()), err)
	}
	if err := w.CountPasskey(k.ID, k.SignCount, use.SignCount); err != nil {
		if errors.Is(err, store.ErrConflict) {
			return k, use, store.Keep(passkey.ErrRefused)
		}
		return k, use, err
	}
	return k, use, nil
}

// copied stops a passkey whose counter went backwards: two devices have its
// key. The owner is told, and makes another.
func (p *Provider) copied(w *work, k mfa.Passkey) error {
	u, err := w.User(k.UserID)
	if err != nil {
		return err
	}
	if err := p.stopPasskey(w, k); err != nil {
		return err
	}
	if err := p.mail(w, u, "mail.pk_copy", "passkey", k.Name); err != nil {
		return err
	}
	return w.record("passkey.copied", u.ID, "", "passkey", k.ID, "name", k.Name)
}

func (p *Provider) stopPasskey(w *work, k mfa.Passkey) error {
	if k.DisabledAt.IsZero() {
		k.DisabledAt = w.Now
	}
	return w.UpdatePasskey(k)
}

// rightPasskey writes the proof into the sign-in.
func (p *Provider) rightPasskey(w *work, s *situation, k mfa.Passkey, use passkey.Use) error {
	k.LastUsedAt, k.BackedUp = w.Now, use.BackedUp
	if err := w.UpdatePasskey(k); err != nil {
		return err
	}
	w.as(k.UserID)
	if s.row.UserID != k.UserID {
		forget(&s.row)
	}
	s.row.UserID, s.row.PasskeyAt, s.row.PasskeyID = k.UserID, w.Now, k.ID
	s.row.PasskeyVerified, s.row.PasskeySynced = use.Verified, k.Synced
	s.row.ExpiresAt = later(s.row.ExpiresAt, w.Now.Add(p.cfg.Limits.SignIn.Pending))
	return w.record("passkey.right", k.UserID, s.row.ClientID, "passkey", k.ID, "name", k.Name)
}
