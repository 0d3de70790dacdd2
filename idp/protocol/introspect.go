package protocol

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// Introspection (RFC 7662): a resource server asks about the tokens made for
// it, a client about its own. For everything else the answer is that the token
// is not active, without a reason, so that nobody learns of tokens which are
// not theirs to see.

const (
	typStatus  = "token-introspection+jwt"             // RFC 9701 §5
	mimeStatus = "application/token-introspection+jwt" // RFC 9701 §4
)

// tokenStatus is the answer. The zero value is a token that is not active, of
// which nothing more is said (RFC 7662 §2.2).
type tokenStatus struct {
	Active   bool     `json:"active"`
	Scope    string   `json:"scope,omitempty"`
	ClientID string   `json:"client_id,omitempty"`
	Type     string   `json:"token_type,omitempty"`
	Expiry   int64    `json:"exp,omitempty"`
	IssuedAt int64    `json:"iat,omitempty"`
	Subject  string   `json:"sub,omitempty"`
	Audience []string `json:"aud,omitempty"`
	Issuer   string   `json:"iss,omitempty"`
	ID       string   `json:"jti,omitempty"`
	// What the person proved, and when (RFC 9470 §6.2).
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	SID      string   `json:"sid,omitempty"`
	acting
	// Act is who acts for the subject (RFC 8693 §4.1).
	Act *actor `json:"act,omitempty"`
	// Confirm is the key that must be shown with it (RFC 9449 §6.2, RFC 8705 §3.2).
	Confirm *confirmation `json:"cnf,omitempty"`
}

// signedStatus are the claims of an answer as JWT (RFC 9701 §5). Its audience
// is whoever asked, so that nobody else can be shown it.
type signedStatus struct {
	Issuer   string      `json:"iss"`
	Audience string      `json:"aud"`
	IssuedAt int64       `json:"iat"`
	Status   tokenStatus `json:"token_introspection"`
}

// introspect is POST /oauth2/introspect.
func (ep *endpoints) introspect(c echo.Context) error {
	from, fault := ep.admit(c)
	if fault == nil && !from.client.Confidential() { // RFC 7662 §2.1: whoever asks must be known
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf("Basic realm=%q", ep.issuer))
		_, fault = ep.stranger(c.Request().Context(), from.client, "a public client may not introspect")
	}
	if fault != nil {
		return answer(c, fault)
	}
	token := from.params.get("token")
	if token == "" {
		return answer(c, errTokenless)
	}
	ctx, signed := c.Request().Context(), wantsSigned(c.Request().Header.Values(echo.HeaderAccept))
	status, err := ep.status(ctx, from.client, token, signed)
	if err != nil {
		return answer(c, ep.refused(ctx, err))
	}
	c.Response().Header().Add(echo.HeaderVary, echo.HeaderAccept)
	if !signed {
		return c.JSON(http.StatusOK, status)
	}
	jwt, err := ep.idp.Keys().Sign(from.client.IntrospectionSigningAlg(), typStatus, signedStatus{
		Issuer: ep.issuer, Audience: from.client.ID, IssuedAt: ep.now().Unix(), Status: status,
	})
	if err != nil {
		return answer(c, ep.refused(ctx, err))
	}
	return c.Blob(http.StatusOK, mimeStatus, []byte(jwt))
}

// wantsSigned reports whether an Accept header names the signed form. Wildcards
// do not: those who know nothing of it get what RFC 7662 promises.
func wantsSigned(accept []string) bool {
	for _, field := range accept {
		for one := range strings.SplitSeq(field, ",") {
			kind, params, err := mime.ParseMediaType(one)
			q, weighed := params["q"]
			if err == nil && kind == mimeStatus && (!weighed || strings.Trim(q, "0.") != "") {
				return true
			}
		}
	}
	return false
}

// status judges a token anew at every question: what was revoked by its grant,
// its session, its person, its client or its own jti is not active from that
// moment on, on every node. Why it is not stands in the log alone. An error
// means that it could not be judged. strict is for the signed form, which is
// about tokens made for the asker alone (RFC 9701 §5).
func (ep *endpoints) status(ctx context.Context, asker *clients.Client, token string, strict bool) (tokenStatus, error) {
	claims, err := ep.openAccessToken(token)
	var out tokenStatus
	switch {
	case err == nil:
		out, err = ep.accessStatus(ctx, asker, claims, strict)
	case strict:
		err = refusal("it is no access token of ours, or has expired")
	default:
		out, err = ep.refreshStatus(ctx, asker, token)
	}
	if errors.Is(err, idp.ErrRevoked) {
		err = refusal("it is no token of ours for the client, or was revoked or used, or has expired")
	}
	if why, ok := errors.AsType[refusal](err); ok {
		ep.log.InfoContext(ctx, "token is not active", slog.String("request_id", idp.BrowserFrom(ctx).RequestID),
			slog.String("client_id", asker.ID), slog.String("reason", string(why)))
		return tokenStatus{}, nil
	}
	return out, err
}

// accessStatus is about a genuine access token that has not expired. A
// [refusal] says why it is not active for the asker.
func (ep *endpoints) accessStatus(ctx context.Context, asker *clients.Client, t accessClaims, strict bool) (tokenStatus, error) {
	scopes := strings.Fields(t.Scope)
	if own := asker.ID == t.ClientID && !strict; !own {
		served := slices.DeleteFunc(slices.Clone(t.Audience), func(aud string) bool { return !slices.Contains(asker.Serves, aud) })
		if len(served) == 0 {
			return tokenStatus{}, refusal("the client serves none of its audiences")
		}
		scopes = ep.idp.Config().Resources.At(served, scopes) // RFC 7662 §5: what is said elsewhere is not its business
	}
	client, ok := ep.lookup(t.ClientID)
	if !ok || client.Standing(ep.now()) != nil {
		return tokenStatus{}, refusal("the client that it was issued to is disabled or suspended")
	}
	if t.Grant == "" {
		if err := ep.idp.ClientBearer(ctx, t.ID); err != nil {
			return tokenStatus{}, err
		}
	} else if user, err := ep.idp.Bearer(ctx, t.Grant, t.ID, t.From...); err != nil || !client.Pairwise() && t.Act == nil && user.ID != t.Subject {
		return tokenStatus{}, cmp.Or(err, error(refusal("its subject is not the person of its grant")))
	}
	return tokenStatus{
		Active: true, Scope: strings.Join(scopes, " "), ClientID: t.ClientID, Type: t.Confirm.tokenType(), Expiry: t.Expiry, IssuedAt: t.IssuedAt,
		Subject: t.Subject, Audience: t.Audience, Issuer: t.Issuer, ID: t.ID,
		ACR: t.ACR, AMR: t.AMR, AuthTime: t.AuthTime, SID: t.SID, Act: t.Act, Confirm: t.Confirm,
		acting: t.acting,
	}, nil
}

// refreshStatus is about a refresh token: its own client alone hears of it.
func (ep *endpoints) refreshStatus(ctx context.Context, asker *clients.Client, token string) (tokenStatus, error) {
	s, err := ep.idp.RefreshStatus(ctx, asker, token)
	if err != nil {
		return tokenStatus{}, err
	}
	g := s.Grant
	return tokenStatus{
		Active: true, Scope: strings.Join(g.Scopes, " "), ClientID: g.ClientID, Expiry: s.ExpiresAt.Unix(), IssuedAt: s.CreatedAt.Unix(),
		Subject: g.Sub(), Issuer: ep.issuer, ACR: cmp.Or(g.Claims.ACR, g.ACR), AMR: g.AMR, AuthTime: g.AuthTime.Unix(), SID: g.SID,
		Confirm: confirm(idp.Binding{JKT: g.JKT, X5T: g.X5T}),
	}, nil
}

// foreignTypes are tokens of ours that are no access tokens: whoever revokes
// one believes that something ends (RFC 7009 §2.2.1).
var foreignTypes = []string{typID, typLogout, typStatus}

// revocable refuses tokens that cannot be revoked.
func (ep *endpoints) revocable(token string) *oidc.Error {
	for _, typ := range foreignTypes {
		if _, err := ep.idp.Keys().Verify(token, typ); err == nil {
			return errTokenKind
		}
	}
	return nil
}
