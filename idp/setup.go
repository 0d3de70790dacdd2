package idp

import (
	"context"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// setup is one person's set-up in a transaction. Its state lives here only: no
// form field decides a page (T-58).
type setup struct {
	user User
	// binding is the sign-in or the session it runs in; nothing else may go on with it.
	binding string
	// signIn is set when it runs inside a sign-in, holder when on the account pages.
	signIn *situation
	holder *holder
	// primary and backup are drafts of this set-up, or methods kept from when
	// two-step verification was on before (S-093); nil when missing.
	primary, backup *mfa.Factor
	// enrolment is what is being added; nil when no set-up was started here.
	enrolment *mfa.Enrolment
	// mail is set while the mailbox must be proved before a method is bound.
	mail bool
}

// setup gathers the set-up of a sign-in (flow) or, when flow is empty, of the
// signed-in person, who must have fresh proofs (ErrSudo). ErrState when
// two-step verification is on already.
func (p *Provider) setup(tx *store.Tx, b *Browser, flow string) (*setup, error) {
	s := &setup{}
	if flow == "" {
		h, err := p.holder(tx, b)
		if err != nil {
			return nil, err
		}
		if !p.sudoFresh(h, tx.Now) {
			return nil, ErrSudo
		}
		s.holder, s.user, s.binding = h, h.user, h.session.SID
	} else {
		row, err := p.open(tx, b, flow)
		if err != nil {
			return nil, err
		}
		in, err := p.look(tx, b, row)
		if err != nil {
			return nil, err
		}
		if in.step.Page != signin.PageEnrol && in.step.Page != signin.PageNotice {
			return nil, ErrStep
		}
		if in.proofs.AuthTime().Before(tx.Now.Add(-p.cfg.Limits.Session.Sudo)) { // the notice shows to older proofs too
			return nil, ErrSudo
		}
		s.signIn, s.user, s.binding = in, *in.user, row.ID
	}
	if !s.user.TwoStepAt.IsZero() {
		return nil, ErrState
	}
	if err := p.drafts(tx, s); err != nil {
		return nil, err
	}
	var err error
	s.mail, err = p.mailDue(tx, s)
	return s, err
}

func (p *Provider) drafts(tx *store.Tx, s *setup) error {
	factors, err := tx.Factors(s.user.ID)
	if err != nil {
		return err
	}
	for _, f := range factors {
		kept := f.Usable() && (f.Verified() || f.Role == mfa.Backup)
		if !kept && !p.current(tx, s, f) {
			continue
		}
		if place := s.place(f.Role); *place == nil || f.Draft { // a draft replaces what was kept
			*place = &f
		}
	}
	e, err := tx.Enrolment(s.user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if e.Binding == s.binding && e.Replaces == "" && tx.Now.Before(e.ExpiresAt) {
		s.enrolment = &e
	}
	return nil
}

// current reports whether a factor is a draft of this very set-up: what another
// browser or sign-in proved is nothing here (S-131, T-58).
func (p *Provider) current(tx *store.Tx, s *setup, f mfa.Factor) bool {
	return f.Draft && f.Binding == s.binding && tx.Now.Sub(f.CreatedAt) <= p.cfg.Limits.MFA.DraftLifetime
}

func (s *setup) place(r mfa.Role) **mfa.Factor {
	if r == mfa.Primary {
		return &s.primary
	}
	return &s.backup
}

// page is the wizard page that is true: 0 when no set-up was started here.
// Methods kept from before are bound already.
func (s *setup) page() int {
	switch {
	case s.primary != nil && s.backup != nil && (!s.mail || s.kept() && s.enrolment == nil):
		return 3
	case s.enrolment == nil:
		return 0
	case s.mail:
		return SetupMail
	case s.primary == nil:
		return 1
	default:
		return 2
	}
}

// kept reports whether nothing of the pair was proved in this set-up.
func (s *setup) kept() bool { return !s.primary.Draft && !s.backup.Draft }

// role is what the page that is true adds.
func (s *setup) role() mfa.Role {
	if s.primary == nil {
		return mfa.Primary
	}
	return mfa.Backup
}

// Setup is the wizard's state; it changes nothing.
func (p *Provider) Setup(ctx context.Context, b *Browser, flow string) (SetupView, error) {
	var v SetupView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		s, err := p.setup(tx, b, flow)
		if err != nil {
			return err
		}
		v = SetupView{
			Page: s.page(), User: s.user, Primary: s.primary, Backup: s.backup,
			AllowUnverified: p.cfg.Limits.MFA.AllowUnverified && s.role() == mfa.Backup,
		}
		if s.signIn != nil {
			v.Client = s.signIn.client
		}
		if v.Page == SetupMail {
			v.Mail, err = p.mailProof(tx, s)
			return err
		}
		if v.Page == 3 {
			if at, _ := s.proof(); tx.Now.Sub(at) <= p.cfg.Limits.MFA.SetupFreshness && p.cfg.Limits.MFA.TrustedDevice > 0 {
				v.TrustUntil = tx.Now.Add(p.cfg.Limits.MFA.TrustedDevice)
			}
			return nil
		}
		if s.enrolment == nil {
			return nil
		}
		v.Secret = s.enrolment.Secret
		v.AppURI = mfa.KeyURI(p.cfg.Name, s.user.Email, s.enrolment.Secret)
		v.Code, err = p.enrolCode(tx, s.user, *s.enrolment)
		return err
	})
	return v, err
}

// enrolCode describes the phone challenge of what is being added; nil before sending.
func (p *Provider) enrolCode(tx *store.Tx, u User, e mfa.Enrolment) (*CodeView, error) {
	all, err := tx.Challenges(e.Binding, mfa.ForEnrol)
	if err != nil || len(all) == 0 || !all[0].SupersededAt.IsZero() || all[0].FactorID != e.ID {
		return nil, err
	}
	v, err := p.describe(tx, u, nil, all)
	if v != nil {
		v.Number = e.Number
	}
	return v, err
}

// proof is the latest code given in this set-up and how it came; the zero time
// when none was, as with methods kept from before.
func (s *setup) proof() (at time.Time, got given) {
	for _, f := range []*mfa.Factor{s.primary, s.backup} {
		if f != nil && f.Draft && f.VerifiedAt.After(at) {
			at, got = f.VerifiedAt, given{f.Channel, f.ID}
		}
	}
	return at, got
}

// bindingIn runs f in an update with a running set-up in which methods may be
// bound; ErrStep while the mailbox must be proved first (T-41).
func (p *Provider) bindingIn(ctx context.Context, b *Browser, flow string, f func(*work, *setup) error) error {
	return p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		if s.mail {
			return ErrStep
		}
		return f(w, s)
	})
}

// inSetup runs f in an update with a running set-up; ErrStep when none was started.
func (p *Provider) inSetup(ctx context.Context, b *Browser, flow string, f func(*work, *setup) error) error {
	return p.update(ctx, b, func(w *work) error {
		s, err := p.setup(w.Tx, b, flow)
		if err != nil {
			return err
		}
		w.as(s.user.ID)
		return f(w, s)
	})
}

// SetupStart begins a set-up, or goes on with the one running here. A key for
// an app is made now, so that pages only read (ux 6.4). Methods kept from before
// count; on the account pages, where they suffice, ErrState: [Provider.Enable]
// asks for their code first.
func (p *Provider) SetupStart(ctx context.Context, b *Browser, flow string) error {
	return p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		if s.enrolment != nil {
			return nil
		}
		if s.holder != nil && s.page() == 3 && s.kept() {
			return ErrState
		}
		if err := p.dropStale(w, s); err != nil {
			return err
		}
		if s.page() == 3 {
			return nil // nothing is to be added
		}
		if err := p.enrol(w, s); err != nil || !s.mail {
			return err
		}
		err := p.sendSetupMail(w, s)
		if _, spent := errors.AsType[*mfa.TooSoonError](err); spent {
			return nil // the page says so when another one is asked for
		}
		return err
	})
}

// dropStale deletes drafts that are too old (C-22) or of another set-up.
func (p *Provider) dropStale(w *work, s *setup) error {
	factors, err := w.Factors(s.user.ID)
	if err != nil {
		return err
	}
	for _, f := range factors {
		if f.Draft && !p.current(w.Tx, s, f) {
			if err := w.DeleteFactor(f.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// enrol opens the enrolment for the next missing role with a fresh app key.
func (p *Provider) enrol(w *work, s *setup) error {
	e := mfa.Enrolment{
		ID: newID(), UserID: s.user.ID, Binding: s.binding, Role: s.role(), Secret: mfa.NewSecret(),
		CreatedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.MFA.DraftLifetime),
	}
	s.enrolment = &e
	return w.PutEnrolment(e)
}
