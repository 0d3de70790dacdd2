package protocol

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// server answers the machine requests that the library dispatches. What it does
// not implement is neither mounted nor advertised.
type server struct {
	op.UnimplementedServer
	ep *endpoints
}

// party is the authenticated client in the library's eyes. Of its methods the
// library's dispatcher asks two; the others would panic, which a test of every
// grant shows.
type party struct {
	op.Client
	client *clients.Client
}

// GrantTypes are the grants that the client is registered for.
func (p party) GrantTypes() []oidc.GrantType {
	var out []oidc.GrantType
	for _, g := range grantTypes {
		if p.client.Allows(g) {
			out = append(out, oidc.GrantType(g))
		}
	}
	return out
}

// AuthMethod is how the client proved itself.
func (p party) AuthMethod() oidc.AuthMethod { return oidc.AuthMethod(p.client.AuthMethod()) }

// VerifyClient hands over the client that the gate authenticated; without the
// gate there is none.
func (s *server) VerifyClient(ctx context.Context, _ *op.Request[op.ClientCredentials]) (op.Client, error) {
	from := callerFrom(ctx)
	if from == nil {
		return nil, s.fail(ctx, errClient)
	}
	return party{client: from.client}, nil
}

// CodeExchange redeems an authorization code. The verb consumes the code before
// anything is minted, and revokes the grant at a second use (H-04, T-17).
func (s *server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	from, p := callerFrom(ctx), params(r.Form)
	client := from.client
	asked := p.resources()
	if !within(asked, audiences(client, s.ep.issuer)) {
		return nil, s.fail(ctx, errTarget)
	}
	if v := r.Data.CodeVerifier; v != "" && !isVerifier(v) {
		return nil, s.fail(ctx, errGrant)
	}
	issue, err := s.ep.idp.RedeemCode(ctx, idp.BrowserFrom(ctx), client, idp.Redemption{
		Code: r.Data.Code, RedirectURI: r.Data.RedirectURI, Verifier: r.Data.CodeVerifier, Bound: from.bound,
	})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.tokens(ctx, client, issue, asked)
}

// RefreshToken rotates a refresh token. Scopes may be narrowed for this one
// access token (RFC 6749 §6).
func (s *server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	from, p := callerFrom(ctx), params(r.Form)
	client := from.client
	asked := p.resources()
	if !within(asked, audiences(client, s.ep.issuer)) {
		return nil, s.fail(ctx, errTarget)
	}
	scopes, ok := p.scopes()
	if !ok {
		return nil, s.fail(ctx, errScope)
	}
	issue, err := s.ep.idp.Refresh(ctx, idp.BrowserFrom(ctx), client, idp.Renewal{Token: r.Data.RefreshToken, Scopes: scopes, Bound: from.bound})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.tokens(ctx, client, issue, asked)
}

// ClientCredentialsExchange gives a client a token for itself: no person, no
// acr, no row in the database.
func (s *server) ClientCredentialsExchange(ctx context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	from, p := callerFrom(ctx), params(r.Form)
	client := from.client
	if client.Standing(s.ep.now()) != nil {
		return nil, s.fail(ctx, errStanding)
	}
	aud, all := p.resources(), audiences(client, s.ep.issuer)
	if !within(aud, all) {
		return nil, s.fail(ctx, errTarget)
	}
	if len(aud) == 0 {
		aud = all
	}
	allowed := s.ep.idp.Config().Resources.At(aud, slices.DeleteFunc(client.AllowedScopes(), clients.Personal))
	scopes, ok := p.scopes()
	if !ok || !within(scopes, allowed) {
		return nil, s.fail(ctx, errScope)
	}
	if len(scopes) == 0 {
		scopes = allowed
	}
	answer, err := s.ep.mintForClient(from, scopes, aud)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	s.ep.idp.ToolUsed(ctx, client)
	return op.NewResponse(answer), nil
}

// Revocation ends a refresh token with its whole grant, or one access token
// (RFC 7009). A token that means nothing here is revoked already; one of another
// client stays as it is, and whoever tried is told.
func (s *server) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	client, token := callerFrom(ctx).client, r.Data.Token
	if claims, err := s.ep.openAccessToken(token); err == nil {
		if claims.ClientID != client.ID {
			return nil, s.fail(ctx, errNotYours)
		}
		if err := s.ep.idp.RevokeJTI(ctx, idp.BrowserFrom(ctx), client, claims.ID, claims.expires()); err != nil {
			return nil, s.fail(ctx, err)
		}
		return op.NewResponse(nil), nil
	}
	if fault := s.ep.revocable(token); fault != nil {
		return nil, s.fail(ctx, fault)
	}
	if err := s.ep.idp.RevokeRefresh(ctx, idp.BrowserFrom(ctx), client, token); err != nil {
		return nil, s.fail(ctx, err)
	}
	return op.NewResponse(nil), nil
}

// tokens mints what a redeemed code or refresh token is worth: never more than
// was granted, never more than the client is registered for by now (T-14), and
// only what means something at the resources asked for (RFC 8707 §2.2).
func (s *server) tokens(ctx context.Context, client *clients.Client, issue idp.Issue, asked []string) (*op.Response, error) {
	granted, registered := issue.Grant.Resources, audiences(client, s.ep.issuer)
	if len(granted) == 0 {
		granted = registered
	}
	if len(asked) == 0 {
		asked = granted
	}
	if !within(asked, granted) || !within(asked, registered) {
		return nil, s.fail(ctx, errTarget)
	}
	allowed := s.ep.idp.Config().Resources.At(asked, client.AllowedScopes())
	issue.Scopes = slices.DeleteFunc(slices.Clone(issue.Scopes), func(s string) bool { return !slices.Contains(allowed, s) })
	answer, err := s.ep.mintForPerson(ctx, client, issue, asked)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return op.NewResponse(answer), nil
}

// fail makes an error fit for the library, which would send any other's text.
func (s *server) fail(ctx context.Context, err error) error {
	e := s.ep.refused(ctx, err)
	if from := callerFrom(ctx); from != nil {
		why := refusal("")
		if errors.Is(err, idp.ErrInvalidGrant) {
			why = refusal(err.Error()) // one of ours, which says which
		}
		s.ep.told(ctx, from.client, e, why)
	}
	return op.NewStatusError(e, status(e))
}

// audiences are the resources a client may have tokens for.
func audiences(c *clients.Client, issuer string) []string {
	if len(c.Resources) == 0 {
		return []string{issuer}
	}
	return c.Resources
}

// within reports whether every one of asked is among allowed.
func within(asked, allowed []string) bool {
	return !slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(allowed, s) })
}

// isVerifier checks a code_verifier (RFC 7636 §4.1).
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		digit := r >= '0' && r <= '9'
		return !letter && !digit && !strings.ContainsRune("-._~", r)
	})
}
