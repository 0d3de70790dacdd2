package idp

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Rules of methods*.go: while two-step verification is on, a method is added,
// or put in the place of one of its kind, by a code that came to it. Before it
// is off, on or removed the person proves it anew, by a method that is not new
// itself (A-7.5.1, N-46, C-40). Every change ends trusted devices (S-126) and is
// told to every address. What is pending belongs to one session.

// AddingView is what the page that adds or replaces a method shows.
type AddingView struct {
	User User
	// Replaced is the method whose place is taken; nil when one is added.
	Replaced *mfa.Factor
	// Main is the main method.
	Main *mfa.Factor
	// Secret is the app key offered; AppURI its otpauth URI. Empty before one was asked for.
	Secret []byte
	AppURI string
	// Code is the running phone challenge; nil before sending.
	Code *CodeView
	// Phone and App say what may be added; neither when there are too many (C-15).
	Phone, App bool
	// AllowUnverified says whether the box "add without verifying" is offered (S-060).
	AllowUnverified bool
}

// adding is a method on its way to a person's others.
type adding struct {
	*holder
	replaced  *mfa.Factor
	enrolment *mfa.Enrolment // nil before anything was chosen
}

func (p *Provider) adding(tx *store.Tx, h *holder, replaces string) (*adding, error) {
	if twoStepState(h.user, h.factors) != StateOn {
		return nil, ErrState
	}
	j := &adding{holder: h}
	if replaces != "" {
		if j.replaced = find(h.factors, replaces); j.replaced == nil || j.replaced.Draft {
			return nil, ErrNotFound
		}
	}
	e, err := tx.Enrolment(h.user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return j, nil
	}
	if err == nil && e.Binding == h.session.SID && e.Replaces == replaces && tx.Now.Before(e.ExpiresAt) {
		j.enrolment = &e
	}
	return j, err
}

// inAdding runs f in an update with a method that is being added or, when
// replaces names one, takes its place.
func (p *Provider) inAdding(ctx context.Context, b *Browser, replaces string, f func(*work, *adding) error) error {
	return p.withFirm(ctx, b, func(w *work, h *holder) error {
		j, err := p.adding(w.Tx, h, replaces)
		if err != nil {
			return err
		}
		return f(w, j)
	})
}

// mayBecome answers whether a method may join, whatever became of the others since.
func (p *Provider) mayBecome(j *adding, ch mfa.Channel, number string) error {
	return mfa.CheckAdd(j.factors, j.replaced, ch, number, p.cfg.Limits.MFA)
}

// Adding is the state of adding a method or, when replaces is not empty, of
// putting another one of its kind in its place; it changes nothing. Errors:
// ErrSudo, *HeldError, ErrState while two-step verification is not on, ErrNotFound.
func (p *Provider) Adding(ctx context.Context, b *Browser, replaces string) (AddingView, error) {
	var v AddingView
	err := p.viewFirm(ctx, b, func(tx *store.Tx, h *holder) error {
		j, err := p.adding(tx, h, replaces)
		if err != nil {
			return err
		}
		v = AddingView{User: h.user, Replaced: j.replaced, AllowUnverified: p.cfg.Limits.MFA.AllowUnverified && replaces == ""}
		for i, f := range h.factors {
			if f.Role == mfa.Primary && !f.Draft {
				v.Main = &h.factors[i]
			}
		}
		v.App = p.mayBecome(j, mfa.App, "") == nil
		v.Phone = !errors.Is(p.mayBecome(j, mfa.SMS, ""), mfa.ErrTooManyFactors) && (j.replaced == nil || j.replaced.Channel.Phone())
		if j.enrolment == nil {
			return nil
		}
		if v.Secret = j.enrolment.Secret; len(v.Secret) > 0 {
			v.AppURI = mfa.KeyURI(p.cfg.Name, h.user.Email, v.Secret)
			return nil
		}
		v.Code, err = p.enrolCode(tx, h.user, *j.enrolment)
		return err
	})
	return v, err
}

// AddApp makes the key of an app that shall be added, so that pages only read.
func (p *Provider) AddApp(ctx context.Context, b *Browser, replaces string) error {
	return p.inAdding(ctx, b, replaces, func(w *work, j *adding) error {
		if err := p.mayBecome(j, mfa.App, ""); err != nil {
			return err
		}
		if j.enrolment != nil && len(j.enrolment.Secret) > 0 {
			return nil
		}
		return p.putAdding(w, j, mfa.Enrolment{Channel: mfa.App, Secret: mfa.NewSecret()})
	})
}

// putAdding writes what is being added in place of what was begun before.
func (p *Provider) putAdding(w *work, j *adding, e mfa.Enrolment) error {
	e.ID, e.UserID, e.Binding, e.Role = newID(), j.user.ID, j.session.SID, mfa.Backup
	if j.replaced != nil {
		e.Replaces, e.Role = j.replaced.ID, j.replaced.Role
	}
	e.CreatedAt, e.ExpiresAt = w.Now, w.Now.Add(p.cfg.Limits.MFA.DraftLifetime)
	j.enrolment = &e
	return w.PutEnrolment(e)
}

// AddPhone sends a code to a number that shall be added or replace another,
// or adds it at once as an unverified backup (S-060). The errors are mfa's
// about numbers; a number is the same however it is typed.
func (p *Provider) AddPhone(ctx context.Context, b *Browser, replaces string, in PhoneInput) error {
	return p.inAdding(ctx, b, replaces, func(w *work, j *adding) error {
		if !in.Channel.Phone() {
			return mfa.ErrChoice
		}
		if in.Unverified && (j.replaced != nil || !p.cfg.Limits.MFA.AllowUnverified) {
			return mfa.ErrMustVerify
		}
		ph, err := mfa.ParsePhone(in.Country, in.Number, in.Channel, p.cfg.Limits.MFA)
		if err != nil {
			return err
		}
		if err := errors.Join(p.mayBecome(j, in.Channel, ph.E164), p.mayShare(w, ph.E164, j.user.ID)); err != nil {
			return err
		}
		if in.Unverified {
			return p.addMethod(w, j, mfa.Factor{Channel: in.Channel, Number: ph.E164}, false)
		}
		if e := j.enrolment; e == nil || e.Number != ph.E164 || e.Channel != in.Channel {
			// A new id: the wait for a resend is the number's, not the person's.
			if err := p.putAdding(w, j, mfa.Enrolment{Channel: in.Channel, Number: ph.E164}); err != nil {
				return err
			}
		}
		return p.send(w, target{
			user: j.user, purpose: mfa.ForEnrol, binding: j.session.SID, factorID: j.enrolment.ID,
			channel: in.Channel, number: ph.E164, lang: p.codeLang(w, j.user),
		})
	})
}

// VerifyAdding takes the code of what is being added: it counts from now on, and
// what it replaces does not. endOthers ends the person's other sessions.
func (p *Provider) VerifyAdding(ctx context.Context, b *Browser, replaces string, ch mfa.Channel, code string, endOthers bool) error {
	code, err := p.parseCode(ch, code)
	if err != nil {
		return err
	}
	return p.inAdding(ctx, b, replaces, func(w *work, j *adding) error {
		if j.enrolment == nil || (j.enrolment.Channel == mfa.App) != (ch == mfa.App) {
			return ErrStep
		}
		mayBe := func() error { return p.mayBecome(j, j.enrolment.Channel, j.enrolment.Number) }
		if err := mayBe(); err != nil {
			return err
		}
		f, err := p.proveEnrolment(w, *j.enrolment, ch, code, mayBe)
		if err != nil {
			return err
		}
		return p.addMethod(w, j, f, endOthers)
	})
}

// addMethod makes a proved method, or an unverified backup, one of the person's.
func (p *Provider) addMethod(w *work, j *adding, f mfa.Factor, endOthers bool) error {
	if err := p.endAdding(w, j); err != nil {
		return err
	}
	f.ID, f.UserID, f.Role, f.CreatedAt = newID(), j.user.ID, mfa.Backup, w.Now
	if p.cfg.Limits.Care.Hold > 0 {
		f.HeldUntil = w.Now.Add(p.cfg.Limits.Care.Hold)
	}
	old := j.replaced
	if old != nil {
		// Another row: a code that is out to the old one proves nothing any more.
		f.Role, f.Name = old.Role, old.Name
		if err := w.DeleteFactor(old.ID); err != nil {
			return err
		}
	}
	if err := w.InsertFactor(f); err != nil {
		return err
	}
	if err := p.changed(w, j.holder, endOthers); err != nil {
		return err
	}
	switch {
	case old == nil:
		return errors.Join(
			p.mail(w, j.user, "mail.m_add", append(method(f), "ref", f.ID)...),
			w.record("method.added", j.user.ID, "", append(method(f), "verified", yes(f.Verified()))...))
	case mfa.SameNumber(old.Number, f.Number) || f.Channel == mfa.App:
		return errors.Join(
			p.mail(w, j.user, "mail.m_new", append(method(f), "ref", f.ID)...),
			w.record("method.renewed", j.user.ID, "", method(f)...))
	}
	return p.numberChanged(w, j.user, *old, f)
}

// endAdding takes what was being added off the list, once.
func (p *Provider) endAdding(w *work, j *adding) error {
	if err := w.SupersedeChallenges(j.session.SID, mfa.ForEnrol); err != nil {
		return err
	}
	if j.enrolment == nil {
		return nil
	}
	return w.TakeEnrolment(j.enrolment.ID)
}

// DropAdding gives up what is being added.
func (p *Provider) DropAdding(ctx context.Context, b *Browser, replaces string) error {
	return p.inAdding(ctx, b, replaces, func(w *work, j *adding) error { return ignore(p.endAdding(w, j), store.ErrConflict) })
}

// changed is what follows every change of methods: trusted devices end (S-126)
// and, when asked, the other sessions.
func (p *Provider) changed(w *work, h *holder, endOthers bool) error {
	if err := p.forgetDevices(w, &h.user); err != nil {
		return err
	}
	if err := w.UpdateUser(h.user); err != nil {
		return err
	}
	if !endOthers {
		return nil
	}
	return p.endSessions(w, h.user.ID, h.session.SID)
}

// numberChanged tells of a number in another's place: every address, and the
// old number itself, if it was proved and takes text messages (ux 6.7).
func (p *Provider) numberChanged(w *work, u User, old, now mfa.Factor) error {
	if err := p.tellNumber(w, u, old); err != nil {
		return err
	}
	from, to := mfa.Masked(old.Number), mfa.Masked(now.Number)
	err := p.mail(w, u, "mail.m_chg", "channel", string(now.Channel), "detail", to, "old", from, "new", to, "ref", undoNumber(old, now))
	if err != nil {
		return err
	}
	return w.record("method.changed", u.ID, "", "channel", string(now.Channel), "from", from, "to", to)
}

// tellNumber texts a number that codes no longer come there.
func (p *Provider) tellNumber(w *work, u User, f mfa.Factor) error {
	_, err := mfa.ParsePhone(mfa.CountryOf(f.Number), f.Number, mfa.SMS, p.cfg.Limits.MFA)
	if !f.Channel.Phone() || !p.cfg.Limits.Care.Sure(f, w.Now) || err != nil {
		return nil //nolint:nilerr // a landline hears of nothing, nor does a number in doubt; the mails went out
	}
	w.queued = true
	_, err = w.Enqueue(store.Outgoing{
		Kind: mfa.Text, To: f.Number, Lang: p.codeLang(w, u), UserID: u.ID, Name: "sms.changed", Params: map[string]string{},
		ExpiresAt: w.Now.Add(mailFor),
	})
	return err
}

// yes is a truth in an audit event.
func yes(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}
