package protocol_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// basicModules are those of the Basic and the Form Post plan, but the two that
// exist with dynamic registration only.
var basicModules = []module{
	{"oidcc-server", func(s *suite) {
		out := s.flow()
		hash, err := oidc.ClaimHash(out.tokens.str("access_token"), jose.RS256)
		if err != nil || out.id["at_hash"] != hash || out.header["alg"] != "RS256" {
			s.t.Errorf("at_hash %v, want %s; header %v", out.id["at_hash"], hash, out.header)
		}
		known := []string{"iss", "sub", "aud", "azp", "iat", "exp", "auth_time", "acr", "amr", "nonce", "at_hash", "sid"}
		for name := range out.id { // EnsureIdTokenDoesNotContainNonRequestedClaims
			if !slices.Contains(known, name) {
				s.t.Errorf("the ID token holds %s, which was not asked for", name)
			}
		}
	}},
	{"oidcc-response-type-missing", func(s *suite) {
		v := s.ask("response_type", "")
		s.fails(v, s.open(v), "invalid_request", "unsupported_response_type")
	}},
	{"oidcc-userinfo-get", func(s *suite) {
		s.infoAnswers(s.flow(), func(token string) reply {
			return s.machine(s.t).get(protocol.PathUserInfo, "Authorization", "Bearer "+token)
		})
	}},
	{"oidcc-userinfo-post-header", func(s *suite) {
		s.infoAnswers(s.flow(), func(token string) reply {
			return s.machine(s.t).post(protocol.PathUserInfo, nil, "Authorization", "Bearer "+token)
		})
	}},
	{"oidcc-userinfo-post-body", func(s *suite) {
		s.infoAnswers(s.flow(), func(token string) reply {
			return s.machine(s.t).post(protocol.PathUserInfo, form("access_token", token))
		})
	}},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(s *suite) {
		if out := s.flow("nonce", ""); out.id["nonce"] != nil {
			s.t.Errorf("nonce %v was made up", out.id["nonce"])
		}
	}},
	{"oidcc-scope-profile", func(s *suite) { s.scope("openid profile", "name", "locale", "zoneinfo", "updated_at") }},
	{"oidcc-scope-email", func(s *suite) { s.scope("openid email", "email", "email_verified") }},
	{"oidcc-scope-address", func(s *suite) { s.scope("openid address", "address") }},
	{"oidcc-scope-phone", func(s *suite) { s.scope("openid phone", "phone_number", "phone_number_verified") }},
	{"oidcc-scope-all", func(s *suite) {
		s.scope("openid email phone address profile", "name", "locale", "zoneinfo", "updated_at", "email", "email_verified",
			"address", "phone_number", "phone_number_verified")
	}},
	{"oidcc-alternate-happy-flow", func(s *suite) {
		v := s.ask("scope", "email openid")
		var query []string // the parameters in reverse order
		for _, name := range []string{"response_mode", "response_type", "nonce", "state", "scope", "redirect_uri", "client_id"} {
			if v.Has(name) {
				query = append(query, name+"="+url.QueryEscape(v.Get(name)))
			}
		}
		out := s.succeeds(v, s.login(s.b.Get(protocol.PathAuthorize+"?"+strings.Join(query, "&"))))
		s.told(out, "email", "email_verified")
	}},
	{"oidcc-display-page", func(s *suite) { s.ignores("display", "page") }},
	{"oidcc-display-popup", func(s *suite) { s.ignores("display", "popup") }},
	{"oidcc-prompt-login", func(s *suite) {
		first := s.flow()
		s.Clock.Advance(time.Second)
		v := s.ask("prompt", "login")
		s.newAuthentication(first, s.succeeds(v, s.login(s.open(v))))
	}},
	{"oidcc-prompt-none-not-logged-in", func(s *suite) {
		v := s.ask("prompt", "none")
		s.fails(v, s.open(v), needsPage...)
	}},
	{"oidcc-prompt-none-logged-in", func(s *suite) {
		first := s.flow()
		s.Clock.Advance(time.Second)
		s.sameAuthentication(first, s.again("prompt", "none"))
	}},
	{"oidcc-max-age-1", func(s *suite) {
		first := s.flow()
		s.Clock.Advance(2 * time.Second)
		v := s.ask("max_age", "1")
		second := s.succeeds(v, s.login(s.open(v)))
		s.newAuthentication(first, second)
		if at, _ := second.id["auth_time"].(float64); float64(s.Clock.Now().Unix())-at > 60 {
			s.t.Errorf("auth_time %v is not recent", at)
		}
	}},
	{"oidcc-max-age-10000", func(s *suite) {
		first := s.flow("max_age", "15000")
		s.Clock.Advance(time.Second)
		s.sameAuthentication(first, s.again("max_age", "10000"))
	}},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", func(s *suite) { s.ignores("extra", "foobar") }},
	{"oidcc-id-token-hint", func(s *suite) {
		first := s.flow()
		s.Clock.Advance(time.Second)
		s.sameAuthentication(first, s.again("prompt", "none", "id_token_hint", first.tokens.str("id_token")))
	}},
	{"oidcc-login-hint", func(s *suite) {
		if p := s.open(s.ask("login_hint", alice)); !strings.Contains(p.Body, alice) {
			s.t.Error("the hint is not shown")
		}
		s.ignores("login_hint", alice)
	}},
	{"oidcc-ui-locales", func(s *suite) {
		if p := s.open(s.ask("ui_locales", "ja")); !strings.Contains(p.Body, `<html lang="ja">`) {
			s.t.Error("the page is not in the language asked for")
		}
		s.ignores("ui_locales", "se")
	}},
	{"oidcc-claims-locales", func(s *suite) { s.ignores("claims_locales", "se") }},
	{"oidcc-ensure-request-with-acr-values-succeeds", func(s *suite) {
		asked := "urn:other:gold urn:sekisho:acr:pwd"
		if out := s.flow("acr_values", asked); out.id["acr"] != "urn:sekisho:acr:pwd" {
			s.t.Errorf("acr %v, want one of %s", out.id["acr"], asked)
		}
	}},
	{"oidcc-codereuse", func(s *suite) { s.reuse(0) }},
	{"oidcc-codereuse-30seconds", func(s *suite) { s.reuse(30 * time.Second) }},
	{"oidcc-ensure-registered-redirect-uri", func(s *suite) {
		s.refused(s.open(s.ask("redirect_uri", callback+"/bad")), "redirect_uri")
	}},
	{"oidcc-ensure-post-request-succeeds", func(s *suite) {
		v := s.ask()
		cross := s.machine(s.t).post(protocol.PathAuthorize, v, "Origin", "https://suite.example", "Sec-Fetch-Site", "cross-site")
		s.succeeds(v, s.login(s.b.Get(cross.location())))
	}},
	{"oidcc-server-client-secret-post", func(s *suite) {
		s.client = "suite-post"
		s.flow()
	}},
	{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(s *suite) {
		if slices.Contains(list(s.doc["request_object_signing_alg_values_supported"]), "none") {
			s.t.Error("unsigned request objects are advertised")
		}
		v := s.ask("request_uri", "https://suite.example/request#"+s.client)
		s.fails(v, s.open(v), "request_uri_not_supported")
	}},
	{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(s *suite) {
		v := s.ask("request", unsigned(s.ask()))
		s.fails(v, s.open(v), "request_not_supported")
	}},
	{"oidcc-claims-essential", func(s *suite) {
		s.told(s.flow("claims", `{"userinfo":{"name":{"essential":true}}}`), "name")
	}},
	{"oidcc-ensure-request-object-with-redirect-uri", func(s *suite) {
		s.refused(s.open(s.ask("request", unsigned(s.ask()), "redirect_uri", callback+"/bad")), "request")
	}},
	{"oidcc-refresh-token", func(s *suite) {
		first := s.flow("scope", "openid offline_access", "prompt", "consent")
		token := first.tokens.str("refresh_token")
		s.strong("refresh token", token)
		if strings.ContainsFunc(token, func(r rune) bool { return r < 0x20 || r > 0x7e }) { // RFC6749-A.17
			s.t.Errorf("refresh token %q", token)
		}
		s.Clock.Advance(time.Second)
		r := s.refresh(s.t, s.client, token)
		if r.status != http.StatusOK || r.header.Get("Cache-Control") != "no-store" {
			s.t.Fatalf("refresh: %d %s %v", r.status, r.body, r.header)
		}
		_, id := s.idToken(r.str("id_token"), "")
		for _, name := range []string{"iss", "sub", "aud", "azp", "auth_time", "acr", "sid"} {
			if diff := cmp.Diff(first.id[name], id[name]); diff != "" {
				s.t.Errorf("%s after the refresh (-first +second): %s", name, diff)
			}
		}
		if before, _ := first.id["iat"].(float64); id["iat"] == before {
			s.t.Error("iat did not move")
		}
		wantError(s.t, s.refresh(s.t, "suite-2", r.str("refresh_token")), http.StatusBadRequest, "invalid_grant")
	}},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", func(s *suite) {
		v := s.ask("code_challenge", challenge, "code_challenge_method", "S256")
		got := s.callback(v, s.login(s.open(v)))
		if r := s.exchange(got.Get("code"), "code_verifier", verifier); r.status != http.StatusOK {
			s.t.Errorf("token endpoint: %d %s", r.status, r.body)
		}
	}},
}

// needsPage are the errors that say a page would have been needed (OIDC Core §3.1.2.6).
var needsPage = []string{"interaction_required", "login_required", "account_selection_required", "consent_required"}

// unsigned is a request object of alg none.
func unsigned(v url.Values) string {
	claims := map[string]any{}
	for name := range v {
		claims[name] = v.Get(name)
	}
	return segment(map[string]any{"alg": "none"}) + "." + segment(claims) + "."
}

// segment is a part of a JWT.
func segment(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ignores plays a flow whose further parameter must cause no error.
func (s *suite) ignores(name, value string) {
	s.t.Helper()
	v := s.ask(name, value)
	s.succeeds(v, s.login(s.open(v)))
}

// scope: OIDCCCheckScopesSupportedContainScopeTest, and the claims of the scope
// at userinfo and nowhere else.
func (s *suite) scope(scope string, claims ...string) {
	s.t.Helper()
	for _, one := range strings.Fields(scope) {
		if !slices.Contains(list(s.doc["scopes_supported"]), one) {
			s.t.Errorf("%s is not advertised", one)
		}
	}
	out := s.flow("scope", scope)
	s.told(out, claims...)
	if out.tokens.str("scope") != scope {
		s.t.Errorf("scope %q was granted, want %q", out.tokens.str("scope"), scope)
	}
}

// told: VerifyScopesReturnedInUserInfoClaims and ValidateUserInfoStandardClaims:
// these claims, of the right types, and no others.
func (s *suite) told(out outcome, claims ...string) {
	s.t.Helper()
	got := person(out.info)
	for name, v := range got {
		ok := false
		switch name {
		case "updated_at":
			_, ok = v.(float64)
		case "email_verified", "phone_number_verified":
			_, ok = v.(bool)
		case "address":
			_, ok = v.(map[string]any)
		default:
			_, ok = v.(string)
		}
		if !ok || !slices.Contains(claims, name) {
			s.t.Errorf("userinfo tells %s: %v", name, v)
		}
	}
	for _, name := range claims {
		if got[name] == nil {
			s.t.Errorf("userinfo does not tell %s", name)
		}
	}
}

// infoAnswers: EnsureHttpStatusCodeIs200, EnsureContentTypeJson, EnsureUserInfoContainsSub,
// VerifyUserInfoAndIdTokenInTokenEndpointSameSub.
func (s *suite) infoAnswers(out outcome, call func(token string) reply) {
	s.t.Helper()
	r := call(out.tokens.str("access_token"))
	if r.status != http.StatusOK || r.str("sub") != out.id["sub"] || !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		s.t.Errorf("userinfo: %d %s %s", r.status, r.header.Get("Content-Type"), r.body)
	}
}

// reuse: a code redeemed twice is invalid_grant, and what it earned is revoked.
func (s *suite) reuse(after time.Duration) {
	s.t.Helper()
	out := s.flow()
	s.Clock.Advance(after)
	r := s.exchange(out.code)
	wantError(s.t, r, http.StatusBadRequest, "invalid_grant")
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		s.t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
	}
	if got := s.userInfo(s.t, out.tokens.str("access_token")); got.status < 400 || got.status > 499 {
		s.t.Errorf("the access token after the reuse: %d, want 4xx", got.status)
	}
}
