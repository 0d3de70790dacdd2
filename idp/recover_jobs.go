package idp

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	jobRecover   = "recover"
	recoverBatch = 50
)

// Recover goes on with requests whose time has come: it expires those nobody
// decided, resets the accounts of those whose waiting time is over, reminds the
// owners of those where it is about to be, and deletes evidence that has been
// kept long enough (C-41, C-44).
func (p *Provider) Recover(ctx context.Context) error {
	for _, part := range []struct {
		list func(*store.Tx, int) ([]store.Recovery, error)
		one  func(*work, string) error
	}{{(*store.Tx).RecoveriesDue, p.recoveryDue}, {p.recoveriesEnding, p.remindOwner}, {(*store.Tx).RecoveriesToClear, p.clearRecovery}} {
		_, err := oneByOne(ctx, p, jobRecover, func(tx *store.Tx) ([]store.Recovery, error) { return part.list(tx, recoverBatch) },
			func(w *work, r store.Recovery) error { return part.one(w, r.ID) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Provider) recoveriesEnding(tx *store.Tx, limit int) ([]store.Recovery, error) {
	return tx.RecoveriesEnding(p.cfg.Limits.Recovery.Reminder, limit)
}

// remindOwner writes to every address of an account once more before it is
// reset, with the link that stops that: whoever missed the first mails.
func (p *Provider) remindOwner(w *work, id string) error {
	if err := w.RemindRecovery(id); err != nil { // it was stopped, or another node was faster
		return ignore(err, store.ErrConflict)
	}
	r, err := w.Recovery(id)
	if err != nil {
		return err
	}
	hours := strconv.Itoa(max(int(r.DueAt.Sub(w.Now).Round(time.Hour)/time.Hour), 1))
	if err := p.noticeRecovery(w, r, "mail.rec_soon", "due", clockTime(r.DueAt), "hours", hours); err != nil {
		return err
	}
	return w.recordRecovery("recovery.reminded", r)
}

// recoveryDue ends a state whose time is over. The request is read anew: it may
// have been cancelled since it was listed.
func (p *Provider) recoveryDue(w *work, id string) error {
	r, err := w.Recovery(id)
	if err != nil {
		return ignore(err, store.ErrNotFound)
	}
	if r.DueAt.IsZero() || w.Now.Before(r.DueAt) {
		return nil
	}
	if r.State == string(recovery.Waiting) {
		return p.finishRecovery(w, r)
	}
	if err := p.move(w, &r, recovery.Pass); err != nil {
		return err
	}
	w.count(func(p *Provider) { p.meters.recoveries.Inc(r.State) })
	if r.UserID == "" { // it pretended to be reviewed
		if err := p.tellApplicant(w, r, "mail.rec_ng"); err != nil {
			return err
		}
		return w.recordRecovery("recovery.dropped", r)
	}
	if err := p.tellBoth(w, r, "mail.rec_exp"); err != nil {
		return err
	}
	return w.recordRecovery("recovery.expired", r)
}

// finishRecovery is the end state (S-133): every session, grant, trusted device,
// method and passkey is gone, two-step verification is off, and set-up is due at
// the next sign-in. Without the password the old one is gone too and a link to a
// new one goes to the address that was reviewed. Nobody is signed in (T-42).
func (p *Provider) finishRecovery(w *work, r store.Recovery) error {
	u, err := w.User(r.UserID)
	if err != nil {
		return err
	}
	if !u.DisabledAt.IsZero() { // suspended meanwhile: staff have a reason
		return p.cancelRecovery(w, &r, "suspended")
	}
	if err := p.move(w, &r, recovery.Pass); err != nil {
		return err
	}
	passkeys, err := w.Passkeys(u.ID)
	if err != nil {
		return err
	}
	for _, k := range passkeys {
		if err := w.DeletePasskey(k.ID); err != nil {
			return err
		}
	}
	if err := p.resetTwoStep(w, u); err != nil {
		return err
	}
	if err := p.finishMails(w, r); err != nil {
		return err
	}
	w.count(func(p *Provider) { p.meters.recoveries.Inc(r.State) })
	return w.recordRecovery("recovery.done", r, "first", r.First, "second", r.Second, "passkeys", strconv.Itoa(len(passkeys)))
}

func (p *Provider) finishMails(w *work, r store.Recovery) error {
	if r.Password {
		return p.tellBoth(w, r, "mail.rec_done")
	}
	u, err := w.User(r.UserID)
	if err != nil {
		return err
	}
	for _, purpose := range []string{tokenReset, tokenAddress, tokenResume} {
		if err := w.DeleteTokens(u.ID, purpose); err != nil {
			return err
		}
	}
	u.Password, u.PasswordLen, u.PasswordAt, u.PasswordFailures = "", 0, w.Now, 0
	if err := w.UpdateUser(u); err != nil {
		return err
	}
	if err := p.noticeRecovery(w, r, "mail.rec_done"); err != nil {
		return err
	}
	secret, within := newToken(), p.cfg.Limits.Recovery.Finish
	err = w.InsertToken(store.Token{
		ID: newID(), Hash: store.Hash(secret), Purpose: tokenReset, UserID: u.ID, Data: map[string]string{},
		CreatedAt: w.Now, ExpiresAt: w.Now.Add(within),
	})
	if err != nil {
		return err
	}
	link := p.cfg.Issuer + "/password/reset?" + url.Values{"token": {secret}}.Encode()
	return p.mailTo(w, r.Contact, User{Lang: r.Lang}, "mail.rec_new", "link", link, "hours", strconv.Itoa(int(within/time.Hour)))
}

// clearRecovery deletes evidence and words when they have been kept as long as
// they may be (C-44).
func (p *Provider) clearRecovery(w *work, id string) error {
	r, err := w.Recovery(id)
	if err != nil {
		return ignore(err, store.ErrNotFound)
	}
	if r.ClearAt.IsZero() || w.Now.Before(r.ClearAt) {
		return nil
	}
	if s := recovery.State(r.State); !s.Final() { // it waits longer than evidence is kept
		r.ClearAt = r.DueAt
		return w.MoveRecovery(r, r.State)
	}
	n, err := w.DeleteRecoveryFiles(r.ID)
	if err != nil {
		return err
	}
	r.Story, r.Wanted, r.Contact, r.ClearAt = "", "", "", zero
	if err := w.MoveRecovery(r, r.State); err != nil {
		return err
	}
	return w.recordRecovery("recovery.cleared", r, "files", strconv.Itoa(n))
}

// textOwner warns by text message too, once two reviewers approved: whoever has
// a proved phone of the account in hand is its owner.
func (p *Provider) textOwner(w *work, r store.Recovery) error {
	u, err := w.User(r.UserID)
	if err != nil {
		return err
	}
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	for _, f := range usable(factors) {
		if f.Channel != mfa.SMS || !f.Verified() {
			continue
		}
		w.queued = true
		if _, err := w.Enqueue(store.Outgoing{
			Kind: mfa.Text, To: f.Number, Lang: p.lang(u.Lang), UserID: u.ID, Name: "sms.recovery", Params: map[string]string{}, ExpiresAt: r.DueAt,
		}); err != nil {
			return err
		}
	}
	return nil
}
