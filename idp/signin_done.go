package idp

import (
	"net/url"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// complete ends a sign-in that is done: the session takes the proofs and a new
// cookie (T-06), the device is trusted when asked, and the relying party gets
// its code, all in this transaction. stored says whether the sign-in has a row.
func (p *Provider) complete(w *work, s *situation, stored bool) (Next, error) {
	if stored {
		if err := w.FinishSignIn(s.row.ID); err != nil { // T-09: one sign-in completes once
			return Next{}, ErrStale
		}
	}
	if err := w.usePushed(s.req); err != nil {
		return Next{}, err
	}
	w.as(s.user.ID)
	if proved(s.row) {
		if err := p.renewSession(w, s); err != nil {
			return Next{}, err
		}
	} else if err := p.touch(w, s.session); err != nil {
		return Next{}, err
	}
	if s.client == nil {
		return Next{Step: s.step, Reply: &Reply{To: s.row.ReturnTo}}, nil
	}
	if s.device != nil {
		return p.connect(w, s)
	}
	code, err := p.grant(w, s)
	if err != nil {
		return Next{}, err
	}
	return Next{Step: s.step, Reply: s.reply(p, "code", code)}, nil
}

// renewSession writes this sign-in's proofs into the session and changes its
// cookie; another person's session in this browser ends.
func (p *Provider) renewSession(w *work, s *situation) error {
	if s.session == nil {
		if err := p.replaceSession(w, s.user.ID); err != nil {
			return err
		}
		s.session = &Session{SID: newID(), UserID: s.user.ID, CreatedAt: w.Now}
		defer func() { s.proofs.Session = true }()
	}
	n := s.session
	created := n.Hash == nil
	s.write(n)
	n.SeenAt, n.IP, n.UserAgent = w.Now, w.b.IP, clip(w.b.UserAgent, 300)
	token := newToken()
	n.Hash = store.Hash(token)
	n.ExpiresAt = p.sessionEnd(n)
	var err error
	if created {
		err = w.InsertSession(*n)
	} else {
		err = w.UpdateSession(*n)
	}
	if err != nil {
		return err
	}
	w.b.Session = token
	if !s.row.CodeAt.IsZero() || !s.row.PasskeyAt.IsZero() { // whoever has a method needs no recovery
		if err := p.stopRecovery(w, s.user.ID, "signin"); err != nil {
			return err
		}
	}
	if created { // closing had ended all sessions
		if err := p.keepOpen(w, *s.user); err != nil {
			return err
		}
	}
	if err := p.greet(w, s); err != nil {
		return err
	}
	return p.trust(w, s)
}

// write puts the proofs into a session, with what they came by.
func (s *situation) write(n *Session) {
	p := s.proofs
	n.PasswordAt, n.CodeAt, n.DeviceAt, n.Channel = p.PasswordAt, p.CodeAt, p.DeviceAt, p.Channel
	n.PasskeyAt, n.PasskeyVerified, n.PasskeySynced = p.Passkey.At, p.Passkey.Verified, p.Passkey.Synced
	switch {
	case p.CodeAt.IsZero():
		n.FactorID = ""
	case !s.row.CodeAt.IsZero():
		n.FactorID = s.row.FactorID
	}
	switch {
	case p.Passkey.At.IsZero():
		n.PasskeyID = ""
	case s.row.PasskeyID != "":
		n.PasskeyID = s.row.PasskeyID
	}
}

// sessionEnd is when a session ends at the latest (C-31).
func (p *Provider) sessionEnd(n *Session) time.Time {
	l := p.cfg.Limits.Session
	return later(n.PasswordAt.Add(l.Absolute1), later(n.CodeAt, n.PasskeyAt).Add(l.Absolute2))
}

// replaceSession ends a session of somebody else in this browser.
func (p *Provider) replaceSession(w *work, userID string) error {
	old, err := p.session(w.Tx, w.b)
	if err != nil || old == nil {
		return err
	}
	if err := p.endSession(w, old.UserID, old.SID); err != nil {
		return err
	}
	return w.record("session.replaced", old.UserID, "", "by", userID)
}

// greet audits the sign-in, tells the person of a new browser and
// marks the browser as known (T-04).
func (p *Provider) greet(w *work, s *situation) error {
	if !proved(s.row) {
		return nil
	}
	how := s.step.Have.ACR()
	w.count(func(p *Provider) { p.meters.signIns.Inc(how) })
	details := []string{"acr", how, "channel", string(s.row.Channel), "sid", s.session.SID}
	if !s.proofs.PasswordAt.IsZero() {
		details = append(details, "password", "yes")
	}
	if err := w.record("signin.done", s.user.ID, s.row.ClientID, details...); err != nil {
		return err
	}
	if p.knows(w.b, s.user.Email) {
		return nil
	}
	w.b.Known = p.knownToken(s.user.Email)
	if w.Now.Sub(s.user.CreatedAt) < time.Minute {
		return nil // the very first sign-in follows the sign-up
	}
	return p.mail(w, *s.user, "mail.newdevice")
}

// trust makes this browser a trusted device when that was asked for with a code
// that was right (S-101).
func (p *Provider) trust(w *work, s *situation) error {
	if !s.row.Trust || s.row.CodeAt.IsZero() || p.cfg.Limits.MFA.TrustedDevice <= 0 {
		return nil
	}
	devices, err := w.Devices(s.user.ID)
	if err != nil {
		return err
	}
	for _, d := range devices[min(len(devices), max(p.cfg.Limits.MFA.TrustedDevicesUser-1, 0)):] {
		if err := w.DeleteDevice(d.ID); err != nil { // C-34: the oldest make room
			return err
		}
	}
	token := newToken()
	d := store.Device{Hash: store.Hash(token), TrustedDevice: mfa.TrustedDevice{
		ID: newID(), UserID: s.user.ID, Epoch: s.user.Epoch, UserAgent: clip(w.b.UserAgent, 300), IP: w.b.IP,
		CreatedAt: w.Now, LastUsedAt: w.Now, ExpiresAt: w.Now.Add(p.cfg.Limits.MFA.TrustedDevice),
	}}
	if err := w.InsertDevice(d); err != nil {
		return err
	}
	w.b.Device = token
	if err := p.mail(w, *s.user, "mail.dev_add", "until", d.ExpiresAt.Format(time.RFC3339)); err != nil {
		return err
	}
	return w.record("device.trusted", s.user.ID, "", "device", d.ID)
}

// newGrant is what was granted, not kept yet. A device's lives apart from the session of
// the browser in which it was connected.
func (p *Provider) newGrant(w *work, s *situation) (Grant, error) {
	shop, scopes := s.acting.grants(s.req.Scopes)
	g := Grant{
		ShopID: shop,
		ID:     p.newStamped(newID()), ClientID: s.client.ID, UserID: s.user.ID, SID: s.session.SID,
		ACR: s.step.Have.ACR(), AMR: signin.AMR(s.proofs, s.step.Have, s.client.AMRDetail),
		Scopes: scopes, Resources: s.req.Resources, AuthTime: s.proofs.AuthTime(), CreatedAt: w.Now, LastUsedAt: w.Now,
		Claims: s.req.Claims,
	}
	g.Claims.ACR = signin.AskedACR(s.step.Have, s.req.ACRs, s.req.Essential, p.cfg.ACRAliases)
	if s.device != nil {
		g.SID = ""
	}
	var err error
	g.Subject, err = p.pairwise(w, s.client, s.user.ID)
	return g, err
}

// grant makes the code of a new grant.
func (p *Provider) grant(w *work, s *situation) (string, error) {
	g, err := p.newGrant(w, s)
	if err != nil {
		return "", err
	}
	if err := w.Used(g.UserID, g.ClientID); err != nil {
		return "", err
	}
	code := newCode(g)
	return code, w.InsertGrantWithCode(g, store.Code{
		Hash: store.Hash(code), RedirectURI: s.req.RedirectURI, Nonce: s.req.Nonce, Challenge: s.req.CodeChallenge, JKT: s.req.DPoPKey,
		ExpiresAt: w.Now.Add(s.client.CodeLifetime(p.cfg.Limits.Tokens.Code)),
	})
}

// reply answers the relying party with state and issuer (RFC 9207).
func (s *situation) reply(p *Provider, pairs ...string) *Reply {
	v := url.Values{"iss": {p.cfg.Issuer}}
	if s.req.State != "" {
		v.Set("state", s.req.State)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return &Reply{To: s.req.RedirectURI, Params: v, Post: s.req.Mode == clients.ModeFormPost, ClientID: s.client.ID}
}

// refusal answers with an OAuth error, or leads to our start page.
func (s *situation) refusal(p *Provider, code string) *Reply {
	if s.client == nil {
		return &Reply{To: "/"}
	}
	if s.req.DeviceCode != nil {
		return &Reply{To: "/device/denied"}
	}
	return s.reply(p, "error", code)
}

// enforced reports whether a client's enforcement date has passed.
func enforced(c clients.Client, now time.Time) bool {
	from := c.Rules.EnforceFrom
	return !from.IsZero() && !now.Before(from)
}

// demands reports whether a client asks people for two-step verification now:
// by its date, or by its least acr. An unknown acr demands the most.
func (p *Provider) demands(c clients.Client, now time.Time) bool {
	least, ok := signin.ParseACR(c.Rules.MinACR, p.cfg.ACRAliases)
	return enforced(c, now) || c.Rules.MinACR != "" && (!ok || least > signin.LevelPassword)
}

// leans reports whether a grant lives by two-step verification being on: it was
// made at a client that demands it, and no passkey carries it. After a client's
// date a passkey is no excuse (S-110, S-120).
func (p *Provider) leans(c clients.Client, g Grant, now time.Time) bool {
	have, _ := signin.ParseACR(g.ACR, nil)
	return enforced(c, now) || p.demands(c, now) && have < signin.LevelPhishingResistant
}

// newScopes are those asked for and not allowed before.
func newScopes(asked, granted []string) []string {
	var out []string
	for _, s := range asked {
		if !slices.Contains(granted, s) {
			out = append(out, s)
		}
	}
	return out
}
