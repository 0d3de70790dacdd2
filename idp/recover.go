package idp

import (
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Recovery by review (S-100): who can use no method any more asks for it, two
// reviewers decide, every address can stop it, and in the end there is nothing
// but a password left to sign in with. Rules of the files recover*.go: no verb
// here gives anybody a session (T-42); what somebody is told does not depend on
// whether the account exists unless they knew its password (T-02).

// tokenRecovery opens one request: its applicant's pages, or its owner's notice.
const tokenRecovery = "recovery"

// Errors of a request for recovery, beside those of package recovery.
var (
	// ErrRecoveryOpen: a request about the account is under way already.
	ErrRecoveryOpen = errors.New("a request for recovery is under way")
	// ErrCause: nothing was chosen that happened.
	ErrCause = errors.New("what happened is missing")
	// ErrContact: the address to answer to is none.
	ErrContact = errors.New("contact is not a mail address")
	// ErrEvidence: there is no evidence, or the file is empty.
	ErrEvidence = errors.New("evidence is missing")
	// ErrEvidenceSize: a piece of evidence is too large.
	ErrEvidenceSize = errors.New("evidence is too large")
)

// Causes are what may have happened, in the order of the form.
var Causes = []string{"number", "phone", "app", "other"}

// caseOf is what the judge needs to know of a request.
func caseOf(r store.Recovery) recovery.Case {
	return recovery.Case{
		State: recovery.State(r.State), Subject: r.UserID, Password: r.Password, Changed: r.Changed, First: r.First, Second: r.Second, DueAt: r.DueAt,
	}
}

// move plays an act of no reviewer and writes what follows; the caller tells and records it.
func (p *Provider) move(w *work, r *store.Recovery, act recovery.Act) error {
	return p.moveFrom(w, r, caseOf(*r), act, "")
}

// moveFrom is move by a reviewer, for a case that may differ from what is written.
func (p *Provider) moveFrom(w *work, r *store.Recovery, c recovery.Case, act recovery.Act, by string) error {
	next, err := c.Play(recovery.Move{Act: act, By: by, At: w.Now}, p.cfg.Limits.Recovery)
	if err != nil {
		return err
	}
	from := r.State
	r.State, r.First, r.Second, r.DueAt = string(next.State), next.First, next.Second, next.DueAt
	r.KeepUntil = zero
	if next.State.Final() {
		r.ClosedAt, r.KeepUntil = w.Now, w.Now.Add(p.cfg.Limits.Recovery.Record)
	}
	if next.State == recovery.Waiting || next.State.Final() && r.DecidedAt.IsZero() {
		r.DecidedAt, r.ClearAt = w.Now, w.Now.Add(p.cfg.Limits.Recovery.Evidence) // C-44
	}
	return w.MoveRecovery(*r, from)
}

// underWay is the request about an account that is under way; nil when none is.
func (p *Provider) underWay(tx *store.Tx, userID string) (*store.Recovery, error) {
	all, err := tx.RecoveriesOf(userID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r store.Recovery) bool {
		s := recovery.State(r.State)
		return s != recovery.Draft && !s.Final()
	})
	if i < 0 {
		return nil, nil //nolint:nilnil // mostly there is none
	}
	return &all[i], nil
}

// applied loads the request that a link or cookie opens; ErrLink when it opens none.
func (p *Provider) applied(tx *store.Tx, secret string) (store.Token, store.Recovery, error) {
	t, err := tx.TokenByHash(tokenRecovery, store.Hash(secret))
	if err == nil && !tx.Now.Before(t.ExpiresAt) {
		err = store.ErrNotFound
	}
	if err != nil {
		return t, store.Recovery{}, orLink(err)
	}
	r, err := tx.Recovery(t.Data["case"])
	if err == nil && r.State == string(recovery.Draft) && !tx.Now.Before(r.DueAt) {
		err = store.ErrNotFound
	}
	return t, r, orLink(err)
}

// orLink is err, or ErrLink when something is no longer there.
func orLink(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrLink
	}
	return err
}

// recoveryHandle makes the secret that opens a request.
func (p *Provider) recoveryHandle(w *work, r store.Recovery, owner string) (string, error) {
	l := p.cfg.Limits.Recovery
	t := store.Token{ID: newID(), Purpose: tokenRecovery, UserID: owner, Data: map[string]string{"case": r.ID}, CreatedAt: w.Now}
	t.ExpiresAt = later(r.DueAt, w.Now).Add(l.Evidence)
	if owner != "" {
		t.Data["owner"] = "yes"
	}
	secret := newToken()
	t.Hash = store.Hash(secret)
	return secret, w.InsertToken(t)
}

// withLink adds the link to a request's own page, while there is something to
// do on it.
func (p *Provider) withLink(w *work, r store.Recovery, owner string, params []string) ([]string, error) {
	if recovery.State(r.State).Final() {
		return params, nil
	}
	secret, err := p.recoveryHandle(w, r, owner)
	return append(params, "link", p.cfg.Issuer+"/recovery/status?"+url.Values{"token": {secret}}.Encode()), err
}

// noticeRecovery writes to every address of the account, with a link that shows the
// request and cancels it. It tells nobody when the account is nobody's.
func (p *Provider) noticeRecovery(w *work, r store.Recovery, name string, params ...string) error {
	if r.UserID == "" {
		return nil
	}
	u, err := w.User(r.UserID)
	if err != nil {
		return err
	}
	if params, err = p.withLink(w, r, u.ID, params); err != nil {
		return err
	}
	return p.mail(w, u, name, params...)
}

// tellApplicant writes to the contact address, unless it is one of the
// account's, which is told already. The address may be a stranger's: the mail
// has no name and nothing of the account.
func (p *Provider) tellApplicant(w *work, r store.Recovery, name string, params ...string) error {
	if known, err := p.contactKnown(w.Tx, r); err != nil || known {
		return err
	}
	params, err := p.withLink(w, r, "", params)
	if err != nil {
		return err
	}
	m := p.facts(w, User{Lang: r.Lang}, params)
	if w.Actor.Kind != "anonymous" { // the applicant's own browser may be named, nobody else's
		delete(m, "device")
		delete(m, "place")
		delete(m, "ip")
	}
	return p.queueMail(w, r.Contact, User{Lang: r.Lang}, name, m)
}

// contactKnown reports whether the contact address is one of the account's.
func (p *Provider) contactKnown(tx *store.Tx, r store.Recovery) (bool, error) {
	if r.UserID == "" {
		return false, nil
	}
	u, err := tx.User(r.UserID)
	if err != nil {
		return false, err
	}
	to, err := p.noticeAddresses(tx, u)
	return slices.Contains(to, r.Contact), err
}

// tellBoth tells owners and applicant the same.
func (p *Provider) tellBoth(w *work, r store.Recovery, name string, params ...string) error {
	if err := p.noticeRecovery(w, r, name, params...); err != nil {
		return err
	}
	return p.tellApplicant(w, r, name, params...)
}

// recordRecovery writes an audit event about a request.
func (w *work) recordRecovery(name string, r store.Recovery, details ...string) error {
	return w.record(name, r.UserID, "", append([]string{"case", r.ID}, details...)...)
}

// stopRecovery cancels what is under way about an account; by says why.
func (p *Provider) stopRecovery(w *work, userID, by string) error {
	r, err := p.underWay(w.Tx, userID)
	if err != nil || r == nil {
		return err
	}
	return p.cancelRecovery(w, r, by)
}

// cancelRecovery ends a request. Its applicant is not told who ended it: without
// the password that would tell that the account exists.
func (p *Provider) cancelRecovery(w *work, r *store.Recovery, by string) error {
	if err := p.move(w, r, recovery.Cancel); err != nil {
		return err
	}
	if err := p.noticeRecovery(w, *r, "mail.rec_off"); err != nil {
		return err
	}
	name := "mail.rec_ng"
	if r.Password || by == "applicant" {
		name = "mail.rec_off"
	}
	if err := p.tellApplicant(w, *r, name); err != nil {
		return err
	}
	return w.recordRecovery("recovery.cancelled", *r, "by", by)
}

// clockTime is a moment as mails are given it.
func clockTime(t time.Time) string { return t.Format(time.RFC3339) }
