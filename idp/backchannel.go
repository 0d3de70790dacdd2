package idp

import (
	"context"
	"fmt"

	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// kindLogout is how the outbox tells logout tokens from messages to people.
const kindLogout mfa.Kind = "logout"

// LogoutNotifier posts a logout token to a relying party (OpenID Connect
// Back-Channel Logout 1.0 §2.5). An error that wraps [mfa.ErrUndeliverable] ends
// the retries.
type LogoutNotifier interface {
	NotifyLogout(ctx context.Context, uri, token string) error
}

// logoutEvent is the one member of a logout token's events.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutClaims are a logout token's (Back-Channel Logout §2.4). It has no nonce,
// so that it can never pass for an ID token.
type logoutClaims struct {
	Issuer   string                         `json:"iss"`
	Subject  string                         `json:"sub"`
	Audience string                         `json:"aud"`
	IssuedAt int64                          `json:"iat"`
	Expires  int64                          `json:"exp"`
	ID       string                         `json:"jti"`
	Events   map[string]map[string]struct{} `json:"events"`
	SID      string                         `json:"sid"`
}

// notifyLogout queues a logout token for every relying party that the session
// signed in to and that has asked for it, in the transaction that ends it.
func (p *Provider) notifyLogout(w *work, userID, sid string) error {
	ids, err := w.SessionClients(userID, sid)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.notifyClient(w, id, userID, sid); err != nil {
			return err
		}
	}
	return nil
}

// notifyClient queues a logout token for one relying party, if it has asked for them.
func (p *Provider) notifyClient(w *work, id, userID, sid string) error {
	c, ok := p.cfg.Clients.Lookup(id)
	if !ok || c.BackchannelLogoutURI == "" {
		return nil
	}
	sub, err := p.pairwise(w, c, userID)
	if err != nil {
		return err
	}
	if sub == "" {
		sub = userID
	}
	w.queued = true
	_, err = w.Enqueue(store.Outgoing{
		Kind: kindLogout, To: c.BackchannelLogoutURI, UserID: userID, Name: "logout",
		Params:    map[string]string{"client": id, "sid": sid, "sub": sub},
		ExpiresAt: w.Now.Add(p.cfg.Limits.Tokens.LogoutRetry),
	})
	return err
}

// sendLogout makes the token anew for each attempt, because it lives two
// minutes (C-39), and posts it.
func (p *Provider) sendLogout(ctx context.Context, o store.Outgoing) error {
	c, ok := p.cfg.Clients.Lookup(o.Params["client"])
	if !ok || p.cfg.Logouts == nil {
		return fmt.Errorf("nobody to tell of a logout: %w", mfa.ErrUndeliverable)
	}
	now := p.now()
	token, err := p.keys.Sign(c.SigningAlg(), "logout+jwt", logoutClaims{
		Issuer: p.cfg.Issuer, Subject: o.Params["sub"], Audience: c.ID, ID: newID(), SID: o.Params["sid"],
		IssuedAt: now.Unix(), Expires: now.Add(p.cfg.Limits.Tokens.LogoutToken).Unix(),
		Events: map[string]map[string]struct{}{logoutEvent: {}},
	})
	if err != nil {
		return err
	}
	return p.cfg.Logouts.NotifyLogout(ctx, o.To, token)
}
