package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// open is the authorization request that opens a pushed one.
func open(client, uri string) url.Values {
	return url.Values{"client_id": {client}, "request_uri": {uri}}
}

// pushedURI pushes a good request and returns its handle.
func (w *world) pushedURI(t *testing.T, client string, changes ...string) string {
	t.Helper()
	r := w.push(t, client, request(changes...))
	if r.status != http.StatusCreated {
		t.Fatalf("push: got %d %s, want 201", r.status, r.body)
	}
	return r.str("request_uri")
}

func TestPushedRequestIsOpenedByTheBrowser(t *testing.T) { // RFC 9126 §2.2
	t.Parallel()
	w := newWorld(t)
	r := w.push(t, "push", request("state", "inside"))
	if r.status != http.StatusCreated || r.json()["expires_in"] != float64(60) || r.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("push: got %d %s %v", r.status, r.body, r.header)
	}
	uri := r.str("request_uri")
	token, ours := strings.CutPrefix(uri, "urn:ietf:params:oauth:request_uri:")
	if !ours || len(token) < 43 {
		t.Errorf("request_uri %q: want one of 256 bits", uri)
	}
	// Nothing beside it counts.
	v := open("push", uri)
	for name, value := range map[string]string{
		"state": "outside", "redirect_uri": "https://evil.example/", "scope": "openid email", "prompt": "none",
		"response_type": "token", "request": "x", "code_challenge": "", "nonce": "outside",
	} {
		v.Set(name, value)
	}
	v.Add("max_age", "1")
	v.Add("max_age", "2")
	q := w.browser(t).signInTo(v, alice, callback)
	if q.Get("code") == "" || q.Get("state") != "inside" {
		t.Fatalf("got %v, want a code and the state that was pushed", q)
	}
	if got := w.redeem(t, "push", q.Get("code")); got.str("scope") != "openid" {
		t.Errorf("scope %q, want the one that was pushed", got.str("scope"))
	}
}

// RFC 9126 §2.3: what is wrong is told at once, to the client.
func TestPushRefusesBadRequestsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"a reference in it (RFC 9126 §2.1)", []string{"request_uri", "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"},
		{"an unregistered redirect URI", []string{"redirect_uri", "https://evil.example/"}, "invalid_request"},
		{"no redirect URI", []string{"redirect_uri", ""}, "invalid_request"},
		{"implicit", []string{"response_type", "token"}, "unsupported_response_type"},
		{"no PKCE", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"plain PKCE", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"no openid", []string{"scope", "email"}, "invalid_scope"},
		{"a request object of a client without keys", []string{"request", "x"}, "request_not_supported"},
		{"malformed claims", []string{"claims", "["}, "invalid_request"},
		{"another client's resource", []string{"resource", "https://api.example"}, "invalid_target"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, w.push(t, "push", request(tt.changes...)), http.StatusBadRequest, tt.want)
		})
	}
	v := request()
	v.Add("scope", "openid")
	wantError(t, w.push(t, "push", v), http.StatusBadRequest, "invalid_request")
	w.notAdmitted(t)
}

// RFC 9126 §2: the client is authenticated as at the token endpoint, by POST alone.
func (w *world) notAdmitted(t *testing.T) {
	t.Helper()
	m := w.machine(t)
	for name, r := range map[string]reply{
		"no authentication": m.post(protocol.PathPush, request("client_id", "push")),
		"a wrong secret":    m.post(protocol.PathPush, request("client_id", "push"), "Authorization", "Basic cHVzaDp4"),
		"another's name":    m.post(protocol.PathPush, request("client_id", "web"), "Authorization", basic("push")),
		"a disabled client": m.post(protocol.PathPush, request("client_id", "gone"), "Authorization", basic("gone")),
	} {
		if r.status != http.StatusUnauthorized || r.str("error") != "invalid_client" {
			t.Errorf("%s: got %d %s, want 401 invalid_client", name, r.status, r.body)
		}
	}
	wantError(t, m.get(protocol.PathPush+"?"+request("client_id", "push").Encode()), http.StatusMethodNotAllowed, "invalid_request")
	wantError(t, m.post(protocol.PathPush+"?client_id=push", request(), "Authorization", basic("push")), http.StatusBadRequest, "invalid_request")
	if r := m.post(protocol.PathPush, request("client_id", "spa")); r.status != http.StatusCreated {
		t.Errorf("a public client: got %d %s, want 201", r.status, r.body)
	}
	v := request("client_id", "post")
	v.Set("client_secret", secret)
	r := m.post(protocol.PathPush, v)
	if r.status != http.StatusCreated {
		t.Errorf("client_secret_post: got %d %s, want 201", r.status, r.body)
	}
	if q := w.browser(t).signInTo(open("post", r.str("request_uri")), alice, callback); q.Get("code") == "" {
		t.Errorf("client_secret_post: got %v", q)
	}
}

// The handle opens one sign-in of one client, for a minute, and is used up by
// the answer, not by a look: a person may reload the page.
func TestPushedRequestIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := func(name string, v url.Values, b *agent) {
		t.Helper()
		if r := b.get(protocol.PathAuthorize + "?" + v.Encode()); r.status != http.StatusBadRequest || r.location() != "" || strings.Contains(r.body, `name="password"`) {
			t.Errorf("%s: got %d to %q, want a page", name, r.status, r.location())
		}
	}
	uri := w.pushedURI(t, "push")
	b := w.browser(t)
	first, second := b.authorize(open("push", uri)), b.authorize(open("push", uri)) // reloaded
	if to, err := b.answer(first, alice); err != nil || !strings.Contains(to, "code=") {
		t.Fatalf("answered: got %s, %v", to, err)
	}
	if to, err := b.answer(second, alice); err == nil {
		t.Errorf("answered twice: sent to %s", to)
	}
	page("used", open("push", uri), b)

	page("another client's", open("web", w.pushedURI(t, "push")), b)
	page("unknown", open("push", "urn:ietf:params:oauth:request_uri:x"), b)
	twice := open("push", w.pushedURI(t, "push"))
	twice.Add("request_uri", w.pushedURI(t, "push"))
	page("two handles", twice, b)

	uri = w.pushedURI(t, "push")
	w.Clock.Advance(60 * time.Second)
	page("expired (C-39)", open("push", uri), b)

	uri = w.pushedURI(t, "push", "prompt", "none")
	if q := b.returned(b.authorize(open("push", uri)), callback); !q.Has("code") && q.Get("error") == "" {
		t.Errorf("prompt=none: got %v", q)
	}
	page("used by an error or a code under prompt=none", open("push", uri), b)
}

// A sign-in that takes long may still answer: what expires is the opening.
func TestPushedRequestLivesAsLongAsItsSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	to := b.authorize(open("push", w.pushedURI(t, "push")))
	w.Clock.Advance(20 * time.Minute)
	if err := w.Provider.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at, err := b.answer(to, alice); err != nil || !strings.Contains(at, "code=") {
		t.Errorf("after 20 minutes: sent to %q, %v, want a code", at, err)
	}
}

// Two tabs at once: one answer.
func TestPushedRequestCannotBeAnsweredInParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.signIn(request(), alice)
	uri := w.pushedURI(t, "push")
	replies := make([]reply, 16)
	var wg sync.WaitGroup
	for i := range replies {
		wg.Go(func() { replies[i] = b.get(protocol.PathAuthorize + "?" + open("push", uri).Encode()) })
	}
	wg.Wait()
	codes := 0
	for _, r := range replies {
		if strings.Contains(r.location(), "code=") {
			codes++
		} else if r.status != http.StatusBadRequest {
			t.Errorf("a loser: got %d to %q, want a page", r.status, r.location())
		}
	}
	if codes != 1 {
		t.Errorf("%d of 16 got a code, want 1", codes)
	}
}

// Whoever must push cannot do without, and cannot be made to by anybody's link.
func TestRequirePAR(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Clients(clients.Client{
		ID: "both", Name: "both", SecretHashes: []string{clients.HashSecret(secret)}, RedirectURIs: []string{callback},
		RequirePAR: true, JWKS: partyKeys("ES256"), RequestObjectAlg: "ES256", Rules: clients.Rules{FirstParty: true},
	}))
	b := w.browser(t)
	token := es256().signed(t, "", object(w.Clock.Now(), w.URL, "iss", "both", "client_id", nil))
	for name, v := range map[string]url.Values{
		"a plain request": request("client_id", "push"), "a signed request": request("client_id", "both", "request", token),
		"a reference": request("client_id", "push", "request_uri", "https://rp.example/r"),
	} {
		if q := b.returned(b.authorize(v), callback); q.Get("error") != "invalid_request" || q.Get("state") != "s" {
			t.Errorf("%s: got %v, want invalid_request", name, q)
		}
	}
	if r := b.get(protocol.PathAuthorize + "?" + request("client_id", "push", "redirect_uri", "https://evil.example/").Encode()); r.status != 400 || r.location() != "" {
		t.Errorf("with an unregistered URI: got %d to %q, want a page", r.status, r.location())
	}
	r := w.push(t, "both", url.Values{"request": {token}})
	if r.status != http.StatusCreated {
		t.Fatalf("a signed request, pushed: got %d %s", r.status, r.body)
	}
	w.Clock.Advance(50 * time.Second)
	if q := b.signInTo(open("both", r.str("request_uri")), alice, callback); q.Get("state") != "inside" || !q.Has("code") {
		t.Errorf("opened: got %v, want a code and the state of the object", q)
	}
	forged := stranger().signed(t, "", object(w.Clock.Now(), w.URL, "iss", "both", "client_id", nil))
	wantError(t, w.push(t, "both", url.Values{"request": {forged}}), http.StatusBadRequest, "invalid_request_object")
}

// What changed since the push is judged when the browser comes.
func TestPushedRequestIsJudgedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stored := clients.Client{ID: "stored", Name: "Stored", RedirectURIs: []string{callback}, Rules: clients.Rules{FirstParty: true}}
	key := w.AddClient(t, stored)
	v := request("client_id", "stored")
	auth := basicOf("stored", key)
	uri := w.machine(t).post(protocol.PathPush, v, "Authorization", auth).str("request_uri")
	if err := w.Provider.SetClientDisabled(t.Context(), idptest.Operator(), "stored", true); err != nil {
		t.Fatal(err)
	}
	r := w.browser(t).get(protocol.PathAuthorize + "?" + open("stored", uri).Encode())
	if r.status != http.StatusBadRequest || r.location() != "" {
		t.Errorf("the client is disabled meanwhile: got %d to %q, want a page", r.status, r.location())
	}
}

// T-52: nothing of a pushed request is in the log or, in clear, in the database.
func TestPushedRequestLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uri := w.pushedURI(t, "push", "login_hint", "hint-for-nobody@example.jp", "state", "a-state-to-look-for")
	w.browser(t).signInTo(open("push", uri), alice, callback)
	for _, secret := range []string{strings.TrimPrefix(uri, "urn:ietf:params:oauth:request_uri:"), "hint-for-nobody", "a-state-to-look-for"} {
		if strings.Contains(w.Log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !idp.IsPushed(uri) || idp.IsPushed("https://rp.example/r") {
		t.Error("IsPushed")
	}
}
