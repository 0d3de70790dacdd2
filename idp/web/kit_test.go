package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/web"
)

const (
	email     = "kenji@example.jp"
	secret    = "correct horse battery"
	mobile    = "+819012345678"
	appKey    = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	back      = "https://rp.example/cb"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbpzHvD9hC0E"
)

// party is a relying party that demands nothing.
func party(id string) clients.Client {
	return clients.Client{
		ID: id, Name: "Party " + id, URI: "https://rp.example/", Auth: clients.AuthNone, RedirectURIs: []string{back},
		PostLogoutURIs: []string{"https://rp.example/bye"}, Rules: clients.Rules{FirstParty: true},
		ResponseModes: []clients.ResponseMode{clients.ModeQuery, clients.ModeFormPost},
	}
}

const pathReceipts = "/receipts/"

// kit is a provider, and its router for requests that no browser makes.
type kit struct {
	*idptest.Server
	router *echo.Echo
}

func start(t *testing.T, opts ...idptest.Option) *kit {
	t.Helper()
	k := &kit{}
	third := party("third")
	third.Rules.FirstParty, third.Owner = false, "Minato Inc."
	seller := party("seller")
	seller.Rules.EnforceFrom = idptest.Start.Add(-time.Hour)
	soon := party("soon")
	soon.Rules.EnforceFrom = idptest.Start.Add(10*24*time.Hour + time.Hour)
	vault := party("vault")
	vault.Rules.MinACR = "urn:sekisho:acr:2sv"
	tv := party("tv")
	tv.Name, tv.Owner, tv.Rules.FirstParty = "Minato TV", "Minato Inc.", false
	tv.RedirectURIs, tv.PostLogoutURIs, tv.ResponseModes, tv.Grants = nil, nil, nil, []clients.GrantType{clients.GrantDevice}
	desk := party("desk")
	desk.Scopes = []string{"openid", clients.ScopeAccount}
	var cfg web.Config
	opts = append(opts, idptest.Clients(party("buyer"), third, seller, soon, vault, tv, desk), idptest.Web(func(c *web.Config) { cfg = *c }))
	k.Server = idptest.New(t, opts...)
	router, err := web.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	k.router = router
	return k
}

// person adds somebody with two-step verification on.
func (k *kit) person(t *testing.T) *kit {
	t.Helper()
	k.AddUserWith(t, email, secret, mobile, appKey)
	return k
}

// authorize is the path of an authorization request of a relying party.
func authorize(client string, pairs ...string) string {
	q := url.Values{
		"client_id": {client}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"nonce": {"n"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "/oauth2/authorize?" + q.Encode()
}

// password submits the password page of p.
func password(b *idptest.Browser, p *idptest.Page) *idptest.Page {
	return b.Submit(p, "/signin", "identifier", email, "password", secret)
}

// enter signs in completely, from a page that asks for the password.
func (k *kit) enter(t *testing.T, b *idptest.Browser, path string) *idptest.Page {
	t.Helper()
	p := password(b, b.Get(path))
	return b.Submit(p, "/signin/code", "code", k.Code(t, mobile))
}

// raw sends a request straight to the router.
func (k *kit) raw(r *http.Request) *httptest.ResponseRecorder {
	if u, err := url.Parse(k.URL); err == nil && r.Host == "example.com" {
		r.Host = u.Host
	}
	w := httptest.NewRecorder()
	k.router.ServeHTTP(w, r)
	return w
}

// routes are all pages of a method, with something in place of parameters;
// gateways, which report at /receipts/, send no forms of ours.
func (k *kit) routes(method string) []string {
	var paths []string
	for _, r := range k.router.Routes() {
		if r.Method == method && !strings.HasPrefix(r.Path, "/static") && !strings.HasPrefix(r.Path, pathReceipts) {
			paths = append(paths, strings.NewReplacer(":id", "X", ":file", "Y").Replace(r.Path))
		}
	}
	return paths
}

// wants fails unless the page has the status and all the words.
func wants(t *testing.T, p *idptest.Page, status int, words ...string) {
	t.Helper()
	if p.Status != status {
		t.Errorf("%s: status %d, want %d", p.URL, p.Status, status)
	}
	for _, w := range words {
		if !strings.Contains(p.Body, w) {
			t.Errorf("%s does not say %q:\n%s", p.URL, w, p.Body)
		}
	}
}

// at fails unless the browser is on the path.
func at(t *testing.T, p *idptest.Page, path string) {
	t.Helper()
	if p.URL.Path != path || p.Status >= 500 {
		t.Fatalf("on %s (%d), want %s:\n%s", p.URL, p.Status, path, p.Body)
	}
}
