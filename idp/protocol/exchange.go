package protocol

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// actor is who acts for the subject of a token, and for whom that one acted
// (RFC 8693 §4.1).
type actor struct {
	Subject string `json:"sub"`
	Act     *actor `json:"act,omitempty"`
}

// mostActors is how long a chain of resources that call one another may get.
const mostActors = 4

// depth is the length of the chain.
func (a *actor) depth() int {
	n := 0
	for ; a != nil; a = a.Act {
		n++
	}
	return n
}

// TokenExchange gives the server of a resource a token for another one, on
// behalf of the person whose token it was shown (RFC 8693). It is delegation
// and never impersonation: the token says who acts. It carries no more than the
// subject token and the client may, lives no longer, hangs on the same grant,
// dies with the subject token, and cannot be refreshed.
func (s *server) TokenExchange(ctx context.Context, r *op.ClientRequest[oidc.TokenExchangeRequest]) (*op.Response, error) {
	from, p := callerFrom(ctx), params(r.Form)
	claims, fault := s.ep.exchanged(from, p, r.Data)
	if fault != nil {
		return nil, s.fail(ctx, fault)
	}
	err := s.ep.idp.Exchange(ctx, idp.BrowserFrom(ctx), from.client, idp.Subject{Grant: claims.Grant, IDs: claims.From}, claims.Audience)
	if errors.Is(err, idp.ErrInvalidGrant) {
		s.ep.told(ctx, from.client, errSubjectToken, refusal(err.Error()))
		return nil, op.NewStatusError(errSubjectToken, status(errSubjectToken))
	}
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	claims.ID = rand.Text()
	answer, err := s.ep.respond(claims, time.Unix(claims.Expiry, 0).Sub(s.ep.now()))
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	answer.IssuedType = string(oidc.AccessTokenType)
	return op.NewResponse(answer), nil
}

// exchanged is what the subject token becomes; it gets its own ID later.
func (ep *endpoints) exchanged(from *caller, p params, asked *oidc.TokenExchangeRequest) (accessClaims, *oidc.Error) {
	client, now := from.client, ep.now()
	wanted := asked.RequestedTokenType
	if asked.SubjectTokenType != oidc.AccessTokenType || wanted != "" && wanted != oidc.AccessTokenType ||
		p.get("actor_token") != "" || p.get("actor_token_type") != "" {
		return accessClaims{}, errExchange
	}
	c, err := ep.openAccessToken(asked.SubjectToken)
	shown := slices.ContainsFunc(c.Audience, func(aud string) bool { return slices.Contains(client.Serves, aud) })
	if err != nil || c.Grant == "" || !shown || c.Act.depth() >= mostActors {
		return c, errSubjectToken
	}
	target := p.resources()
	if len(target) == 0 || p.get("audience") != "" || !within(target, client.Resources) || slices.Contains(target, ep.issuer) {
		return c, errExchangeFor
	}
	both := slices.DeleteFunc(strings.Fields(c.Scope), func(s string) bool {
		return clients.Personal(s) || !slices.Contains(client.AllowedScopes(), s)
	})
	both = ep.idp.Config().Resources.At(target, both)
	scopes, ok := p.scopes()
	if len(scopes) == 0 {
		scopes = both
	}
	if !ok || len(scopes) == 0 || !within(scopes, both) {
		return c, errExchangeScope
	}
	c.Audience, c.ClientID, c.Scope, c.Claims = target, client.ID, strings.Join(scopes, " "), nil
	c.From = append(slices.Clone(c.From), c.ID)
	c.IssuedAt, c.Expiry = now.Unix(), min(c.Expiry, now.Add(ep.limits.AccessToken).Unix())
	c.Act, c.Confirm = &actor{Subject: "client:" + client.ID, Act: c.Act}, confirm(from.bound)
	return c, nil
}
