package demo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients/demo"
)

func TestSignedInPersonSeesWhatWasProved(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newApp(t, p, demo.Buyer, "")
	b.page("Sign in to see your orders")
	asked := b.depart("/login")
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "minato", "scope": "openid profile email", "redirect_uri": b.app + "/callback",
		"code_challenge_method": "S256", "ui_locales": "en", "acr_values": "", "max_age": "",
	} {
		if got := asked.Get(name); got != want {
			t.Errorf("asked with %s=%q, want %q", name, got, want)
		}
	}
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.answer(asked, p.claims("sakura", trusted))))
	b.page("Hello, Sakura", trusted, "Code skipped on a trusted device", "[&#34;pwd&#34;]", "&#34;auth_time&#34;:", "You skipped the code")
	b.expect(http.StatusOK, "こんにちは、Sakuraさん")(b.do(http.MethodGet, "/?lang=ja"))
	b.page("こんにちは、Sakuraさん")
}

//
func TestSignInCannotBeStartedForSomebody(t *testing.T) {
	t.Parallel()
	b := newApp(t, newProvider(t), demo.Buyer, "")
	b.expect(http.StatusMethodNotAllowed)(b.do(http.MethodGet, "/login"))
	b.expect(http.StatusForbidden)(b.do(http.MethodPost, "/login", "Sec-Fetch-Site", "cross-site"))
	b.expect(http.StatusForbidden)(b.do(http.MethodPost, "/logout", "Origin", "https://attacker.example"))
}

//
func TestForeignAnswersAreRefused(t *testing.T) {
	t.Parallel()
	change := func(answer, name, value string) string {
		u, _ := url.Parse(answer)
		q := u.Query()
		if q.Del(name); value != "" {
			q.Set(name, value)
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	tests := []struct {
		name string
		make func(p *provider, asked url.Values) string
	}{
		{"another state", func(p *provider, q url.Values) string { return change(p.answer(q, p.claims("s", pwd)), "state", "x") }},
		{"no state", func(p *provider, q url.Values) string { return change(p.answer(q, p.claims("s", pwd)), "state", "") }},
		{"another issuer (mix-up)", func(p *provider, q url.Values) string {
			return change(p.answer(q, p.claims("s", pwd)), "iss", "https://attacker.example")
		}},
		{"no issuer", func(p *provider, q url.Values) string { return change(p.answer(q, p.claims("s", pwd)), "iss", "") }},
		{"a made-up code", func(p *provider, q url.Values) string { return change(p.answer(q, p.claims("s", pwd)), "code", "x") }},
		{"ID token of another sign-in", func(p *provider, q url.Values) string {
			c := p.claims("s", pwd)
			c["nonce"] = "of another"
			return p.answer(q, c)
		}},
		{"ID token for another client", func(p *provider, q url.Values) string {
			c := p.claims("s", pwd)
			c["aud"] = "minato-tool"
			return p.answer(q, c)
		}},
		{"ID token of another issuer", func(p *provider, q url.Values) string {
			c := p.claims("s", pwd)
			c["iss"] = "https://attacker.example"
			return p.answer(q, c)
		}},
		{"expired ID token", func(p *provider, q url.Values) string {
			c := p.claims("s", pwd)
			c["exp"] = time.Now().Unix() - 60
			return p.answer(q, c)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			b := newApp(t, p, demo.Buyer, "")
			b.expect(http.StatusBadRequest, "cannot be finished")(b.do(http.MethodGet, tt.make(p, b.depart("/login"))))
			b.page("Sign in to see your orders")
		})
	}
}

func TestAnswerIsWorthNothingInAnotherBrowser(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	attacker := newApp(t, p, demo.Buyer, "")
	answer := p.answer(attacker.depart("/login"), p.claims("attacker", pwd))
	victim := newBrowser(t, attacker.app)
	victim.expect(http.StatusBadRequest)(victim.do(http.MethodGet, answer))
	victim.depart("/login")
	victim.expect(http.StatusBadRequest)(victim.do(http.MethodGet, answer))
	victim.page("Sign in to see your orders")
}

func TestAnswerCannotBeUsedTwice(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newApp(t, p, demo.Buyer, "")
	answer := p.answer(b.depart("/login"), p.claims("sakura", pwd))
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, answer))
	b.expect(http.StatusBadRequest)(b.do(http.MethodGet, answer))
}

func TestPlantedCookieIsWorthNothingAfterSignIn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newApp(t, p, demo.Buyer, "")
	asked := b.depart("/login")
	u, _ := url.Parse(b.app)
	planted := b.client.Jar.Cookies(u)
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.answer(asked, p.claims("sakura", pwd))))
	other := newBrowser(t, b.app)
	other.client.Jar.SetCookies(u, planted)
	other.page("Sign in to see your orders")
	b.page("Hello, Sakura")
}

//
func TestTokensNeverReachTheBrowser(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", trusted))
	b.page("••• 4821")
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.answer(b.depart("/payout"), p.claims("sakura", twoStep))))
	b.expect(http.StatusSeeOther)(b.do(http.MethodPost, "/payout"))
	b.page("••• 7350")
	for _, token := range p.issued {
		if strings.Contains(b.seen.String(), token) {
			t.Errorf("the browser saw a token: %.40s…", token)
		}
	}
	if len(p.issued) != 4 {
		t.Errorf("%d tokens were issued, want 4", len(p.issued))
	}
}

// O-30, O-31: the whole way of a step-up.
func TestPayoutChangeTakesAFreshSecondStep(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", trusted))
	asked := b.depart("/payout")
	if asked.Get("acr_values") != twoStep || asked.Get("max_age") != "300" {
		t.Errorf("asked with acr_values=%q max_age=%q", asked.Get("acr_values"), asked.Get("max_age"))
	}
	b.page("••• 4821") // still signed in while away
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.answer(b.depart("/payout"), p.claims("sakura", twoStep))))
	b.page("Confirmed with 2-step verification", twoStep, "••• 4821")
	b.expect(http.StatusSeeOther)(b.do(http.MethodPost, "/payout"))
	b.page("Your payout account has changed", "••• 7350")
}

// The app looks for itself: a provider may not do what it was asked.
func TestStepUpThatWasNotDoneChangesNothing(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	stale := p.claims("sakura", twoStep)
	stale["auth_time"] = time.Now().Add(-6 * time.Minute).Unix()
	for _, answer := range []map[string]any{p.claims("sakura", trusted), stale} {
		b := newSeller(t, p)
		b.signIn(p, p.claims("sakura", pwd))
		b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.answer(b.depart("/payout"), answer)))
		b.page("This needs 2-step verification", "••• 4821")
		// O-33: the same challenge again is not taken to the provider again.
		b.expect(http.StatusForbidden, "This cannot go on")(b.do(http.MethodPost, "/payout"))
		b.page("••• 4821")
	}
}

// O-33.
func TestStepUpStopsAfterOneRetry(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	never := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", acr_values="`+twoStep+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
		reply(w, demo.Account{Tail: "4821"})
	}))
	t.Cleanup(never.Close)
	b := newApp(t, p, demo.Seller, never.URL)
	b.signIn(p, p.claims("sakura", pwd))
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.answer(b.depart("/payout"), p.claims("sakura", twoStep))))
	b.expect(http.StatusForbidden, "This cannot go on")(b.do(http.MethodPost, "/payout"))
}

// O-27.
func TestAnotherPersonCannotFinishAStepUp(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", pwd))
	b.expect(http.StatusForbidden, "Somebody else signed in")(b.do(http.MethodGet, p.answer(b.depart("/payout"), p.claims("mallory", twoStep))))
	b.page("Sign in to manage your shop")
}

func TestRefusedStepUpLeavesThePersonSignedIn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", pwd))
	asked := b.depart("/payout")
	refusal := url.Values{"error": {"unmet_authentication_requirements"}, "state": {asked.Get("state")}, "iss": {p.URL}}
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, "/callback?"+refusal.Encode()))
	b.page("This needs 2-step verification", "••• 4821")
}

func TestCancelledSignInIsToldPlainly(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newApp(t, p, demo.Buyer, "")
	asked := b.depart("/login")
	refusal := url.Values{"error": {"access_denied"}, "state": {asked.Get("state")}, "iss": {p.URL}}
	b.expect(http.StatusForbidden, "You are not signed in")(b.do(http.MethodGet, "/callback?"+refusal.Encode()))
}

// O-32.
func TestRefreshedTokenIsNoStronger(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.lifetime = time.Second // the app refreshes before every call
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", pwd))
	b.page("••• 4821")
	b.depart("/payout")
	if n := len(p.issued); n != 6 {
		t.Errorf("%d tokens were issued, want a sign-in's and two refreshes' pairs", n)
	}
}

func TestSessionEndedAtTheProviderEndsHere(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.lifetime = time.Second
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", pwd))
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	b.page("Sign in to manage your shop")
}

func TestSignOutEndsBoth(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newSeller(t, p)
	b.signIn(p, p.claims("sakura", pwd))
	status, location, _ := b.do(http.MethodPost, "/logout")
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if status != http.StatusSeeOther || u.Path != "/logout" || q.Get("id_token_hint") == "" || q.Get("post_logout_redirect_uri") != b.app+"/" {
		t.Errorf("sign-out: %d %s", status, location)
	}
	b.page("Sign in to manage your shop")
}

func TestProviderOutOfReachIsToldPlainly(t *testing.T) {
	t.Parallel()
	b := newApp(t, &provider{URL: "http://127.0.0.1:1"}, demo.Buyer, "")
	b.page("Sign in to see your orders")
	b.expect(http.StatusBadGateway, "Sekisho cannot be reached")(b.do(http.MethodPost, "/login"))
}

func TestConfigurationFaultsAreToldTogether(t *testing.T) {
	t.Parallel()
	_, err := demo.New(demo.Config{Kind: demo.Seller, Issuer: "id.example.jp"})
	for _, want := range []string{"issuer", "app URL", "API URL", "secret", "clock"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want a word about the %s", err, want)
		}
	}
}
