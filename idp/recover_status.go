package idp

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/store"
)

// RecoveryView is what a request's own pages show.
type RecoveryView struct {
	// Ref is its number as people read it out.
	Ref string
	// State is where it stands, as far as its reader is told: to whom did not
	// know the password a request that was cancelled was refused (T-02), and who
	// approved how often is nobody's but the reviewers'.
	State recovery.State
	// Owner is set when the link went to an address of the account.
	Owner bool
	// Password says that the applicant knew it.
	Password            bool
	Contact             string
	Confirmed           bool
	Files               []EvidenceView
	Wanted              string
	Lang, Zone          string
	SentAt, DueAt       time.Time
	DecidedAt, ClosedAt time.Time
}

// EvidenceView is a piece of evidence without its content.
type EvidenceView struct {
	ID, Name string
	Kind     recovery.Kind
	Size     int64
	At       time.Time
}

// RecoveryStatus is the request that a link or cookie opens; it changes
// nothing. ErrLink when it opens none.
func (p *Provider) RecoveryStatus(ctx context.Context, secret string) (RecoveryView, error) {
	var v RecoveryView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		t, r, err := p.applied(tx, secret)
		if err != nil {
			return err
		}
		v = p.recoveryView(t, r)
		if v.Owner {
			u, err := tx.User(r.UserID)
			if err != nil {
				return orLink(err)
			}
			v.Lang, v.Zone = u.Lang, u.Zone
			return nil // what the applicant sent is not the owner's to see: it may be a stranger's
		}
		files, err := finished(tx, r.ID)
		v.Files = evidenceViews(files)
		return err
	})
	return v, err
}

func (p *Provider) recoveryView(t store.Token, r store.Recovery) RecoveryView {
	v := RecoveryView{
		Ref: shortRef(r.ID), State: recovery.State(r.State), Owner: t.Data["owner"] != "", Password: r.Password, Contact: r.Contact,
		Confirmed: !r.ConfirmedAt.IsZero(), Wanted: r.Wanted, Lang: r.Lang,
		SentAt: r.SentAt, DueAt: r.DueAt, DecidedAt: r.DecidedAt, ClosedAt: r.ClosedAt,
	}
	switch {
	case v.State == recovery.Half:
		v.State = recovery.Open
	case !v.Owner && !v.Password && (v.State == recovery.Cancelled || v.State == recovery.Expired):
		v.State = recovery.Refused
	}
	if v.State != recovery.Waiting {
		v.DueAt = zero
	}
	return v
}

func evidenceViews(files []store.RecoveryFile) []EvidenceView {
	var out []EvidenceView
	for _, f := range files {
		out = append(out, EvidenceView{ID: f.ID, Name: f.Name, Kind: recovery.Kind(f.Kind), Size: f.Size, At: f.DoneAt})
	}
	return out
}

// CancelRecovery ends a request, by its applicant's pages or by the link that
// every address of the account got (C-41). Denied says that it was not the
// owner's: then, when the applicant knew the password, that is stopped and
// everything ends (T-64). ErrLink; recovery.ErrOver and recovery.ErrNotNow.
func (p *Provider) CancelRecovery(ctx context.Context, b *Browser, secret string, denied bool) error {
	return p.withRecovery(ctx, b, secret, func(w *work, t store.Token, r store.Recovery) error {
		if t.Data["owner"] == "" {
			return p.cancelRecovery(w, &r, "applicant")
		}
		by := "owner"
		if denied {
			by = "denied"
		}
		if err := p.cancelRecovery(w, &r, by); err != nil || !denied || !r.Password {
			return err
		}
		u, err := w.User(r.UserID)
		if err != nil {
			return err
		}
		if err := p.lockOut(w, &u); err != nil {
			return err
		}
		if err := p.mail(w, u, "mail.reported"); err != nil {
			return err
		}
		return w.record("risk.reported", u.ID, "", "mail", "recovery")
	})
}
