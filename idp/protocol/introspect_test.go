package protocol_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// introspect asks about a token as a basic client; headers come in pairs.
func (w *world) introspect(t *testing.T, client, token string, headers ...string) reply {
	t.Helper()
	return w.machine(t).post(protocol.PathStatus, form("token", token), append(headers, "Authorization", basic(client))...)
}

// wantInactive checks that an answer says nothing but that a token is not active.
func wantInactive(t *testing.T, what string, r reply) {
	t.Helper()
	if r.status != http.StatusOK || strings.TrimSpace(r.body) != `{"active":false}` {
		t.Errorf(`%s: got %d %s, want {"active":false}`, what, r.status, r.body)
	}
}

func wantActive(t *testing.T, what string, r reply) {
	t.Helper()
	if r.status != http.StatusOK || r.json()["active"] != true {
		t.Errorf("%s: got %d %s, want an active token", what, r.status, r.body)
	}
}

// RFC 7662 §2.2, RFC 9470 §6.2, O-31: the server of a resource hears what the
// token says, and what the person proved.
func TestIntrospectionTellsTheServerOfAResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.tokens(t, "api")
	w.Clock.Advance(time.Minute)
	r := w.introspect(t, "payapi", tokens.str("access_token"))
	_, claims := parts(t, tokens.str("access_token"))
	begun := float64(idptest.Start.Unix())
	want := map[string]any{
		"active": true, "scope": "openid profile email offline_access", "client_id": "api", "token_type": "Bearer",
		"exp": begun + 300, "iat": begun, "sub": w.alice.ID, "iss": w.URL, "jti": claims["jti"],
		"aud": []any{"https://api.example", "https://pay.example", w.URL},
		"acr": "urn:sekisho:acr:pwd", "amr": []any{"pwd"}, "auth_time": begun, "sid": claims["sid"],
	}
	if diff := cmp.Diff(want, r.json()); diff != "" {
		t.Errorf("a person's token (-want +got):\n%s", diff)
	}
	if got := r.header.Get("Cache-Control"); got != "no-store" { // T-57
		t.Errorf("Cache-Control: got %q", got)
	}

	h := w.holder(t)
	own := w.machineToken(t, "machine", h.atToken(t)...)
	r = w.introspect(t, "payapi", own.str("access_token"))
	_, claims = parts(t, own.str("access_token"))
	want = map[string]any{
		"active": true, "scope": "payout report", "client_id": "machine", "token_type": "DPoP", "exp": begun + 960, "iat": begun + 60,
		"sub": "client:machine", "iss": w.URL, "jti": claims["jti"], "aud": []any{"https://api.example"},
		"cnf": map[string]any{"jkt": h.thumbprint()},
	}
	if diff := cmp.Diff(want, r.json()); diff != "" {
		t.Errorf("a client's own token, bound to a key (-want +got):\n%s", diff)
	}
}

// A client may ask about what was issued to itself, refresh tokens among it.
func TestIntrospectionTellsAClientOfItsOwnTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.tokens(t, "web")
	wantActive(t, "its access token", w.introspect(t, "web", tokens.str("access_token")))
	r := w.introspect(t, "web", tokens.str("refresh_token"))
	_, claims := parts(t, tokens.str("access_token"))
	begun := float64(idptest.Start.Unix())
	want := map[string]any{
		"active": true, "scope": "openid profile email offline_access", "client_id": "web", "sub": w.alice.ID, "iss": w.URL,
		"exp": begun + 14*24*3600, "iat": begun, "acr": "urn:sekisho:acr:pwd", "amr": []any{"pwd"}, "auth_time": begun, "sid": claims["sid"],
	}
	if diff := cmp.Diff(want, r.json()); diff != "" {
		t.Errorf("its refresh token (-want +got):\n%s", diff)
	}
	next := w.refresh(t, "web", tokens.str("refresh_token"))
	wantInactive(t, "a refresh token that was used", w.introspect(t, "web", tokens.str("refresh_token")))
	wantActive(t, "its successor", w.introspect(t, "web", next.str("refresh_token")))
	w.Clock.Advance(14 * 24 * time.Hour)
	wantInactive(t, "a refresh token that has expired", w.introspect(t, "web", next.str("refresh_token")))
}

// RFC 7662 §4: who asks about what is not theirs cannot tell it from nonsense.
func TestIntrospectionCannotBeUsedToScanTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pay := w.tokens(t, "api", "resource", "https://pay.example")
	web := w.tokens(t, "web")
	logoutToken, err := w.Provider.Keys().Sign("ES256", "logout+jwt", map[string]any{"iss": w.URL, "exp": idptest.Start.Unix() + 300})
	if err != nil {
		t.Fatal(err)
	}
	access := pay.str("access_token")
	for _, tt := range []struct{ what, client, token string }{
		{"another client's access token", "web", access},
		{"another client's refresh token", "web", pay.str("refresh_token")},
		{"a refresh token at a resource server", "payapi", pay.str("refresh_token")},
		{"a token for another audience", "payapi", web.str("access_token")},
		{"an ID token", "api", pay.str("id_token")},
		{"a logout token", "payapi", logoutToken},
		{"an access token with another signature", "payapi", access[:len(access)-4] + "AAAA"},
		{"nonsense", "payapi", "x"},
		{"three parts of nonsense", "payapi", "a.b.c"},
		{"a very long text", "payapi", strings.Repeat("x", 20<<10)},
	} {
		wantInactive(t, tt.what, w.introspect(t, tt.client, tt.token))
	}
	wantActive(t, "the token itself", w.introspect(t, "payapi", access))
	w.Clock.Advance(5 * time.Minute)
	wantInactive(t, "the token when it has expired", w.introspect(t, "payapi", access))
}

// what ended is not active from that moment on.
func TestIntrospectionFollowsEveryEnd(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(*testing.T, *world, *agent, reply){
		"revoked by its jti": func(t *testing.T, w *world, _ *agent, r reply) {
			w.machine(t).post(protocol.PathRevoke, form("token", r.str("access_token")), "Authorization", basic("api"))
		},
		"its grant revoked": func(t *testing.T, w *world, _ *agent, r reply) {
			w.machine(t).post(protocol.PathRevoke, form("token", r.str("refresh_token")), "Authorization", basic("api"))
		},
		"its session ended": func(t *testing.T, w *world, b *agent, _ reply) {
			if err := w.Provider.SignOut(t.Context(), b.state(), false); err != nil {
				t.Fatal(err)
			}
		},
		"its person suspended": func(t *testing.T, w *world, _ *agent, _ reply) {
			if err := w.Provider.SetUserDisabled(t.Context(), idptest.Operator(), w.alice.ID, true); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.browser(t)
			q := b.signIn(request("client_id", "api", "scope", "openid email"), alice)
			r := w.redeem(t, "api", q.Get("code"))
			wantActive(t, "before", w.introspect(t, "payapi", r.str("access_token")))
			end(t, w, b, r)
			wantInactive(t, "after", w.introspect(t, "payapi", r.str("access_token")))
		})
	}
}

func TestIntrospectionOfADisabledClientsToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := parties()[0]
	late.ID, late.Resources, late.Grants = "late", []string{"https://api.example"}, []clients.GrantType{clients.GrantClientCredentials}
	late.Scopes, late.RedirectURIs = []string{"payout"}, nil
	w.Provider.Config().Clients.SetStored([]clients.Client{late})
	token := w.machineToken(t, "late").str("access_token")
	wantActive(t, "before", w.introspect(t, "payapi", token))
	late.Disabled = true
	w.Provider.Config().Clients.SetStored([]clients.Client{late})
	wantInactive(t, "after", w.introspect(t, "payapi", token))
}

// RFC 9701: the answer as a JWT, for whoever asked and about tokens made for it.
func TestIntrospectionSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const kind = "application/token-introspection+jwt"
	token := w.tokens(t, "api").str("access_token")
	plain := w.introspect(t, "payapi", token)
	for _, accept := range []string{kind, "text/html, " + kind + ";q=0.5", kind + "; q=1"} {
		r := w.introspect(t, "payapi", token, "Accept", accept)
		if r.status != http.StatusOK || r.header.Get("Content-Type") != kind || r.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("Accept %s: got %d %s", accept, r.status, r.header)
		}
		if _, err := w.Provider.Keys().Verify(r.body, "token-introspection+jwt"); err != nil {
			t.Fatal(err)
		}
		header, claims := parts(t, r.body)
		want := map[string]any{"iss": w.URL, "aud": "payapi", "iat": float64(idptest.Start.Unix()), "token_introspection": plain.json()}
		if diff := cmp.Diff(want, claims); diff != "" || header["alg"] != "ES256" {
			t.Errorf("alg %v; claims (-want +got):\n%s", header["alg"], diff)
		}
		wantError(t, w.userInfo(t, r.body), 401, "invalid_token") // §8.1: it is no access token
	}
	for _, accept := range []string{"", "*/*", "application/json", kind + ";q=0", kind + ";q=0.0", "application/jwt", "x/"} {
		if r := w.introspect(t, "payapi", token, "Accept", accept); r.header.Get("Content-Type") != "application/json" {
			t.Errorf("Accept %q: got %s, want JSON", accept, r.header.Get("Content-Type"))
		}
	}
	for what, r := range map[string]reply{
		"not for this audience (§5)": w.introspect(t, "api", token, "Accept", kind),
		"nonsense":                   w.introspect(t, "payapi", "x", "Accept", kind),
	} {
		_, claims := parts(t, r.body)
		if diff := cmp.Diff(map[string]any{"active": false}, claims["token_introspection"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	r := w.introspect(t, "web", token, "Accept", kind)
	if header, _ := parts(t, r.body); header["alg"] != "RS256" { // §6
		t.Errorf("no algorithm registered: got %v, want RS256", header["alg"])
	}
}

// RFC 7662 §2.1, §2.3: authenticated requests by POST alone, never from a script.
func TestIntrospectionIsForKnownClientsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.machine(t)
	token := w.tokens(t, "web").str("access_token")
	wantError(t, m.post(protocol.PathStatus, form("token", token)), 401, "invalid_client")
	wantError(t, m.post(protocol.PathStatus, form("token", token, "client_id", "spa")), 401, "invalid_client")
	wantError(t, m.post(protocol.PathStatus, form("token", token), "Authorization", basicOf("web", "wrong")), 401, "invalid_client")
	wantError(t, m.post(protocol.PathStatus, form("token", token), "Authorization", "Bearer "+token), 401, "invalid_client")
	wantError(t, m.post(protocol.PathStatus, form(), "Authorization", basic("web")), 400, "invalid_request")
	wantError(t, m.post(protocol.PathStatus, form("token", token, "token", "x"), "Authorization", basic("web")), 400, "invalid_request")
	r := m.post(protocol.PathStatus, form("token", token), "Authorization", basic("web"), "Origin", "https://evil.example")
	if got := r.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("allowed origin %q, want none", got)
	}
	if r := m.do(http.MethodOptions, protocol.PathStatus, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"); r.status < 400 {
		t.Errorf("preflight: got %d", r.status)
	}
	// token_type_hint is a hint (§2.1).
	for _, hint := range []string{"refresh_token", "access_token", "x"} {
		wantActive(t, "hint "+hint, m.post(protocol.PathStatus, form("token", token, "token_type_hint", hint), "Authorization", basic("web")))
	}
}

// A database that fails says nothing about a token: it is no token that ended.
func TestIntrospectionNeverGuesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens(t, "web").str("access_token")
	if err := w.Store.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, w.introspect(t, "web", token), http.StatusInternalServerError, "server_error")
	wantError(t, w.introspect(t, "web", "x"), http.StatusInternalServerError, "server_error")
}

// A refresh token of which a refresh would fail is not active (S-120).
func TestIntrospectionKnowsTheClientsRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := parties()[0]
	late.ID = "late"
	w.Provider.Config().Clients.SetStored([]clients.Client{late})
	token := w.tokens(t, "late").str("refresh_token")
	wantActive(t, "before", w.introspect(t, "late", token))
	late.Rules.MinACR = "urn:sekisho:acr:2sv"
	w.Provider.Config().Clients.SetStored([]clients.Client{late})
	wantInactive(t, "after the client asks for more", w.introspect(t, "late", token))
}
