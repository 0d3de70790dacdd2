package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/web"
)

// T-20, O-14, O-19, T-57: no page can be framed, cached, or load from elsewhere.
func TestEveryRouteSendsTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	for _, path := range k.routes(http.MethodGet) {
		for name, signedIn := range map[string]bool{"signed in": true, "signed out": false} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			if signedIn {
				r.AddCookie(&http.Cookie{Name: "sekisho_session", Value: b.Cookie("sekisho_session")})
				r.AddCookie(&http.Cookie{Name: "sekisho_flow", Value: b.Cookie("sekisho_flow")})
			}
			w := k.raw(r)
			if w.Code >= 500 {
				t.Errorf("GET %s, %s: status %d", path, name, w.Code)
			}
			h := w.Header()
			for header, want := range map[string]string{
				"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			} {
				if got := h.Get(header); got != want {
					t.Errorf("GET %s, %s: %s is %q, want %q", path, name, header, got, want)
				}
			}
			csp := h.Get("Content-Security-Policy")
			for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
				if !strings.Contains(csp, want) {
					t.Errorf("GET %s, %s: CSP %q lacks %q", path, name, csp, want)
				}
			}
			if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
				t.Errorf("GET %s, %s: CSP %q is loose", path, name, csp)
			}
		}
	}
}

// Decision 15 of ux.md: form-action reaches the redirect URI of this sign-in, and only there.
func TestFormActionReachesOnlyTheRedirectOriginOfTheSignIn(t *testing.T) {
	t.Parallel()
	k := start(t)
	p := k.Browser(t).Get(authorize("buyer"))
	at(t, p, "/signin")
	if csp := p.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'self' https://rp.example") {
		t.Errorf("CSP of a sign-in is %q", csp)
	}
	p = k.Browser(t).Get("/account")
	if csp := p.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'self'") {
		t.Errorf("CSP of our own sign-in is %q", csp)
	}
}

// T-21, H-22, N-57: a form must come from our own page, shown to this browser.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	page := b.Get("/account/profile")
	_, token, _ := strings.Cut(page.Body, `name="csrf" value="`)
	token, _, _ = strings.Cut(token, `"`)
	if len(token) < 43 {
		t.Fatalf("no token on the page: %q", token)
	}
	attacks := map[string]struct {
		header map[string]string
		token  string
	}{
		"cross-site":                   {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, token},
		"same-site":                    {map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.localhost"}, token},
		"foreign origin, no Sec-Fetch": {map[string]string{"Origin": "https://evil.example"}, token},
		"origin null, no Sec-Fetch":    {map[string]string{"Origin": "null"}, token},
		"origin null, cross-site":      {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, token},
		"no origin at all, no token":   {nil, ""},
		"same origin, no token":        {map[string]string{"Sec-Fetch-Site": "same-origin"}, ""},
		"same origin, wrong token":     {map[string]string{"Sec-Fetch-Site": "same-origin"}, strings.Repeat("A", 43)},
	}
	for _, path := range k.routes(http.MethodPost) {
		for name, attack := range attacks {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(url.Values{"csrf": {attack.token}}.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for key, value := range attack.header {
				r.Header.Set(key, value)
			}
			for _, c := range []string{"sekisho_session", "sekisho_flow"} {
				r.AddCookie(&http.Cookie{Name: c, Value: b.Cookie(c)})
			}
			if w := k.raw(r); w.Code != http.StatusForbidden {
				t.Errorf("POST %s, %s: status %d, want 403", path, name, w.Code)
			}
		}
	}
}

// N-57: the token of one browser is of no use in another, nor in a URL.
func TestFormTokenOfAnotherBrowserIsRefused(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	mine, theirs := k.Browser(t), k.Browser(t)
	p := mine.Get("/account")
	theirs.Get("/account")
	wants(t, theirs.Submit(p, "/signin", "identifier", email, "password", secret), http.StatusForbidden)
	_, token, _ := strings.Cut(p.Body, `name="csrf" value="`)
	token, _, _ = strings.Cut(token, `"`)
	wants(t, mine.Post("/signin?csrf="+token, url.Values{}), http.StatusForbidden)
}

func TestFormWithoutCookiesExplainsCookies(t *testing.T) {
	t.Parallel()
	k := start(t)
	wants(t, k.Browser(t).Post("/signin", url.Values{}), http.StatusBadRequest, "Cookies are needed")
}

// T-44: a request for another host is nobody's.
func TestOtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	k := start(t)
	for _, host := range []string{"evil.example", "localhost", "localhost:1", "localhost.evil.example", ""} {
		for _, path := range []string{"/signin", "/account", "/password/forgot", "/static/x", "/nothing"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = host
			r.Header.Set("X-Forwarded-Host", strings.TrimPrefix(k.URL, "http://"))
			w := k.raw(r)
			if w.Code != http.StatusMisdirectedRequest {
				t.Errorf("%s at host %q: status %d, want 421", path, host, w.Code)
			}
			if strings.Contains(w.Body.String(), "evil") || strings.Contains(w.Header().Get("Location"), "evil") {
				t.Errorf("%s at host %q is repeated", path, host)
			}
		}
	}
}

// attempts are wrong passwords for as many addresses, each from another
// X-Forwarded-For; the answer is how many were slowed down.
func attempts(t *testing.T, k *kit, n int, forwarded func(int) string) int {
	t.Helper()
	b := k.Browser(t)
	p := b.Get("/account")
	_, token, _ := strings.Cut(p.Body, `name="csrf" value="`)
	token, _, _ = strings.Cut(token, `"`)
	slow := 0
	for i := range n {
		form := url.Values{"csrf": {token}, "flow": {p.URL.Query().Get("flow")}, "identifier": {fmt.Sprintf("p%d@example.jp", i)}, "password": {"x"}}
		r := httptest.NewRequest(http.MethodPost, "/signin", strings.NewReader(form.Encode()))
		r.RemoteAddr = "127.0.0.1:4000"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Accept-Language", "en")
		r.Header.Set("X-Forwarded-For", forwarded(i))
		r.AddCookie(&http.Cookie{Name: "sekisho_flow", Value: b.Cookie("sekisho_flow")})
		if strings.Contains(k.raw(r).Body.String(), "Too many attempts") {
			slow++
		}
	}
	return slow
}

// T-45, H-21: a header that anybody can write does not choose the bucket.
func TestForwardedForCannotDodgeTheLimit(t *testing.T) {
	t.Parallel()
	const n = 60
	fake := func(i int) string { return fmt.Sprintf("198.51.100.%d, 203.0.113.%d", i, i) }
	if slow := attempts(t, start(t), n, fake); slow != n-20 {
		t.Errorf("without a proxy %d of %d were slowed down, want %d", slow, n, n-20)
	}
	proxied := func(c *web.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
	spoofed := func(i int) string { return fmt.Sprintf("198.51.100.%d, 203.0.113.7", i) }
	if slow := attempts(t, startWith(t, proxied), n, spoofed); slow != n-20 {
		t.Errorf("behind a proxy %d of %d with a forged first entry were slowed down, want %d", slow, n, n-20)
	}
	many := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }
	if slow := attempts(t, startWith(t, proxied), n, many); slow != 0 {
		t.Errorf("behind a proxy %d of %d clients were slowed down together", slow, n)
	}
}

// startWith is start with another configuration of the pages.
func startWith(t *testing.T, change func(*web.Config)) *kit {
	t.Helper()
	k := &kit{}
	var cfg web.Config
	k.Server = idptest.New(t, idptest.Web(func(c *web.Config) {
		change(c)
		cfg = *c
	}))
	router, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	k.router = router
	return k
}

// T-19: the language switch is no open redirector.
func TestLanguageSwitchStaysHere(t *testing.T) {
	t.Parallel()
	k := start(t)
	for back, want := range map[string]string{
		"/signin?flow=abc":          "/signin?flow=abc",
		"/account/security":         "/account/security",
		"/help":                     "/help",
		"":                          "/account",
		"https://evil.example/":     "/account",
		"//evil.example/":           "/account",
		"/\\evil.example":           "/account",
		"\\\\evil.example":          "/account",
		"/%2f%2fevil.example":       "/account",
		"/%5cevil.example":          "/account",
		"/help\r\nSet-Cookie: a=b":  "/account",
		"/help\t":                   "/account",
		"javascript:alert(1)":       "/account",
		"/oauth2/authorize?a=b":     "/account",
		"http:help":                 "/account",
		"/help@evil.example":        "/account",
		"https://localhost/help":    "/account",
		"///evil.example/help":      "/account",
		"/./help":                   "/account",
		"/help/../../evil.example/": "/account",
	} {
		r := httptest.NewRequest(http.MethodGet, "/lang?"+url.Values{"to": {"ja"}, "back": {back}}.Encode(), nil)
		w := k.raw(r)
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("back %q leads to %q (%d), want %q", back, got, w.Code, want)
		}
	}
}

// N-58, T-39: over https every secret cookie is bound to this host.
func TestCookiesAreBoundToTheHost(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Issuer("https://id.example.jp")).person(t)
	r := httptest.NewRequest(http.MethodGet, "https://id.example.jp/account", nil)
	w := k.raw(r)
	cookies := w.Result().Cookies()
	if len(cookies) == 0 {
		t.Fatal("no cookie was set")
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %s is loose: %s", c.Name, c.Raw)
		}
	}
	if got := w.Header().Get("Strict-Transport-Security"); got != "max-age=63072000" {
		t.Errorf("HSTS is %q (C-54)", got)
	}
}

// these are all ways in; a new one is added here with a reason.
func TestTheRoutesAreThese(t *testing.T) {
	t.Parallel()
	want := []string{
		"/signin", "/signin/cancel", "/signin/resume", "/signin/resume/done", "/signin/code", "/signin/passkey", "/signin/recovery-code", "/signin/passkey/new", "/signin/confirm", "/signin/enroll", "/signin/methods", "/signin/notice", "/signin/shop",
		"/signin/select", "/consent", "/signout", "/signout/done", "/signup", "/signup/done", "/signup/verify",
		"/password/forgot", "/password/forgot/sent", "/password/reset", "/password/reset/code", "/password/reset/methods", "/password/reset/recovery-code",
		"/help", "/help/setup", "/help/app", "/help/code", "/help/faq", "/lang", "/static/*", "/receipts/:token",
		"/shops/join",                                                  // an invitation, which opens nothing by itself
		"/device", "/device/confirm", "/device/done", "/device/denied", // devices without a browser (RFC 8628)
		"/report", "/report/done", // only take access away (T-64)
		"/recovery", "/recovery/new", "/recovery/confirm", "/recovery/evidence", "/recovery/evidence/remove", "/recovery/send", // sign nobody in (T-42)
		"/recovery/status", "/recovery/cancel",
		"/admin/recovery", "/admin/recovery/:id", "/admin/recovery/:id/files/:file",
		"/admin", "/admin/people", "/admin/people/:id", "/admin/audit", "/admin/people/:id/extend", "/admin/dates", "/admin/dates/:id", "/admin/explain", // staff, by role (T-43)
	}
	for _, r := range start(t).router.Routes() {
		account := strings.HasPrefix(r.Path, "/account") || strings.HasPrefix(r.Path, "/dev/") || r.Path == "/a/settings/approval"
		if !account && !slices.Contains(want, r.Path) {
			t.Errorf("%s %s is not among the known routes", r.Method, r.Path)
		}
	}
}
