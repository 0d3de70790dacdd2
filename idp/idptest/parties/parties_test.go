package parties_test

import (
	"os"
	"testing"
)

// all names the variable with which every relying party is tried.
const all = "SEKISHO_PARTIES"

func parties() []party {
	return []party{
		{
			page: "apache", always: true, refetches: true, run: runApache, checks: []check{renews, hears},
			path: paths{"/private", "/payout", "/oidc?logout=https://app.example.jp/"},
		},
		{page: "oauth2-proxy", run: runOAuth2Proxy, path: paths{"/private", "/payout", ""}, refused: "Forbidden", checks: []check{hears}},
		{page: "nginx", run: runNginx, path: paths{"/private", "/payout", ""}, refused: "Forbidden"},
		{page: "go-oidc", always: true, refetches: true, run: runGo, path: usual(), checks: []check{refreshes, renews, minds, hears}},
		{page: "zitadel-rp", run: runGo, path: usual(), checks: []check{refreshes, minds}},
		{page: "oauth4webapi", always: true, run: runInBrowser, path: usual(), checks: []check{refreshes, bound, minds}},
		{page: "authlib", run: runPython, path: usual(), checks: []check{refreshes, minds, hears}},
		{page: "openid-client", always: true, run: node(), path: usual(), checks: []check{refreshes, renews, minds, hears}},
		{page: "openid-client-fapi2", run: node("payroll.pem", "payroll.jwks"), path: usual(), checks: []check{refreshes, bound, minds}},
		{page: "express-openid-connect", run: node(), path: usual(), checks: []check{refreshes, renews, minds, hears}},
		{page: "authjs", run: node(), path: usual(), checks: []check{minds}, refused: "OAuthCallbackError"},
		{page: "passport", run: node(), path: usual(), checks: []check{minds}},
	}
}

// Every relying party signs a person in as its page says.
func TestRelyingParties(t *testing.T) {
	w := newWorld(t)
	sites := map[string]*site{}
	var chosen []party
	for i, p := range parties() {
		if p.always || os.Getenv(all) != "" {
			sites[p.page], chosen = w.site(t, p.page, i), append(chosen, p)
		}
	}
	w.site(t, "generic", len(parties())) // registers, too, what its page says
	w.serve(t)
	t.Run("group", func(t *testing.T) {
		for _, p := range chosen {
			t.Run(p.page, func(t *testing.T) {
				t.Parallel()
				s := sites[p.page]
				p.run(t, s)
				travel(t, s, p)
			})
		}
	})
	t.Run("clocks differ", func(t *testing.T) {
		for _, p := range chosen {
			if os.Getenv(all) != "" && sites[p.page].page.has("app.mjs") {
				t.Run(p.page, func(t *testing.T) {
					t.Parallel()
					differ(t, sites[p.page], p)
				})
			}
		}
	})
	t.Run("the provider changes", func(t *testing.T) {
		var travellers []*journey
		for _, p := range chosen {
			if p.always && p.page != "oauth4webapi" { // what runs in the browser starts anew with every page
				travellers = append(travellers, settle(t, sites[p.page], p))
			}
		}
		outlive(t, w, travellers)
	})
}
