package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

func TestConsentIsAskedInPlainWords(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := k.enter(t, b, authorize("third", "scope", "openid profile email offline_access", "prompt", "consent"))
	at(t, p, "/consent")
	wants(t, p, http.StatusOK, "Share your information with Party third?", "Run by Minato Inc.", "rp.example", "鈴木 健司", email, "Don&#39;t allow")
	p = b.Submit(p, "/consent", "decision", "deny")
	if p.Left == nil || p.Left.Query().Get("error") != "access_denied" {
		t.Errorf("refusal leads to %v", p.Left)
	}
	p = b.Submit(k.enter(t, b, authorize("third", "scope", "openid email")), "/consent", "decision", "allow")
	if p.Left == nil || p.Left.Query().Get("code") == "" {
		t.Errorf("consent leads to %v: %s", p.Left, p.Body)
	}
}

// S-110: past the date there is no "later"; the wizard is begun inside the sign-in.
func TestEnrolmentCannotBePutOffPastTheDate(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddUser(t, email, secret)
	b := k.Browser(t)
	p := password(b, b.Get(authorize("seller")))
	at(t, p, "/signin/enroll")
	wants(t, p, http.StatusOK, "Set up 2-step verification to continue", "Party seller requires 2-step verification")
	if strings.Contains(p.Body, `value="later"`) {
		t.Error("later is offered")
	}
	id := flow(p)
	at(t, b.Submit(p, "/signin/enroll", "do", "later"), "/signin/enroll")
	q := b.Submit(p, "/signin/enroll", "do", "setup")
	at(t, q, "/account/security/two-step/setup/primary")
	if flow(q) != id {
		t.Error("the wizard left the sign-in")
	}
	p = b.Submit(b.Get("/signin?flow="+id), "/signin/enroll", "do", "setup")
	at(t, p, "/account/security/two-step/setup/primary")
	p = b.Post("/signin/cancel", url.Values{"csrf": {token(p)}, "flow": {id}})
	if p.Left == nil || p.Left.Query().Get("error") != "access_denied" {
		t.Errorf("cancel leads to %v", p.Left)
	}
}

func TestNoticeNamesTheDateAndLetsGoOn(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddUser(t, email, secret)
	b := k.Browser(t)
	p := password(b, b.Get(authorize("soon")))
	at(t, p, "/signin/notice")
	wants(t, p, http.StatusOK, "<title>From 2 December 2026, Party soon needs 2-step verification", "<strong>10 days</strong> left")
	p = b.Submit(p, "/signin/notice", "do", "later")
	if p.Left == nil || p.Left.Query().Get("code") == "" {
		t.Errorf("later leads to %v", p.Left)
	}
}

// what changes credentials is proved again, and the page comes back.
func TestSudoAsksForThePasswordAgain(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddUser(t, email, secret)
	b := k.Browser(t)
	at(t, password(b, b.Get("/account")), "/account")
	k.Clock.Advance(11 * time.Minute)
	p := b.Get("/account/security/password")
	at(t, p, "/signin/confirm")
	wants(t, p, http.StatusOK, "Before you change this setting", email, `autocomplete="username"`)
	p = b.Submit(p, "/signin/confirm", "password", "wrong")
	wants(t, p, http.StatusUnprocessableEntity, "That password is not right", "<title>Error: ")
	at(t, b.Submit(p, "/signin/confirm", "password", secret), "/account/security/password")
}

func TestAccountChooser(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := b.Get(authorize("buyer", "prompt", "select_account"))
	at(t, p, "/signin/select")
	wants(t, p, http.StatusOK, "鈴木 健司", email)
	at(t, b.Submit(p, "/signin/select", "do", "other"), "/signin")
	p = b.Submit(b.Get(authorize("buyer", "prompt", "select_account")), "/signin/select", "do", "this")
	if p.Left == nil || p.Left.Query().Get("code") == "" {
		t.Errorf("the choice leads to %v: %s", p.Left, p.Body)
	}
}

func TestSignUpMarksEveryFaultAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.Browser(t)
	p := b.Submit(b.Get("/signup"), "/signup", "name", "", "email", "nobody", "new-password", "short")
	wants(t, p, http.StatusUnprocessableEntity, "Check what you entered", `href="#name"`, `href="#email"`, `href="#new-password"`, `href="#agree"`,
		"Enter your name", "at least 15 characters", `value="nobody"`, `role="alert" tabindex="-1" autofocus`)
	if strings.Contains(p.Body, "short") {
		t.Error("the password came back with the page")
	}
}

// T-02: whether an address is taken is told to its owner only.
func TestSignUpDoesNotTellWhichAddressesAreTaken(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	fill := []string{"name", "Kenji", "new-password", "another long phrase", "agree", "1", "email"}
	b := k.Browser(t)
	taken := b.Submit(b.Get("/signup"), "/signup", append(fill, email)...)
	b = k.Browser(t)
	free := b.Submit(b.Get("/signup"), "/signup", append(fill, "free@example.jp")...)
	at(t, taken, "/signup/verify")
	at(t, free, "/signup/verify")
	if m := k.Message(t, mfa.Mail, email); !strings.Contains(m.Body, "already have one") && !strings.Contains(m.Body, "すでにアカウントがあります") {
		t.Errorf("the owner reads %q", m.Body)
	}
	wants(t, b.Submit(free, "/signup/verify", "code", "12"), http.StatusUnprocessableEntity, "too short")
	again := b.Submit(free, "/signup/verify", "do", "resend")
	wants(t, again, http.StatusOK, "A new code is on its way", `role="status"`)
	k.MailCode(t, "free@example.jp")
	done := b.Submit(again, "/signup/verify", "code", latestMailCode(t, k, "free@example.jp"))
	at(t, done, "/signup/done")
	wants(t, done, http.StatusOK, "Your account is ready")
	wants(t, b.Get("/account"), http.StatusOK, "Kenji")
}

// latestMailCode reads what the last call of MailCode left: the newest mail
// may have been the second of two.
func latestMailCode(t *testing.T, k *kit, to string) string {
	t.Helper()
	for _, m := range k.Inbox.Messages(mfa.Mail) {
		if m.To == to {
			_, code, _ := strings.Cut(m.Body, "enter ")
			return code[:6]
		}
	}
	t.Fatalf("no mail to %s", to)
	return ""
}

// N-50, T-36: a mailed link sets a password only with a code, and its token
// leaves the URL at once.
func TestPasswordResetNeedsTheSecondStep(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := b.Submit(b.Get("/password/forgot"), "/password/forgot", "email", email)
	at(t, p, "/password/forgot/sent")
	_, link, _ := strings.Cut(k.Message(t, mfa.Mail, email).Body, k.URL)
	link, _, _ = strings.Cut(link, "\n")
	p = b.Get(link)
	at(t, p, "/password/reset")
	if p.URL.RawQuery != "" {
		t.Errorf("the token stays in the URL: %s", p.URL)
	}
	wants(t, b.Submit(p, "/password/reset", "new-password", "short"), http.StatusUnprocessableEntity, "at least 8 characters")
	p = b.Submit(p, "/password/reset", "new-password", "entirely new phrase", "others", "1")
	at(t, p, "/password/reset/code")
	wants(t, b.Get("/password/reset/methods"), http.StatusOK, "Call me")
	p = b.Submit(p, "/password/reset/code", "code", k.Code(t, mobile))
	at(t, p, "/signin")
	wants(t, p, http.StatusOK, "Your password is changed")
	wants(t, b.Get(link), http.StatusGone, "This link no longer works")
	p = b.Submit(p, "/signin", "identifier", email, "password", "entirely new phrase")
	at(t, p, "/signin/code")
}

func TestForgotSaysTheSameForUnknownAddresses(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	var pages []string
	for _, to := range []string{email, "nobody@example.jp"} {
		b := k.Browser(t)
		pages = append(pages, b.Submit(b.Get("/password/forgot"), "/password/forgot", "email", to).Body)
	}
	if pages[0] != pages[1] {
		t.Error("the pages differ")
	}
}

// ux 2.9: the switch, the account, ui_locales, the browser's wish.
func TestLanguageOrder(t *testing.T) {
	t.Parallel()
	k := start(t)
	german := k.Browser(t)
	german.Lang = "de, fr;q=0.5"
	wants(t, german.Get("/help"), http.StatusOK, `<html lang="ja">`)
	b := k.Browser(t)
	wants(t, b.Get("/help"), http.StatusOK, `<html lang="en">`)
	wants(t, b.Get(authorize("buyer", "ui_locales", "fr ja")), http.StatusOK, `<html lang="ja">`)
	p := b.Get("/lang?to=en&back=" + url.QueryEscape("/help"))
	at(t, p, "/help")
	wants(t, b.Get(authorize("buyer", "ui_locales", "ja")), http.StatusOK, `<html lang="en">`)
}

// O-28, ux 4.13: no redirect to an address that is not registered; the page
// says whose fault it is, and to developers which parameter.
func TestUnregisteredRedirectURIIsAPageAndNoRedirect(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.Browser(t)
	p := b.Get(authorize("buyer", "redirect_uri", "https://evil.example/<script>"))
	wants(t, p, http.StatusBadRequest, "This link can&#39;t be used", "redirect_uri", "You did nothing wrong", "Reference", "client_id=buyer")
	if p.Left != nil || strings.Contains(p.Body, "<script>") {
		t.Error("the URI got through")
	}
	wants(t, b.Get(authorize("nobody")), http.StatusBadRequest, "don&#39;t recognise the app")
}

func TestErrorPages(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.Browser(t)
	wants(t, b.Get("/nothing"), http.StatusNotFound, "Page not found", "Reference")
	wants(t, b.Get("/password/reset"), http.StatusGone, "This link no longer works")
	wants(t, b.Get("/signup/verify?ref=x"), http.StatusGone, "This link no longer works")
	r := httptest.NewRequest(http.MethodPost, "/signup", strings.NewReader("a="+strings.Repeat("a", 1<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if w := k.raw(r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: status %d, want 413", w.Code)
	}
	if err := k.Store.Close(); err != nil {
		t.Fatal(err)
	}
	p := b.Get("/signin")
	wants(t, p, http.StatusInternalServerError, "something went wrong", p.Header.Get("X-Request-Id"))
	if strings.Contains(p.Body, "closed") {
		t.Error("the error's text reached the page")
	}
	if !strings.Contains(k.Log.String(), p.Header.Get("X-Request-Id")) {
		t.Error("the reference number is not in the log")
	}
}

func TestSignOutReturnsToTheRelyingParty(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := b.Get("/oauth2/logout?" + url.Values{"client_id": {"buyer"}, "post_logout_redirect_uri": {"https://rp.example/bye"}}.Encode())
	at(t, p, "/signout")
	wants(t, p, http.StatusOK, "Party buyer asked to sign you out")
	if csp := p.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "form-action 'self' https://rp.example") {
		t.Errorf("CSP of the page is %q", csp)
	}
	p = b.Submit(p, "/signout")
	if p.Left == nil || p.Left.String() != "https://rp.example/bye" {
		t.Errorf("sign-out leads to %v", p.Left)
	}
	at(t, b.Get("/account"), "/signin")
}
