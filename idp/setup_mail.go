package idp

import (
	"context"
	"crypto/hmac"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// On the day that two-step verification becomes compulsory, whoever holds
// somebody's password could bind a phone of their own before the owner does.
// So once any client's date has come, a code that goes to the person's mail
// address is asked before a method is bound with nothing but a password
// (S-122, T-41), wherever the set-up runs: a method that is bound on the account
// pages opens the client just as well.

const tokenSetup = "setup"

// SetupMail is the page of the wizard that asks for the code sent by mail; it
// comes before the others.
const SetupMail = 4

// MailProof is what the page asks for.
type MailProof struct {
	// To is the address with most of it hidden; SentAt is when the code went there.
	To     string
	SentAt time.Time
}

// mailToken is the id of the code of a set-up: there is one for each.
func mailToken(binding string) string { return "setup mail of " + binding }

// mailDue reports whether the mailbox must be proved before a method is bound,
// and was not in this set-up.
func (p *Provider) mailDue(tx *store.Tx, s *setup) (bool, error) {
	staff := s.signIn != nil && s.signIn.req.Staff
	if !staff && !p.anyDate(tx.Now) {
		return false, nil
	}
	passkeys, err := p.passkeys(tx, s.user.ID)
	if err != nil || len(passkeys) > 0 { // it was used to come here: the decision asks for it (N-46)
		return false, err
	}
	former, err := tx.FormerEmails(s.user.ID)
	if err != nil {
		return false, err
	}
	if fresh := tx.Now.Add(-p.cfg.Limits.Session.Sudo); len(former) == 0 && !s.user.EmailVerifiedAt.Before(fresh) {
		return false, nil // a moment ago, as after the sign-up
	}
	t, err := tx.Token(mailToken(s.binding))
	if err != nil {
		return true, ignore(err, store.ErrNotFound)
	}
	return !p.provesMail(t, s, tx.Now), nil
}

// anyDate reports whether some client's date has come.
func (p *Provider) anyDate(now time.Time) bool {
	for _, c := range p.cfg.Clients.All() {
		if !c.Disabled && enforced(c, now) {
			return true
		}
	}
	return false
}

// provesMail reports whether the code of a set-up was entered in it, with the
// password that is still the person's.
func (p *Provider) provesMail(t store.Token, s *setup, now time.Time) bool {
	return !t.UsedAt.IsZero() && now.Sub(t.UsedAt) <= p.cfg.Limits.MFA.DraftLifetime && ours(t, s)
}

func ours(t store.Token, s *setup) bool {
	return t.Purpose == tokenSetup && t.UserID == s.user.ID && t.Data["password_at"] == stamp(s.user.PasswordAt)
}

// proofAddress is where the code goes: an address that was changed a short while
// ago may be the thief's, so the one of before is asked as long as the change
// can be taken back.
func (p *Provider) proofAddress(tx *store.Tx, u User) (string, error) {
	former, err := tx.FormerEmails(u.ID)
	if err != nil || len(former) == 0 {
		return u.Email, err
	}
	return former[len(former)-1].Email, nil
}

// sendSetupMail mails a code that ends the one before. *mfa.TooSoonError
// when too many were sent.
func (p *Provider) sendSetupMail(w *work, s *setup) error {
	to, err := p.proofAddress(w.Tx, s.user)
	if err != nil {
		return err
	}
	switch until, err := p.spendMail(w, tokenSetup, to); {
	case err != nil:
		return err
	case !until.IsZero():
		return &mfa.TooSoonError{What: "mails", At: until}
	}
	id, code := mailToken(s.binding), mfa.NewCode(p.cfg.Limits.MFA.CodeDigits)
	t := store.Token{
		ID: id, Hash: store.Hash(id), Purpose: tokenSetup, UserID: s.user.ID, CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.SignIn.SignUp),
		Data: map[string]string{"mac": p.mailMAC(id, code), "password_at": stamp(s.user.PasswordAt)},
	}
	if err := w.DeleteTokens(s.user.ID, tokenSetup); err != nil { // one at a time, with tries of its own
		return err
	}
	if err := w.InsertToken(t); err != nil {
		return err
	}
	if err := p.mailTo(w, to, s.user, "mail.setup", "code", code, "minutes", minutes(p.cfg.Limits.SignIn.SignUp)); err != nil {
		return err
	}
	return w.record("setup.mail_sent", s.user.ID, "", "address", maskEmail(to))
}

// mailProof describes the code that is waited for; nil before one was sent.
func (p *Provider) mailProof(tx *store.Tx, s *setup) (*MailProof, error) {
	t, err := tx.Token(mailToken(s.binding))
	if err != nil || !ours(t, s) {
		return nil, ignore(err, store.ErrNotFound)
	}
	to, err := p.proofAddress(tx, s.user)
	return &MailProof{To: maskEmail(to), SentAt: t.CreatedAt}, err
}

// SetupSendMail sends another code for the mailbox. ErrStep when none is asked for.
func (p *Provider) SetupSendMail(ctx context.Context, b *Browser, flow string) error {
	return p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		if s.enrolment == nil || !s.mail {
			return ErrStep
		}
		return p.sendSetupMail(w, s)
	})
}

// SetupProveMail takes the code: the mailbox is the person's, and methods may
// be bound in this set-up. The errors are those of codes, and mfa.ErrNoChallenge when
// the code's tries or its time are spent.
func (p *Provider) SetupProveMail(ctx context.Context, b *Browser, flow, code string) error {
	code, err := mfa.ParseCode(code, p.cfg.Limits.MFA.CodeDigits)
	if err != nil {
		return err
	}
	return p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		if s.enrolment == nil || !s.mail {
			return ErrStep
		}
		t, err := w.Token(mailToken(s.binding))
		if errors.Is(err, store.ErrNotFound) || err == nil && (!ours(t, s) || !w.Now.Before(t.ExpiresAt)) {
			return mfa.ErrNoChallenge
		}
		if err != nil {
			return err
		}
		if _, err := w.CountTokenAttempt(t.ID, p.cfg.Limits.SignIn.MailTries); err != nil {
			if errors.Is(err, store.ErrConflict) {
				return mfa.ErrNoChallenge
			}
			return err
		}
		if !hmac.Equal([]byte(t.Data["mac"]), []byte(p.mailMAC(t.ID, code))) {
			return keepAfter(w.record("setup.mail_wrong", s.user.ID, ""), mfa.ErrWrongCode)
		}
		if err := w.UseToken(t.ID); err != nil {
			return ignore(err, store.ErrConflict)
		}
		return w.record("setup.mail_proved", s.user.ID, "")
	})
}
