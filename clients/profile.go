package clients

import (
	"slices"
	"strings"
	"time"
)

// The FAPI 2.0 Security Profile as values: what a client of profile fapi2 is
// held to, wherever the rule is enforced. Clauses are those of its section 5.

// fapiCode is the longest life of an authorization code (§5.3.2.1).
const fapiCode = time.Minute

var (
	// signingAlgs are the algorithms that anybody may sign with here.
	signingAlgs = []string{"RS256", "PS256", "ES256", "EdDSA"}
	// fapiAlgs are those of §5.4.1.
	fapiAlgs = []string{"PS256", "ES256", "EdDSA"}
	// keyless are the ways of authentication that show no key (§5.3.2.1).
	keyless = []AuthMethod{AuthBasic, AuthPost, AuthNone}
)

func (c Client) fapi2() bool { return c.Profile == ProfileFAPI2 }

// PARRequired reports whether authorization requests must be pushed (§5.3.2.2).
func (c Client) PARRequired() bool { return c.RequirePAR || c.fapi2() }

// BoundTokensRequired reports whether the client's access tokens must be bound
// to a key that it proves to have, by DPoP or mTLS (§5.3.2.1).
func (c Client) BoundTokensRequired() bool { return c.fapi2() }

// DatedObjectsRequired reports whether request objects must say from when to
// when they count (FAPI 2.0 Message Signing §5.3.1).
func (c Client) DatedObjectsRequired() bool { return c.fapi2() }

// SigningAlgs are the algorithms the client may sign with: assertions, request
// objects and proofs; and those its ID tokens may be signed with (§5.4.1).
func (c Client) SigningAlgs() []string {
	if c.fapi2() {
		return slices.Clone(fapiAlgs)
	}
	return slices.Clone(signingAlgs)
}

// CodeLifetime is how long the client's authorization codes live, where the
// deployment gives them d (§5.3.2.1).
func (c Client) CodeLifetime(d time.Duration) time.Duration {
	if c.fapi2() {
		return min(d, fapiCode)
	}
	return d
}

// RotatesRefreshTokens reports whether a refresh token is replaced at each use.
// Under fapi2 it is bound to the client's key instead, and an answer lost on the
// way does not sign anybody out (§5.3.2.1).
func (c Client) RotatesRefreshTokens() bool { return !c.fapi2() }

func (c Client) validateProfile(f *faults) {
	f.add(c.Profile != "" && !c.fapi2(), "profile", "must be fapi2, or left out")
	algs := strings.Join(c.SigningAlgs(), ", ")
	f.add(c.IDTokenAlg != "" && !slices.Contains(c.SigningAlgs(), c.IDTokenAlg), "id_token_alg", "must be one of %s", algs)
	f.add(c.AssertionAlg != "" && !slices.Contains(c.SigningAlgs(), c.AssertionAlg), "assertion_signing_alg", "must be one of %s", algs)
	f.add(c.RequestObjectAlg != "" && !slices.Contains(c.SigningAlgs(), c.RequestObjectAlg), "request_object_signing_alg", "must be one of %s", algs)
	f.add(c.IntrospectionAlg != "" && !slices.Contains(c.SigningAlgs(), c.IntrospectionAlg), "introspection_signed_response_alg", "must be one of %s", algs)
	f.add(c.NoNonce && !c.NoPKCE, "require_nonce", "is false only beside require_pkce: false; with PKCE no nonce is needed")
	if !c.fapi2() {
		return
	}
	f.add(slices.Contains(keyless, c.AuthMethod()), "auth_method", "must be private_key_jwt or one of mTLS under profile fapi2")
	f.add(c.NoPKCE, "require_pkce", "must be true under profile fapi2")
}
