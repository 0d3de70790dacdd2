package protocol_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/outbound"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// listener is a relying party's back-channel logout URI.
type listener struct {
	url string

	mu     sync.Mutex
	status int // of the next answers; 0 for 200
	tokens []string
	kinds  []string // method and content type of each request
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.tokens = append(l.tokens, r.PostFormValue("logout_token"))
		l.kinds = append(l.kinds, r.Method+" "+r.Header.Get("Content-Type"))
		if l.status != 0 {
			w.WriteHeader(l.status)
		}
	}))
	t.Cleanup(srv.Close)
	l.url = srv.URL + "/logout"
	return l
}

func (l *listener) answer(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

// heard delivers the outbox and returns the tokens that came since the last call.
func (l *listener) heard(t *testing.T, w *world) []string {
	t.Helper()
	if err := w.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.tokens
	l.tokens = nil
	return got
}

// listening is a world in which clients web and es are told of logouts.
func listening(t *testing.T) (w *world, web, es *listener) {
	t.Helper()
	w, web, es = newWorld(t), newListener(t), newListener(t)
	for id, l := range map[string]*listener{"told": web, "told-es": es} {
		c := clients.Client{
			ID: id, Name: id, Auth: clients.AuthNone, RedirectURIs: []string{callback}, PostLogoutURIs: []string{bye},
			Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh},
			Rules:  clients.Rules{FirstParty: true}, BackchannelLogoutURI: l.url,
		}
		if id == "told-es" {
			c.IDTokenAlg = "ES256"
		}
		w.AddClient(t, c)
	}
	return w, web, es
}

// join signs the browser in to a public client and returns its ID token.
func (a *agent) join(client string) string {
	a.t.Helper()
	q := a.signIn(request("client_id", client), alice)
	r := a.w.machine(a.t).post(protocol.PathToken, form("grant_type", "authorization_code", "client_id", client,
		"code", q.Get("code"), "redirect_uri", callback, "code_verifier", verifier))
	return r.str("id_token")
}

// oidcc-backchannel-rp-initiated-logout: a sign-out at one relying party tells
// every relying party of that session, by a logout token (O-52, A-10.5.5).
func TestBackchannelLogout(t *testing.T) {
	t.Parallel()
	w, web, es := listening(t)
	b := w.browser(t)
	hint, other := b.join("told"), b.join("told-es")
	elsewhere := w.browser(t) // another session of the same person stays
	elsewhere.join("told")

	b.get(protocol.PathLogout + "?" + form("id_token_hint", hint, "post_logout_redirect_uri", bye).Encode())
	for _, c := range []struct {
		l               *listener
		client, alg, id string
	}{{web, "told", "RS256", hint}, {es, "told-es", "ES256", other}} {
		tokens := c.l.heard(t, w)
		if len(tokens) != 1 {
			t.Fatalf("%s heard %d times of the logout, want 1", c.client, len(tokens))
		}
		header, claims := parts(t, tokens[0])
		_, id := parts(t, c.id)
		now := float64(w.Clock.Now().Unix())
		jti, _ := claims["jti"].(string)
		want := map[string]any{
			"iss": w.URL, "sub": id["sub"], "aud": c.client, "sid": id["sid"], "iat": now, "exp": now + 120, "jti": jti,
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		if diff := cmp.Diff(want, claims); diff != "" || len(jti) < 26 {
			t.Errorf("%s: logout token (-want +got):\n%s", c.client, diff)
		}
		if header["typ"] != "logout+jwt" || header["alg"] != c.alg {
			t.Errorf("%s: header %v", c.client, header)
		}
		if _, err := w.Provider.Keys().Verify(tokens[0], "logout+jwt"); err != nil {
			t.Errorf("%s: %v", c.client, err)
		}
		if got := c.l.kinds[0]; got != "POST application/x-www-form-urlencoded" {
			t.Errorf("%s: %s", c.client, got)
		}
	}
	if !elsewhere.alive() {
		t.Error("the person's other session has ended too")
	}
	if n := len(web.heard(t, w)); n != 0 {
		t.Errorf("told %d times more", n)
	}
}

// T-49: a logout token is no ID token: not as a hint, not as an access token.
func TestLogoutTokenIsNothingElse(t *testing.T) {
	t.Parallel()
	w, web, _ := listening(t)
	b := w.browser(t)
	hint := b.join("told")
	b.get(protocol.PathLogout + "?id_token_hint=" + hint)
	token := web.heard(t, w)[0]
	if r := w.userInfo(t, token); r.status != http.StatusUnauthorized {
		t.Errorf("as an access token: %d", r.status)
	}
	b.join("told")
	b.get(protocol.PathLogout + "?id_token_hint=" + token)
	if !b.alive() {
		t.Error("as a hint it ended a session")
	}
}

// Every way a session ends tells its relying parties.
func TestEveryEndOfASessionIsTold(t *testing.T) {
	t.Parallel()
	operator := idp.Actor{Kind: "operator", ID: "test"}
	for name, end := range map[string]func(w *world, b *agent) error{
		"signing out": func(w *world, b *agent) error { return w.Provider.SignOut(t.Context(), b.state(), false) },
		"the account page": func(w *world, b *agent) error {
			list, err := w.Provider.Sessions(t.Context(), b.state())
			if err != nil {
				return err
			}
			return w.Provider.EndSession(t.Context(), b.state(), list[0].SID)
		},
		"signing out elsewhere": func(w *world, _ *agent) error {
			return w.Provider.EndOtherSessions(t.Context(), w.aliceBrowser(t))
		},
		"an operator": func(w *world, _ *agent) error {
			_, err := w.Provider.EndUserSessions(t.Context(), operator, w.alice.ID)
			return err
		},
		"suspension": func(w *world, _ *agent) error {
			return w.Provider.SetUserDisabled(t.Context(), operator, w.alice.ID, true)
		},
		"a reset of two-step verification": func(w *world, _ *agent) error {
			return w.Provider.ResetTwoStep(t.Context(), operator, w.alice.ID)
		},
		"another person in this browser": func(w *world, b *agent) error {
			page, err := url.Parse(b.authorize(request("prompt", "select_account")))
			if err != nil {
				return err
			}
			state := b.state()
			if _, err := w.Provider.SelectAccount(t.Context(), state, page.Query().Get("flow"), true); err != nil {
				return err
			}
			_, err = b.answer(page.String(), bob)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, web, _ := listening(t)
			b := w.browser(t)
			b.join("told")
			if err := end(w, b); err != nil {
				t.Fatal(err)
			}
			if n := len(web.heard(t, w)); n != 1 {
				t.Errorf("heard %d times, want 1", n)
			}
		})
	}
}

// A relying party that is down is told again, with a token that has not expired;
// one that refuses the token is not.
func TestLogoutIsToldAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status, times int
	}{"down": {http.StatusBadGateway, 7}, "refusing": {http.StatusBadRequest, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, web, es := listening(t)
			b := w.browser(t)
			b.join("told")
			hint := b.join("told-es")
			web.answer(c.status)
			b.get(protocol.PathLogout + "?id_token_hint=" + hint)
			if len(es.heard(t, w)) != 1 {
				t.Error("the other relying party was not told")
			}
			var tokens []string
			for range 20 {
				tokens = append(tokens, web.heard(t, w)...)
				if n := len(tokens); n > 0 && w.Clock.Now().Unix() == int64(claim(t, tokens[n-1], "iat")) && claim(t, tokens[n-1], "exp") <= float64(w.Clock.Now().Unix()) {
					t.Error("an expired token was sent")
				}
				w.Clock.Advance(2 * time.Minute)
			}
			if len(tokens) != c.times {
				t.Errorf("told %d times in forty minutes, want %d", len(tokens), c.times)
			}
			web.answer(http.StatusOK)
			if n := len(web.heard(t, w)); n != 0 {
				t.Error("told after it was given up")
			}
		})
	}
}

func claim(t *testing.T, token, name string) float64 {
	t.Helper()
	_, claims := parts(t, token)
	v, _ := claims[name].(float64)
	return v
}

// T-47: outside development, no logout reaches an address inside the deployment.
func TestBackchannelDoesNotReachInside(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	err := protocol.Backchannel{Client: outbound.New(outbound.Config{})}.NotifyLogout(t.Context(), l.url, "token")
	if err == nil || len(l.tokens) != 0 {
		t.Errorf("a loopback address was called, error %v", err)
	}
}
