package protocol_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// One test for each hazard measured in the libraries we build on
// (requirements.md 3.B). Each begins where the attacker begins.

// The attacker starts a request, the victim signs in at its link, the attacker
// collects (T-08).
func TestH01AuthRequestHijack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attacker, victim := w.browser(t), w.browser(t)
	page := attacker.authorize(request())

	if _, err := victim.answer(page, alice); !errors.Is(err, idp.ErrNoCookie) {
		t.Errorf("victim without cookies: got %v, want ErrNoCookie", err)
	}
	if p := w.Browser(t).Get(page); p.Status < 400 || strings.Contains(p.Body, `name="password"`) {
		t.Errorf("victim at the attacker's link: got %d, want an error page without a form", p.Status)
	}
	victim.authorize(request()) // a victim who has a sign-in of their own
	if to, err := victim.answer(page, alice); !errors.Is(err, idp.ErrOtherBrowser) {
		t.Errorf("victim with another sign-in: got %q, %v, want ErrOtherBrowser", to, err)
	}
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	id := u.Query().Get("flow")
	for _, path := range []string{"/oauth2/authorize/callback?id=" + id, "/authorize/callback?id=" + id, page} {
		r := attacker.get(path)
		if strings.Contains(r.location(), "code=") || strings.HasPrefix(r.location(), callback) {
			t.Errorf("attacker at %s: got %d to %q", path, r.status, r.location())
		}
	}
}

// The answer of a finished sign-in is asked for once more (T-09).
func TestH02SecondCallbackMintsSecondCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	page := b.authorize(request())
	if _, err := b.answer(page, alice); err != nil {
		t.Fatal(err)
	}
	if to, err := b.answer(page, alice); !errors.Is(err, idp.ErrStale) {
		t.Errorf("second answer of one sign-in: got %q, %v, want ErrStale", to, err)
	}
	if r := b.get(page); strings.Contains(r.location(), "code=") {
		t.Errorf("finished sign-in opened again: sent to %q", r.location())
	}
}

func TestH03PlainPKCE(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	for name, changes := range map[string][]string{
		"plain":          {"code_challenge", verifier, "code_challenge_method", "plain"},
		"no method":      {"code_challenge", verifier, "code_challenge_method", ""},
		"unknown method": {"code_challenge_method", "S512"},
		"no challenge":   {"code_challenge", "", "code_challenge_method", ""},
	} {
		q := b.returned(b.authorize(request(changes...)), callback)
		if q.Get("error") != "invalid_request" || q.Get("state") != "s" || q.Has("code") {
			t.Errorf("%s: got %v, want invalid_request with state", name, q)
		}
	}
	// A confidential client that omits the verifier: protocol.md §2.
	for name, v := range map[string]string{"no verifier": "", "wrong verifier": strings.Repeat("a", 43), "short verifier": "abc", "the challenge": challenge} {
		code := b.signIn(request(), alice).Get("code")
		pairs := form("grant_type", "authorization_code", "code", code, "redirect_uri", callback)
		if v != "" {
			pairs.Set("code_verifier", v)
		}
		r := w.machine(t).post(protocol.PathToken, pairs, "Authorization", basic("web"))
		t.Run(name, func(t *testing.T) { wantError(t, r, http.StatusBadRequest, "invalid_grant") })
	}
}

// O-04: a verifier for a code that was asked for without challenge.
func TestPKCEDowngrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request("client_id", "old", "code_challenge", "", "code_challenge_method", ""), alice).Get("code")
	wantError(t, w.redeem(t, "old", code), http.StatusBadRequest, "invalid_grant")
}

// T-17: 32 redemptions at once; one wins, and the losers take its tokens away.
func TestH04ParallelRedemption(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.browser(t).signIn(request("scope", "openid offline_access"), alice).Get("code")
	replies := make([]reply, 32)
	var wg sync.WaitGroup
	for i := range replies {
		wg.Go(func() { replies[i] = w.redeem(t, "web", code) })
	}
	wg.Wait()
	var won []reply
	for _, r := range replies {
		if r.status == http.StatusOK {
			won = append(won, r)
			continue
		}
		wantError(t, r, http.StatusBadRequest, "invalid_grant")
	}
	if len(won) != 1 {
		t.Fatalf("successful redemptions: got %d, want 1", len(won))
	}
	wantError(t, w.refresh(t, "web", won[0].str("refresh_token")), http.StatusBadRequest, "invalid_grant")
	wantError(t, w.userInfo(t, won[0].str("access_token")), http.StatusUnauthorized, "invalid_token")
}

func TestH05DecodedRedirectURI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	for _, uri := range []string{"https://rp.example/c%62", "https%3A%2F%2Frp.example%2Fcb", callback + "%20", callback + "#", "https://rp.example/x/../cb", "//rp.example/cb"} {
		r := b.get(protocol.PathAuthorize + "?" + request("redirect_uri", uri).Encode())
		if r.status != http.StatusBadRequest || r.location() != "" {
			t.Errorf("redirect_uri %q: got %d to %q, want a page with 400", uri, r.status, r.location())
		}
	}
	code := b.signIn(request(), alice).Get("code")
	v := form("grant_type", "authorization_code", "code", code, "redirect_uri", "https://rp.example/c%62", "code_verifier", verifier)
	wantError(t, w.machine(t).post(protocol.PathToken, v, "Authorization", basic("web")), http.StatusBadRequest, "invalid_grant")
}

// Random and altered strings as tokens: nothing of a token is believed before
// its signature, and no token is decrypted at all.
func TestH06ForgedOpaqueToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.tokens(t, "web").str("access_token")
	forged := []string{"x", "..", "a:b", base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("user:admin", 8)))}
	for i := 0; i < len(good); i += 37 {
		flipped := []byte(good)
		flipped[i] ^= 1
		forged = append(forged, string(flipped))
	}
	for _, token := range forged {
		if r := w.userInfo(t, token); r.status != http.StatusUnauthorized {
			t.Errorf("forged token %q: got %d %s, want 401", token, r.status, r.body)
		}
	}
}

func TestH07CORSWithCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.machine(t)
	origin := []string{"Origin", "https://evil.example"}
	preflight := append([]string{"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization"}, origin...)
	open := []string{protocol.PathDiscovery, protocol.PathMetadata, protocol.PathJWKS, protocol.PathToken, protocol.PathUserInfo, protocol.PathRevoke}
	closed := []string{protocol.PathAuthorize, protocol.PathLogout, protocol.PathStatus, "/signin", "/account"}
	for _, path := range append(open, closed...) {
		want := ""
		if strings.HasPrefix(path, "/.well-known/") || path == protocol.PathJWKS || path == protocol.PathToken || path == protocol.PathUserInfo || path == protocol.PathRevoke {
			want = "*"
		}
		if r := m.get(path); r.header.Get("Access-Control-Expose-Headers") != "" {
			t.Errorf("%s: whoever is no script is told what scripts may read", path)
		}
		for what, r := range map[string]reply{"GET": m.get(path, origin...), "preflight": m.do(http.MethodOptions, path, "", preflight...)} {
			if got := r.header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s %s: allowed origin %q, want %q", what, path, got, want)
			}
			if got := r.header.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("%s %s: credentials are allowed: %q", what, path, got)
			}
		}
	}
}

// A page of a stranger sends the browser to the logout endpoint (O-50).
func TestH08LogoutCSRF(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.signIn(request(), alice)
	for _, v := range []url.Values{
		{}, form("client_id", "web", "post_logout_redirect_uri", bye), form("id_token_hint", "x.y.z", "client_id", "web", "post_logout_redirect_uri", bye),
	} {
		if to := b.get(protocol.PathLogout + "?" + v.Encode()).location(); !strings.HasPrefix(to, "/signout?request=") {
			t.Errorf("logout %s: sent to %q, want the confirmation", v.Encode(), to)
		}
	}
	if q := b.returned(b.authorize(request("prompt", "none")), callback); q.Get("code") == "" {
		t.Errorf("after refused logouts: got %v, want the session alive", q)
	}
}

func TestH09MalformedBasicPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	encode := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, header := range []string{
		encode("web:%zz"), encode("%zz:x"), encode("web"), encode(":"), encode("web:"), encode(":" + secret), "Basic", "Basic ", "Basic ====", "Basic d2Vi",
		"Bearer x", "Digest username=web", encode("web\x00:x"), encode("nobody:" + secret), encode("gone:" + secret), encode("web:wrong"),
	} {
		for _, grant := range []string{"authorization_code", "refresh_token", "client_credentials", "password", ""} {
			r := w.machine(t).post(protocol.PathToken, form("grant_type", grant, "code", "x", "refresh_token", "x", "redirect_uri", callback), "Authorization", header)
			if r.status != http.StatusUnauthorized || r.str("error") != "invalid_client" || !strings.HasPrefix(r.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("header %q, grant %q: got %d %s (%q)", header, grant, r.status, r.body, r.header.Get("WWW-Authenticate"))
			}
		}
	}
}

// O-32, O-25: acr, amr and auth_time are the sign-in's, refresh after refresh.
func TestH10ACRVanishesOnRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens(t, "web")
	r := first
	for range 3 {
		w.Clock.Advance(time.Minute)
		if r = w.refresh(t, "web", r.str("refresh_token")); r.status != http.StatusOK {
			t.Fatalf("refresh: got %d %s", r.status, r.body)
		}
	}
	for _, name := range []string{"id_token", "access_token"} {
		_, before := parts(t, first.str(name))
		_, after := parts(t, r.str(name))
		for _, claim := range []string{"acr", "amr", "auth_time", "sid", "sub"} {
			if before[claim] == nil || fmt.Sprint(before[claim]) != fmt.Sprint(after[claim]) {
				t.Errorf("%s of %s: got %v, want %v", claim, name, after[claim], before[claim])
			}
		}
		if after["iat"] == before["iat"] || after["nonce"] != nil {
			t.Errorf("%s: got iat %v and nonce %v", name, after["iat"], after["nonce"])
		}
	}
}

// T-49: every kind of token of ours where another kind belongs.
func TestH11TokenTypeConfusion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	q := b.signIn(request("scope", "openid offline_access"), alice)
	r := w.redeem(t, "web", q.Get("code"))
	id, access, refresh := r.str("id_token"), r.str("access_token"), r.str("refresh_token")
	_, claims := parts(t, access)
	logoutToken, err := w.Provider.Keys().Sign("ES256", "logout+jwt", claims)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := w.Provider.Keys().Sign("ES256", "JWT", claims)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"ID token": id, "logout token": logoutToken, "access claims as JWT": plain, "refresh token": refresh} {
		t.Run(name+" as access token", func(t *testing.T) {
			wantError(t, w.userInfo(t, token), http.StatusUnauthorized, "invalid_token")
		})
	}
	for name, token := range map[string]string{"access token": access, "logout token": logoutToken, "refresh token": refresh} {
		if q := b.returned(b.authorize(request("prompt", "none", "id_token_hint", token)), callback); q.Get("error") != "invalid_request" {
			t.Errorf("%s as hint: got %v", name, q)
		}
		if to := b.get(protocol.PathLogout + "?id_token_hint=" + token).location(); !strings.HasPrefix(to, "/signout?request=") {
			t.Errorf("%s as logout hint: sent to %q", name, to)
		}
	}
	for name, token := range map[string]string{"ID token": id, "access token": access} {
		t.Run(name+" as refresh token", func(t *testing.T) {
			wantError(t, w.refresh(t, "web", token), http.StatusBadRequest, "invalid_grant")
		})
	}
	if r := w.userInfo(t, access); r.status != http.StatusOK {
		t.Errorf("the right kind: got %d %s", r.status, r.body)
	}
}

// H-12 is proved value by value in TestDiscoveryTellsTheTruth; here is what the
// library would add of its own accord.
func TestH12DiscoveryLies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := w.machine(t).get(protocol.PathDiscovery).body
	for _, lie := range []string{"implicit", "id_token token", "token-exchange", "jwt-bearer", "registration", "check_session", "fragment", "plain", "client_secret_jwt", "HS256"} {
		if strings.Contains(body, lie) {
			t.Errorf("metadata promises %q: %s", lie, body)
		}
	}
}

// A secret in the URL ends in every access log on the way.
func TestH14SecretInQuery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.machine(t)
	v := form("grant_type", "client_credentials", "client_id", "machine", "client_secret", secret, "token", "x").Encode()
	for _, path := range []string{protocol.PathToken, protocol.PathRevoke, protocol.PathStatus} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			if r := m.do(method, path+"?"+v, "", "Authorization", basic("machine")); r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != "POST" {
				t.Errorf("%s %s: got %d %s, want 405", method, path, r.status, r.body)
			}
		}
		wantError(t, m.post(path+"?"+v, form(), "Authorization", basic("machine")), http.StatusBadRequest, "invalid_request")
		wantError(t, m.post(path+"?scope=payout", form("grant_type", "client_credentials"), "Authorization", basic("machine")), http.StatusBadRequest, "invalid_request")
	}
}

// What the library stores and forgets is enforced: prompt, max_age, hint, scope, iss.
func TestH15IgnoredParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	q := b.signIn(request(), alice)
	hint := w.redeem(t, "web", q.Get("code")).str("id_token")

	if q := b.returned(b.authorize(request("prompt", "none", "id_token_hint", hint)), callback); q.Get("code") == "" {
		t.Errorf("prompt=none with a hint about the session: got %v, want a code", q)
	}
	w.Clock.Advance(time.Minute)
	if to := b.authorize(request("prompt", "login")); !strings.HasPrefix(to, "/signin") {
		t.Errorf("prompt=login: sent to %q, want the password page", to)
	}
	if q := b.returned(b.authorize(request("prompt", "none", "acr_values", "urn:sekisho:acr:2sv")), callback); q.Get("code") == "" && q.Get("error") == "" {
		t.Errorf("acr_values: got %v", q)
	}
	w.Clock.Advance(time.Minute)
	if to := b.authorize(request("max_age", "30")); !strings.HasPrefix(to, "/signin") {
		t.Errorf("max_age exceeded: sent to %q, want the password page", to)
	}
	if q := b.returned(b.authorize(request("prompt", "none", "max_age", "30")), callback); q.Get("error") != "login_required" {
		t.Errorf("max_age exceeded under prompt=none: got %v, want login_required", q)
	}
	stranger := w.browser(t)
	stranger.signIn(request(), bob)
	if q := stranger.returned(stranger.authorize(request("prompt", "none", "id_token_hint", hint)), callback); q.Get("error") != "login_required" {
		t.Errorf("hint about somebody else (O-24): got %v, want login_required", q)
	}
	if q := b.returned(b.authorize(request("scope", "profile")), callback); q.Get("error") != "invalid_scope" {
		t.Errorf("scope without openid: got %v", q)
	}
}

// T-36: neither state nor codes nor secrets nor tokens reach the log, also not
// through the library's own lines.
func TestH16SecretsInLogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	q := b.signIn(request("state", "state-in-the-log", "scope", "openid offline_access"), alice)
	r := w.redeem(t, "web", q.Get("code"))
	w.redeem(t, "web", q.Get("code"))
	b.authorize(request("state", "state-in-the-log", "prompt", "none login"))
	w.machine(t).post(protocol.PathToken, form("grant_type", "client_credentials", "client_id", "web", "client_secret", secret))
	log := w.Log.String() + defaultLog.String()
	for name, value := range map[string]string{
		"state": "state-in-the-log", "code": q.Get("code"), "access token": r.str("access_token"),
		"refresh token": r.str("refresh_token"), "client secret": secret, "verifier": verifier,
	} {
		if value == "" || strings.Contains(log, value) {
			t.Errorf("%s %q is in the log", name, value)
		}
	}
}
