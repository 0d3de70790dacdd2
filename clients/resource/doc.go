// Package resource protects an API with the provider's access tokens: it is
// what a resource server in Go puts in front of its handlers.
//
//	v, err := resource.New(resource.Config{
//		Issuer:   "https://id.example.jp",
//		Audience: "https://payouts.example.jp",
//		Now:      time.Now,
//	})
//	mux.Handle("POST /account", v.Require(resource.Need{
//		Scopes: []string{"payout"},
//		ACR:    []string{"urn:sekisho:acr:2sv"},
//		MaxAge: 5 * time.Minute,
//	}, change))
//
// A [Verifier] checks a JWT access token (RFC 9068) without asking the provider:
// signature by a published key, type, issuer, audience, expiry. A token that is
// bound to a key must be shown with a DPoP proof (RFC 9449) or by TLS with the
// certificate (RFC 8705). A [Need] says what a handler demands beyond that:
// scopes, and how strongly and how lately the person authenticated. What is
// missing is answered with a [Challenge] (RFC 6750, RFC 9449, RFC 9470), which a
// relying party reads with [ParseChallenge].
//
// A token revoked before its expiry is still accepted; its five minutes are the
// price of not asking. A handler that cannot pay it sets Need.Fresh, and the
// provider is asked (RFC 7662).
//
// The package needs the standard library, go-jose, and the proofs of
// [github.com/sekisho-id/sekisho/clients/dpop].
package resource
