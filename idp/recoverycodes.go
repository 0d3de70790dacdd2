package idp

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Rules of this file: new recovery codes are shown, to the session that made
// them, until the person says that they are saved. From then on only their MACs
// exist, and the codes of before are void. Nobody is ever shown them again.
// They are no method: two-step verification needs its pair beside them (S-053),
// and making them anew ends no trusted device.

// tokenCodes are new codes that wait to be saved.
const tokenCodes = "recovery codes"

// byRecoveryCode is what a session that a recovery code opened says of its method.
const byRecoveryCode = "recovery code"

// RecoveryCodesView is what the page about recovery codes shows.
type RecoveryCodesView struct {
	// Left is how many may still be used, MadeAt when all of them were made.
	Left   int
	MadeAt time.Time
	// New are codes that wait to be saved, as people read them, NewAt when they
	// were made; nil when none do.
	New   []string
	NewAt time.Time
}

// recoveryHolder is the signed-in person with fresh proofs and two-step
// verification on: codes are issued at that level only (N-14), and to no proof
// that a held method gave.
func (p *Provider) recoveryHolder(tx *store.Tx, b *Browser) (*holder, error) {
	h, err := p.holder(tx, b)
	switch {
	case err != nil:
		return nil, err
	case !p.sudoFresh(h, tx.Now):
		return nil, ErrSudo
	case h.user.TwoStepAt.IsZero():
		return nil, ErrState
	}
	return h, p.firm(tx, h) // they prove what a held method must not (C-40)
}

// newCodes is the draft of a session; ErrNotFound when there is none.
func (p *Provider) newCodes(tx *store.Tx, h *holder) (store.Token, error) {
	t, err := tx.TokenByHash(tokenCodes, store.Hash(h.session.SID))
	if errors.Is(err, store.ErrNotFound) || err == nil && (!t.UsedAt.IsZero() || !tx.Now.Before(t.ExpiresAt)) {
		return t, ErrNotFound
	}
	return t, err
}

// RecoveryCodes is what the page about them shows; it changes nothing. It takes
// fresh proofs (ErrSudo) and two-step verification on (ErrState).
func (p *Provider) RecoveryCodes(ctx context.Context, b *Browser) (RecoveryCodesView, error) {
	var v RecoveryCodesView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.recoveryHolder(tx, b)
		if err != nil {
			return err
		}
		c, err := tx.RecoveryCodes(h.user.ID)
		if err != nil {
			return err
		}
		v.Left, v.MadeAt = c.Left, c.MadeAt
		t, err := p.newCodes(tx, h)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		for code := range strings.FieldsSeq(t.Data["codes"]) {
			v.New = append(v.New, mfa.RecoveryText(code))
		}
		v.NewAt = t.CreatedAt
		return err
	})
	return v, err
}

// MakeRecoveryCodes makes new ones, which [Provider.KeepRecoveryCodes] puts in
// the place of the old. Making them again shows others.
func (p *Provider) MakeRecoveryCodes(ctx context.Context, b *Browser) error {
	return p.update(ctx, b, func(w *work) error {
		h, err := p.recoveryHolder(w.Tx, b)
		if err != nil {
			return err
		}
		w.as(h.user.ID)
		if err := w.DeleteTokens(h.user.ID, tokenCodes); err != nil {
			return err
		}
		codes := mfa.NewRecoveryCodes(p.cfg.Limits.Care.RecoveryCodes)
		return w.InsertToken(store.Token{
			ID: newID(), Hash: store.Hash(h.session.SID), Purpose: tokenCodes, UserID: h.user.ID,
			Data:      map[string]string{"codes": strings.Join(codes, " ")}, // sealed, and gone once they are saved
			CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.MFA.DraftLifetime),
		})
	})
}

// KeepRecoveryCodes makes the codes that wait the person's: they have saved
// them. All older ones are void. ErrStep when none wait.
func (p *Provider) KeepRecoveryCodes(ctx context.Context, b *Browser) error {
	return p.withNewCodes(ctx, b, func(w *work, h *holder, t store.Token) error {
		codes := strings.Fields(t.Data["codes"])
		if err := w.PutRecoveryCodes(h.user.ID, codes); err != nil {
			return err
		}
		if err := p.mail(w, h.user, "mail.rc", "n", strconv.Itoa(len(codes))); err != nil {
			return err
		}
		return w.record("recovery_codes.made", h.user.ID, "", "n", strconv.Itoa(len(codes)))
	})
}

// DropNewCodes gives up the codes that wait; the old ones stay. ErrStep when none wait.
func (p *Provider) DropNewCodes(ctx context.Context, b *Browser) error {
	return p.withNewCodes(ctx, b, func(*work, *holder, store.Token) error { return nil })
}

// withNewCodes uses up the codes that wait: whoever is second finds none.
func (p *Provider) withNewCodes(ctx context.Context, b *Browser, f func(*work, *holder, store.Token) error) error {
	return p.update(ctx, b, func(w *work) error {
		h, err := p.recoveryHolder(w.Tx, b)
		if err != nil {
			return err
		}
		w.as(h.user.ID)
		t, err := p.newCodes(w.Tx, h)
		if errors.Is(err, ErrNotFound) {
			return ErrStep
		}
		if err != nil {
			return err
		}
		if err := w.UseToken(t.ID); err != nil {
			return ErrStep
		}
		if err := f(w, h, t); err != nil {
			return err
		}
		return w.DeleteTokens(h.user.ID, tokenCodes)
	})
}

// SubmitRecoveryCode answers the code page with a recovery code. It trusts no
// browser: whoever lost their methods may sit at any. The errors are mfa's
// about codes and *mfa.TooSoonError.
func (p *Provider) SubmitRecoveryCode(ctx context.Context, b *Browser, id, typed string) (Next, error) {
	code, err := mfa.ParseRecoveryCode(typed)
	if err != nil {
		return Next{}, err
	}
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if s.step.Page != signin.PageCode {
			return ErrStep
		}
		if err := p.mayUseCodes(w, s); err != nil {
			return err
		}
		if err := p.useRecoveryCode(w, *s.user, s.row.ClientID, code); err != nil {
			return err
		}
		s.row.UserID = s.user.ID
		s.row.CodeAt, s.row.Channel, s.row.FactorID, s.row.Trust = w.Now, mfa.RecoveryCode, byRecoveryCode, false
		return nil
	})
}

// mayUseCodes refuses codes that were made lately where that is asked (C-40).
func (p *Provider) mayUseCodes(w *work, s *situation) error {
	if !s.req.Firm {
		return nil
	}
	c, err := w.RecoveryCodes(s.user.ID)
	if err == nil && p.codesHeld(c, w.Now) {
		err = ErrStep
	}
	return err
}

// ResetRecoveryCode proves the second step of a password reset with a recovery
// code: the mail and the code are two of different kinds (N-49, N-50).
func (p *Provider) ResetRecoveryCode(ctx context.Context, b *Browser, secret, typed string) error {
	code, err := mfa.ParseRecoveryCode(typed)
	if err != nil {
		return err
	}
	return p.update(ctx, b, func(w *work) error {
		t, u, err := p.resetToken(w.Tx, secret)
		if err != nil {
			return err
		}
		if t.Data["hash"] == "" || u.TwoStepAt.IsZero() {
			return ErrStep
		}
		if err := p.useRecoveryCode(w, u, "", code); err != nil {
			return err
		}
		return p.resetDone(w, t, u)
	})
}

// useRecoveryCode counts a try and spends the code. What was wrong does not
// count against the other methods, nor theirs against this: a stranger who
// guesses at one must not close the other (T-04).
func (p *Provider) useRecoveryCode(w *work, u User, clientID, code string) error {
	if err := p.countRecoveryTry(w, u.ID); err != nil {
		return err
	}
	err := w.UseRecoveryCode(u.ID, code)
	result := "right"
	if err != nil {
		result = "wrong"
	}
	w.count(func(p *Provider) {
		p.meters.codesEntered.Inc(string(mfa.RecoveryCode), "", result)
		p.watchCode(result == "wrong")
	})
	if errors.Is(err, store.ErrConflict) {
		return keepAfter(w.record("recovery_code.wrong", u.ID, clientID), mfa.ErrWrongCode)
	}
	if err != nil {
		return err
	}
	for _, key := range []string{recoveryTries(u.ID, network(w.b.IP)), recoveryTries(u.ID, ""), askedKey(u.ID)} {
		if err := w.ClearCount(key); err != nil {
			return err
		}
	}
	w.as(u.ID)
	c, err := w.RecoveryCodes(u.ID)
	if err != nil {
		return err
	}
	left := strconv.Itoa(c.Left)
	if err := p.mail(w, u, "mail.rc_used", "n", left); err != nil {
		return err
	}
	return w.record("recovery_code.used", u.ID, clientID, "left", left)
}

// recoveryTries is where wrong codes of an account are counted, from one
// network or, where it is empty, from all.
func recoveryTries(userID, from string) string { return "recovery.tries|" + userID + "|" + from }

// countRecoveryTry counts a try before the code is compared (N-15, T-26). Eighty
// random bits cannot be guessed at any rate; the limit of one network is low
// for who tries, that of all is high for who is tried.
func (p *Provider) countRecoveryTry(w *work, userID string) error {
	l := p.cfg.Limits.Care
	for _, c := range []struct {
		from  string
		limit int
	}{{network(w.b.IP), l.RecoveryTries}, {"", l.RecoveryTriesOf}} {
		ok, until, err := w.Hit(recoveryTries(userID, c.from), c.limit, l.RecoveryPause)
		if err != nil {
			return err
		}
		if !ok {
			return store.Keep(&mfa.TooSoonError{What: "recovery", At: until})
		}
	}
	return nil
}

// dropRecoveryCodes is the undo of what was told of recovery codes: somebody
// else has them, so they are good for nobody.
func (p *Provider) dropRecoveryCodes(w *work, u *User, _ string) error {
	if err := w.DeleteTokens(u.ID, tokenCodes); err != nil {
		return err
	}
	return w.DeleteRecoveryCodes(u.ID)
}

// dropYoungCodes voids codes that are younger than a link works: they may be a
// thief's (T-64).
func (p *Provider) dropYoungCodes(w *work, u *User) error {
	c, err := w.RecoveryCodes(u.ID)
	if err != nil || w.Now.Sub(c.MadeAt) > p.cfg.Limits.Account.Report {
		return err
	}
	return p.dropRecoveryCodes(w, u, "")
}
