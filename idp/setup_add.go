package idp

import (
	"context"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// SetupPhone takes the phone panel: it sends a code to the number or, for an
// unverified backup, adds it at once. The errors are mfa's about numbers.
func (p *Provider) SetupPhone(ctx context.Context, b *Browser, flow string, in PhoneInput) error {
	return p.bindingIn(ctx, b, flow, func(w *work, s *setup) error {
		if s.enrolment == nil || in.Role != s.role() {
			return ErrStep
		}
		number, err := p.mayEnrol(w, s, in)
		if err != nil {
			return err
		}
		if in.Unverified {
			return p.addUnverified(w, s, in, number)
		}
		if s.enrolment.Number != number || s.enrolment.Channel != in.Channel {
			// A new id: the wait for a resend is the number's, not the person's.
			s.enrolment.ID, s.enrolment.Number, s.enrolment.Channel = newID(), number, in.Channel
			if err := w.PutEnrolment(*s.enrolment); err != nil {
				return err
			}
		}
		return p.send(w, target{
			user: s.user, purpose: mfa.ForEnrol, binding: s.binding, factorID: s.enrolment.ID,
			channel: in.Channel, number: number, lang: p.codeLang(w, s.user),
		})
	})
}

// mayEnrol judges a number: well-formed, allowed for its channel, different
// from the other method's (S-055) and not on too many accounts (C-15).
func (p *Provider) mayEnrol(w *work, s *setup, in PhoneInput) (string, error) {
	if !in.Channel.Phone() {
		return "", mfa.ErrChoice
	}
	if in.Unverified && (in.Role != mfa.Backup || !p.cfg.Limits.MFA.AllowUnverified) {
		return "", mfa.ErrMustVerify
	}
	ph, err := mfa.ParsePhone(in.Country, in.Number, in.Channel, p.cfg.Limits.MFA)
	if err != nil {
		return "", err
	}
	if in.Role == mfa.Backup {
		if err := mfa.CheckBackup(*s.primary, in.Channel, ph.E164); err != nil {
			return "", err
		}
	} else if s.backup != nil && mfa.SameNumber(s.backup.Number, ph.E164) {
		return "", mfa.ErrNumberSame
	}
	return ph.E164, p.mayShare(w, ph.E164, s.user.ID)
}

// mayShare refuses a number that is on too many accounts (C-15).
func (p *Provider) mayShare(w *work, number, userID string) error {
	owners, err := w.NumberOwners(number, userID)
	if err == nil && owners >= p.cfg.Limits.MFA.AccountsPerNumber {
		err = mfa.ErrNumberShared
	}
	return err
}

func (p *Provider) addUnverified(w *work, s *setup, in PhoneInput, number string) error {
	if err := w.SupersedeChallenges(s.binding, mfa.ForEnrol); err != nil {
		return err
	}
	return p.addDraft(w, s, mfa.Factor{Channel: in.Channel, Number: number})
}

// addDraft registers a method as a draft and opens the next page.
func (p *Provider) addDraft(w *work, s *setup, f mfa.Factor) error {
	f.ID, f.UserID, f.Role, f.CreatedAt = newID(), s.user.ID, s.role(), w.Now
	f.Draft, f.Binding = true, s.binding
	if err := w.InsertFactor(f); err != nil {
		return err
	}
	if err := w.record("method.drafted", s.user.ID, "", "role", string(f.Role), "channel", string(f.Channel)); err != nil {
		return err
	}
	if f.Role == mfa.Primary {
		s.primary = &f
	} else {
		s.backup = &f
	}
	if s.primary != nil && s.backup != nil {
		return w.DeleteEnrolment(s.user.ID)
	}
	return p.enrol(w, s)
}

// SetupVerify proves the method of the page that is true: an app by a code of
// the offered key, a phone by the code sent to it. A right code registers a draft.
func (p *Provider) SetupVerify(ctx context.Context, b *Browser, flow string, role mfa.Role, ch mfa.Channel, code string) error {
	code, err := p.parseCode(ch, code)
	if err != nil {
		return err
	}
	return p.bindingIn(ctx, b, flow, func(w *work, s *setup) error {
		if s.enrolment == nil || role != s.role() {
			return ErrStep
		}
		f, err := p.proveEnrolment(w, *s.enrolment, ch, code, s.mayBeApp)
		if err != nil {
			return err
		}
		return p.addDraft(w, s, f)
	})
}

// mayBeApp refuses an app behind an app, whichever of them is chosen anew.
func (s *setup) mayBeApp() error {
	if s.role() == mfa.Backup && s.primary.Channel == mfa.App || s.backup != nil && s.backup.Channel == mfa.App {
		return mfa.ErrAppTwice
	}
	return nil
}

// proveEnrolment compares a code with what is being added, and answers with the
// factor it proves. mayBeApp is asked before an app is tried.
func (p *Provider) proveEnrolment(w *work, e mfa.Enrolment, ch mfa.Channel, code string, mayBeApp func() error) (mfa.Factor, error) {
	if ch != mfa.App {
		return p.provePhone(w, e, code)
	}
	if err := mayBeApp(); err != nil {
		return mfa.Factor{}, err
	}
	return p.proveApp(w, e, code)
}

// proveApp proves an app. Its code is spent like any other: the first sign-in
// needs the next one (O-47).
func (p *Provider) proveApp(w *work, e mfa.Enrolment, code string) (mfa.Factor, error) {
	key := "enrol.tries|" + e.Binding
	ok, until, err := w.Hit(key, p.cfg.Limits.MFA.MethodFailuresHour, time.Hour)
	if err != nil {
		return mfa.Factor{}, err
	}
	if !ok {
		return mfa.Factor{}, store.Keep(&mfa.TooSoonError{What: "method", At: until})
	}
	step, drift, err := mfa.VerifyTOTP(e.Secret, code, w.Now, 0, 0)
	if err != nil {
		return mfa.Factor{}, store.Keep(err)
	}
	return mfa.Factor{Channel: mfa.App, Secret: e.Secret, LastStep: step, Drift: drift, VerifiedAt: w.Now}, nil
}

func (p *Provider) provePhone(w *work, e mfa.Enrolment, code string) (mfa.Factor, error) {
	all, err := w.Challenges(e.Binding, mfa.ForEnrol)
	if err != nil {
		return mfa.Factor{}, err
	}
	if len(all) == 0 || !all[0].SupersededAt.IsZero() || all[0].FactorID != e.ID {
		return mfa.Factor{}, mfa.ErrNoChallenge
	}
	err = p.checkSent(w, all[0], all, code)
	w.entered(mfa.Factor{Number: e.Number}, all[0].Channel, err)
	if err != nil {
		if errors.Is(err, mfa.ErrWrongCode) || errors.Is(err, mfa.ErrOldCode) {
			return mfa.Factor{}, store.Keep(err)
		}
		return mfa.Factor{}, err
	}
	if err := w.useChallenge(all[0]); err != nil {
		return mfa.Factor{}, store.Keep(mfa.ErrUsedCode)
	}
	return mfa.Factor{Channel: e.Channel, Number: e.Number, VerifiedAt: w.Now}, nil
}

// SetupRedo drops a draft so that its page is true again ("change" on page 3).
func (p *Provider) SetupRedo(ctx context.Context, b *Browser, flow string, role mfa.Role) error {
	return p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		if s.mail { // methods kept from before stay until the mailbox is proved
			if err := p.enrol(w, s); err != nil {
				return err
			}
			return p.sendSetupMail(w, s)
		}
		if role == mfa.Primary && s.primary != nil {
			if err := w.DeleteFactor(s.primary.ID); err != nil {
				return err
			}
			s.primary = nil
		}
		if role == mfa.Backup && s.backup != nil {
			if err := w.DeleteFactor(s.backup.ID); err != nil {
				return err
			}
			s.backup = nil
		}
		if err := w.SupersedeChallenges(s.binding, mfa.ForEnrol); err != nil {
			return err
		}
		return p.enrol(w, s)
	})
}

// SetupDiscard gives a set-up up: its drafts go.
func (p *Provider) SetupDiscard(ctx context.Context, b *Browser, flow string) error {
	return p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		factors, err := w.Factors(s.user.ID)
		if err != nil {
			return err
		}
		for _, f := range factors {
			if f.Draft {
				if err := w.DeleteFactor(f.ID); err != nil {
					return err
				}
			}
		}
		return w.DeleteEnrolment(s.user.ID)
	})
}

// SetupFinish is page 3: it alone switches two-step verification on, with a
// proved main method and a backup (S-053, S-062, S-130). Inside a sign-in the
// code just proved counts, and the sign-in goes on (S-112).
func (p *Provider) SetupFinish(ctx context.Context, b *Browser, flow string, trust bool) (Next, error) {
	var next Next
	err := p.inSetup(ctx, b, flow, func(w *work, s *setup) error {
		if s.primary == nil || s.backup == nil {
			return mfa.ErrNoBackup
		}
		if s.mail && !s.kept() {
			return ErrStep
		}
		if s.holder != nil && s.kept() {
			return ErrState
		}
		if err := mfa.CheckBackup(*s.primary, s.backup.Channel, s.backup.Number); err != nil {
			return err // either may have been changed last
		}
		at, got := s.proof()
		if err := p.confirm(w, s); err != nil {
			return err
		}
		s.user.TwoStepAt = w.Now
		if err := p.turnedOn(w, &s.user); err != nil {
			return err
		}
		trust = trust && w.Now.Sub(at) <= p.cfg.Limits.MFA.SetupFreshness // S-131
		var err error
		next, err = p.leadOn(w, s, at, got, trust)
		return err
	})
	return next, err
}

// confirm makes the pair of a set-up the person's methods; what was kept beside
// it in their places goes.
func (p *Provider) confirm(w *work, s *setup) error {
	factors, err := w.Factors(s.user.ID)
	if err != nil {
		return err
	}
	for _, f := range factors {
		pair := *s.place(f.Role)
		if f.ID == pair.ID {
			f.Draft, f.Binding = false, ""
			err = w.UpdateFactor(f)
		} else if pair.Draft && (f.Role == mfa.Primary || mfa.SameNumber(f.Number, pair.Number) || f.Channel == mfa.App) {
			err = w.DeleteFactor(f.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// turnedOn writes a person whose two-step verification went on: trusted devices
// of before end (S-126), every address is told.
func (p *Provider) turnedOn(w *work, u *User) error {
	if err := p.forgetDevices(w, u); err != nil {
		return err
	}
	if err := w.UpdateUser(*u); err != nil {
		return err
	}
	if err := w.DeleteEnrolment(u.ID); err != nil {
		return err
	}
	if err := p.guardShopsOf(w, u.ID); err != nil {
		return err
	}
	if err := w.SettleSetUp(u.ID); err != nil {
		return err
	}
	if err := p.mail(w, *u, "mail.2sv_on"); err != nil {
		return err
	}
	factors, err := w.Factors(u.ID)
	if err != nil {
		return err
	}
	for _, f := range factors {
		if f.Draft { // of a set-up given up elsewhere
			if err := w.DeleteFactor(f.ID); err != nil {
				return err
			}
		}
	}
	if err := p.wake(w, factors); err != nil {
		return err
	}
	return w.record("two_step.on", u.ID, "")
}

// leadOn carries the proof into the sign-in or the session the wizard ran in.
func (p *Provider) leadOn(w *work, s *setup, at time.Time, got given, trust bool) (Next, error) {
	if s.signIn != nil {
		row := s.signIn.row
		row.UserID, row.CodeAt, row.Channel, row.FactorID, row.Trust = s.user.ID, at, got.channel, got.factorID, trust
		if err := w.UpdateSignIn(row); err != nil {
			return Next{}, err
		}
		in, err := p.look(w.Tx, w.b, row)
		if err != nil {
			return Next{}, err
		}
		return p.proceed(w, in)
	}
	return Next{Reply: &Reply{To: "/account/security/two-step/setup/done"}}, p.prove(w, s.holder, s.user, at, got, trust)
}

// prove writes a code proof into a session of the account pages, with a new
// cookie, and trusts the device when asked.
func (p *Provider) prove(w *work, h *holder, u User, at time.Time, got given, trust bool) error {
	in := &situation{user: &u, session: &h.session, proofs: h.proofs()}
	in.step.Have = signin.LevelTwoStep
	in.row.CodeAt, in.row.Channel, in.row.FactorID, in.row.Trust = at, got.channel, got.factorID, trust
	in.proofs.CodeAt, in.proofs.Channel = at, got.channel
	return p.renewSession(w, in)
}
