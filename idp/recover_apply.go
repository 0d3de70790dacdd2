package idp

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// RecoveryInput is the form of a request.
type RecoveryInput struct {
	// Email is the account's; ignored within a sign-in, which knows it.
	Email string
	// Cause is one of [Causes].
	Cause string
	// Contact is the address to answer to; it is confirmed by a code.
	Contact string
	// Story is what else the applicant says, or empty.
	Story string
}

// maxStory is how many bytes of a story are kept.
const maxStory = 4000

// BeginRecovery begins a request and sends a code to its contact address. The
// secret it answers with opens the request's pages in this browser. Flow is the
// sign-in that waits for a code after the right password, or empty; without it
// the answer is the same whether or not the account exists (T-02). Errors, joined:
// ErrEmail, ErrCause, ErrContact; *mfa.TooSoonError; ErrRecoveryOpen and ErrStep
// within a sign-in.
func (p *Provider) BeginRecovery(ctx context.Context, b *Browser, flow string, in RecoveryInput) (string, error) {
	r := store.Recovery{
		ID: newID(), State: string(recovery.Draft), Lang: b.Lang, Cause: in.Cause, Email: normaliseEmail(in.Email),
		Contact: normaliseEmail(in.Contact), Story: clip(in.Story, maxStory), IP: b.IP, UserAgent: clip(b.UserAgent, 300),
	}
	var faults []error
	if flow == "" {
		faults = append(faults, checkEmail(r.Email))
	}
	if !slices.Contains(Causes, in.Cause) {
		faults = append(faults, ErrCause)
	}
	if checkEmail(r.Contact) != nil {
		faults = append(faults, ErrContact)
	}
	if err := errors.Join(faults...); err != nil {
		return "", err
	}
	var secret string
	err := p.update(ctx, b, func(w *work) error {
		if b.Flow == "" {
			b.Flow = newToken()
		}
		if flow != "" {
			if err := p.applicantOf(w, b, flow, &r); err != nil {
				return err
			}
		}
		r.Known = p.knows(b, r.Email)
		if err := p.mayApply(w, r); err != nil {
			return err
		}
		var err error
		secret, err = p.draftRecovery(w, &r)
		return err
	})
	return secret, err
}

// applicantOf takes the account from a sign-in whose password was right and
// whose second step is due.
func (p *Provider) applicantOf(w *work, b *Browser, flow string, r *store.Recovery) error {
	row, err := p.open(w.Tx, b, flow)
	if err != nil {
		return err
	}
	s, err := p.look(w.Tx, b, row)
	if err != nil {
		return err
	}
	if !lostMethods(s) {
		return ErrStep
	}
	now, err := p.underWay(w.Tx, s.user.ID)
	if err != nil {
		return err
	}
	if now != nil {
		return ErrRecoveryOpen
	}
	w.as(s.user.ID)
	r.UserID, r.Email, r.Password = s.user.ID, s.user.Email, true
	if s.user.Lang != "" {
		r.Lang = s.user.Lang
	}
	return nil
}

// lostMethods reports whether a sign-in stands where somebody without a method
// cannot go on.
func lostMethods(s *situation) bool {
	asked := s.step.Page == signin.PageCode || s.step.Page == signin.PagePasskey
	return asked && s.user != nil && !s.user.TwoStepAt.IsZero() && !s.row.PasswordAt.IsZero()
}

// recoveryBudget is where requests about an account are counted. Who knows the password
// has one of their own, so that strangers cannot use it up (T-04).
func recoveryBudget(r store.Recovery) string {
	if r.Password {
		return "password|" + r.Email
	}
	return "address|" + r.Email
}

// mayApply counts a request that is begun (T-42). Those about an account are
// counted when they are sent.
func (p *Provider) mayApply(w *work, r store.Recovery) error {
	l := p.cfg.Limits.Recovery
	for _, h := range []struct {
		key   string
		limit int
	}{{"rec.net|" + network(w.b.IP), l.PerNetwork}, {"rec.browser|" + w.b.Flow, l.PerBrowser}} {
		ok, until, err := w.Hit(h.key, h.limit, day)
		if err != nil {
			return err
		}
		if !ok {
			return store.Keep(&mfa.TooSoonError{What: "recovery", At: until})
		}
	}
	for _, h := range []struct {
		key   string
		limit int
	}{{"rec.day|", l.PerDay}, {"rec.month|", l.PerMonth}} {
		n, until, err := w.Count(h.key + recoveryBudget(r))
		if err != nil {
			return err
		}
		if n >= h.limit {
			return store.Keep(&mfa.TooSoonError{What: "recovery", At: until})
		}
	}
	return nil
}

func (p *Provider) draftRecovery(w *work, r *store.Recovery) (string, error) {
	r.DueAt = w.Now.Add(p.cfg.Limits.Recovery.Draft)
	r.KeepUntil = r.DueAt
	if err := w.InsertRecovery(*r); err != nil {
		return "", err
	}
	secret, err := p.recoveryHandle(w, *r, "")
	if err != nil {
		return "", err
	}
	t, err := w.TokenByHash(tokenRecovery, store.Hash(secret))
	if err != nil {
		return "", err
	}
	return secret, p.mailContactCode(w, &t, *r)
}

// mailContactCode sends a code to the contact address; the one before no longer works.
func (p *Provider) mailContactCode(w *work, t *store.Token, r store.Recovery) error {
	if until, err := p.spendMail(w, "recovery", r.Contact); err != nil || !until.IsZero() {
		return errors.Join(err, store.Keep(tooManyMails(until)))
	}
	code := mfa.NewCode(p.cfg.Limits.MFA.CodeDigits)
	t.Data["mac"] = p.mailMAC(t.ID, code)
	if err := w.UpdateToken(*t); err != nil {
		return err
	}
	return p.mailTo(w, r.Contact, User{Lang: r.Lang}, "mail.rec_code", "code", code, "minutes", minutes(p.cfg.Limits.Recovery.Draft))
}

// withRecovery runs f for the request that a secret opens.
func (p *Provider) withRecovery(ctx context.Context, b *Browser, secret string, f func(*work, store.Token, store.Recovery) error) error {
	return p.update(ctx, b, func(w *work) error {
		t, r, err := p.applied(w.Tx, secret)
		if err != nil {
			return err
		}
		return f(w, t, r)
	})
}

// ResendContactCode sends another code to the contact address. ErrLink, ErrStep, *mfa.TooSoonError.
func (p *Provider) ResendContactCode(ctx context.Context, b *Browser, secret string) error {
	return p.withRecovery(ctx, b, secret, func(w *work, t store.Token, r store.Recovery) error {
		switch {
		case r.State != string(recovery.Draft) || !r.ConfirmedAt.IsZero():
			return ErrStep
		case t.Attempts >= p.cfg.Limits.SignIn.MailTries:
			return ErrLink // its tries are spent: begin anew
		}
		return p.mailContactCode(w, &t, r)
	})
}

// ConfirmContact takes the code of the contact address. mfa.ErrWrongCode and the
// other errors of codes; ErrLink when the tries are spent; ErrStep.
func (p *Provider) ConfirmContact(ctx context.Context, b *Browser, secret, code string) error {
	code, err := mfa.ParseCode(code, p.cfg.Limits.MFA.CodeDigits)
	if err != nil {
		return err
	}
	return p.withRecovery(ctx, b, secret, func(w *work, t store.Token, r store.Recovery) error {
		if r.State != string(recovery.Draft) || !r.ConfirmedAt.IsZero() {
			return ErrStep
		}
		if _, err := w.CountTokenAttempt(t.ID, p.cfg.Limits.SignIn.MailTries); err != nil {
			return ErrLink
		}
		if t.Data["mac"] == "" || !hmac.Equal([]byte(t.Data["mac"]), []byte(p.mailMAC(t.ID, code))) {
			return store.Keep(mfa.ErrWrongCode)
		}
		r.ConfirmedAt = w.Now
		return w.MoveRecovery(r, r.State)
	})
}

// SendRecovery sends a request to the reviewers: a new one, or what one of them
// asked for. More is what the applicant adds in words. ErrEvidence without any
// finished file; ErrStep before the contact address is confirmed; ErrLink;
// *mfa.TooSoonError when there were too many about the account (C-42).
func (p *Provider) SendRecovery(ctx context.Context, b *Browser, secret, more string) error {
	return p.withRecovery(ctx, b, secret, func(w *work, t store.Token, r store.Recovery) error {
		again := r.State == string(recovery.Asked)
		if r.ConfirmedAt.IsZero() || !again && r.State != string(recovery.Draft) {
			return ErrStep
		}
		files, err := finished(w.Tx, r.ID)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return ErrEvidence
		}
		if more = clip(more, maxStory); more != "" {
			r.Story = clip(r.Story+"\n— "+more, 2*maxStory)
		}
		if again {
			if err := p.move(w, &r, recovery.Send); err != nil {
				return err
			}
			return w.recordRecovery("recovery.answered", r, "files", strconv.Itoa(len(files)))
		}
		return p.firstSend(w, &t, &r, len(files))
	})
}

func (p *Provider) firstSend(w *work, t *store.Token, r *store.Recovery, files int) error {
	l := p.cfg.Limits.Recovery
	for _, h := range []struct {
		key   string
		limit int
		per   time.Duration
	}{{"rec.day|", l.PerDay, day}, {"rec.month|", l.PerMonth, 30 * day}} {
		ok, until, err := w.Hit(h.key+recoveryBudget(*r), h.limit, h.per)
		if err != nil {
			return err
		}
		if !ok {
			return store.Keep(&mfa.TooSoonError{What: "recovery", At: until})
		}
	}
	if err := p.subject(w.Tx, r); err != nil {
		return err
	}
	r.SentAt = w.Now
	if err := p.move(w, r, recovery.Send); err != nil {
		if errors.Is(err, store.ErrExists) { // another was faster
			err = ErrRecoveryOpen
		}
		return err
	}
	if r.UserID == "" {
		if err := p.pretend(w, r); err != nil {
			return err
		}
	}
	t.ExpiresAt = r.DueAt.Add(l.Evidence)
	if err := w.UpdateToken(*t); err != nil {
		return err
	}
	if err := p.tellBoth(w, *r, "mail.rec_in"); err != nil {
		return err
	}
	password := "no"
	if r.Password {
		password = "yes"
	}
	w.count(func(p *Provider) { p.meters.recoveries.Inc("sent") })
	return w.recordRecovery("recovery.sent", *r, "password", password, "cause", r.Cause, "contact", maskEmail(r.Contact), "files", strconv.Itoa(files))
}

// subject finds whose account it is. A request without the password is nobody's
// when there is no account, nothing to reset, or another request under way: the
// applicant is not told which.
func (p *Provider) subject(tx *store.Tx, r *store.Recovery) error {
	if !r.Password {
		u, err := tx.UserByEmail(r.Email)
		if err := ignore(err, store.ErrNotFound); err != nil {
			return err
		}
		if err == nil && u.DisabledAt.IsZero() && !u.TwoStepAt.IsZero() {
			now, err := p.underWay(tx, u.ID)
			if err != nil {
				return err
			}
			if now == nil {
				r.UserID = u.ID
			}
		}
	}
	if r.UserID == "" {
		return nil
	}
	u, err := tx.User(r.UserID)
	if err != nil {
		return err
	}
	since := tx.Now.Add(-p.cfg.Limits.Recovery.Lately)
	moved, err := tx.Events(store.EventFilter{UserID: u.ID, Name: "email.changed", Since: since, Limit: 1})
	r.Changed = len(moved) > 0 || u.PasswordAt.After(since) && u.PasswordAt.After(u.CreatedAt)
	return err
}

// pretend makes a request about nobody's account look like one that is reviewed:
// it is refused after as long as a review may take. Its evidence is not kept.
func (p *Provider) pretend(w *work, r *store.Recovery) error {
	if _, err := w.DeleteRecoveryFiles(r.ID); err != nil {
		return err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(int64(2*day/time.Second)))
	if err != nil {
		return err
	}
	r.DueAt = w.Now.Add(12*time.Hour + time.Duration(n.Int64())*time.Second)
	r.Story, r.ClearAt = "", zero
	return w.MoveRecovery(*r, r.State)
}

// shortRef is a request's number as people read it out.
func shortRef(id string) string { return id[:4] + "-" + id[4:8] }
