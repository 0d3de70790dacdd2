package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest"
)

// OIDC Core §4: whoever is here without a request goes to the app by the page
// of its own that begins a sign-in, which learns who sent them and nothing
// about them.
func TestAppIsEnteredByItsOwnSignIn(t *testing.T) {
	t.Parallel()
	starts := party("starts")
	starts.InitiateLoginURI = "https://rp.example/start?shop=1"
	quiet := party("quiet")
	quiet.URI = ""
	k := start(t, idptest.Clients(starts, quiet)).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	for _, id := range []string{"starts", "quiet", "buyer"} {
		b.Get(authorize(id))
	}
	link := `href="https://rp.example/start?shop=1&amp;iss=` + url.QueryEscape(k.URL) + `"`
	p := b.Get("/account/apps")
	wants(t, p, http.StatusOK, link, `href="https://rp.example/"`, `Open<span class="vh"> Party starts</span>`)
	if n := strings.Count(p.Body, ">Open<"); n != 2 {
		t.Errorf("%d apps can be opened, want 2: the third names no page", n)
	}
	if strings.Contains(p.Body, "login_hint") || strings.Contains(p.Body, url.QueryEscape(email)) {
		t.Error("a link tells the app who comes")
	}
	late := k.Browser(t)
	p = late.Get(authorize("starts"))
	k.Clock.Advance(24 * time.Hour)
	p = late.Submit(p, "/signin", "identifier", email, "password", secret)
	wants(t, p, http.StatusGone, link, "Go back to Party starts")
	// T-08: whoever did not begin it learns nothing of it.
	stranger := k.Browser(t)
	stranger.Get(authorize("buyer"))
	if p := stranger.Get("/signin?flow=" + flow(late.Get(authorize("starts")))); strings.Contains(p.Body, "Party starts") {
		t.Errorf("another browser is told whose sign-in it was:\n%s", p.Body)
	}
}

// A client that an operator disabled is not led to.
func TestDisabledAppIsNotEntered(t *testing.T) {
	t.Parallel()
	off := party("off")
	off.InitiateLoginURI, off.Rules.FirstParty = "https://rp.example/start", false
	k := start(t).person(t)
	k.AddClient(t, off)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	b.Submit(b.Get(authorize("off", "scope", "openid email")), "/consent", "decision", "allow")
	wants(t, b.Get("/account/apps"), http.StatusOK, "https://rp.example/start")
	if err := k.Provider.SetClientDisabled(t.Context(), idptest.Operator(), "off", true); err != nil {
		t.Fatal(err)
	}
	if p := b.Get("/account/apps"); strings.Contains(p.Body, "rp.example") || !strings.Contains(p.Body, "Party off") {
		t.Errorf("the page leads to a disabled client:\n%s", p.Body)
	}
}
