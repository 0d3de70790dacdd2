package idp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Review of requests for recovery. Reviewers see what was said beside what is
// known, and no secret and no whole number; every look is audited (T-43).

// Errors of a decision, beside those of package recovery.
var (
	// ErrTicket: a decision names the ticket it belongs to.
	ErrTicket = errors.New("a ticket is needed")
	// ErrChecks: not everything was checked.
	ErrChecks = errors.New("not everything was checked")
	// ErrWanted: the question to the applicant is missing.
	ErrWanted = errors.New("a question is needed")
)

// RecoveryChecks is what a reviewer checks before approving, in the order of the page.
var RecoveryChecks = []string{"document", "name", "contact", "signals"}

// RecoveryRow is a request in a list of the desk.
type RecoveryRow struct {
	ID, Ref string
	State   recovery.State
	// Email is the account's, masked.
	Email                   string
	Password                bool
	SentAt, DueAt, ClosedAt time.Time
}

// RecoveryDesk are the lists of the desk.
type RecoveryDesk struct{ Review, Waiting, Closed []RecoveryRow }

const deskClosed = 50

// ReviewRecoveries lists the requests for a reviewer. One's own is not among them.
func (p *Provider) ReviewRecoveries(ctx context.Context, b *Browser) (RecoveryDesk, error) {
	var desk RecoveryDesk
	err := p.staff(ctx, b, &look{roles: []Role{Reviewer}, page: "recoveries", list: true}, func(w *work, d Duty) error {
		review, err := w.RecoveriesIn([]string{string(recovery.Open), string(recovery.Half), string(recovery.Asked)}, 0)
		if err != nil {
			return err
		}
		waiting, err := w.RecoveriesIn([]string{string(recovery.Waiting)}, 0)
		if err != nil {
			return err
		}
		closed, err := w.RecoveriesClosed(deskClosed)
		desk = RecoveryDesk{recoveryRows(review, d), recoveryRows(waiting, d), recoveryRows(closed, d)}
		return err
	})
	return desk, err
}

func recoveryRows(list []store.Recovery, d Duty) []RecoveryRow {
	var rows []RecoveryRow
	for _, r := range list {
		if r.UserID == d.User.ID || r.Contact == d.User.Email {
			continue
		}
		rows = append(rows, RecoveryRow{
			ID: r.ID, Ref: shortRef(r.ID), State: recovery.State(r.State), Email: maskEmail(r.Email), Password: r.Password,
			SentAt: r.SentAt, DueAt: r.DueAt, ClosedAt: r.ClosedAt,
		})
	}
	return rows
}

// RecoverySignals are what speaks for or against a request.
type RecoverySignals struct {
	// Password says that the applicant knew it, KnownBrowser that it had signed
	// in before, ContactKnown that the contact address is one of the account's.
	Password, KnownBrowser, ContactKnown bool
	// PasswordAt and EmailAt are when they were changed lately; zero when not.
	PasswordAt, EmailAt time.Time
	// Denied is how often the owner took a request back, Requests how many there were.
	Denied, Requests int
	// CodeAt is the last sign-in by a code; zero when the log knows none.
	CodeAt time.Time
}

// RecoveryCase is one request as a reviewer sees it.
type RecoveryCase struct {
	RecoveryRow
	// User has no hash; Methods have masked numbers and no secrets.
	User                                  User
	Methods                               []mfa.Factor
	Cause, Contact, Story, Wanted, Ticket string
	IP, UserAgent                         string
	Signals                               RecoverySignals
	Files                                 []EvidenceView
	History                               []Event
	// First is the id of who approved; Mine says that it is the reader.
	First string
	Mine  bool
	// Wait is how long it can still be cancelled after the second approval.
	Wait time.Duration
}

// ReviewRecovery shows a request to a reviewer. ErrNotFound; ErrForbidden for one's own.
func (p *Provider) ReviewRecovery(ctx context.Context, b *Browser, id string) (RecoveryCase, error) {
	var v RecoveryCase
	l := look{roles: []Role{Reviewer}, page: "recovery", details: []string{"case", id}}
	err := p.staff(ctx, b, &l, func(w *work, d Duty) error {
		r, u, err := p.reviewed(w.Tx, d, id)
		if err != nil {
			return err
		}
		l.about = u.ID
		v, err = p.recoveryCase(w.Tx, r, u)
		v.Mine = v.First == d.User.ID
		return err
	})
	return v, err
}

// reviewed loads a request and its person for a reviewer who may have to do with
// it: it is neither about their account nor sent by them.
func (p *Provider) reviewed(tx *store.Tx, d Duty, id string) (store.Recovery, User, error) {
	r, err := tx.Recovery(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (r.UserID == "" || r.State == string(recovery.Draft)) {
		return r, User{}, ErrNotFound
	}
	if err != nil {
		return r, User{}, err
	}
	if r.UserID == d.User.ID || r.Contact == d.User.Email {
		return r, User{}, ErrForbidden
	}
	u, err := tx.User(r.UserID)
	return r, u, err
}

func (p *Provider) recoveryCase(tx *store.Tx, r store.Recovery, u User) (RecoveryCase, error) {
	v := RecoveryCase{
		RecoveryRow: RecoveryRow{
			ID: r.ID, Ref: shortRef(r.ID), State: recovery.State(r.State), Email: u.Email, Password: r.Password,
			SentAt: r.SentAt, DueAt: r.DueAt, ClosedAt: r.ClosedAt,
		},
		User: u, Cause: r.Cause, Contact: r.Contact, Story: r.Story, Wanted: r.Wanted, Ticket: r.Ticket, IP: r.IP, UserAgent: r.UserAgent,
		First: r.First, Wait: caseOf(r).Wait(p.cfg.Limits.Recovery),
	}
	v.User.Password = ""
	factors, err := tx.Factors(u.ID)
	if err != nil {
		return v, err
	}
	for _, f := range factors {
		if !f.Draft {
			v.Methods = append(v.Methods, masked(f))
		}
	}
	if v.Signals, err = p.signals(tx, r, u); err != nil {
		return v, err
	}
	files, err := finished(tx, r.ID)
	if err != nil {
		return v, err
	}
	v.Files = evidenceViews(files)
	all, err := tx.Events(store.EventFilter{UserID: u.ID, Names: recoveryEvents, Since: r.CreatedAt})
	v.History = slices.DeleteFunc(all, func(e Event) bool { return e.Details["case"] != r.ID })
	return v, err
}

// recoveryEvents are what the page of a request shows of its history.
var recoveryEvents = []string{
	"recovery.sent", "recovery.approved", "recovery.waiting", "recovery.reminded", "recovery.asked", "recovery.answered", "recovery.refused",
	"recovery.cancelled", "recovery.expired", "recovery.done", "recovery.cleared", "staff.viewed",
}

func (p *Provider) signals(tx *store.Tx, r store.Recovery, u User) (RecoverySignals, error) {
	s := RecoverySignals{Password: r.Password, KnownBrowser: r.Known}
	since := r.SentAt.Add(-p.cfg.Limits.Recovery.Lately)
	var err error
	if s.ContactKnown, err = p.contactKnown(tx, r); err != nil {
		return s, err
	}
	if u.PasswordAt.After(since) && u.PasswordAt.After(u.CreatedAt) {
		s.PasswordAt = u.PasswordAt
	}
	newest := func(name string, f func(Event) bool) (time.Time, error) {
		list, err := tx.Events(store.EventFilter{UserID: u.ID, Name: name, Limit: 50})
		if i := slices.IndexFunc(list, f); i >= 0 {
			return list[i].At, err
		}
		return zero, err
	}
	if s.EmailAt, err = newest("email.changed", func(e Event) bool { return e.At.After(since) }); err != nil {
		return s, err
	}
	if s.CodeAt, err = newest("signin.done", func(e Event) bool { return e.Details["channel"] != "" }); err != nil {
		return s, err
	}
	all, err := tx.RecoveriesOf(u.ID)
	for _, other := range all {
		if other.State == string(recovery.Draft) || other.ID == r.ID {
			continue
		}
		s.Requests++
		if other.State == string(recovery.Cancelled) {
			s.Denied++
		}
	}
	return s, err
}

// Evidence is the content of a piece of evidence.
type Evidence struct {
	EvidenceView
	Data []byte
}

// ReviewEvidence opens a piece of evidence of a request; each time is audited.
// ErrNotFound for another request's; ErrForbidden for one's own.
func (p *Provider) ReviewEvidence(ctx context.Context, b *Browser, id, fileID string) (Evidence, error) {
	var out Evidence
	l := look{roles: []Role{Reviewer}, page: "evidence", details: []string{"case", id, "file", fileID}}
	err := p.staff(ctx, b, &l, func(w *work, d Duty) error {
		r, u, err := p.reviewed(w.Tx, d, id)
		if err != nil {
			return err
		}
		l.about = u.ID
		files, err := finished(w.Tx, r.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(files, func(f store.RecoveryFile) bool { return f.ID == fileID })
		if i < 0 {
			return ErrNotFound
		}
		out.EvidenceView = evidenceViews(files[i : i+1])[0]
		out.Data, err = content(w.Tx, files[i])
		return err
	})
	return out, err
}

// RecoveryDecision is what a reviewer decides.
type RecoveryDecision struct {
	// Act is recovery.Approve, recovery.Refuse or recovery.Ask.
	Act recovery.Act
	// Reason is kept in the audit log; Ticket is where the request is dealt with.
	Reason, Ticket string
	// Checks are those of [RecoveryChecks] that were ticked.
	Checks []string
	// Wanted is what the applicant is asked for.
	Wanted string
}

// clean trims and checks the form; the faults are joined.
func (d *RecoveryDecision) clean() error {
	var faults []error
	var err error
	if d.Reason, err = cleanReason(d.Reason); err != nil {
		faults = append(faults, err)
	}
	d.Ticket, d.Wanted = strings.TrimSpace(clip(d.Ticket, 100)), strings.TrimSpace(clip(d.Wanted, 1000))
	if d.Ticket == "" {
		faults = append(faults, ErrTicket)
	}
	if d.Act == recovery.Ask && d.Wanted == "" {
		faults = append(faults, ErrWanted)
	}
	missing := func(c string) bool { return !slices.Contains(d.Checks, c) }
	if d.Act == recovery.Approve && slices.ContainsFunc(RecoveryChecks, missing) {
		faults = append(faults, ErrChecks)
	}
	return errors.Join(faults...)
}

// DecideRecovery carries out a reviewer's decision. Two different reviewers
// approve, none of them the person (T-43). Errors, joined: ErrReason, ErrTicket,
// ErrChecks, ErrWanted; those of package recovery; ErrNotFound; ErrForbidden.
func (p *Provider) DecideRecovery(ctx context.Context, b *Browser, id string, d RecoveryDecision) error {
	if !slices.Contains([]recovery.Act{recovery.Approve, recovery.Refuse, recovery.Ask}, d.Act) {
		return ErrNotFound
	}
	if err := d.clean(); err != nil {
		return err
	}
	return p.staff(ctx, b, &look{roles: []Role{Reviewer}}, func(w *work, on Duty) error {
		r, _, err := p.reviewed(w.Tx, on, id)
		if err != nil {
			return err
		}
		w.Actor.Reason = d.Reason
		c := caseOf(r)
		if gone, err := p.noReviewer(w.Tx, c.First); err != nil {
			return err
		} else if gone && c.State == recovery.Half {
			c.State, c.First = recovery.Open, "" // whoever approved is no reviewer any more: so is the approval
		}
		r.Ticket, r.Wanted = d.Ticket, d.Wanted
		if err := p.moveFrom(w, &r, c, d.Act, on.User.ID); err != nil {
			return err
		}
		return p.decided(w, r, d)
	})
}

// noReviewer reports whether somebody who approved may not any more.
func (p *Provider) noReviewer(tx *store.Tx, id string) (bool, error) {
	if id == "" {
		return false, nil
	}
	u, err := tx.User(id)
	if errors.Is(err, store.ErrNotFound) {
		return true, nil
	}
	return !hasRole(u, Reviewer) || !u.DisabledAt.IsZero(), err
}

// decided tells and records a decision.
func (p *Provider) decided(w *work, r store.Recovery, d RecoveryDecision) error {
	details := []string{"ticket", r.Ticket}
	w.count(func(p *Provider) { p.meters.recoveries.Inc(r.State) })
	switch recovery.State(r.State) {
	case recovery.Half:
		return w.recordRecovery("recovery.approved", r, append(details, "checks", strings.Join(d.Checks, " "))...)
	case recovery.Waiting:
		if err := p.tellBoth(w, r, "mail.rec_ok", "due", clockTime(r.DueAt)); err != nil {
			return err
		}
		if err := p.textOwner(w, r); err != nil {
			return err
		}
		return w.recordRecovery("recovery.waiting", r, append(details, "checks", strings.Join(d.Checks, " "), "due", clockTime(r.DueAt), "first", r.First)...)
	case recovery.Asked:
		if err := p.tellBoth(w, r, "mail.rec_ask"); err != nil {
			return err
		}
		return w.recordRecovery("recovery.asked", r, append(details, "wanted", r.Wanted)...)
	default:
		if err := p.tellBoth(w, r, "mail.rec_ng"); err != nil {
			return err
		}
		return w.recordRecovery("recovery.refused", r, details...)
	}
}
