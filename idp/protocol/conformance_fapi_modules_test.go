package protocol_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// fapiModules are those of the FAPI 2.0 Security Profile plan that apply to
// plain_fapi with unsigned requests, in the suite's order.
var fapiModules = []module{
	fapiModule("discovery-end-point-verification", func(f *fapi) {
		for name, want := range map[string]string{
			"response_types_supported": "code", "token_endpoint_auth_methods_supported": "private_key_jwt", "scopes_supported": "openid",
			"id_token_signing_alg_values_supported": "PS256", "token_endpoint_auth_signing_alg_values_supported": "ES256",
			"code_challenge_methods_supported": "S256", "dpop_signing_alg_values_supported": "ES256",
		} {
			if !slices.Contains(list(f.doc[name]), want) {
				f.t.Errorf("%s: got %v, want %s in it", name, f.doc[name], want)
			}
		}
		if f.doc["authorization_response_iss_parameter_supported"] != true {
			f.t.Error("iss is not advertised")
		}
		if _, ok := f.doc["require_pushed_authorization_requests"].(bool); !ok {
			f.t.Error("require_pushed_authorization_requests is no boolean")
		}
		f.secureEndpoints(secureDocument(f.suite, "https://id.example.jp"), "pushed_authorization_request_endpoint", "token_endpoint", "jwks_uri")
	}),
	fapiModule("happy-flow", func(f *fapi) {
		r := f.succeeds(f.ask("dpop_jkt", f.dpop.thumbprint()))
		if got := f.machine(f.t).get(protocol.PathUserInfo + "?access_token=" + r.str("access_token")); got.status < 400 { // DisallowAccessTokenInQuery
			f.t.Errorf("token in the query: %d", got.status)
		}
		second := f.as("fapi-2")
		second.succeeds(second.ask())
		if got := second.dpop.show(f.t, r.str("access_token")); got.status < 400 || got.status > 499 {
			f.t.Errorf("client 2 with the token of client 1: %d", got.status)
		}
	}),
	fapiModule("user-rejects-authentication", func(f *fapi) {
		v := f.ask("prompt", "consent")
		p := f.b.Submit(f.open(f.opens(f.par(v))), "/signin", "identifier", alice, "password", password)
		f.fails(v, f.b.Submit(p, "/consent", "decision", "deny"), "access_denied")
	}),
	fapiModule("ensure-authorization-request-without-state-success", func(f *fapi) { f.succeeds(f.ask("state", "")) }),
	fapiModule("ensure-authorization-request-without-nonce-success", func(f *fapi) { f.succeeds(f.ask("nonce", "")) }),
	fapiModule("ensure-authorization-request-with-64-char-nonce-success", func(f *fapi) {
		f.succeeds(f.ask("nonce", strings.Repeat("n", 64)))
	}),
	fapiModule("ensure-other-scope-order-succeeds", func(f *fapi) { f.succeeds(f.ask("scope", "email openid")) }),
	fapiModule("test-claims-parameter-identity-claims", func(f *fapi) {
		asked := map[string]any{}
		for _, claim := range []string{"name", "locale", "zoneinfo", "updated_at", "email", "email_verified", "phone_number", "phone_number_verified", "address"} {
			if !slices.Contains(list(f.doc["claims_supported"]), claim) {
				f.t.Errorf("%s is not advertised", claim)
			}
			asked[claim] = nil
		}
		raw, err := json.Marshal(map[string]any{"id_token": asked, "userinfo": asked})
		if err != nil {
			f.t.Fatal(err)
		}
		r := f.redeem(f.code(f.ask("claims", string(raw))))
		_, id := parts(f.t, r.str("id_token"))
		info := f.dpop.show(f.t, r.str("access_token")).json()
		if len(person(id)) != len(asked) || len(person(info)) != len(asked) || id["sub"] != info["sub"] {
			f.t.Errorf("told %v and %v, want all of %v", person(id), person(info), asked)
		}
	}),
	fapiModule("access-token-type-header-case-sensitivity", func(f *fapi) {
		token := f.succeeds(f.ask()).str("access_token")
		proof := f.dpop.proof(f.t, http.MethodGet, protocol.PathUserInfo, token, nil)
		if r := f.machine(f.t).get(protocol.PathUserInfo, "Authorization", "dpOp "+token, "DPoP", proof); r.status != http.StatusOK {
			f.t.Errorf("another case of the scheme: %d %s", r.status, r.body)
		}
	}),
	fapiModule("check-dpop-proof-nbf-exp", func(f *fapi) {
		f.proved(map[string]any{"nbf": f.from(0), "exp": f.from(5 * time.Minute)})
	}),
	fapiModule("ensure-dpopproof-with-iat-10seconds-before-succeeds", func(f *fapi) {
		f.proved(map[string]any{"iat": f.from(-10 * time.Second)})
	}),
	fapiModule("ensure-dpopproof-with-iat-10seconds-after-succeeds", func(f *fapi) {
		f.proved(map[string]any{"iat": f.from(8 * time.Second)})
	}),
	fapiModule("ensure-mismatched-dpop-jkt-fails", func(f *fapi) {
		other := f.holder(f.t)
		r := f.par(f.ask("dpop_jkt", other.thumbprint()), "DPoP", f.dpop.proof(f.t, http.MethodPost, protocol.PathPush, "", nil))
		f.denied(r, "invalid_request", "invalid_dpop_proof")
	}),
	fapiModule("ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt", func(f *fapi) {
		code := f.code(f.ask(), "DPoP", f.dpop.proof(f.t, http.MethodPost, protocol.PathPush, "", nil))
		f.dpop = f.holder(f.t)
		f.denied(f.redeem(code), "invalid_grant", "invalid_request", "invalid_dpop_proof")
	}),
	fapiModule("ensure-token-endpoint-fails-with-mismatched-dpop-jkt", func(f *fapi) {
		other := f.holder(f.t)
		f.denied(f.redeem(f.code(f.ask("dpop_jkt", other.thumbprint()))), "invalid_grant", "invalid_request", "invalid_dpop_proof")
	}),
	fapiModule("ensure-dpopproof-at-par-endpoint-binding-success", func(f *fapi) {
		f.succeeds(f.ask(), "DPoP", f.dpop.proof(f.t, http.MethodPost, protocol.PathPush, "", nil))
	}),
	fapiModule("ensure-dpop-auth-code-binding-success", func(f *fapi) { f.succeeds(f.ask("dpop_jkt", f.dpop.thumbprint())) }),
	fapiModule("ensure-different-nonce-inside-and-outside-request-object", func(f *fapi) {
		v := f.ask()
		outside := f.opens(f.par(v))
		outside.Set("nonce", "outside")
		f.works(v, f.redeem(f.answered(v, f.visit(outside))))
	}),
	fapiModule("ensure-different-state-inside-and-outside-request-object", func(f *fapi) {
		v := f.ask()
		outside := f.opens(f.par(v))
		outside.Set("state", "outside")
		f.answered(v, f.visit(outside)) // which looks at the state
	}),
	fapiModule("ensure-authorization-request-with-long-nonce", func(f *fapi) { f.succeeds(f.ask("nonce", strings.Repeat("n", 384))) }),
	fapiModule("ensure-authorization-request-with-long-state", func(f *fapi) { f.succeeds(f.ask("state", strings.Repeat("s", 1024))) }),
	fapiModule("state-only-outside-request-object-not-used", func(f *fapi) {
		v := f.ask("state", "")
		outside := f.opens(f.par(v))
		outside.Set("state", "outside")
		f.answered(v, f.visit(outside))
	}),
	fapiModule("ensure-request-object-without-redirect-uri-fails", func(f *fapi) { f.denied(f.par(f.ask("redirect_uri", "")), "invalid_request") }),
	fapiModule("plain-fapi-tolerate-unregistered-redirect-uri", func(f *fapi) {
		f.denied(f.par(f.ask("redirect_uri", callback+"/bad")), "invalid_request")
	}),
	fapiModule("ensure-unsigned-authorization-request-without-using-par-fails", func(f *fapi) {
		v := f.ask()
		f.fails(v, f.open(v), "invalid_request")
	}),
	fapiModule("ensure-redirect-uri-in-authorization-request", func(f *fapi) { f.denied(f.par(f.ask("redirect_uri", "")), "invalid_request") }),
	fapiModule("ensure-response-type-code-idtoken-fails", func(f *fapi) {
		f.denied(f.par(f.ask("response_type", "code id_token")), "unsupported_response_type")
	}),
	fapiModule("ensure-response-type-token-fails", func(f *fapi) { f.denied(f.par(f.ask("response_type", "token")), "unsupported_response_type") }),
	fapiModule("ensure-client-id-in-token-endpoint", func(f *fapi) {
		f.denied(f.redeem(f.code(f.ask()), "client_id", "fapi-2"), "invalid_client", "invalid_grant")
	}),
	fapiModule("ensure-holder-of-key-required", func(f *fapi) {
		f.denied(f.atToken(f.redemption(f.code(f.ask())), nil), "invalid_request", "invalid_grant", "invalid_dpop_proof")
	}),
	fapiModule("ensure-authorization-code-is-bound-to-client", func(f *fapi) {
		f.denied(f.as("fapi-2").redeem(f.code(f.ask())), "invalid_grant")
	}),
	fapiModule("attempt-reuse-authorization-code-after-one-second", func(f *fapi) {
		code := f.code(f.ask())
		token := f.redeem(code).str("access_token")
		f.Clock.Advance(time.Second)
		f.denied(f.redeem(code), "invalid_grant")
		if r := f.dpop.show(f.t, token); r.status < 400 || r.status > 499 {
			f.t.Errorf("the access token after the reuse: %d", r.status)
		}
	}),
	fapiModule("ensure-token-endpoint-fails-with-expired-auth-code", func(f *fapi) {
		code := f.code(f.ask())
		f.Clock.Advance(62 * time.Second)
		f.denied(f.redeem(code), "invalid_grant")
	}),
	fapiModule("ensure-signed-client-assertion-with-RS256-fails", func(f *fapi) { f.deniedAssertion(partySigners()["RS256"], nil) }),
	fapiModule("ensure-client-assertion-in-token-endpoint", func(f *fapi) {
		v := f.redemption(f.code(f.ask()), "client_id", f.client)
		f.denied(f.machine(f.t).post(protocol.PathToken, v, f.proofOf(nil)...), "invalid_client", "invalid_request")
	}),
	fapiModule("ensure-client-assertion-with-exp-is-5-minutes-in-past-fails", func(f *fapi) {
		f.deniedAssertion(f.key(), map[string]any{"exp": f.from(-5 * time.Minute)})
	}),
	fapiModule("ensure-client-assertion-with-wrong-aud-fails", func(f *fapi) {
		f.deniedAssertion(f.key(), map[string]any{"aud": "https://other.example"})
	}),
	fapiModule("ensure-client-assertion-with-no-sub-fails", func(f *fapi) { f.deniedAssertion(f.key(), map[string]any{"sub": nil}) }),
	fapiModule("dpop-negative-tests", func(f *fapi) { f.badProofs(f.succeeds(f.ask()).str("access_token")) }),
	fapiModule("refresh-token", func(f *fapi) {
		first := f.redeem(f.code(f.ask("scope", "openid offline_access", "prompt", "consent")))
		token := first.str("refresh_token")
		v := form("grant_type", "refresh_token", "refresh_token", token)
		f.denied(f.machine(f.t).post(protocol.PathToken, v, f.proofOf(nil)...), "invalid_client", "invalid_request")
		f.denied(f.atToken(v, nil), "invalid_request", "invalid_grant", "invalid_dpop_proof")
		f.denied(f.as("fapi-2").atToken(v, f.proofOf(nil)), "invalid_grant")
		f.Clock.Advance(30 * time.Second)
		for range 2 { // it does not rotate: an answer that was lost signs nobody out
			r := f.atToken(v, f.proofOf(nil))
			f.works(nil, r)
			if r.str("refresh_token") != token {
				f.t.Errorf("the refresh token became %q", r.str("refresh_token"))
			}
		}
	}),
	fapiModule("par-ensure-reused-request-uri-prior-to-auth-completion-succeeds", func(f *fapi) {
		v := f.ask()
		opened := f.opens(f.par(v))
		f.open(opened) // the login page, which is left alone
		f.works(v, f.redeem(f.answered(v, f.visit(opened))))
	}),
	fapiModule("par-attempt-reuse-request_uri", func(f *fapi) {
		v := f.ask()
		opened := f.opens(f.par(v))
		f.answered(v, f.visit(opened))
		f.refused(f.open(opened), "request_uri")
	}),
	fapiModule("par-attempt-to-use-expired-request_uri", func(f *fapi) {
		opened := f.opens(f.par(f.ask()))
		f.Clock.Advance(time.Minute)
		f.refused(f.open(opened), "request_uri")
	}),
	fapiModule("par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted", func(f *fapi) {
		soon := map[string]any{"iat": f.from(8 * time.Second), "nbf": f.from(8 * time.Second)}
		f.opens(f.machine(f.t).post(protocol.PathPush, f.authenticate(f.ask(), f.key(), soon)))
	}),
	fapiModule("par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails", func(f *fapi) {
		f.deniedAssertion(f.key(), map[string]any{"iat": f.from(70 * time.Second), "nbf": f.from(70 * time.Second), "exp": f.from(2 * time.Minute)})
	}),
	fapiModule("par-attempt-to-use-request_uri-for-different-client", func(f *fapi) {
		opened := f.opens(f.par(f.ask()))
		opened.Set("client_id", "fapi-2")
		f.refused(f.open(opened), "request_uri")
	}),
	fapiModule("par-authorization-request-containing-request_uri-form-param", func(f *fapi) {
		f.denied(f.par(f.ask("request_uri", "urn:ietf:params:oauth:request_uri:x")), "invalid_request", "request_uri_not_supported")
	}),
	fapiModule("par-attempt-invalid-http-method", func(f *fapi) {
		for _, method := range []string{http.MethodGet, http.MethodPut} {
			if r := f.machine(f.t).do(method, protocol.PathPush, ""); r.status < 400 || r.status > 499 {
				f.t.Errorf("%s: %d", method, r.status)
			}
		}
	}),
	fapiModule("par-ensure-pkce-required", func(f *fapi) {
		f.denied(f.par(f.ask("code_challenge", "", "code_challenge_method", "")), "invalid_request")
	}),
	fapiModule("ensure-pkce-code-verifier-required", func(f *fapi) {
		f.denied(f.redeem(f.code(f.ask()), "code_verifier", ""), "invalid_grant")
	}),
	fapiModule("incorrect-pkce-code-verifier-rejected", func(f *fapi) {
		f.denied(f.redeem(f.code(f.ask()), "code_verifier", strings.Repeat("v", 43)), "invalid_grant")
	}),
	fapiModule("par-plain-pkce-rejected", func(f *fapi) {
		f.denied(f.par(f.ask("code_challenge", verifier, "code_challenge_method", "plain")), "invalid_request")
	}),
	fapiModule("par-without-duplicate-parameters", func(f *fapi) { f.succeeds(f.ask()) }), // client_id and request_uri alone
	fapiModule("par-test-array-as-audience-fails", func(f *fapi) {
		f.deniedAssertion(f.key(), map[string]any{"aud": []string{f.URL, "https://other.example"}})
	}),
	fapiModule("par-test-par-endpoint-url-as-audience-fails", func(f *fapi) {
		f.deniedAssertion(f.key(), map[string]any{"aud": f.URL + protocol.PathPush})
	}),
	fapiModule("par-test-token-endpoint-url-as-audience-fails", func(f *fapi) {
		f.deniedAssertion(f.key(), map[string]any{"aud": f.URL + protocol.PathToken})
	}),
}

// proved plays a flow whose proof at the token endpoint has changed claims.
func (f *fapi) proved(claims map[string]any) {
	f.t.Helper()
	v := f.ask()
	f.works(v, f.atToken(f.redemption(f.code(v)), f.proofOf(claims)))
}

// badProofs: everything that is wrong with a proof at the resource.
func (f *fapi) badProofs(token string) {
	f.t.Helper()
	proof := func(claims map[string]any) string {
		return f.dpop.proof(f.t, http.MethodGet, protocol.PathUserInfo, token, claims)
	}
	private := f.dpop.sign(f.t, map[string]any{
		"jti": "private", "htm": "GET", "htu": f.URL + protocol.PathUserInfo, "iat": f.from(0), "ath": "x",
	}, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: f.dpop.key}})
	for name, headers := range map[string][]string{
		"Bearer":                 {"Authorization", "Bearer " + token},
		"Bearer, with the proof": {"Authorization", "Bearer " + token, "DPoP", proof(nil)},
		"no proof":               {"Authorization", "DPoP " + token},
		"no ath":                 {"Authorization", "DPoP " + token, "DPoP", f.dpop.proof(f.t, http.MethodGet, protocol.PathUserInfo, "", nil)},
		"a wrong ath":            {"Authorization", "DPoP " + token, "DPoP", proof(map[string]any{"ath": "AAAA"})},
		"a private key in it":    {"Authorization", "DPoP " + token, "DPoP", private},
		"an hour ahead":          {"Authorization", "DPoP " + token, "DPoP", proof(map[string]any{"iat": f.from(time.Hour)})},
		"an hour old":            {"Authorization", "DPoP " + token, "DPoP", proof(map[string]any{"iat": f.from(-time.Hour)})},
		"another's key":          {"Authorization", "DPoP " + token, "DPoP", f.holder(f.t).proof(f.t, http.MethodGet, protocol.PathUserInfo, token, nil)},
	} {
		if r := f.machine(f.t).get(protocol.PathUserInfo, headers...); r.status != http.StatusUnauthorized && r.status != http.StatusBadRequest {
			f.t.Errorf("%s: %d %s, want 400 or 401", name, r.status, r.body)
		}
	}
}
