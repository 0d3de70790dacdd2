package idp

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/idp/password"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	tokenSignUp = "signup"
	tokenReset  = "reset"
)

// SignUpInput is the sign-up form.
type SignUpInput struct {
	Name, Email, Password string
	Agree                 bool
}

// SignUp begins an account: a code goes to the address, and the account exists
// once it comes back. The answer and its time are the same when the address is
// taken; its owner gets a mail instead (T-02). All faults are joined: ErrName,
// ErrEmail, ErrAgree and those of idp/password.
func (p *Provider) SignUp(ctx context.Context, b *Browser, flow string, in SignUpInput) (string, error) {
	email := normaliseEmail(in.Email)
	name, nameErr := cleanName(in.Name)
	faults := []error{nameErr, checkEmail(email), p.checkPassword(in.Password, email, name, false)}
	if !in.Agree {
		faults = append(faults, ErrAgree)
	}
	if err := errors.Join(faults...); err != nil {
		return "", err
	}
	if err := p.countSignUp(ctx, b); err != nil {
		return "", err
	}
	hash, err := p.cfg.Hasher.Hash(ctx, in.Password)
	if err != nil {
		return "", err
	}
	var ref string
	err = p.update(ctx, b, func(w *work) error {
		if b.Flow == "" {
			b.Flow = newToken()
		}
		ref = newID()
		t := store.Token{
			ID: ref, Hash: store.Hash(ref), Purpose: tokenSignUp, Browser: store.Hash(b.Flow),
			CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.SignIn.SignUp),
			Data: map[string]string{
				"email": email, "name": name, "hash": hash, "len": strconv.Itoa(passwordLen(in.Password)),
				"lang": b.Lang, "flow": flow,
			},
		}
		if err := p.mailSignUp(w, &t); err != nil {
			return err
		}
		return w.InsertToken(t)
	})
	return ref, err
}

// countSignUp counts before anything is hashed, so that forms alone cannot keep
// the hashing pool busy (T-05).
func (p *Provider) countSignUp(ctx context.Context, b *Browser) error {
	return p.update(ctx, b, func(w *work) error {
		ok, until, err := w.Hit("signup.ip|"+network(b.IP), p.cfg.Limits.SignIn.MailsPerIP, time.Hour)
		if err != nil || ok {
			return err
		}
		return store.Keep(&mfa.TooSoonError{What: "ip", At: until})
	})
}

// mailSignUp sends the code, or tells the owner of a taken address.
func (p *Provider) mailSignUp(w *work, t *store.Token) error {
	email := t.Data["email"]
	if until, err := p.spendMail(w, "sign-up", email); err != nil || !until.IsZero() {
		return errors.Join(err, tooManyMails(until))
	}
	code := mfa.NewCode(p.cfg.Limits.MFA.CodeDigits)
	t.Data["mac"] = p.mailMAC(t.ID, code)
	told, err := p.tellOwner(w, email, User{Lang: t.Data["lang"]}, "mail.exists")
	if err != nil {
		return err
	}
	if told {
		t.Data["taken"] = "yes"
		return nil
	}
	return p.mailTo(w, email, User{Name: t.Data["name"], Lang: t.Data["lang"]}, "mail.verify", "code", code, "minutes", minutes(p.cfg.Limits.SignIn.SignUp))
}

// spendMail counts a mail to an address that proved nothing; until is when the
// next may go, the zero time when this one may (C-43).
func (p *Provider) spendMail(w *work, purpose, email string) (until time.Time, err error) {
	l := p.cfg.Limits.SignIn
	for _, k := range []struct {
		key   string
		limit int
	}{{"mail." + purpose + "|" + email, l.Mails}, {"mail.ip|" + network(w.b.IP), l.MailsPerIP}} {
		ok, reset, err := w.Hit(k.key, k.limit, time.Hour)
		if err != nil {
			return zero, err
		}
		if !ok {
			until = later(until, reset)
		}
	}
	return until, nil
}

// signUpToken loads a pending sign-up of this browser; ErrLink otherwise.
func (p *Provider) signUpToken(tx *store.Tx, b *Browser, ref string) (store.Token, error) {
	t, err := tx.Token(ref)
	if errors.Is(err, store.ErrNotFound) {
		return t, ErrLink
	}
	if err != nil {
		return t, err
	}
	ours := b.Flow != "" && string(t.Browser) == string(store.Hash(b.Flow))
	if t.Purpose != tokenSignUp || !ours || !t.UsedAt.IsZero() || !tx.Now.Before(t.ExpiresAt) {
		return t, ErrLink
	}
	return t, nil
}

// SignUpPending is the address a code was sent to; ErrLink when there is no
// such sign-up in this browser.
func (p *Provider) SignUpPending(ctx context.Context, b *Browser, ref string) (string, error) {
	var email string
	err := p.st.View(ctx, func(tx *store.Tx) error {
		t, err := p.signUpToken(tx, b, ref)
		email = t.Data["email"]
		return err
	})
	return email, err
}

// SignUpResend sends another code; the one before no longer works.
func (p *Provider) SignUpResend(ctx context.Context, b *Browser, ref string) error {
	return p.update(ctx, b, func(w *work) error {
		t, err := p.signUpToken(w.Tx, b, ref)
		if err != nil {
			return err
		}
		if t.Attempts >= p.cfg.Limits.SignIn.MailTries {
			return ErrLink // its tries are spent: begin anew
		}
		if err := p.mailSignUp(w, &t); err != nil {
			return err
		}
		return w.UpdateToken(t)
	})
}

// SignUpVerify makes the account and signs it in: into the sign-in it was begun
// from, or to /signup/done. mfa.ErrWrongCode and ErrLink are its errors.
func (p *Provider) SignUpVerify(ctx context.Context, b *Browser, ref, code string) (Next, error) {
	code, err := mfa.ParseCode(code, p.cfg.Limits.MFA.CodeDigits)
	if err != nil {
		return Next{}, err
	}
	var next Next
	err = p.update(ctx, b, func(w *work) error {
		t, err := p.signUpToken(w.Tx, b, ref)
		if err != nil {
			return err
		}
		if _, err := w.CountTokenAttempt(t.ID, p.cfg.Limits.SignIn.MailTries); err != nil {
			return ErrLink
		}
		if t.Data["taken"] != "" || !hmac.Equal([]byte(t.Data["mac"]), []byte(p.mailMAC(t.ID, code))) {
			return store.Keep(mfa.ErrWrongCode)
		}
		if err := w.UseToken(t.ID); err != nil {
			return ErrLink
		}
		u, err := p.createSignedUp(w, t)
		if err != nil {
			return err
		}
		next, err = p.enter(w, u, t.Data["flow"])
		return err
	})
	return next, err
}

func (p *Provider) createSignedUp(w *work, t store.Token) (User, error) {
	n, err := strconv.Atoi(t.Data["len"])
	if err != nil {
		return User{}, err
	}
	u := User{
		ID: newID(), Email: t.Data["email"], Name: t.Data["name"], Lang: t.Data["lang"],
		Password: t.Data["hash"], PasswordLen: n, PasswordAt: w.Now, EmailVerifiedAt: w.Now, CreatedAt: w.Now, UpdatedAt: w.Now,
	}
	if err := w.InsertUser(u); err != nil {
		if errors.Is(err, store.ErrExists) { // two sign-ups for one address: the first wins
			return u, ErrLink
		}
		return u, err
	}
	w.as(u.ID)
	return u, w.record("user.signed_up", u.ID, "")
}

// enter gives a new account its first sign-in: the password was just chosen.
func (p *Provider) enter(w *work, u User, flow string) (Next, error) {
	row, err := p.open(w.Tx, w.b, flow)
	if flow == "" || err != nil {
		var r AuthorizeRequest
		row = p.newSignIn(w, &r, "/signup/done")
		if err := w.keepSignIn(&row, r); err != nil {
			return Next{}, err
		}
	}
	forget(&row)
	row.UserID, row.PasswordAt, row.SelectedAt, row.Able = u.ID, w.Now, w.Now, w.b.CanPasskey
	if err := w.UpdateSignIn(row); err != nil {
		return Next{}, err
	}
	s, err := p.look(w.Tx, w.b, row)
	if err != nil {
		return Next{}, err
	}
	return p.proceed(w, s)
}

// checkPassword applies the rules to a new password: 15 characters where it
// stands alone, 8 beside a second step (N-07).
func (p *Provider) checkPassword(pw, email, name string, twoStep bool) error {
	l := p.cfg.Limits.Password
	least := l.MinAlone
	if twoStep {
		least = l.MinWithTwoStep
	}
	return p.cfg.Rules.Check(pw, least, password.Words{Email: email, Name: name, Service: p.cfg.Name})
}

// mailMAC is what is kept of a code sent by mail.
func (p *Provider) mailMAC(id, code string) string { return hex.EncodeToString(p.codeMAC(id, code)) }

func cleanName(s string) (string, error) {
	s = strings.TrimSpace(clip(s, 400))
	if s == "" || utf8.RuneCountInString(s) > 100 {
		return "", ErrName
	}
	return s, nil
}

// checkEmail accepts what can be delivered to: an address alone, with a domain.
func checkEmail(s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 || !strings.Contains(s[strings.LastIndexByte(s, '@')+1:], ".") {
		return ErrEmail
	}
	return nil
}

// tooManyMails says until when no mail may be sent; nil for the zero time.
func tooManyMails(until time.Time) error {
	if until.IsZero() {
		return nil
	}
	return &mfa.TooSoonError{What: "mails", At: until}
}
