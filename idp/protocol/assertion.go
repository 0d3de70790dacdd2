package protocol

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2
	maxAssertion  = 16 << 10
	// leeway is how far another clock may be ahead of ours (C-55; FAPI 2.0
	// §5.3.2.1 asks for ten seconds at least and sixty at most).
	leeway = 30 * time.Second
)

// assertionClaims are those of RFC 7523 §3 that matter here.
type assertionClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud"`
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ID        string           `json:"jti"`
}

// assertion authenticates a client by a JWT that it signed. Whatever is wrong,
// the client hears one answer; the reason is logged for the operator who helps
// to find it. That the assertion was used is left for the caller to spend.
func (ep *endpoints) assertion(ctx context.Context, from *caller) (*clients.Client, *oidc.Error) {
	client, err := ep.checkAssertion(ctx, from)
	if err == nil {
		return client, nil
	}
	if why, ok := errors.AsType[refusal](err); ok {
		return ep.stranger(ctx, client, why)
	}
	return nil, ep.refused(ctx, err)
}

func (ep *endpoints) checkAssertion(ctx context.Context, from *caller) (*clients.Client, error) {
	p, token := from.params, from.params.get("client_assertion")
	switch {
	case p.get("client_assertion_type") != assertionType:
		return nil, refusal("client_assertion_type is not jwt-bearer")
	case len(token) > maxAssertion:
		return nil, refusal("too long")
	}
	id, err := assertedClient(token)
	if err != nil {
		return nil, err
	}
	if given := p.get("client_id"); given != "" && given != id {
		return nil, refusal("sub is not client_id")
	}
	client, ok := ep.lookup(id)
	if !ok {
		return nil, refusal("no such client")
	}
	if client.AuthMethod() != clients.AuthKey {
		return client, refusal("registered for " + client.AuthMethod())
	}
	_, payload, err := ep.partyKeys.verify(ctx, client, token, client.AssertionAlgs())
	if err != nil {
		return client, refusal(err.Error())
	}
	jti, until, err := judgeAssertion(payload, ep.now(), ep.limits.Assertion, ep.assertionAudiences(client))
	if err != nil {
		return client, err
	}
	from.once = append(from.once, idp.Once{Kind: onceAssertion, By: client.ID, ID: jti, Until: until})
	return client, nil
}

// assertedClient is whom an assertion is about. Nothing of it is verified yet:
// it only says whose keys to take.
func assertedClient(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", refusal("not a JWS")
	}
	var said assertionClaims
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &said) != nil {
		return "", refusal("claims are malformed")
	}
	if said.Subject == "" || said.Issuer != said.Subject { // RFC 7523 §3
		return "", refusal("iss and sub are not one client")
	}
	return said.Subject, nil
}

// assertionAudiences are the names by which an assertion may mean this
// provider. draft-ietf-oauth-rfc7523bis and FAPI 2.0 ask for the issuer; the
// token endpoint's URL stands in RFC 7523 and in most libraries. Either must be
// the only audience: an assertion made for two could be replayed by the other.
func (ep *endpoints) assertionAudiences(c *clients.Client) []string {
	if c.Profile == clients.ProfileFAPI2 {
		return []string{ep.issuer}
	}
	return []string{ep.issuer, ep.issuer + PathToken}
}

// judgeAssertion judges the claims of a verified assertion, and returns its
// jti and until when that must be remembered.
func judgeAssertion(payload []byte, now time.Time, life time.Duration, audiences []string) (jti string, until time.Time, err error) {
	var c assertionClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return "", until, refusal("claims are malformed")
	}
	ahead := now.Add(leeway)
	switch {
	case len(c.Audience) != 1 || !slices.Contains(audiences, c.Audience[0]):
		err = refusal("aud is not the issuer alone")
	case c.Expiry == nil || !now.Before(c.Expiry.Time().Add(leeway)):
		err = refusal("exp is missing or past")
	case c.Expiry.Time().After(ahead.Add(life)): // C-39
		err = refusal("exp is too far away")
	case c.IssuedAt != nil && c.IssuedAt.Time().After(ahead), c.NotBefore != nil && c.NotBefore.Time().After(ahead):
		err = refusal("iat or nbf is in the future")
	case c.ID == "" || len(c.ID) > 512:
		err = refusal("jti is missing or too long")
	default:
		until = c.Expiry.Time().Add(leeway + time.Second)
	}
	return c.ID, until, err
}
