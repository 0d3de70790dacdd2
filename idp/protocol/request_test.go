package protocol_test

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/signin"
)

const (
	callback  = "https://rp.example/cb"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // of RFC 7636, appendix B
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// relyingParties are the clients of the tests that need no server.
var relyingParties = clients.NewRegistry([]clients.Client{
	{ID: "web", RedirectURIs: []string{callback}, Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}},
	{ID: "once", RedirectURIs: []string{callback}, Resources: []string{"https://api.example", "https://pay.example"}},
	{ID: "old", RedirectURIs: []string{callback}, NoPKCE: true},
	{ID: "older", RedirectURIs: []string{callback}, NoPKCE: true, NoNonce: true},
	{ID: "post", RedirectURIs: []string{callback}, ResponseModes: []clients.ResponseMode{clients.ModeFormPost}},
	{ID: "spa", RedirectURIs: []string{callback}, NoPKCE: true, Auth: clients.AuthNone},
	{ID: "narrow", RedirectURIs: []string{callback}, Scopes: []string{"openid", "email"}},
	{ID: "machine", RedirectURIs: []string{callback}, Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"openid"}},
	{ID: "gone", RedirectURIs: []string{callback}, Disabled: true},
	{ID: "native", Native: true, Auth: clients.AuthNone, RedirectURIs: []string{"http://127.0.0.1/cb", "jp.example.app:/cb"}},
	{ID: "query", RedirectURIs: []string{"https://rp.example/cb?shop=1"}},
})

// request is a good authorization request with changes: an empty value removes.
func request(changes ...string) url.Values {
	v := url.Values{
		"client_id": {"web"}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
		"state": {"s"}, "nonce": {"n"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Del(changes[i])
		if changes[i+1] != "" {
			v.Set(changes[i], changes[i+1])
		}
	}
	return v
}

func TestAuthorizeRefusesBadRequestsByRedirect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"a good request", nil, ""},
		{"an unknown parameter is ignored", []string{"extra", "foobar"}, ""},
		{"display and claims_locales are ignored", []string{"display", "popup", "claims_locales", "se"}, ""},
		{"claims", []string{"claims", `{"id_token":{"acr":{"essential":true}}}`}, ""},
		{"claims that are no JSON", []string{"claims", `{`}, "invalid_request"},
		{"no response type", []string{"response_type", ""}, "invalid_request"},
		{"implicit (O-06)", []string{"response_type", "token"}, "unsupported_response_type"},
		{"hybrid (O-06)", []string{"response_type", "code id_token"}, "unsupported_response_type"},
		{"a request object", []string{"request", "e30."}, "request_not_supported"},
		{"a request URI is never fetched (T-47)", []string{"request_uri", "http://169.254.169.254/"}, "request_uri_not_supported"},
		{"a registration", []string{"registration", "{}"}, "registration_not_supported"},
		{"response_mode=query is the default", []string{"response_mode", "query"}, ""},
		{"response_mode=fragment", []string{"response_mode", "fragment"}, "invalid_request"},
		{"response_mode=form_post (A-10.4.12)", []string{"response_mode", "form_post"}, "invalid_request"},
		{"the same of a client that is registered for it", []string{"client_id", "post", "response_mode", "form_post"}, ""},
		{"query of a client that is registered for form_post alone", []string{"client_id", "post"}, "invalid_request"},
		{"a client without the code grant", []string{"client_id", "machine"}, "unauthorized_client"},
		{"no scope", []string{"scope", ""}, "invalid_scope"},
		{"scope without openid (H-15)", []string{"scope", "profile"}, "invalid_scope"},
		{"malformed scope", []string{"scope", `openid "x"`}, "invalid_scope"},
		{"a registered resource", []string{"client_id", "once", "resource", "https://api.example"}, ""},
		{"an unregistered resource", []string{"client_id", "once", "resource", "https://evil.example"}, "invalid_target"},
		{"a resource of a client that has none", []string{"resource", "https://api.example"}, "invalid_target"},
		{"the issuer as resource of such a client", []string{"resource", "https://id.example"}, ""},
		{"no PKCE (O-03)", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"plain PKCE (H-03)", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"PKCE without method means plain", []string{"code_challenge_method", ""}, "invalid_request"},
		{"PKCE method in lower case", []string{"code_challenge_method", "s256"}, "invalid_request"},
		{"a method without challenge", []string{"client_id", "old", "code_challenge", ""}, "invalid_request"},
		{"a short challenge", []string{"code_challenge", "abc"}, "invalid_request"},
		{"a challenge of 44 characters", []string{"code_challenge", challenge + "A"}, "invalid_request"},
		{"a padded challenge", []string{"code_challenge", challenge[:42] + "="}, "invalid_request"},
		{"a challenge that no hash has", []string{"code_challenge", challenge[:42] + "N"}, "invalid_request"},
		{"a client freed from PKCE", []string{"client_id", "old", "code_challenge", "", "code_challenge_method", ""}, ""},
		{"the same without nonce", []string{"client_id", "old", "code_challenge", "", "code_challenge_method", "", "nonce", ""}, "invalid_request"},
		{"a client freed from nonce too", []string{"client_id", "older", "code_challenge", "", "code_challenge_method", "", "nonce", ""}, ""},
		{"freed from PKCE, and a bad one sent", []string{"client_id", "old", "code_challenge_method", "plain"}, "invalid_request"},
		{"a public client is never freed", []string{"client_id", "spa", "code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"prompt=none", []string{"prompt", "none"}, ""},
		{"prompt=none with another (O-22)", []string{"prompt", "none login"}, "invalid_request"},
		{"every other prompt together", []string{"prompt", "login consent select_account create"}, ""},
		{"an unknown prompt", []string{"prompt", "jump"}, "invalid_request"},
		{"max_age=0", []string{"max_age", "0"}, ""},
		{"negative max_age", []string{"max_age", "-1"}, "invalid_request"},
		{"max_age with a sign", []string{"max_age", "+1"}, "invalid_request"},
		{"max_age in words", []string{"max_age", "five"}, "invalid_request"},
		{"max_age that overflows", []string{"max_age", "9223372036854775807"}, "invalid_request"},
		{"a hint that is no ID token", []string{"id_token_hint", "x.y.z"}, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, got, err := protocol.ReadAuthorize(request(tt.changes...), nil, relyingParties.Lookup)
			if err != nil || got != tt.want {
				t.Errorf("request %v: got error %q (page: %v), want %q", tt.changes, got, err, tt.want)
			}
		})
	}
}

// Every parameter but resource is refused when sent twice: two parsers would
// read two values (T-10, protocol.md).
func TestAuthorizeRefusesParameterSentTwice(t *testing.T) {
	t.Parallel()
	for name, values := range request("prompt", "login", "max_age", "1", "acr_values", "x", "extra", "y") {
		v := request("prompt", "login", "max_age", "1", "acr_values", "x", "extra", "y")
		v[name] = append(values, "other")
		_, code, err := protocol.ReadAuthorize(v, nil, relyingParties.Lookup)
		_, page := errors.AsType[*idp.RequestError](err)
		if unsafe := name == "client_id" || name == "redirect_uri"; page != unsafe || !unsafe && code != "invalid_request" {
			t.Errorf("%s sent twice: got error %q, page %v", name, code, err)
		}
	}
	v := request("client_id", "once")
	v["resource"] = []string{"https://pay.example", "https://api.example", "https://pay.example"}
	got, code, err := protocol.ReadAuthorize(v, nil, relyingParties.Lookup)
	if err != nil || code != "" {
		t.Fatalf("two resources: got error %q, %v, want none", code, err)
	}
	if diff := cmp.Diff([]string{"https://api.example", "https://pay.example"}, got.Resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
}

func TestAuthorizeNeverRedirectsToUncheckedURI(t *testing.T) { // O-28, H-05, T-19
	t.Parallel()
	tests := []struct{ name, client, uri, want string }{
		{"unknown client", "nobody", callback, "client"},
		{"disabled client", "gone", callback, "client"},
		{"no client", "", callback, "param"},
		{"no redirect URI", "web", "", "param"},
		{"other host", "web", "https://evil.example/cb", "redirect"},
		{"user part", "web", "https://rp.example@evil.example/cb", "redirect"},
		{"prefix", "web", callback + "/x", "redirect"},
		{"parent path", "web", callback + "/../cb", "redirect"},
		{"one escaped byte", "web", "https://rp.example/c%62", "redirect"},
		{"wholly escaped", "web", "https%3A%2F%2Frp.example%2Fcb", "redirect"},
		{"other case of the host", "web", "https://RP.example/cb", "redirect"},
		{"other scheme", "web", "http://rp.example/cb", "redirect"},
		{"default port", "web", "https://rp.example:443/cb", "redirect"},
		{"fragment", "web", callback + "#x", "redirect"},
		{"query added", "web", callback + "?x=1", "redirect"},
		{"query changed", "query", "https://rp.example/cb?shop=2", "redirect"},
		{"trailing slash", "web", callback + "/", "redirect"},
		{"leading space", "web", " " + callback, "redirect"},
		{"script", "web", "javascript:alert(1)", "redirect"},
		{"loopback port of a client that is not native", "web", "http://127.0.0.1:1234/cb", "redirect"},
		{"loopback name instead of address", "native", "http://localhost:1234/cb", "redirect"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, code, err := protocol.ReadAuthorize(request("client_id", tt.client, "redirect_uri", tt.uri), nil, relyingParties.Lookup)
			got, ok := errors.AsType[*idp.RequestError](err)
			if !ok || got.Case != tt.want {
				t.Errorf("client %q, uri %q: got %v (code %q), want a page of case %q", tt.client, tt.uri, err, code, tt.want)
			}
		})
	}
	for client, uri := range map[string]string{"native": "http://127.0.0.1:49152/cb", "query": "https://rp.example/cb?shop=1"} {
		if _, code, err := protocol.ReadAuthorize(request("client_id", client, "redirect_uri", uri), nil, relyingParties.Lookup); err != nil || code != "" {
			t.Errorf("client %q, uri %q: got %q, %v, want it allowed", client, uri, code, err)
		}
	}
}

func TestAuthorizeReadsWhatItPromises(t *testing.T) {
	t.Parallel()
	aliases := map[string]string{"https://refeds.org/profile/mfa": "urn:sekisho:acr:2sv"}
	v := request("scope", "openid email email offline_access secret-scope", "prompt", "login consent", "max_age", "300",
		"acr_values", "phrh https://refeds.org/profile/mfa urn:sekisho:acr:pwd", "ui_locales", "fr en-GB ja", "login_hint", "a@b.example")
	got, code, err := protocol.ReadAuthorize(v, aliases, relyingParties.Lookup)
	if err != nil || code != "" {
		t.Fatalf("got %q, %v", code, err)
	}
	age := 5 * time.Minute
	want := idp.AuthorizeRequest{
		Request: signin.Request{
			Login: true, Consent: true, MaxAge: &age, Want: signin.LevelTwoStep, Scopes: []string{"email", "offline_access"},
		},
		ClientID: "web", RedirectURI: callback, Scopes: []string{"openid", "email", "offline_access"},
		State: "s", Nonce: "n", CodeChallenge: challenge, LoginHint: "a@b.example", UILocales: "en", Mode: clients.ModeQuery,
		ACRs: []string{"phrh", "https://refeds.org/profile/mfa", "urn:sekisho:acr:pwd"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestAuthorizeLimitsScopes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		client string
		want   []string
	}{
		{"web", []string{"openid", "profile", "email", "offline_access"}},
		{"once", []string{"openid", "profile", "email"}}, // no refresh grant: offline_access is dropped
		{"narrow", []string{"openid", "email"}},
	}
	for _, tt := range tests {
		got, code, err := protocol.ReadAuthorize(request("client_id", tt.client, "scope", "openid profile email offline_access admin"), nil, relyingParties.Lookup)
		if err != nil || code != "" {
			t.Errorf("client %s: got %q, %v", tt.client, code, err)
		}
		if diff := cmp.Diff(tt.want, got.Scopes); diff != "" {
			t.Errorf("scopes of %s (-want +got):\n%s", tt.client, diff)
		}
	}
}

func FuzzAuthorize(f *testing.F) {
	f.Add(request().Encode())
	f.Add("client_id=web&client_id=spa")
	f.Add(request("prompt", "none", "max_age", "0", "ui_locales", "ja-JP", "resource", "x").Encode())
	f.Add("redirect_uri=https%3A%2F%2Frp.example%2Fc%2562&client_id=web")
	f.Fuzz(func(t *testing.T, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		sent := maps.Clone(v)
		got, code, err := protocol.ReadAuthorize(v, nil, relyingParties.Lookup)
		if err != nil || code != "" {
			return
		}
		client, ok := relyingParties.Lookup(got.ClientID)
		switch {
		case !ok || !client.RedirectAllowed(got.RedirectURI):
			t.Errorf("%q passed with client %q and redirect URI %q", query, got.ClientID, got.RedirectURI)
		case got.CodeChallenge == "" && (client.PKCERequired() || got.Nonce == "" && client.NonceRequired()):
			t.Errorf("%q passed without PKCE", query)
		case !slices.Contains(got.Scopes, "openid") || slices.Contains(got.Request.Scopes, "openid"):
			t.Errorf("%q passed with scopes %v, %v", query, got.Scopes, got.Request.Scopes)
		case got.None && (got.Login || got.Consent || got.Select || got.Create):
			t.Errorf("%q passed with prompt=none and another", query)
		case sent.Get("request") != "" || sent.Get("request_uri") != "":
			t.Errorf("%q passed with a request object", query)
		}
	})
}

func FuzzBasic(f *testing.F) {
	for _, s := range []string{"Basic d2ViOiV6eg==", "Basic d2ViOng=", "basic  d2ViOng=", "Bearer x", "Basic", "Basic :", "Basic d2Vi", "Basic OnNlY3JldA=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := protocol.ParseBasic(header)
		if ok != (id != "" && secret != "") {
			t.Errorf("ParseBasic(%q) = %q, %q, %v", header, id, secret, ok)
		}
		if ok && !strings.EqualFold(header[:6], "basic ") {
			t.Errorf("ParseBasic(%q) took another scheme", header)
		}
	})
}
