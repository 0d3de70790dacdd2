package protocol

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// The typ headers that keep kinds of tokens apart (T-49, H-11).
const (
	typID     = "JWT"
	typAccess = "at+jwt" // RFC 9068 §2.1
	typLogout = "logout+jwt"
)

// idClaims are the claims of an ID token (OIDC Core §2).
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Party    string   `json:"azp"`
	IssuedAt int64    `json:"iat"`
	Expiry   int64    `json:"exp"`
	AuthTime int64    `json:"auth_time"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	Nonce    string   `json:"nonce,omitempty"`
	AtHash   string   `json:"at_hash"`
	SID      string   `json:"sid,omitempty"` // a device has no session
	// For whom the person acts is part of who signed in, so it always stands here.
	acting
	// Claims about the person stand here only where they were asked for one by
	// one: in this flow userinfo tells the rest (OIDC Core §5.4).
	*personal
}

// accessClaims are the claims of an access token (RFC 9068 §2.2). In a client's
// own token there is no person: acr, amr, auth_time, sid and grant are missing.
type accessClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud"`
	ClientID string   `json:"client_id"`
	IssuedAt int64    `json:"iat"`
	Expiry   int64    `json:"exp"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	AuthTime int64    `json:"auth_time,omitempty"`
	SID      string   `json:"sid,omitempty"`
	acting
	// Confirm binds the token to a key; nil leaves it to whoever bears it.
	Confirm *confirmation `json:"cnf,omitempty"`
	// Act is who acts for the subject, where a token was exchanged (RFC 8693 §4.1).
	Act *actor `json:"act,omitempty"`
	// From are the jti of the tokens that it was exchanged from, the first one
	// first: it dies with each of them.
	From []string `json:"from,omitempty"`
	// Grant is ours: by it the token dies with its grant.
	Grant string `json:"grant,omitempty"`
	// Claims are what userinfo tells beside those of the scopes.
	Claims []string `json:"claims,omitempty"`
}

// told is what userinfo may tell whoever shows the token.
func (c accessClaims) told() told {
	return told{scopes: strings.Split(c.Scope, " "), claims: c.Claims}
}

func (c accessClaims) expires() time.Time { return time.Unix(c.Expiry, 0).UTC() }

// has reports whether the token carries a scope.
func (c accessClaims) has(scope string) bool {
	return slices.Contains(strings.Split(c.Scope, " "), scope)
}

// tokenResponse is the answer of the token endpoint (RFC 6749 §5.1).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
	// IssuedType is said of an exchanged token (RFC 8693 §2.2.1).
	IssuedType string `json:"issued_token_type,omitempty"`
}

// mintForPerson makes the tokens of a grant. acr, amr and auth_time are the
// grant's, so they are the same after every refresh (H-10, O-25).
func (ep *endpoints) mintForPerson(ctx context.Context, client *clients.Client, issue idp.Issue, aud []string) (tokenResponse, error) {
	now, life, g := ep.now(), ep.limits, issue.Grant
	access := accessClaims{
		Issuer: ep.issuer, Subject: g.Sub(), Audience: aud, ClientID: client.ID,
		IssuedAt: now.Unix(), Expiry: now.Add(life.AccessToken).Unix(), ID: rand.Text(),
		Scope: strings.Join(issue.Scopes, " "),
		ACR:   cmp.Or(g.Claims.ACR, g.ACR), AMR: g.AMR, AuthTime: g.AuthTime.Unix(), SID: g.SID, Grant: g.ID,
		Claims:  registered(g.Claims.UserInfo, client),
		acting:  told{scopes: issue.Scopes}.actingAs(issue.Acting),
		Confirm: confirm(issue.Bound),
	}
	withID := access.has("openid")
	if withID && !slices.Contains(aud, ep.issuer) {
		access.Audience = append(slices.Clone(aud), ep.issuer) // userinfo is our own resource
	}
	out, err := ep.respond(access, life.AccessToken)
	out.RefreshToken = issue.RefreshToken
	if err != nil || !withID {
		return out, err
	}
	claims := idClaims{
		Issuer: ep.issuer, Subject: g.Sub(), Audience: client.ID, Party: client.ID,
		IssuedAt: now.Unix(), Expiry: now.Add(life.IDToken).Unix(), AuthTime: g.AuthTime.Unix(),
		ACR: access.ACR, AMR: g.AMR, Nonce: issue.Nonce, SID: g.SID,
	}
	asked := registered(g.Claims.IDToken, client)
	claims.acting = told{scopes: issue.Scopes, claims: asked}.actingAs(issue.Acting)
	if len(asked) > 0 {
		about, err := ep.describe(ctx, issue.User, told{claims: asked})
		if err != nil {
			return out, err
		}
		claims.personal = &about
	}
	out.IDToken, err = ep.mintID(client.SigningAlg(), claims, out.AccessToken)
	return out, err
}

func (ep *endpoints) mintID(alg string, claims idClaims, access string) (string, error) {
	hash, err := oidc.ClaimHash(access, jose.SignatureAlgorithm(alg))
	if err != nil {
		return "", err
	}
	claims.AtHash = hash
	return ep.idp.Keys().Sign(alg, typID, &claims)
}

// mintForClient makes a client's own token. Its subject can never be a
// person's: no person's id has a colon (O-13, T-54).
func (ep *endpoints) mintForClient(from *caller, scopes, aud []string) (tokenResponse, error) {
	now, life, client := ep.now(), ep.limits.ClientToken, from.client
	shop := acting{}
	if client.Tool != nil {
		shop.AccountID = client.Tool.ShopID
	}
	return ep.respond(accessClaims{
		acting: shop,
		Issuer: ep.issuer, Subject: "client:" + client.ID, Audience: aud, ClientID: client.ID,
		IssuedAt: now.Unix(), Expiry: now.Add(life).Unix(), ID: rand.Text(), Scope: strings.Join(scopes, " "),
		Confirm: confirm(from.bound),
	}, life)
}

// respond signs an access token and wraps it.
func (ep *endpoints) respond(claims accessClaims, life time.Duration) (tokenResponse, error) {
	token, err := ep.idp.Keys().Sign("ES256", typAccess, &claims)
	return tokenResponse{
		AccessToken: token, TokenType: claims.Confirm.tokenType(), ExpiresIn: int64(life / time.Second), Scope: claims.Scope,
	}, err
}

// openAccessToken reads an access token of ours that has not expired. Type,
// key and algorithm are pinned by the keyring (T-48, T-49).
func (ep *endpoints) openAccessToken(token string) (accessClaims, error) {
	keys, hash := ep.idp.Keys().Version(), sha256.Sum256([]byte(token))
	c, known := ep.verified.get(keys, hash)
	if !known {
		payload, err := ep.idp.Keys().Verify(token, typAccess)
		if err != nil {
			return c, err
		}
		if err := json.Unmarshal(payload, &c); err != nil || c.Issuer != ep.issuer {
			return accessClaims{}, idp.ErrBadToken
		}
		ep.verified.add(keys, hash, c)
	}
	if !ep.now().Before(c.expires()) {
		return accessClaims{}, idp.ErrBadToken
	}
	return c, nil
}

// hint is what an id_token_hint says. It may have expired: it names a person,
// it opens nothing.
type hint struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
}

// openHint reads an ID token that we signed.
func (ep *endpoints) openHint(token string) (hint, error) {
	var h hint
	payload, err := ep.idp.Keys().Verify(token, typID)
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(payload, &h); err != nil || h.Issuer != ep.issuer || h.Subject == "" || h.Audience == "" {
		return h, idp.ErrBadToken
	}
	return h, nil
}
