package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// ErrToken is in the chain of every error about a token that cannot be
// accepted, whoever presents it and whatever it is presented for.
var ErrToken = errors.New("token not accepted")

const (
	leeway      = 30 * time.Second // C-55
	maxTokenLen = 16 << 10
)

// algorithms lists what is accepted; "none" and the symmetric ones are not in it.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA}

// Token is what a verified access token says. Subject is unique within Issuer:
// a resource server's key for a person is the pair.
type Token struct {
	Issuer, Subject, ClientID, SID, ID string
	Scopes                             []string
	// Account is the shop that the person, or the tool, acts for; Role is the
	// person's there. Empty where the token is for none.
	Account, Role string
	// ACR, AMR and AuthTime are empty when no person authenticated (client_credentials).
	ACR              string
	AMR              []string
	AuthTime         time.Time
	IssuedAt, Expiry time.Time
	// JKT and X5T are the thumbprints of the keys that the token is bound to, of
	// DPoP (RFC 9449) and of a client certificate (RFC 8705); empty for none.
	JKT, X5T string
}

// claims are the members of an access token (RFC 9068 §2.2).
type claims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  jwt.Audience     `json:"aud"`
	Expiry    *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ID        string           `json:"jti"`
	ClientID  string           `json:"client_id"`
	Scope     string           `json:"scope"`
	SID       string           `json:"sid"`
	Account   string           `json:"account_id"`
	Role      string           `json:"account_role"`
	ACR       string           `json:"acr"`
	AMR       []string         `json:"amr"`
	AuthTime  *jwt.NumericDate `json:"auth_time"`
	Confirm   *struct {
		JKT string `json:"jkt"`
		X5T string `json:"x5t#S256"`
	} `json:"cnf"`
}

// Verify checks an access token and returns what it says. An error wraps
// [ErrToken] when the token is at fault and [ErrKeys] when the provider's keys
// could not be had; its text is for logs, not for the caller of the API.
func (v *Verifier) Verify(ctx context.Context, raw string) (Token, error) {
	if len(raw) > maxTokenLen {
		return Token{}, fmt.Errorf("%w: %d bytes", ErrToken, len(raw))
	}
	parsed, err := jwt.ParseSigned(raw, algorithms)
	if err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	head := parsed.Headers[0]
	// RFC 9068 §4, T-49: an ID token or a logout token is no access token.
	typ, _ := head.ExtraHeaders[jose.HeaderType].(string)
	if t := strings.ToLower(typ); t != "at+jwt" && t != "application/at+jwt" {
		return Token{}, fmt.Errorf("%w: typ %q", ErrToken, typ)
	}
	// The key is one the provider publishes. What the token itself says about
	// keys (jwk, jku, x5c, x5u) is never looked at.
	key, err := v.keys.find(ctx, head.KeyID)
	if err != nil {
		return Token{}, err
	}
	if key.Algorithm != "" && key.Algorithm != head.Algorithm {
		return Token{}, fmt.Errorf("%w: alg %s with a key for %s", ErrToken, head.Algorithm, key.Algorithm)
	}
	var c claims
	if err := parsed.Claims(key.Key, &c); err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := v.check(c); err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return c.token(), nil
}

// check compares the signed claims with what this server expects.
func (v *Verifier) check(c claims) error {
	now := v.cfg.Now()
	switch {
	case c.Issuer != v.cfg.Issuer:
		return fmt.Errorf("issuer %q", c.Issuer)
	case !slices.Contains(c.Audience, v.cfg.Audience):
		return fmt.Errorf("audience %q", []string(c.Audience))
	case c.Subject == "" || c.ClientID == "":
		return errors.New("no sub or client_id")
	case c.Expiry == nil || !now.Before(c.Expiry.Time().Add(leeway)):
		return errors.New("expired")
	case c.IssuedAt == nil || c.IssuedAt.Time().After(now.Add(leeway)):
		return errors.New("issued in the future")
	case c.Confirm != nil && c.Confirm.JKT == "" && c.Confirm.X5T == "":
		return errors.New("bound in a way that is not known here") // RFC 7800 §3.1
	case c.NotBefore != nil && c.NotBefore.Time().After(now.Add(leeway)):
		return errors.New("not valid yet")
	}
	return nil
}

func (c claims) token() Token {
	t := Token{
		Issuer: c.Issuer, Subject: c.Subject, ClientID: c.ClientID, SID: c.SID, ID: c.ID,
		Account: c.Account, Role: c.Role,
		Scopes: strings.Fields(c.Scope), ACR: c.ACR, AMR: c.AMR,
		IssuedAt: c.IssuedAt.Time().UTC(), Expiry: c.Expiry.Time().UTC(),
	}
	if c.AuthTime != nil {
		t.AuthTime = c.AuthTime.Time().UTC()
	}
	if c.Confirm != nil {
		t.JKT, t.X5T = c.Confirm.JKT, c.Confirm.X5T
	}
	return t
}
