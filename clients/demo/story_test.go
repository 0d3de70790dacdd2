package demo_test

import (
	"encoding/base32"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/demo"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

const (
	email      = "sakura@example.jp"
	passphrase = "two herons over the harbour"
	phone      = "+819012345678"
)

// market is the whole demonstration beside a real provider.
type market struct {
	idp           *idptest.Server
	buyer, seller browser
}

func newMarket(t *testing.T) *market {
	t.Helper()
	api := httptest.NewUnstartedServer(nil)
	apiURL := "http://" + api.Listener.Addr().String()
	s := idptest.New(t, idptest.Resources(clients.Resource{ID: apiURL, Scopes: []string{"payout"}}))
	// The relying-party library looks at the real clock; a minute is left to move.
	s.Clock.Advance(time.Since(s.Clock.Now()) - time.Minute)
	m := &market{idp: s}
	secret := s.AddClient(t, clients.Client{ID: "minato-payout", Name: "Payout API", Serves: []string{apiURL}})
	handler, err := demo.NewAPI(demo.APIConfig{Issuer: s.URL, URL: apiURL, Secret: secret, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	api.Config.Handler = handler
	api.Start()
	t.Cleanup(api.Close)
	m.buyer = m.app(t, demo.Buyer, "", clients.Client{ID: "minato-buyer", Name: "Minato Market"})
	m.seller = m.app(t, demo.Seller, apiURL, clients.Client{
		ID: "minato-seller", Name: "Minato Seller Center", Scopes: []string{"openid", "profile", "email", "offline_access", "payout"},
		Resources: []string{apiURL}, Rules: clients.Rules{EnforceFrom: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)},
	})
	return m
}

// app registers an app at the provider and starts it.
func (m *market) app(t *testing.T, kind demo.Kind, api string, c clients.Client) browser {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	url := "http://" + srv.Listener.Addr().String()
	c.Grants = []clients.GrantType{clients.GrantCode, clients.GrantRefresh}
	c.RedirectURIs, c.PostLogoutURIs, c.BackchannelLogoutURI = []string{url + "/callback"}, []string{url + "/"}, url+"/backchannel-logout"
	c.Rules.FirstParty = true
	app, err := demo.New(demo.Config{
		Kind: kind, Issuer: m.idp.URL, URL: url, API: api, ClientID: c.ID, ClientSecret: m.idp.AddClient(t, c), Now: m.idp.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = app.Handler()
	srv.Start()
	t.Cleanup(srv.Close)
	return newBrowser(t, url)
}

// leave presses an app's button and returns the URL at the provider.
func (b browser) leave(path string) string {
	b.t.Helper()
	status, location, body := b.do(http.MethodPost, path)
	if status != http.StatusSeeOther {
		b.t.Fatalf("POST %s: %d %s", path, status, body)
	}
	return location
}

// arrive comes back from the provider; the start page then says every word.
func (b browser) arrive(p *idptest.Page, words ...string) {
	b.t.Helper()
	if p.Left == nil {
		b.t.Fatalf("still at the provider: %s (%d)\n%s", p.URL, p.Status, p.Body)
	}
	b.expect(http.StatusSeeOther)(b.do(http.MethodGet, p.Left.String()))
	b.page(words...)
}

var hidden = regexp.MustCompile(`name="(csrf|flow)" value="([^"]*)"`)

// wizard sends one of the several forms of a wizard page.
func wizard(b *idptest.Browser, p *idptest.Page, fields ...string) *idptest.Page {
	form := map[string][]string{}
	for _, m := range hidden.FindAllStringSubmatch(p.Body, -1) {
		form[m[1]] = []string{m[2]}
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form[fields[i]] = []string{fields[i+1]}
	}
	return b.Post(p.URL.String(), form)
}

func appCode(t *testing.T, key string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(key, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// setUp goes through the wizard: an app, then text messages as the backup, and
// this browser trusted. It returns the app's key and the page after it.
func (m *market) setUp(t *testing.T, b *idptest.Browser, p *idptest.Page) (key string, after *idptest.Page) {
	t.Helper()
	p = b.Submit(p, "/signin/enroll", "do", "setup")
	found := regexp.MustCompile(`id="key"[^>]*>([^<]+)<`).FindStringSubmatch(p.Body)
	if found == nil {
		t.Fatalf("no app key at %s (%d)\n%s", p.URL, p.Status, p.Body)
	}
	key = strings.ReplaceAll(found[1], " ", "")
	if _, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key); err != nil {
		t.Fatalf("app key %q: %v", key, err)
	}
	p = wizard(b, p, "kind", "app", "do", "verify", "code", appCode(t, key, m.idp.Clock.Now()))
	p = wizard(b, p, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-1234-5678")
	p = wizard(b, p, "kind", "phone", "do", "verify", "code", m.idp.Code(t, phone))
	return key, wizard(b, p, "do", "finish", "trust", "1")
}

func TestStoryOfASeller(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.idp.AddUser(t, email, passphrase)
	b := m.idp.Browser(t)
	signIn := func(p *idptest.Page) *idptest.Page {
		return b.Submit(p, "/signin", "identifier", email, "password", passphrase)
	}

	// The seller app demands two-step verification: set-up is part of signing in.
	key, p := m.setUp(t, b, signIn(b.Get(m.seller.leave("/login"))))
	m.seller.arrive(p, "Sakura Zakka", twoStep, `[&#34;pwd&#34;,&#34;otp&#34;]`, "••• 4821")

	// The buyer app asks nothing: one identity, one session.
	m.buyer.arrive(b.Get(m.buyer.leave("/login")), "Hello, 田中 さくら", `[&#34;pwd&#34;,&#34;otp&#34;]`)

	// Signing out of both, the device stays trusted: the next sign-in takes the
	// password alone, and says so.
	p = b.Get(m.seller.leave("/logout"))
	if p.Left == nil || p.Left.String() != m.seller.app+"/" {
		t.Fatalf("sign-out ends at %s (%d), left %v\n%s", p.URL, p.Status, p.Left, p.Body)
	}
	// The buyer app was told behind the browser's back.
	if err := m.idp.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.buyer.page("Sign in to see your orders")
	m.seller.arrive(signIn(b.Get(m.seller.leave("/login"))), trusted, `[&#34;pwd&#34;]`)

	// A trusted device is no second step: changing the payout account takes a
	// code even here (O-30), and the API believes only the token.
	p = b.Get(m.seller.leave("/payout"))
	m.idp.Clock.Advance(30 * time.Second) // a code of the app is good for once
	m.seller.arrive(b.Submit(p, "/signin/code", "code", appCode(t, key, m.idp.Clock.Now())), "Confirmed with 2-step verification", twoStep, "••• 4821")
	m.seller.expect(http.StatusSeeOther)(m.seller.do(http.MethodPost, "/payout"))
	m.seller.page("Your payout account has changed", "••• 7350")
	m.endEverything(t)
}

// endEverything ends all sessions and grants of the seller. No token has expired and the app was not
// told yet, but the API asks before it changes an account: the next change signs out.
func (m *market) endEverything(t *testing.T) {
	t.Helper()
	u, err := m.idp.Provider.FindUser(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.idp.Provider.EndUserSessions(t.Context(), idptest.Operator(), u.ID); err != nil {
		t.Fatal(err)
	}
	m.seller.expect(http.StatusSeeOther)(m.seller.do(http.MethodPost, "/payout"))
	_, _, body := m.seller.do(http.MethodGet, "/")
	if strings.Contains(body, "••• ") || strings.Contains(body, "Your payout account has changed") {
		t.Errorf("after everything ended the app still shows the account:\n%s", body)
	}
}
