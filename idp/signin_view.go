package idp

import (
	"context"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// SignIn is what is true of a sign-in now. It changes nothing, so pages may be
// reloaded and late links land on the page that is due.
func (p *Provider) SignIn(ctx context.Context, b *Browser, id string) (SignInView, error) {
	var v SignInView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		row, err := p.open(tx, b, id)
		if err != nil {
			return err
		}
		s, err := p.look(tx, b, row)
		if err != nil {
			return err
		}
		v, err = p.view(tx, s)
		return err
	})
	return v, err
}

func (p *Provider) view(tx *store.Tx, s *situation) (SignInView, error) {
	v := SignInView{
		ID: s.row.ID, Step: s.step, Client: s.client, Request: s.req, Email: s.req.LoginHint,
		AskedScopes: s.req.Request.Scopes, NewScopes: newScopes(s.req.Request.Scopes, s.granted), Sudo: s.req.Sudo && s.session != nil, Firm: s.req.Firm,
	}
	if s.client != nil {
		v.EnforceFrom = signin.EnforcedFrom(s.client.Rules, s.use.ExtendedUntil)
	}
	if s.user != nil && (s.session != nil || proved(s.row)) {
		v.Email = s.user.Email
		v.User = &User{ID: s.user.ID, Lang: s.user.Lang}
		if s.step.Page != signin.PageCode && s.step.Page != signin.PagePasskey && s.step.Page != signin.PagePassword {
			v.User = s.user
		}
	}
	if s.step.TrustOffered && p.cfg.Limits.MFA.TrustedDevice > 0 {
		v.TrustUntil = tx.Now.Add(p.cfg.Limits.MFA.TrustedDevice)
	}
	if d := s.device; d != nil && s.step.Page == signin.PageDevice {
		v.Device = &DeviceView{UserCode: d.UserCode, IP: d.IP, UserAgent: d.UserAgent, At: d.CreatedAt}
	}
	v.Passkey = p.passkeyRequest(s, tx.Now)
	if s.step.Page != signin.PageCode && s.step.Page != signin.PagePasskey && s.step.Page != signin.PagePassword {
		v.Shop = s.acting.chosen
		if s.step.Page == signin.PageShop {
			v.Shops = s.acting.shops
		}
	}
	if s.step.Page != signin.PageCode {
		return v, nil
	}
	saved, err := tx.RecoveryCodes(s.user.ID)
	if err != nil {
		return v, err
	}
	v.RecoveryCode = saved.Left > 0 && (!s.req.Firm || !p.codesHeld(saved, tx.Now))
	factors, _ := s.ways(p, tx.Now)
	v.Code, v.Methods, err = p.codeView(tx, *s.user, factors, mfa.ForSignIn, s.row.ID)
	return v, err
}

// codeView describes the running challenge of a binding, nil when none was
// issued, and the ways to get another.
func (p *Provider) codeView(tx *store.Tx, u User, factors []mfa.Factor, purpose mfa.Purpose, binding string) (*CodeView, []MethodView, error) {
	all, err := tx.Challenges(binding, purpose)
	if err != nil {
		return nil, nil, err
	}
	var code *CodeView
	if len(all) > 0 && all[0].SupersededAt.IsZero() && all[0].UsedAt.IsZero() {
		if code, err = p.describe(tx, u, factors, all); err != nil {
			return nil, nil, err
		}
	}
	var methods []MethodView
	add := func(f mfa.Factor, ch mfa.Channel) {
		m := MethodView{Factor: f, Channel: ch, Current: code != nil && code.FactorID == f.ID && code.Channel == ch}
		if at := p.resendAt(f.ID, ch, all); tx.Now.Before(at) {
			m.WaitUntil = at
		}
		if m.Current {
			methods = append([]MethodView{m}, methods...)
			return
		}
		methods = append(methods, m)
	}
	for _, f := range usable(factors) {
		add(f, f.Channel)
		if f.Channel == mfa.SMS {
			add(f, mfa.Voice)
		}
	}
	return code, methods, nil
}

func (p *Provider) describe(tx *store.Tx, u User, factors []mfa.Factor, all []mfa.Challenge) (*CodeView, error) {
	c := all[0]
	v := &CodeView{
		FactorID: c.FactorID, Channel: c.Channel, Account: u.Email, Sends: c.Sends,
		SentAt: c.SentAt, ExpiresAt: c.ExpiresAt, ResendAt: p.resendAt(c.FactorID, c.Channel, all),
		TriesLeft: max(p.cfg.Limits.MFA.CodeTries-c.Attempts, 0),
	}
	for _, f := range factors {
		if f.ID == c.FactorID {
			v.Number = f.Number
		}
	}
	for _, key := range []string{"code.pause|" + c.FactorID, "code.pause|" + u.ID} {
		n, until, err := tx.Count(key)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			v.PausedUntil = later(v.PausedUntil, until)
		}
	}
	if c.Channel == mfa.App {
		n, _, err := tx.Count("code.hour|" + c.FactorID)
		if err != nil {
			return nil, err
		}
		v.TriesLeft = max(p.cfg.Limits.MFA.MethodFailuresHour-n, 0)
		return v, nil
	}
	v.Dead = v.TriesLeft == 0 || !c.UsedAt.IsZero() || !tx.Now.Before(c.ExpiresAt)
	s, err := tx.SendOf(c.ID)
	v.Delivery = s.State
	v.Late = s.ID != "" && s.State == "" && tx.Now.Sub(c.SentAt) >= lateAfter
	return v, err
}
