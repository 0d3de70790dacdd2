package idp

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Forgot sends a reset link to an address that has an account. The answer is
// the same when it has none (T-02).
func (p *Provider) Forgot(ctx context.Context, b *Browser, email string) error {
	email = normaliseEmail(email)
	if err := checkEmail(email); err != nil {
		return err
	}
	return p.update(ctx, b, func(w *work) error {
		if until, err := p.spendMail(w, "reset", email); err != nil || !until.IsZero() {
			return err // C-43: no mail, and no word of it
		}
		u, err := w.UserByEmail(email)
		if errors.Is(err, store.ErrNotFound) || (err == nil && !u.DisabledAt.IsZero()) {
			return nil
		}
		if err != nil {
			return err
		}
		return p.sendReset(w, u)
	})
}

func (p *Provider) sendReset(w *work, u User) error {
	if err := p.mailReset(w, u, "mail.reset"); err != nil {
		return err
	}
	return w.record("password.reset_sent", u.ID, "")
}

// mailReset sends a link that sets a new password, in the mail of that name.
func (p *Provider) mailReset(w *work, u User, name string) error {
	secret := newToken()
	err := w.InsertToken(store.Token{
		ID: newID(), Hash: store.Hash(secret), Purpose: tokenReset, UserID: u.ID, Data: map[string]string{},
		CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.SignIn.Reset),
	})
	if err != nil {
		return err
	}
	link := p.cfg.Issuer + "/password/reset?" + url.Values{"token": {secret}}.Encode()
	return p.mailTo(w, u.Email, u, name, "link", link, "minutes", minutes(p.cfg.Limits.SignIn.Reset))
}

// resetToken loads the link's token and its person; ErrLink when it is spent.
func (p *Provider) resetToken(tx *store.Tx, secret string) (store.Token, User, error) {
	return p.mailedToken(tx, tokenReset, secret)
}

// ResetCheck reports ErrLink for a link that no longer works; it changes nothing.
func (p *Provider) ResetCheck(ctx context.Context, _ *Browser, secret string) error {
	return p.st.View(ctx, func(tx *store.Tx) error {
		_, _, err := p.resetToken(tx, secret)
		return err
	})
}

// ResetPassword sets a new password by a mailed link. Where two-step
// verification is on the link alone does not do (N-50, A-6.4.3): a code is
// sent, ErrCodeNeeded says so, and [Provider.ResetCode] finishes.
func (p *Provider) ResetPassword(ctx context.Context, b *Browser, secret, pw string, endSessions bool) error {
	var user User
	err := p.st.View(ctx, func(tx *store.Tx) error {
		_, u, err := p.resetToken(tx, secret)
		user = u
		return err
	})
	if err != nil {
		return err
	}
	if err := p.checkPassword(pw, user.Email, user.Name, !user.TwoStepAt.IsZero()); err != nil {
		return err
	}
	hash, err := p.cfg.Hasher.Hash(ctx, pw)
	if err != nil {
		return err
	}
	return p.update(ctx, b, func(w *work) error {
		t, u, err := p.resetToken(w.Tx, secret)
		if err != nil {
			return err
		}
		t.Data = map[string]string{"hash": hash, "len": strconv.Itoa(passwordLen(pw)), "end": strconv.FormatBool(endSessions)}
		if u.TwoStepAt.IsZero() {
			return p.resetDone(w, t, u)
		}
		if err := w.UpdateToken(t); err != nil {
			return err
		}
		factors, err := w.Factors(u.ID)
		if err != nil {
			return err
		}
		f, err := factorOf(p.verified(factors, w.Now), "")
		if err == nil {
			err = p.sendTo(w, u, mfa.ForReset, t.ID, f, f.Channel, p.codeLang(w, u))
		}
		var soon *mfa.TooSoonError
		if err != nil && !errors.As(err, &soon) {
			return err
		}
		return store.Keep(ErrCodeNeeded)
	})
}

// ResetCodeView is what the second step of a reset may show: of a [SignInView]
// the challenge, the methods and whether there are recovery codes.
func (p *Provider) ResetCodeView(ctx context.Context, _ *Browser, secret string) (SignInView, error) {
	var v SignInView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		t, u, err := p.resetToken(tx, secret)
		if err != nil {
			return err
		}
		if t.Data["hash"] == "" || u.TwoStepAt.IsZero() {
			return ErrStep
		}
		factors, err := tx.Factors(u.ID)
		if err != nil {
			return err
		}
		saved, err := tx.RecoveryCodes(u.ID)
		if err != nil {
			return err
		}
		v.RecoveryCode = saved.Left > 0
		v.Code, v.Methods, err = p.codeView(tx, u, p.verified(factors, tx.Now), mfa.ForReset, t.ID)
		return err
	})
	return v, err
}

// SendResetCode sends another code for a reset.
func (p *Provider) SendResetCode(ctx context.Context, b *Browser, secret, factorID string, ch mfa.Channel) error {
	return p.update(ctx, b, func(w *work) error {
		t, u, err := p.resetToken(w.Tx, secret)
		if err != nil {
			return err
		}
		if t.Data["hash"] == "" {
			return ErrStep
		}
		factors, err := w.Factors(u.ID)
		if err != nil {
			return err
		}
		f, err := factorOf(p.verified(factors, w.Now), factorID)
		if err != nil {
			return err
		}
		if ch == "" {
			ch = f.Channel
		}
		return p.sendTo(w, u, mfa.ForReset, t.ID, f, ch, p.codeLang(w, u))
	})
}

// ResetCode proves the second step of a reset and saves the new password.
func (p *Provider) ResetCode(ctx context.Context, b *Browser, secret, code string) error {
	return p.update(ctx, b, func(w *work) error {
		t, u, err := p.resetToken(w.Tx, secret)
		if err != nil {
			return err
		}
		if t.Data["hash"] == "" {
			return ErrStep
		}
		if _, err := p.check(w, u, mfa.ForReset, t.ID, code); err != nil {
			return err
		}
		return p.resetDone(w, t, u)
	})
}

func (p *Provider) resetDone(w *work, t store.Token, u User) error {
	if err := w.UseToken(t.ID); err != nil {
		return ErrLink
	}
	if err := w.DeleteTokens(u.ID, tokenReset); err != nil {
		return err
	}
	if _, err := w.RevokeGrants(store.GrantFilter{UserID: u.ID}); err != nil { // O-08, offline ones too
		return err
	}
	n, err := strconv.Atoi(t.Data["len"])
	if err != nil {
		return err
	}
	if u.EmailVerifiedAt.IsZero() {
		u.EmailVerifiedAt = w.Now
	}
	w.b.Session = ""
	keep := "-" // no session has this id: all end
	if t.Data["end"] == "true" {
		keep = ""
	}
	return p.setPassword(w, u, t.Data["hash"], n, keep)
}

// setPassword writes a new password. Trusted devices end always (S-126); all
// sessions but keep end, and none when keep is "-".
func (p *Provider) setPassword(w *work, u User, hash string, n int, keep string) error {
	u.Password, u.PasswordLen, u.PasswordAt, u.PasswordFailures, u.MustChange = hash, n, w.Now, 0, false
	if !u.TwoStepAt.IsZero() { // it took a code: whoever has a method needs no recovery
		if err := p.stopRecovery(w, u.ID, "password"); err != nil {
			return err
		}
	}
	if err := p.forgetDevices(w, &u); err != nil {
		return err
	}
	if err := w.UpdateUser(u); err != nil {
		return err
	}
	if keep != "-" {
		if _, err := w.RevokeGrants(store.GrantFilter{UserID: u.ID, Except: keep}); err != nil {
			return err
		}
		if err := p.endSessions(w, u.ID, keep); err != nil {
			return err
		}
	}
	w.as(u.ID)
	if err := p.mail(w, u, "mail.pwchanged"); err != nil {
		return err
	}
	return w.record("password.changed", u.ID, "")
}

// ChangePassword replaces the password of the signed-in person. It needs fresh
// proofs, and the current password.
func (p *Provider) ChangePassword(ctx context.Context, b *Browser, current, pw string, endOthers bool) error {
	var h *holder
	var dead bool
	err := p.update(ctx, b, func(w *work) error {
		var err error
		if h, err = p.holder(w.Tx, b); err != nil {
			return err
		}
		if !p.sudoFresh(h, w.Now) {
			return ErrSudo
		}
		if dead, err = p.passwordDead(w, &h.user); err != nil {
			return err
		}
		return p.countPassword(w, h.user.Email)
	})
	if err != nil {
		return err
	}
	ok, _, err := p.comparePassword(ctx, &h.user, current, dead)
	if err != nil {
		return err
	}
	if !ok {
		return p.wrongPassword(ctx, b, h.user.Email, &h.user)
	}
	if err := p.checkPassword(pw, h.user.Email, h.user.Name, !h.user.TwoStepAt.IsZero()); err != nil {
		return err
	}
	hash, err := p.cfg.Hasher.Hash(ctx, pw)
	if err != nil {
		return err
	}
	return p.withSudo(ctx, b, func(w *work, h *holder) error {
		keep := "-"
		if endOthers {
			keep = h.session.SID
		}
		return p.setPassword(w, h.user, hash, passwordLen(pw), keep)
	})
}
