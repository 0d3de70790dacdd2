package protocol_test

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// What a relying party is refused for stands in the log with its reason, and in
// docs/integrate/troubleshooting.md with its cure. No secret is logged (T-36).
func TestRefusalsAreLoggedAndExplained(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/integrate/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	asked := func(v url.Values) {
		w.machine(t).get(protocol.PathAuthorize + "?" + v.Encode())
	}
	code := func(changes ...string) string {
		return w.browser(t).signIn(request(append([]string{"client_id", "web", "scope", "openid offline_access"}, changes...)...), alice).Get("code")
	}
	token := func(header string, pairs ...string) {
		w.machine(t).post(protocol.PathToken, form(append([]string{"grant_type", "authorization_code"}, pairs...)...), "Authorization", header)
	}
	without := func(name string, changes ...string) url.Values {
		v := request(changes...)
		v.Del(name)
		return v
	}
	for reason, fail := range map[string]func(){
		"code_challenge is missing":                       func() { v := without("code_challenge"); v.Del("code_challenge_method"); asked(v) },
		"code_challenge_method must be S256":              func() { asked(without("code_challenge_method")) },
		"scope must contain openid":                       func() { asked(request("scope", "profile")) },
		"response_type must be code":                      func() { asked(request("response_type", "id_token")) },
		"resource is not registered for the client":       func() { asked(request("resource", "https://elsewhere.example")) },
		"id_token_hint is not an ID token of this client": func() { asked(request("id_token_hint", "nonsense")) },
		"nonce is missing": func() {
			v := without("code_challenge", "client_id", "old")
			v.Del("code_challenge_method")
			v.Del("nonce")
			asked(v)
		},
		"authorization requests must be pushed": func() { asked(request("client_id", "push")) },
		`"case":"redirect"`:                     func() { asked(request("redirect_uri", callback+"/?secret=hidden-in-a-query")) },
		`"case":"client"`:                       func() { asked(request("client_id", "nobody")) },
		`"case":"param"`:                        func() { asked(without("redirect_uri")) },
		`"case":"pushed"`:                       func() { asked(form("client_id", "web", "request_uri", "urn:ietf:params:oauth:request_uri:gone")) },

		"registered for client_secret_basic, came with client_secret_post": func() {
			w.machine(t).post(protocol.PathToken, form("grant_type", "authorization_code", "client_id", "web", "client_secret", secret))
		},
		"wrong secret":                         func() { token(basicOf("web", "not-the-secret")) },
		"no client that is served has this id": func() { token(basic("a-strangers-id")) },
		"the Authorization header is malformed, or names another client": func() { token("Basic !") },

		"invalid grant: code_verifier does not fit code_challenge": func() {
			w.machine(t).post(protocol.PathToken, form("grant_type", "authorization_code", "code", code(), "redirect_uri", callback,
				"code_verifier", strings.Repeat("x", 43)), "Authorization", basic("web"))
		},
		"invalid grant: redirect_uri is not that of the authorization request": func() {
			w.machine(t).post(protocol.PathToken, form("grant_type", "authorization_code", "code", code(), "redirect_uri", "https://rp.example/",
				"code_verifier", verifier), "Authorization", basic("web"))
		},
		"invalid grant: the code was used before; what it earned is revoked": func() {
			c := code()
			w.redeem(t, "web", c)
			w.redeem(t, "web", c)
		},
		"invalid grant: the code has expired":                  func() { c := code(); w.Clock.Advance(time.Minute); w.redeem(t, "web", c) },
		"invalid grant: the code was issued to another client": func() { w.redeem(t, "api", code()) },
		"invalid grant: the refresh token was used before; the grant is revoked": func() {
			old := w.redeem(t, "web", code()).str("refresh_token")
			next := w.refresh(t, "web", old).str("refresh_token")
			w.refresh(t, "web", next)
			w.refresh(t, "web", old)
		},
		"invalid grant: the grant has ended": func() {
			tokens := w.redeem(t, "web", code())
			w.machine(t).post(protocol.PathRevoke, form("token", tokens.str("refresh_token")), "Authorization", basic("web"))
			w.refresh(t, "web", tokens.str("refresh_token"))
		},
	} {
		before := len(w.Log.String())
		fail()
		line := w.Log.String()[before:]
		if !strings.Contains(line, reason) || !strings.Contains(line, `"client_id":`) || !strings.Contains(line, `"request_id":`) {
			t.Errorf("%s is not in the log:\n%s", reason, line)
		}
		if !strings.Contains(string(doc), "`"+reason+"`") {
			t.Errorf("troubleshooting.md does not explain %s", reason)
		}
	}
	for _, kept := range []string{secret, "not-the-secret", verifier, "a-strangers-id", "hidden-in-a-query"} {
		if strings.Contains(w.Log.String(), kept) {
			t.Errorf("the log has %q", kept)
		}
	}
}
