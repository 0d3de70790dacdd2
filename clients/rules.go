package clients

import (
	"errors"
	"slices"
	"time"
)

// defaultScopes are those of a client that signs people in and names none.
var defaultScopes = []string{"openid", "profile", "email", "phone", "offline_access"}

// DisplayName is what pages call the client in a language.
func (c Client) DisplayName(lang string) string {
	if n := c.Names[lang]; n != "" {
		return n
	}
	return c.Name
}

// AuthMethod is how the client proves itself; client_secret_basic unless registered otherwise.
func (c Client) AuthMethod() AuthMethod {
	if c.Auth == "" {
		return AuthBasic
	}
	return c.Auth
}

// AuthMethods are the ways of client authentication that can be registered.
// client_secret_jwt is not among them: it would need secrets kept in clear.
func AuthMethods() []AuthMethod {
	return []AuthMethod{AuthBasic, AuthPost, AuthKey, AuthTLS, AuthSelfSigned, AuthNone}
}

// AssertionAlgs are the algorithms that the client may sign its assertions with.
func (c Client) AssertionAlgs() []string {
	if c.AssertionAlg != "" {
		return []string{c.AssertionAlg}
	}
	return c.SigningAlgs()
}

// Confidential reports whether the client can keep a secret (RFC 6749 §2.1).
func (c Client) Confidential() bool { return c.AuthMethod() != AuthNone }

// UsesSecret reports whether the client proves itself by a shared secret.
func (c Client) UsesSecret() bool { return c.AuthMethod() == AuthBasic || c.AuthMethod() == AuthPost }

// Allows reports whether the client may use a grant.
func (c Client) Allows(g GrantType) bool {
	if len(c.Grants) == 0 {
		return g == GrantCode && len(c.Serves) == 0
	}
	return slices.Contains(c.Grants, g)
}

// SignsIn reports whether people sign in to the client: by its redirects, or
// for a device of theirs (RFC 8628).
func (c Client) SignsIn() bool { return c.Allows(GrantCode) || c.Allows(GrantDevice) }

// AllowedScopes are the scopes the client may ask for.
func (c Client) AllowedScopes() []string {
	if len(c.Scopes) == 0 && c.SignsIn() {
		return slices.Clone(defaultScopes)
	}
	return slices.Clone(c.Scopes)
}

// PKCERequired reports whether an authorization request without PKCE is
// refused: always for public clients (RFC 9700 §2.1.1).
func (c Client) PKCERequired() bool { return !c.NoPKCE || !c.Confidential() || c.fapi2() }

// NonceRequired reports whether a request without PKCE must send nonce.
func (c Client) NonceRequired() bool { return !c.NoNonce }

// AllowsMode reports whether the client may have its answers in a mode.
func (c Client) AllowsMode(m ResponseMode) bool {
	if len(c.ResponseModes) == 0 {
		return m == ModeQuery
	}
	return slices.Contains(c.ResponseModes, m)
}

// SigningAlg is the algorithm of the client's ID tokens.
func (c Client) SigningAlg() string {
	switch {
	case c.IDTokenAlg != "":
		return c.IDTokenAlg
	case c.fapi2():
		return "ES256"
	}
	return "RS256"
}

// IntrospectionSigningAlg is the algorithm of the introspection answers that the
// client asks for as JWT; RS256 unless registered otherwise (RFC 9701 §6).
func (c Client) IntrospectionSigningAlg() string {
	switch {
	case c.IntrospectionAlg != "":
		return c.IntrospectionAlg
	case c.fapi2():
		return "ES256"
	}
	return "RS256"
}

// ErrMoment is a moment that [ParseMoment] cannot read.
var ErrMoment = errors.New("must be a date such as 2026-12-01, or a moment such as 2026-12-01T00:00:00+09:00")

// ParseMoment reads the moment a rule begins: RFC 3339, or a date, which means
// midnight at its beginning in zone (S-109).
func ParseMoment(s string, zone *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return t.UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, ErrMoment
	}
	return t.UTC().Truncate(time.Second), nil
}
