package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// A relying party's form post carries no Lax cookie; the same request as GET
// does, so the session is not lost.
func TestAuthorizeByPostBecomesGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.signIn(request(), alice)

	v := request("prompt", "none", "state", "a b&c=d")
	crossSite := []string{"Origin", "https://rp.example", "Sec-Fetch-Site", "cross-site"}
	r := w.machine(t).post(protocol.PathAuthorize, v, crossSite...) // as the browser sends it: without cookies
	to, err := url.Parse(r.location())
	if err != nil || r.status != http.StatusSeeOther || to.Path != protocol.PathAuthorize || to.Host != "" {
		t.Fatalf("POST: got %d to %q, want 303 to the same endpoint (O-17)", r.status, r.location())
	}
	if got := to.Query().Encode(); got != v.Encode() {
		t.Errorf("parameters after POST: got %s, want %s", got, v.Encode())
	}
	if q := b.returned(b.get(r.location()).location(), callback); q.Get("code") == "" || q.Get("state") != "a b&c=d" {
		t.Errorf("followed with cookies: got %v, want a code and the state", q)
	}
	v.Add("prompt", "login")
	if q := b.returned(b.get(b.post(protocol.PathAuthorize, v).location()).location(), callback); q.Get("error") != "invalid_request" {
		t.Errorf("duplicates survive the redirect: got %v, want invalid_request", q)
	}
	r = w.machine(t).post(protocol.PathAuthorize, request("state", strings.Repeat("x", 20_000)))
	if r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("20 kB of state: got %d, want 413", r.status)
	}
}

// A request that is too long for a URL waits at the server for the browser.
func TestLongPostIsKeptUntilTheBrowserComes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.signIn(request(), alice)
	state := strings.Repeat("x", 8000)
	v := request("prompt", "none", "state", state)
	to := w.machine(t).post(protocol.PathAuthorize, v).location()
	if len(to) > 200 || !strings.HasPrefix(to, protocol.PathAuthorize+"?client_id=web&request_uri=") {
		t.Fatalf("8 kB of state: sent to %q, want a short URL", to)
	}
	if q := b.returned(b.get(to).location(), callback); q.Get("code") == "" || q.Get("state") != state {
		t.Errorf("the browser comes: got %v, want a code and the state", q)
	}
	if r := b.get(to); r.status != http.StatusBadRequest || r.location() != "" {
		t.Errorf("and once more: got %d to %q, want a page", r.status, r.location())
	}
	to = w.machine(t).post(protocol.PathAuthorize, v).location()
	w.Clock.Advance(time.Minute)
	if r := b.get(to); r.status != http.StatusBadRequest || r.location() != "" {
		t.Errorf("too late: got %d to %q, want a page", r.status, r.location())
	}
	// It is nothing pushed: whoever must push cannot take this way round.
	to = w.machine(t).post(protocol.PathAuthorize, request("client_id", "push", "state", state)).location()
	if q := b.returned(b.get(to).location(), callback); q.Get("error") != "invalid_request" {
		t.Errorf("a client that must push: got %v, want invalid_request", q)
	}
	v.Set("client_id", "nobody")
	if r := w.machine(t).post(protocol.PathAuthorize, v); r.status != http.StatusBadRequest {
		t.Errorf("of an unknown client: got %d, want 400 and nothing kept", r.status)
	}
	v = request("client_id", "web", "state", state)
	v.Add("prompt", "login")
	v.Add("prompt", "none")
	to = w.machine(t).post(protocol.PathAuthorize, v).location()
	if q := b.returned(b.get(to).location(), callback); q.Get("error") != "invalid_request" {
		t.Errorf("a parameter sent twice: got %v, want invalid_request", q)
	}
}

func TestAuthorizeEndpointAnswersPagesWithoutRedirect(t *testing.T) { // O-28
	t.Parallel()
	w := newWorld(t)
	for name, query := range map[string]string{
		"unknown client":  request("client_id", "nobody").Encode(),
		"disabled client": request("client_id", "gone").Encode(),
		"wrong URI":       request("redirect_uri", "https://evil.example/").Encode(),
		"client twice":    request().Encode() + "&client_id=other",
		"URI twice":       request().Encode() + "&redirect_uri=https://evil.example/",
		"nothing at all":  "",
		"not a query":     "client_id=%zz",
		"semicolons":      "client_id=web;redirect_uri=" + callback,
	} {
		r := w.browser(t).get(protocol.PathAuthorize + "?" + query)
		if r.status != http.StatusBadRequest || r.location() != "" {
			t.Errorf("%s: got %d to %q, want 400", name, r.status, r.location())
		}
	}
	endless := request("state", strings.Repeat("x", 20_000)).Encode()
	if r := w.browser(t).get(protocol.PathAuthorize + "?" + endless); r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("an endless query: got %d, want 413", r.status)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions} {
		if r := w.machine(t).do(method, protocol.PathAuthorize+"?"+request().Encode(), ""); r.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 405", method, r.status)
		}
	}
}

// Every error carries state and issuer, whatever goes wrong (O-16, T-18).
func TestErrorRedirectsCarryStateAndIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	for name, changes := range map[string][]string{
		"invalid_request": {"prompt", "x"}, "login_required": {"prompt", "none"}, "invalid_scope": {"scope", "x"},
		"invalid_target": {"resource", "https://evil.example"}, "unsupported_response_type": {"response_type", "token"},
	} {
		to := b.authorize(request(changes...))
		q := b.returned(to, callback)
		if q.Get("error") != name || q.Get("state") != "s" || q.Has("code") {
			t.Errorf("%v: got %v, want error %s with state", changes, q, name)
		}
		for param := range q {
			switch param {
			case "error", "error_description", "state", "iss":
			default:
				t.Errorf("%v: unexpected parameter %s", changes, param)
			}
		}
	}
	v := request()
	v["state"] = []string{"a", "b"}
	if q := b.returned(b.authorize(v), callback); q.Get("error") != "invalid_request" || q.Has("state") {
		t.Errorf("state sent twice: got %v, want invalid_request and neither state", q)
	}
}

func TestThirdPartyNeedsConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.signIn(request(), alice)
	v := request("client_id", "third", "scope", "openid email", "prompt", "none")
	if q := b.returned(b.authorize(v), callback); q.Get("error") != "consent_required" {
		t.Errorf("first time under prompt=none: got %v, want consent_required", q)
	}
	if q := w.browser(t).signIn(request("client_id", "third", "scope", "openid email"), alice); q.Get("code") == "" {
		t.Errorf("after consent: got %v, want a code", q)
	}
	if q := b.returned(b.authorize(v), callback); q.Get("code") == "" {
		t.Errorf("asked again under prompt=none: got %v, want a code", q)
	}
}

// O-24: expired hints are good, others' and altered ones are not.
func TestIDTokenHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	hint := w.redeem(t, "web", b.signIn(request(), alice).Get("code")).str("id_token")
	w.Clock.Advance(10 * time.Minute)
	ask := func(token string) string {
		q := b.returned(b.authorize(request("prompt", "none", "id_token_hint", token)), callback)
		return q.Get("error")
	}
	if got := ask(hint); got != "" {
		t.Errorf("expired hint: got %s, want a code", got)
	}
	_, claims := parts(t, hint)
	for name, change := range map[string]map[string]any{
		"another client's": {"aud": "other"}, "another issuer's": {"iss": "https://evil.example"}, "nobody's": {"sub": ""},
	} {
		altered := map[string]any{}
		for k, v := range claims {
			altered[k] = v
		}
		for k, v := range change {
			altered[k] = v
		}
		token, err := w.Provider.Keys().Sign("RS256", "JWT", altered)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(token); got != "invalid_request" {
			t.Errorf("%s hint: got error %q, want invalid_request", name, got)
		}
	}
}

func TestACRValuesAskForSecondStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.ACRAliases(map[string]string{"https://refeds.org/profile/mfa": "urn:sekisho:acr:2sv"}))
	w.AddUserWith(t, carol, password, mobile, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	for _, value := range []string{"urn:sekisho:acr:2sv", "https://refeds.org/profile/mfa", "phrh"} {
		b := w.browser(t)
		page := b.authorize(request("acr_values", "urn:unknown "+value))
		u, err := url.Parse(page)
		if err != nil {
			t.Fatal(err)
		}
		next, err := w.Provider.SubmitPassword(t.Context(), b.state(), u.Query().Get("flow"), carol, password)
		if err != nil || next.Reply != nil || next.Step.Page != "code" {
			t.Errorf("acr_values=%s: got %+v, %v, want the code page", value, next, err)
		}
	}
}

// T-44: nothing is made from the Host header.
func TestHostHeaderDoesNotChangeIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL+protocol.PathDiscovery, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		t.Errorf("metadata for another host: got 200, want a refusal")
	}
}

func TestRequestErrorTellsNothingSent(t *testing.T) {
	t.Parallel()
	err := &idp.RequestError{Case: "redirect", Param: "redirect_uri", ClientID: "<b>", Given: "https://evil.example"}
	if got := err.Error(); strings.Contains(got, "evil") || strings.Contains(got, "<") {
		t.Errorf("text of the error: %q", got)
	}
}
