package idp

import (
	"context"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// SubmitCode answers the code page. trust asks for this browser to be trusted,
// where that is offered. The errors are mfa's about codes and *mfa.TooSoonError.
func (p *Provider) SubmitCode(ctx context.Context, b *Browser, id, code string, trust bool) (Next, error) {
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if s.step.Page != signin.PageCode {
			return ErrStep
		}
		got, err := p.check(w, *s.user, mfa.ForSignIn, s.row.ID, code)
		if err != nil {
			return err
		}
		s.row.UserID = s.user.ID
		s.row.CodeAt, s.row.Channel, s.row.FactorID = w.Now, got.channel, got.factorID
		s.row.Trust = trust && s.step.TrustOffered
		return nil
	})
}

// SendCode sends another code, by the same method after its wait or by another
// one at once; the code before no longer works (S-107). It counts nothing back.
func (p *Provider) SendCode(ctx context.Context, b *Browser, id, factorID string, ch mfa.Channel) (Next, error) {
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if s.step.Page != signin.PageCode {
			return ErrStep
		}
		factors, _ := s.ways(p, w.Now)
		f, err := factorOf(factors, factorID)
		if err != nil {
			return err
		}
		if ch == "" {
			ch = f.Channel
		}
		return p.sendTo(w, *s.user, mfa.ForSignIn, s.row.ID, f, ch, p.codeLang(w, *s.user))
	})
}
