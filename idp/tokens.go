package idp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Issue is what a token request earned; the protocol room mints from it.
type Issue struct {
	Grant Grant
	User  User
	// Acting is for which shop the person acts.
	Acting Acting
	// Scopes may be narrower than the grant's after a refresh.
	Scopes []string
	// Nonce belongs into the ID token of a code exchange; empty after a refresh.
	Nonce string
	// RefreshToken is empty when the client may not refresh.
	RefreshToken string
	// Bound are the keys that the tokens are bound to.
	Bound Binding
}

// Redemption is a token request with an authorization code.
type Redemption struct {
	Code, RedirectURI, Verifier string
	// Bound are the keys it was made with.
	Bound Binding
}

// RedeemCode exchanges an authorization code. The code is spent before anything
// else is compared: of parallel redemptions one wins, and any second use revokes
// what the first earned (T-17, A-10.4.2). All failures are ErrInvalidGrant.
func (p *Provider) RedeemCode(ctx context.Context, b *Browser, c *clients.Client, r Redemption) (Issue, error) {
	var out Issue
	err := p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		out = Issue{}
		g, code, err := spendCode(w, c, r.Code)
		if errors.Is(err, store.ErrConflict) {
			return keepAfter(p.revoke(w, g.ID, "code.replayed"), invalidGrant("the code was used before; what it earned is revoked"))
		}
		if err != nil {
			return err
		}
		if fault := r.fault(code, w.Now); fault != "" {
			return store.Keep(invalidGrant(fault))
		}
		issue, err := p.still(w.Tx, g)
		if errors.Is(err, ErrRevoked) {
			return store.Keep(invalidGrant("the grant has ended"))
		}
		if err != nil {
			return err
		}
		out, out.Nonce, out.Bound = issue, code.Nonce, r.Bound
		if !c.Allows(clients.GrantRefresh) {
			return nil
		}
		if err := bind(w, c, g, r.Bound); err != nil {
			return err
		}
		out.RefreshToken, err = p.refreshToken(w, g)
		return err
	})
	return out, err
}

// newCode is the code of a grant: it names it, and proves it.
func newCode(g Grant) string { return g.ID + newToken() }

// spendCode finds the grant of a code and spends the code; ErrConflict, with the
// grant, when that was done before. Another client's is left to that client.
func spendCode(w *work, c *clients.Client, code string) (Grant, store.Code, error) {
	id := code[:max(0, len(code)-tokenSize)]
	g, row, err := w.GrantWithCode(id)
	switch {
	case errors.Is(err, store.ErrNotFound) || err == nil && subtle.ConstantTimeCompare(row.Hash, store.Hash(code)) != 1:
		return g, row, invalidGrant("no such code, or it expired long ago")
	case err != nil:
		return g, row, err
	case g.ClientID != c.ID:
		return g, row, invalidGrant("the code was issued to another client")
	}
	return g, row, w.UseCode(g.ID)
}

// fault says what is wrong with a redemption of this code; empty means nothing.
func (r Redemption) fault(row store.Code, now time.Time) string {
	switch {
	case !now.Before(row.ExpiresAt):
		return "the code has expired"
	case row.RedirectURI != r.RedirectURI:
		return "redirect_uri is not that of the authorization request"
	case row.Challenge == "" && r.Verifier != "":
		return "code_verifier without a code_challenge before"
	case !pkce(row.Challenge, r.Verifier):
		return "code_verifier does not fit code_challenge"
	case !r.Bound.opens(row.JKT, ""):
		return "the DPoP key is not that of the authorization request"
	}
	return ""
}

// invalidGrant is ErrInvalidGrant with its reason, which is for the log alone.
func invalidGrant(why string) error { return fmt.Errorf("%w: %s", ErrInvalidGrant, why) }

// bind ties the refresh tokens of a public client to the keys it shows: nothing
// else proves that it is the one they were issued to (RFC 9449 §5, RFC 8705 §4).
// A confidential client proves itself, and may change its key.
func bind(w *work, c *clients.Client, g Grant, to Binding) error {
	if c.Confidential() || to == (Binding{}) {
		return nil
	}
	return w.BindGrant(g.ID, to.JKT, to.X5T)
}

func clientActor(b *Browser, c *clients.Client) Actor {
	return Actor{Kind: "client", ID: c.ID, IP: b.IP, UserAgent: clip(b.UserAgent, 300), Request: b.RequestID}
}

// pkce compares S256; a verifier without a challenge is refused too (O-04).
func pkce(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// live is what a grant is worth now: with its person, and for whom they act.
// ErrRevoked when the grant or the person is gone, or the person may no longer
// act for the shop that it is for.
func (p *Provider) live(tx *store.Tx, grantID string) (Issue, error) {
	g, err := tx.Grant(grantID)
	if errors.Is(err, store.ErrNotFound) {
		return Issue{}, ErrRevoked
	}
	if err != nil {
		return Issue{}, err
	}
	return p.still(tx, g)
}

// still is live for a grant that was just read.
func (p *Provider) still(tx *store.Tx, g Grant) (Issue, error) {
	out := Issue{Grant: g, Scopes: g.Scopes}
	if !g.RevokedAt.IsZero() {
		return out, ErrRevoked
	}
	var err error
	out.User, err = tx.User(g.UserID)
	if errors.Is(err, store.ErrNotFound) || (err == nil && !out.User.DisabledAt.IsZero()) {
		return out, ErrRevoked
	}
	if err == nil {
		out.Acting, err = p.actingBy(tx, g, out.User)
	}
	return out, err
}

func (p *Provider) refreshToken(w *work, g Grant) (string, error) {
	token, end := p.newStamped(newToken()), p.refreshEnd(g, w.Now)
	return token, errors.Join(w.UseGrant(g, end), w.InsertRefreshToken(store.RefreshToken{
		Hash: store.StampedHash(token), GrantID: g.ID, CreatedAt: w.Now, ExpiresAt: end,
	}))
}

// refreshEnd is the idle end, but never past the absolute one (C-37, A-10.4.8).
func (p *Provider) refreshEnd(g Grant, now time.Time) time.Time {
	l := p.cfg.Limits.Tokens
	end := g.CreatedAt.Add(l.RefreshAbsolute)
	if idle := now.Add(l.RefreshIdle); idle.Before(end) {
		return idle
	}
	return end
}

// Renewal is a token request with a refresh token. Empty scopes mean the grant's.
type Renewal struct {
	Token  string
	Scopes []string
	// Bound are the keys it was made with.
	Bound Binding
}

// Refresh rotates a refresh token, but that of a client whose tokens do not
// rotate: it lives on, as long as it is used. A token used before is a theft and revokes
// the grant (T-51), but for a short grace in which its unused successor is given
// again, so that two tabs refreshing at once stay signed in. The client's rules
// are judged anew (S-120, T-14).
func (p *Provider) Refresh(ctx context.Context, b *Browser, c *clients.Client, r Renewal) (Issue, error) {
	var out Issue
	err := p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		out = Issue{}
		row, err := w.RefreshToken(store.StampedHash(r.Token))
		if errors.Is(err, store.ErrNotFound) {
			return invalidGrant("no such refresh token, or it expired long ago")
		}
		if err != nil {
			return err
		}
		issue, err := p.live(w.Tx, row.GrantID)
		if err != nil && !errors.Is(err, ErrRevoked) {
			return err
		}
		g := issue.Grant
		if fault := r.fault(c, row, g, w.Now, err == nil); fault != "" {
			return invalidGrant(fault)
		}
		allowed, err := p.stillAllowed(w.Tx, c, g, issue.User)
		if err != nil {
			return err
		}
		if !allowed {
			return keepAfter(p.revoke(w, g.ID, "grant.rules_changed"), invalidGrant("the client now demands more than this sign-in proved"))
		}
		out, out.Bound = issue, r.Bound
		if len(r.Scopes) > 0 {
			if slices.ContainsFunc(r.Scopes, func(s string) bool { return !slices.Contains(g.Scopes, s) }) {
				return ErrInvalidScope
			}
			out.Scopes = r.Scopes
		}
		if !c.RotatesRefreshTokens() && row.UsedAt.IsZero() {
			out.RefreshToken = r.Token
			end := p.refreshEnd(g, w.Now)
			return errors.Join(w.UseGrant(g, end), w.ExtendRefreshToken(row.Hash, end))
		}
		out.RefreshToken, err = p.rotate(w, g, row)
		return err
	})
	if err != nil {
		return Issue{}, err
	}
	return out, nil
}

// fault says what is wrong with a renewal; empty means nothing.
func (r Renewal) fault(c *clients.Client, row store.RefreshToken, g Grant, now time.Time, live bool) string {
	switch {
	case !live:
		return "the grant has ended"
	case g.ClientID != c.ID:
		return "the refresh token was issued to another client"
	case !now.Before(row.ExpiresAt):
		return "the refresh token has expired"
	case !r.Bound.opens(g.JKT, g.X5T):
		return "the refresh token is bound to another key"
	}
	return ""
}

// stillAllowed judges the client's rules as they are now: whatever is made of a
// grant after its sign-in asks here (S-120). An extension holds here as it
// does for a sign-in.
func (p *Provider) stillAllowed(tx *store.Tx, c *clients.Client, g Grant, u User) (bool, error) {
	have, _ := signin.ParseACR(g.ACR, nil)
	if least, ok := signin.ParseACR(c.Rules.MinACR, p.cfg.ACRAliases); c.Rules.MinACR != "" && (!ok || have < least) {
		return false, nil
	}
	if !u.TwoStepAt.IsZero() || !p.leans(*c, g, tx.Now) {
		return true, nil
	}
	use, err := tx.Use(u.ID, c.ID)
	own := *c
	own.Rules.EnforceFrom = signin.EnforcedFrom(c.Rules, use.ExtendedUntil)
	return !p.leans(own, g, tx.Now), err
}

func (p *Provider) rotate(w *work, g Grant, row store.RefreshToken) (string, error) {
	if row.UsedAt.IsZero() {
		next, err := p.refreshToken(w, g)
		if err != nil {
			return "", err
		}
		return next, w.UseRefreshToken(row.Hash, next)
	}
	if w.Now.Sub(row.UsedAt) <= p.cfg.Limits.Tokens.RefreshGrace {
		next, err := w.RefreshToken(store.StampedHash(row.Next))
		if err == nil && next.UsedAt.IsZero() {
			return row.Next, nil
		}
	}
	return "", keepAfter(p.revoke(w, g.ID, "refresh.replayed"), invalidGrant("the refresh token was used before; the grant is revoked"))
}

func (p *Provider) revoke(w *work, grantID, why string) error {
	g, err := w.Grant(grantID)
	if err != nil {
		return err
	}
	if err := w.RevokeGrant(grantID); err != nil {
		return err
	}
	return w.record(why, g.UserID, g.ClientID, "grant", grantID)
}

// Bearer is the person behind an access token; ErrRevoked when its grant, the
// person, the token itself or one that it was exchanged from was revoked, on
// whatever node that was: at once if it was this one, and else within a second.
// The user comes without their password.
func (p *Provider) Bearer(ctx context.Context, grantID, jti string, from ...string) (User, error) {
	return p.standing.ask(of{grantID, jti}, func() (u User, err error) {
		err = p.st.Glance(ctx, func(tx *store.Tx) error {
			for _, one := range from {
				if revoked, err := tx.JTIRevoked(one); err != nil || revoked {
					return cmp.Or(err, ErrRevoked)
				}
			}
			var err error
			u, err = tx.Bearer(grantID, jti)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			err = ErrRevoked
		}
		return u, err
	})
}

// RevokeRefresh revokes the grant of a client's own refresh token (RFC 7009).
// An unknown token is no error; another client's is ErrInvalidGrant, and lives on.
func (p *Provider) RevokeRefresh(ctx context.Context, b *Browser, c *clients.Client, token string) error {
	return p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		row, err := w.RefreshToken(store.StampedHash(token))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		g, err := w.Grant(row.GrantID)
		if err != nil {
			return err
		}
		if g.ClientID != c.ID {
			return invalidGrant("the refresh token was issued to another client")
		}
		return p.revoke(w, g.ID, "grant.revoked")
	})
}

// RevokeGrant ends a grant with everything issued under it.
func (p *Provider) RevokeGrant(ctx context.Context, actor Actor, grantID string) error {
	return p.updateAs(ctx, actor, nil, func(w *work) error { return p.revoke(w, grantID, "grant.revoked") })
}

// RevokeJTI refuses one access token until it would have expired.
func (p *Provider) RevokeJTI(ctx context.Context, b *Browser, c *clients.Client, jti string, until time.Time) error {
	return p.updateAs(ctx, clientActor(b, c), b, func(w *work) error {
		if err := w.RevokeJTI(jti, until); err != nil {
			return err
		}
		return w.record("token.revoked", "", c.ID, "jti", jti)
	})
}
