package protocol_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// open is a world where clients may register themselves.
func openWorld(t testing.TB, change ...func(*clients.Registration)) *world {
	t.Helper()
	r := clients.DefaultRegistration()
	r.Enabled = true
	for _, f := range change {
		f(&r)
	}
	return newWorld(t, idptest.Registration(r))
}

// ticket is an initial access token.
func (w *world) ticket(t testing.TB, uses int) string {
	t.Helper()
	_, secret, err := w.Provider.AddRegistrationToken(t.Context(), idptest.Operator(), "partner", uses, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

type meta = map[string]any

// speak sends JSON with a bearer token; nil sends no body.
func (w *world) speak(t *testing.T, method, path, token string, m any) reply {
	t.Helper()
	var body []byte
	if m != nil {
		body = mustJSON(t, m)
	}
	r := httptest.NewRequest(method, w.URL+strings.TrimPrefix(path, w.URL), bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	got := httptest.NewRecorder()
	w.Handler.ServeHTTP(got, r)
	return reply{got.Code, got.Header(), got.Body.String()}
}

// register registers a client and returns the answer.
func (w *world) register(t *testing.T, token string, m meta) reply {
	t.Helper()
	return w.speak(t, http.MethodPost, protocol.PathRegister, token, m)
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shop is metadata that is good.
func shop(changes ...any) meta {
	m := meta{"redirect_uris": []string{callback}, "client_name": "Shop"}
	for i := 0; i+1 < len(changes); i += 2 {
		name, _ := changes[i].(string)
		m[name] = changes[i+1]
	}
	return m
}

// RFC 7591 §3, RFC 7592 §2: a client registers itself, signs a person in, who is
// asked, reads and changes what it is, and leaves.
func TestClientRegistersItself(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	if got := w.metadata(t)["registration_endpoint"]; got != w.URL+protocol.PathRegister {
		t.Errorf("registration_endpoint is %v", got)
	}
	r := w.register(t, w.ticket(t, 1), shop("client_name#ja", "お店", "grant_types", []string{"authorization_code", "refresh_token"}, "unknown", "ignored",
		"scope", "openid email", "contacts", []string{"a@shop.example"}, "software_version", "1"))
	if r.status != http.StatusCreated || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	id, pass, key, uri := r.str("client_id"), r.str("client_secret"), r.str("registration_access_token"), r.str("registration_client_uri")
	if !strings.HasPrefix(id, "reg-") || len(pass) < 43 || len(key) < 43 || uri != w.URL+protocol.PathRegister+"/"+id || r.json()["client_secret_expires_at"] != float64(0) ||
		r.str("token_endpoint_auth_method") != "client_secret_basic" || r.str("id_token_signed_response_alg") != "RS256" || r.json()["unknown"] != nil {
		t.Errorf("got %s", r.body)
	}
	b := w.browser(t)
	page := b.authorize(request("client_id", id, "scope", "openid email"))
	to, err := b.answer(page, alice) // through the consent page: no client makes itself a first party
	if err != nil {
		t.Fatal(err)
	}
	q := b.returned(to, callback)
	tokens := w.machine(t).post(protocol.PathToken, form("grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback, "code_verifier", verifier),
		"Authorization", basicOf(id, pass))
	if tokens.status != http.StatusOK || tokens.str("scope") != "openid email" {
		t.Fatalf("tokens: got %d %s", tokens.status, tokens.body)
	}

	read := w.speak(t, http.MethodGet, uri, key, nil)
	if read.status != http.StatusOK || read.str("client_name#ja") != "お店" || read.str("client_secret") != "" || read.str("registration_access_token") != key {
		t.Errorf("read: got %d %s", read.status, read.body)
	}
	changed := w.speak(t, http.MethodPut, uri, key, shop("client_id", id, "client_secret", pass, "client_name", "Other shop"))
	next := changed.str("registration_access_token")
	if changed.status != http.StatusOK || changed.str("client_name") != "Other shop" || changed.str("client_name#ja") != "" || next == key || next == "" {
		t.Errorf("changed: got %d %s", changed.status, changed.body)
	}
	if old := w.speak(t, http.MethodGet, uri, key, nil); old.status != http.StatusUnauthorized || !strings.HasPrefix(old.header.Get("WWW-Authenticate"), "Bearer ") {
		t.Errorf("the token before: got %d %s", old.status, old.body)
	}
	if gone := w.speak(t, http.MethodDelete, uri, next, nil); gone.status != http.StatusNoContent {
		t.Errorf("delete: got %d %s", gone.status, gone.body)
	}
	wantError(t, w.speak(t, http.MethodGet, uri, next, nil), http.StatusUnauthorized, "invalid_token")
	if got := w.userInfo(t, tokens.str("access_token")); got.status != http.StatusUnauthorized {
		t.Errorf("after it has left its token answers %d", got.status)
	}
}

func TestRegistrationRefusesWhatNobodyMayHave(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	ticket := w.ticket(t, 1)
	for _, tt := range []struct {
		name string
		m    any
		want string
		says string
	}{
		{"no JSON", "x", "invalid_client_metadata", "JSON"},
		{"a software statement", shop("software_statement", "e30.e30.e30"), "unapproved_software_statement", "software statements"},
		{"no redirect URI", meta{"client_name": "Shop"}, "invalid_redirect_uri", "redirect_uris"},
		{"a redirect URI with fragment", shop("redirect_uris", []string{callback + "#x"}), "invalid_redirect_uri", "redirect_uris"},
		{"a redirect URI in clear", shop("redirect_uris", []string{"http://rp.example/cb"}), "invalid_redirect_uri", "redirect_uris"},
		{"21 redirect URIs", shop("redirect_uris", make([]string, 21)), "invalid_redirect_uri", "redirect_uris"},
		{"no name", shop("client_name", " "), "invalid_client_metadata", "client_name"},
		{"a name in two lines", shop("client_name", "Shop\nBcc: x@y.example"), "invalid_client_metadata", "client_name"},
		{"implicit", shop("response_types", []string{"token"}), "invalid_client_metadata", "response_types"},
		{"a grant that is not for them", shop("grant_types", []string{"authorization_code", "client_credentials"}), "invalid_client_metadata", "grant_types"},
		{"an unknown grant", shop("grant_types", []string{"authorization_code", "password"}), "invalid_client_metadata", "grant_types"},
		{"a scope that is not for them", shop("scope", "openid admin"), "invalid_client_metadata", "scope"},
		{"secrets that sign", shop("token_endpoint_auth_method", "client_secret_jwt"), "invalid_client_metadata", "token_endpoint_auth_method"},
		{"a certificate where none is asked for", shop("token_endpoint_auth_method", "tls_client_auth", "tls_client_auth_san_dns", "x.example"), "invalid_client_metadata", "token_endpoint_auth_method"},
		{"a key without keys", shop("token_endpoint_auth_method", "private_key_jwt"), "invalid_client_metadata", "jwks"},
		{"unsigned ID tokens", shop("id_token_signed_response_alg", "none"), "invalid_client_metadata", "id_token_signed_response_alg"},
		{"encrypted ID tokens", shop("id_token_encrypted_response_alg", "RSA-OAEP"), "invalid_client_metadata", "id_token_encrypted_response_alg"},
		{"a default that is not kept", shop("default_max_age", 300), "invalid_client_metadata", "default_max_age"},
		{"an unknown subject type", shop("subject_type", "private"), "invalid_client_metadata", "subject_type"},
		{"pairwise with two hosts", shop("subject_type", "pairwise", "redirect_uris", []string{callback, "https://two.example/cb"}), "invalid_client_metadata", "sector_identifier_uri"},
		{"a private key", shop("jwks", json.RawMessage(`{"keys":[{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}`)), "invalid_client_metadata", "jwks"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := w.speak(t, http.MethodPost, protocol.PathRegister, ticket, tt.m)
			wantError(t, r, http.StatusBadRequest, tt.want)
			if !strings.Contains(r.str("error_description"), tt.says) {
				t.Errorf("description %q does not name %s", r.str("error_description"), tt.says)
			}
		})
	}
	if r := w.register(t, ticket, shop()); r.status != http.StatusCreated { // nothing was used up
		t.Errorf("a good one afterwards: got %d %s", r.status, r.body)
	}
}

// Nobody registers without an operator's token, or more clients than there may be.
func TestRegistrationIsBounded(t *testing.T) {
	t.Parallel()
	w := openWorld(t, func(r *clients.Registration) { r.Most = 2 })
	wantError(t, w.machine(t).do(http.MethodPost, protocol.PathRegister, "{}", "Content-Type", "application/json"), http.StatusUnauthorized, "invalid_token")
	wantError(t, w.speak(t, http.MethodPost, protocol.PathRegister, "guess", shop()), http.StatusUnauthorized, "invalid_token")
	once := w.ticket(t, 1)
	if r := w.register(t, once, shop()); r.status != http.StatusCreated {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	wantError(t, w.register(t, once, shop()), http.StatusUnauthorized, "invalid_token")
	many := w.ticket(t, 5)
	if r := w.register(t, many, shop()); r.status != http.StatusCreated {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	wantError(t, w.register(t, many, shop()), http.StatusForbidden, "access_denied")
	all, err := w.Provider.RegistrationTokens(t.Context())
	if err != nil || len(all) != 2 || all[0].Used+all[1].Used != 2 {
		t.Errorf("tokens %+v, %v", all, err)
	}
	for _, token := range all {
		if err := w.Provider.RevokeRegistrationToken(t.Context(), idptest.Operator(), token.ID); err != nil {
			t.Error(err)
		}
	}
	wantError(t, w.register(t, many, shop()), http.StatusUnauthorized, "invalid_token")
	w.Clock.Advance(25 * time.Hour)
	wantError(t, w.register(t, w.ticket(t, 1), meta{}), http.StatusBadRequest, "invalid_redirect_uri")
	closed := newWorld(t)
	if r := closed.machine(t).post(protocol.PathRegister, form()); r.status != http.StatusNotFound || closed.metadata(t)["registration_endpoint"] != nil {
		t.Errorf("where it is off: got %d", r.status)
	}
}

// A client's registration is its own: no other's token opens it, and what the
// operator decided is not the client's to change.
func TestRegistrationAccessTokenIsOneClients(t *testing.T) {
	t.Parallel()
	w := openWorld(t, func(r *clients.Registration) { r.Rules.MinACR = "urn:sekisho:acr:2sv" })
	ticket := w.ticket(t, 2)
	one, two := w.register(t, ticket, shop()), w.register(t, ticket, shop())
	uri, key := one.str("registration_client_uri"), one.str("registration_access_token")
	for name, token := range map[string]string{"another's": two.str("registration_access_token"), "the initial one": ticket, "none": ""} {
		wantError(t, w.speak(t, http.MethodGet, uri, token, nil), http.StatusUnauthorized, "invalid_token")
		_ = name
	}
	wantError(t, w.speak(t, http.MethodPut, uri, key, shop("client_id", two.str("client_id"))), http.StatusBadRequest, "invalid_client_metadata")
	wantError(t, w.speak(t, http.MethodPut, uri, key, shop("client_id", one.str("client_id"), "client_secret", "guess")), http.StatusBadRequest, "invalid_client_metadata")
	r := w.speak(t, http.MethodPut, uri, key, shop("client_id", one.str("client_id"), "rules", meta{"first_party": true}, "first_party", true, "min_acr", ""))
	c, ok := w.Provider.Config().Clients.Lookup(one.str("client_id"))
	if r.status != http.StatusOK || !ok || c.Rules.FirstParty || c.Rules.MinACR != "urn:sekisho:acr:2sv" {
		t.Errorf("got %d %s; rules %+v", r.status, r.body, c.Rules)
	}
	if err := w.Provider.SetClientDisabled(t.Context(), idptest.Operator(), one.str("client_id"), true); err != nil {
		t.Fatal(err)
	}
	wantError(t, w.speak(t, http.MethodPut, uri, r.str("registration_access_token"), shop("client_id", one.str("client_id"))), http.StatusUnauthorized, "invalid_token")
}

// OIDC Core §8.1, oidcc-registration-sector-uri and -sector-bad: who joins a
// sector is listed there.
func TestSectorMustListItsRedirectURIs(t *testing.T) {
	t.Parallel()
	w := openWorld(t)
	listed := []string{callback, "https://two.example/cb"}
	srv := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(out).Encode(listed) }))
	t.Cleanup(srv.Close)
	ticket := w.ticket(t, 2)
	good := w.register(t, ticket, shop("subject_type", "pairwise", "sector_identifier_uri", srv.URL+"/sector", "redirect_uris", listed))
	if good.status != http.StatusCreated || good.str("subject_type") != "pairwise" {
		t.Fatalf("got %d %s", good.status, good.body)
	}
	for name, m := range map[string]meta{
		"a URI that is not listed": shop("sector_identifier_uri", srv.URL+"/sector", "redirect_uris", []string{"https://evil.example/cb"}),
		"a document that is none":  shop("sector_identifier_uri", w.URL+"/help"),
		"an address that is shut":  shop("sector_identifier_uri", "https://192.168.0.1/sector"),
	} {
		r := w.register(t, ticket, m)
		if r.status != http.StatusBadRequest || r.str("error") != "invalid_client_metadata" || !strings.Contains(r.body, "sector_identifier_uri") {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
}

// Whatever is sent, the answer is a client or an error of the standard, and
// nothing of it is in the log.
func FuzzRegistration(f *testing.F) {
	w := openWorld(f, func(r *clients.Registration) { r.Most = 10_000 })
	ticket := w.ticket(f, 1_000_000)
	f.Add(`{"redirect_uris":["https://rp.example/cb"],"client_name":"Shop"}`)
	f.Add(`{"redirect_uris":[null],"jwks":{"keys":[]},"scope":"\u0000"}`)
	f.Add(`{"client_name#ja":"x","response_types":[],"grant_types":["x"]}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, w.URL+protocol.PathRegister, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+ticket)
		got := httptest.NewRecorder()
		w.Handler.ServeHTTP(got, r)
		if got.Code >= http.StatusInternalServerError || !json.Valid(got.Body.Bytes()) {
			t.Errorf("%q: %d %s", body, got.Code, got.Body)
		}
		if strings.Contains(w.Log.String(), ticket) {
			t.Error("the token is in the log")
		}
	})
}
