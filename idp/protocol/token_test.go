package protocol_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// Every method of authentication against every registration: only the pair
// that was registered passes (A-10.4.10, protocol.md §1).
func TestClientAuthenticationIsPinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	registered := map[string]string{"web": "basic", "post": "post", "spa": "none"}
	for client, own := range registered {
		for _, used := range []string{"basic", "post", "none"} {
			v, headers := form("grant_type", "refresh_token", "refresh_token", "x"), []string{}
			switch used {
			case "basic":
				headers = []string{"Authorization", basic(client)}
			case "post":
				v.Set("client_secret", secret)
				fallthrough
			case "none":
				v.Set("client_id", client)
			}
			r := w.machine(t).post(protocol.PathToken, v, headers...)
			t.Run(client+" by "+used, func(t *testing.T) {
				if used == own {
					wantError(t, r, http.StatusBadRequest, "invalid_grant") // past the gate
					return
				}
				wantError(t, r, http.StatusUnauthorized, "invalid_client")
				if r.header.Get("WWW-Authenticate") == "" {
					t.Error("401 without WWW-Authenticate")
				}
			})
		}
	}
}

func TestTokenEndpointReadsStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	auth := []string{"Authorization", basic("machine")}
	good := "grant_type=client_credentials&scope=payout"
	tests := []struct {
		name, body string
		headers    []string
		status     int
		code       string
	}{
		{"duplicate", good + "&scope=report", auth, 400, "invalid_request"},
		{"duplicate grant type", good + "&grant_type=password", auth, 400, "invalid_request"},
		{"duplicate of an unknown parameter", good + "&x=1&x=2", auth, 400, "invalid_request"},
		{"two methods of authentication", good + "&client_id=machine&client_secret=" + secret, auth, 400, "invalid_request"},
		{"two headers", good, append(auth, "Authorization", basic("web")), 400, "invalid_request"},
		{"header and another client in the body", good + "&client_id=web", auth, 401, "invalid_client"},
		{"nobody", good, nil, 401, "invalid_client"},
		{"too large", good + "&x=" + strings.Repeat("x", 64<<10), auth, 413, "invalid_request"},
		{"not a form", "%zz", auth, 400, "invalid_request"},
		{"no grant type", "scope=payout", auth, 400, "invalid_request"},
		{"password grant (S-108, O-10)", "grant_type=password&username=" + alice + "&password=" + password, auth, 400, "unsupported_grant_type"},
		{"device grant of another client", "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x", auth, 400, "unauthorized_client"},
		{"token exchange", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange", auth, 400, "unsupported_grant_type"},
		{"JWT bearer", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x", auth, 400, "unsupported_grant_type"},
		{"a grant type that is not served, with markup", "grant_type=%22%3Cb%3E", auth, 400, "unsupported_grant_type"},
		{"a grant not registered", "grant_type=authorization_code&code=x&redirect_uri=" + callback, auth, 400, "unauthorized_client"},
		{"client_credentials not registered", good, []string{"Authorization", basic("web")}, 400, "unauthorized_client"},
		{"no code", "grant_type=authorization_code&redirect_uri=" + callback, []string{"Authorization", basic("web")}, 400, "invalid_request"},
		{"no redirect URI", "grant_type=authorization_code&code=x", []string{"Authorization", basic("web")}, 400, "invalid_request"},
		{"no refresh token", "grant_type=refresh_token", []string{"Authorization", basic("web")}, 400, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := w.machine(t).do(http.MethodPost, protocol.PathToken, tt.body, tt.headers...)
			wantError(t, r, tt.status, tt.code)
			if got := r.header.Get("Cache-Control"); got != "no-store" { // T-57
				t.Errorf("Cache-Control: got %q, want no-store", got)
			}
		})
	}
	t.Run("JSON", func(t *testing.T) {
		m := w.machine(t)
		r := m.do(http.MethodPut, protocol.PathToken, "", auth...)
		wantError(t, r, 405, "invalid_request")
		r = m.do(http.MethodPost, protocol.PathToken, `{"grant_type":"client_credentials"}`, append(auth, "Content-Type", "application/json")...)
		if r.status == http.StatusOK {
			t.Errorf("a body of two content types: got %d", r.status)
		}
	})
}

func TestTokensOfPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for client, alg := range map[string]string{"web": "RS256", "ps": "PS256", "es": "ES256", "ed": "EdDSA"} {
		r := w.tokens(t, client, "nonce", "n-"+client)
		header, id := parts(t, r.str("id_token"))
		if header["alg"] != alg || header["typ"] != "JWT" || header["kid"] == nil {
			t.Errorf("ID token header of %s: got %v, want %s", client, header, alg)
		}
		if id["nonce"] != "n-"+client || id["azp"] != client || id["at_hash"] == nil {
			t.Errorf("ID token of %s: got %v", client, id)
		}
		header, access := parts(t, r.str("access_token"))
		if header["alg"] != "ES256" || header["typ"] != "at+jwt" {
			t.Errorf("access token header: got %v, want ES256 at+jwt", header)
		}
		now := float64(idptest.Start.Unix())
		want := map[string]any{
			"iss": w.URL, "sub": w.alice.ID, "aud": []any{w.URL}, "client_id": client, "scope": "openid profile email offline_access",
			"iat": now, "exp": now + 300, "auth_time": now, "acr": "urn:sekisho:acr:pwd", "amr": []any{"pwd"},
			"sid": access["sid"], "jti": access["jti"], "grant": access["grant"],
		}
		if diff := cmp.Diff(want, access); diff != "" {
			t.Errorf("access token (-want +got):\n%s", diff)
		}
		if access["sid"] != id["sid"] || access["grant"] == "" || access["jti"] == "" {
			t.Errorf("access token: got %v", access)
		}
		if r.str("token_type") != "Bearer" || r.json()["expires_in"] != 300.0 || r.str("scope") != want["scope"] {
			t.Errorf("token response: got %s", r.body)
		}
	}
}

func TestResourceIndicators(t *testing.T) { // RFC 8707, O-09
	t.Parallel()
	w := newWorld(t)
	aud := func(r reply) any { _, c := parts(t, r.str("access_token")); return c["aud"] }
	all := w.tokens(t, "api")
	if diff := cmp.Diff([]any{"https://api.example", "https://pay.example", w.URL}, aud(all)); diff != "" {
		t.Errorf("no resource asked for (-want +got):\n%s", diff)
	}
	one := w.tokens(t, "api", "resource", "https://pay.example")
	if diff := cmp.Diff([]any{"https://pay.example", w.URL}, aud(one)); diff != "" {
		t.Errorf("one resource asked for (-want +got):\n%s", diff)
	}
	wantError(t, w.refresh(t, "api", one.str("refresh_token"), "resource", "https://evil.example"), 400, "invalid_target")
	narrowed := w.refresh(t, "api", all.str("refresh_token"), "resource", "https://api.example")
	if diff := cmp.Diff([]any{"https://api.example", w.URL}, aud(narrowed)); diff != "" {
		t.Errorf("one resource at refresh (-want +got):\n%s", diff)
	}
	wantError(t, w.refresh(t, "api", one.str("refresh_token"), "resource", "https://api.example"), 400, "invalid_target")
}

func TestCodeIsBoundToClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request(), alice).Get("code")
	wantError(t, w.redeem(t, "es", code), 400, "invalid_grant")
	if r := w.redeem(t, "web", code); r.status != http.StatusOK {
		t.Errorf("its own client afterwards: got %d %s, want 200", r.status, r.body)
	}
}

func TestCodeExpires(t *testing.T) { // C-35
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request(), alice).Get("code")
	w.Clock.Advance(time.Minute)
	wantError(t, w.redeem(t, "web", code), 400, "invalid_grant")
}

func TestCodeCannotBeUsedTwice(t *testing.T) { // O-15
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request("scope", "openid offline_access"), alice).Get("code")
	first := w.redeem(t, "web", code)
	wantError(t, w.redeem(t, "web", code), 400, "invalid_grant")
	wantError(t, w.refresh(t, "web", first.str("refresh_token")), 400, "invalid_grant")
	wantError(t, w.userInfo(t, first.str("access_token")), 401, "invalid_token")
}

func TestRefreshReuseRevokesGrant(t *testing.T) { // T-51
	t.Parallel()
	w := newWorld(t)
	first := w.tokens(t, "web")
	second := w.refresh(t, "web", first.str("refresh_token"))
	again := w.refresh(t, "web", first.str("refresh_token"))
	if again.status != http.StatusOK || again.str("refresh_token") != second.str("refresh_token") {
		t.Errorf("within the grace: got %d %s, want the same successor", again.status, again.body)
	}
	w.Clock.Advance(11 * time.Second)
	wantError(t, w.refresh(t, "web", first.str("refresh_token")), 400, "invalid_grant")
	wantError(t, w.refresh(t, "web", second.str("refresh_token")), 400, "invalid_grant")
	wantError(t, w.userInfo(t, second.str("access_token")), 401, "invalid_token")
}

func TestRefreshInParallelHasOneSuccessor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens(t, "web").str("refresh_token")
	replies := make([]reply, 16)
	var wg sync.WaitGroup
	for i := range replies {
		wg.Go(func() { replies[i] = w.refresh(t, "web", token) })
	}
	wg.Wait()
	for _, r := range replies {
		if r.status != http.StatusOK || r.str("refresh_token") != replies[0].str("refresh_token") {
			t.Errorf("got %d %s, want one successor for all", r.status, r.body)
		}
	}
}

func TestRefreshTokenOfAnotherClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens(t, "web").str("refresh_token")
	wantError(t, w.refresh(t, "es", token), 400, "invalid_grant")
	if r := w.refresh(t, "web", token); r.status != http.StatusOK {
		t.Errorf("its own client afterwards: got %d %s", r.status, r.body)
	}
}

func TestRefreshScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens(t, "web")
	wantError(t, w.refresh(t, "web", first.str("refresh_token"), "scope", "openid payout"), 400, "invalid_scope")
	wantError(t, w.refresh(t, "web", first.str("refresh_token"), "scope", `"`), 400, "invalid_scope")
	narrow := w.refresh(t, "web", first.str("refresh_token"), "scope", "email")
	if narrow.str("scope") != "email" || narrow.str("id_token") != "" || narrow.str("refresh_token") == "" {
		t.Errorf("narrowed to email: got %s, want no ID token and a refresh token", narrow.body)
	}
	wide := w.refresh(t, "web", narrow.str("refresh_token"))
	if wide.str("scope") != "openid profile email offline_access" || wide.str("id_token") == "" {
		t.Errorf("not narrowed: got %s, want the grant's scopes", wide.body)
	}
}

// T-14: what a client lost in its registration it loses at the next refresh.
func TestRefreshAfterRegistrationShrank(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := parties()[0]
	late.ID, late.Resources = "late", []string{"https://api.example", "https://pay.example"}
	w.Provider.Config().Clients.SetStored([]clients.Client{late})
	all, pay := w.tokens(t, "late"), w.tokens(t, "late", "resource", "https://pay.example")

	late.Scopes, late.Resources = []string{"openid", "email"}, late.Resources[:1]
	w.Provider.Config().Clients.SetStored([]clients.Client{late})
	r := w.refresh(t, "late", all.str("refresh_token"))
	_, claims := parts(t, r.str("access_token"))
	if diff := cmp.Diff([]any{"https://api.example", w.URL}, claims["aud"]); diff != "" || r.str("scope") != "openid email" {
		t.Errorf("got %s, audience (-want +got):\n%s", r.body, diff)
	}
	wantError(t, w.refresh(t, "late", pay.str("refresh_token")), 400, "invalid_target")
}

func TestClientCredentials(t *testing.T) { // T-55, O-13
	t.Parallel()
	w := newWorld(t)
	get := func(pairs ...string) reply {
		return w.machine(t).post(protocol.PathToken, form(append([]string{"grant_type", "client_credentials"}, pairs...)...), "Authorization", basic("machine"))
	}
	r := get()
	_, claims := parts(t, r.str("access_token"))
	now := float64(idptest.Start.Unix())
	want := map[string]any{
		"iss": w.URL, "sub": "client:machine", "aud": []any{"https://api.example"}, "client_id": "machine",
		"iat": now, "exp": now + 900, "jti": claims["jti"], "scope": "payout report",
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("client's token (-want +got):\n%s", diff)
	}
	if r.str("id_token") != "" || r.str("refresh_token") != "" || r.json()["expires_in"] != 900.0 {
		t.Errorf("response: got %s", r.body)
	}
	if r := get("scope", "payout", "resource", "https://api.example"); r.str("scope") != "payout" {
		t.Errorf("narrowed: got %s", r.body)
	}
	wantError(t, get("scope", "openid"), 400, "invalid_scope")
	wantError(t, get("scope", "payout admin"), 400, "invalid_scope")
	wantError(t, get("resource", "https://pay.example"), 400, "invalid_target")
	wantError(t, w.userInfo(t, r.str("access_token")), 403, "insufficient_scope")
}

func TestPublicClientRedeemsWithPKCE(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request("client_id", "spa"), alice).Get("code")
	v := form("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier, "client_id", "spa")
	if r := w.machine(t).post(protocol.PathToken, v); r.status != http.StatusOK || r.str("id_token") == "" {
		t.Errorf("got %d %s, want tokens", r.status, r.body)
	}
}

func TestRevocation(t *testing.T) { // RFC 7009
	t.Parallel()
	w := newWorld(t)
	revoke := func(client, token string, extra ...string) reply {
		return w.machine(t).post(protocol.PathRevoke, form(append([]string{"token", token}, extra...)...), "Authorization", basic(client))
	}
	r := w.tokens(t, "web")
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusOK {
		t.Fatalf("before: got %d %s", got.status, got.body)
	}
	// Another client's tokens stay alive.
	wantError(t, revoke("es", r.str("access_token")), 400, "invalid_grant")
	wantError(t, revoke("es", r.str("refresh_token")), 400, "invalid_grant")
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusOK {
		t.Fatalf("after a stranger's revocation: got %d %s", got.status, got.body)
	}
	// An access token dies alone.
	second := w.refresh(t, "web", r.str("refresh_token"))
	if got := revoke("web", r.str("access_token"), "token_type_hint", "refresh_token", "grant_type", "password"); got.status != http.StatusOK || got.body != "" {
		t.Errorf("revoke access token: got %d %s", got.status, got.body)
	}
	wantError(t, w.userInfo(t, r.str("access_token")), 401, "invalid_token")
	if got := w.userInfo(t, second.str("access_token")); got.status != http.StatusOK {
		t.Errorf("the grant's other access token: got %d %s, want 200", got.status, got.body)
	}
	// A refresh token takes its grant along.
	if got := revoke("web", second.str("refresh_token")); got.status != http.StatusOK {
		t.Errorf("revoke refresh token: got %d %s", got.status, got.body)
	}
	wantError(t, w.userInfo(t, second.str("access_token")), 401, "invalid_token")
	wantError(t, w.refresh(t, "web", second.str("refresh_token")), 400, "invalid_grant")

	for _, token := range []string{"x", "a.b.c", second.str("refresh_token")} {
		if got := revoke("web", token); got.status != http.StatusOK {
			t.Errorf("revoke %q: got %d %s, want 200", token, got.status, got.body)
		}
	}
	wantError(t, revoke("web", r.str("id_token")), 400, "unsupported_token_type")
	wantError(t, revoke("web", ""), 400, "invalid_request")
	wantError(t, w.machine(t).post(protocol.PathRevoke, form("token", "x")), 401, "invalid_client")
}

func TestSuspendedPersonGetsNoTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens(t, "web")
	if err := w.Provider.SetUserDisabled(t.Context(), idptest.Operator(), w.alice.ID, true); err != nil {
		t.Fatal(err)
	}
	wantError(t, w.refresh(t, "web", r.str("refresh_token")), 400, "invalid_grant")
	wantError(t, w.userInfo(t, r.str("access_token")), 401, "invalid_token")
}

// A failure inside shows as server_error and never in its own words.
func TestInternalErrorsKeepTheirText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request(), alice).Get("code")
	if err := w.Store.Close(); err != nil {
		t.Fatal(err)
	}
	r := w.redeem(t, "web", code)
	wantError(t, r, http.StatusInternalServerError, "server_error")
	if !strings.Contains(w.Log.String(), "protocol request") {
		t.Error("the log does not tell what happened")
	}
}
