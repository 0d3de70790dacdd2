package idp

import (
	"context"
	"slices"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// answer runs one POST of a sign-in: f changes s.row, then the step is decided
// anew and acted on.
func (p *Provider) answer(ctx context.Context, b *Browser, id string, f func(*work, *situation) error) (Next, error) {
	var next Next
	err := p.update(ctx, b, func(w *work) error {
		row, err := p.open(w.Tx, b, id)
		if err != nil {
			return err
		}
		s, err := p.look(w.Tx, b, row)
		if err != nil {
			return err
		}
		if s.user != nil {
			w.as(s.user.ID)
		}
		s.row.Able = s.row.Able || b.CanPasskey
		if err := f(w, s); err != nil {
			return err
		}
		if err := w.UpdateSignIn(s.row); err != nil {
			return err
		}
		if s, err = p.look(w.Tx, b, s.row); err != nil {
			return err
		}
		next, err = p.proceed(w, s)
		return err
	})
	return next, err
}

// SubmitConsent answers the consent page. A refusal ends the sign-in with access_denied.
func (p *Provider) SubmitConsent(ctx context.Context, b *Browser, id string, allow bool) (Next, error) {
	if !allow {
		return p.Cancel(ctx, b, id)
	}
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if s.step.Page != signin.PageConsent {
			return ErrStep
		}
		s.row.ConsentedAt = w.Now
		scopes := slices.Clone(s.granted)
		scopes = append(scopes, newScopes(s.req.Request.Scopes, s.granted)...)
		if err := w.PutConsent(store.Consent{UserID: s.user.ID, ClientID: s.client.ID, Scopes: scopes, GrantedAt: w.Now}); err != nil {
			return err
		}
		if err := p.mail(w, *s.user, "mail.app", "client", s.client.DisplayName(p.lang(s.user.Lang)), "ref", s.client.ID); err != nil {
			return err
		}
		return w.record("consent.granted", s.user.ID, s.client.ID)
	})
}

// SelectAccount answers the account chooser. other forgets the person, so that
// the password page asks anew.
func (p *Provider) SelectAccount(ctx context.Context, b *Browser, id string, other bool) (Next, error) {
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		s.row.SelectedAt = w.Now
		if other {
			forget(&s.row)
			s.row.UserID = ""
		} else if s.user != nil {
			s.row.UserID = s.user.ID
		}
		return nil
	})
}

// PutOff answers "later" on a page that allows it; an enforced enrolment does
// not (S-110). A passkey that was offered is not offered again.
func (p *Provider) PutOff(ctx context.Context, b *Browser, id string) (Next, error) {
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if !s.step.PutOff {
			return ErrStep
		}
		switch s.step.Page {
		case signin.PageOffer:
			s.user.PasskeyOfferedAt = w.Now
			if err := w.UpdateUser(*s.user); err != nil {
				return err
			}
			return w.record("passkey.declined", s.user.ID, s.row.ClientID)
		case signin.PagePasskey:
			s.row.PutOffAt = w.Now
			return w.record("passkey.put_off", s.user.ID, s.row.ClientID)
		case signin.PageNotice:
			if err := w.PutOffNotice(s.user.ID, s.client.ID); err != nil {
				return err
			}
		default:
		}
		s.row.PutOffAt = w.Now
		return w.record("enrolment.put_off", s.user.ID, s.row.ClientID)
	})
}

// Cancel ends a sign-in; the relying party gets access_denied.
func (p *Provider) Cancel(ctx context.Context, b *Browser, id string) (Next, error) {
	var next Next
	err := p.update(ctx, b, func(w *work) error {
		row, err := p.open(w.Tx, b, id)
		if err != nil {
			return err
		}
		s, err := p.look(w.Tx, b, row)
		if err != nil {
			return err
		}
		next = Next{Step: s.step, Reply: s.refusal(p, "access_denied")}
		if err := p.endSignIn(w, s); err != nil {
			return err
		}
		return p.unfinished(w, s.row)
	})
	return next, err
}
