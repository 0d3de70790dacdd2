package protocol_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

const (
	payURL   = "https://pay.example"
	stockURL = "https://stock.example"
)

// newResources is a world with two APIs, a client of both, a machine of both,
// and one that serves one of them.
func newResources(t *testing.T) *world {
	t.Helper()
	both, hashes := []string{payURL, stockURL}, []string{clients.HashSecret(secret)}
	return newWorld(t, idptest.Resources(
		clients.Resource{ID: payURL, Scopes: []string{"payout", "read"}},
		clients.Resource{ID: stockURL, Scopes: []string{"stock", "read"}},
	), idptest.Clients(
		clients.Client{
			ID: "shop", Name: "Shop", SecretHashes: hashes, RedirectURIs: []string{callback}, Rules: clients.Rules{FirstParty: true},
			Grants:    []clients.GrantType{clients.GrantCode, clients.GrantRefresh},
			Resources: both, Scopes: []string{"openid", "offline_access", "payout", "read", "stock"},
		},
		clients.Client{
			ID: "robot", Name: "Robot", SecretHashes: hashes, Grants: []clients.GrantType{clients.GrantClientCredentials},
			Resources: both, Scopes: []string{"payout", "read", "stock"},
		},
		clients.Client{ID: "stockapi", Name: "Stock API", SecretHashes: hashes, Serves: []string{stockURL}},
	))
}

// token is what an answer's access token is for and may do.
type token struct {
	Aud   []string
	Scope string
}

func tokenOf(t *testing.T, r reply) token {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	_, claims := parts(t, r.str("access_token"))
	scope, _ := claims["scope"].(string)
	if scope != r.str("scope") { // RFC 6749 §5.1: what is not as asked is said
		t.Errorf("the answer says scope %q, its token %q", r.str("scope"), scope)
	}
	return token{list(claims["aud"]), scope}
}

// RFC 8707 §2.1, §2.2: what is granted for several resources is handed out for
// each alone, and never more than was granted.
func TestResourceScopesOfAPerson(t *testing.T) {
	t.Parallel()
	w := newResources(t)
	const all = "openid offline_access payout read stock"
	r := w.tokens(t, "shop", "scope", all)
	want := token{[]string{payURL, stockURL, w.URL}, all}
	if diff := cmp.Diff(want, tokenOf(t, r)); diff != "" {
		t.Errorf("no resource named (-want +got):\n%s", diff)
	}
	refresh := func(extra ...string) reply {
		t.Helper()
		r = w.refresh(t, "shop", r.str("refresh_token"), extra...)
		return r
	}
	want = token{[]string{stockURL, w.URL}, "openid offline_access read stock"}
	if diff := cmp.Diff(want, tokenOf(t, refresh("resource", stockURL))); diff != "" {
		t.Errorf("one at refresh (-want +got):\n%s", diff)
	}
	want = token{[]string{payURL}, "payout"}
	if diff := cmp.Diff(want, tokenOf(t, refresh("resource", payURL, "scope", "payout stock"))); diff != "" {
		t.Errorf("one at refresh, with the scopes of two (-want +got):\n%s", diff)
	}
	want = token{[]string{payURL, stockURL, w.URL}, all}
	if diff := cmp.Diff(want, tokenOf(t, refresh("resource", payURL, "resource", stockURL))); diff != "" {
		t.Errorf("both again (-want +got):\n%s", diff)
	}

	r = w.tokens(t, "shop", "scope", all, "resource", stockURL)
	want = token{[]string{stockURL, w.URL}, "openid offline_access read stock"}
	if diff := cmp.Diff(want, tokenOf(t, r)); diff != "" {
		t.Errorf("one at the authorization endpoint (-want +got):\n%s", diff)
	}
	wantError(t, w.refresh(t, "shop", r.str("refresh_token"), "resource", payURL), 400, "invalid_target")
	wantError(t, w.refresh(t, "shop", r.str("refresh_token"), "resource", "https://evil.example"), 400, "invalid_target")
	wantError(t, w.refresh(t, "shop", r.str("refresh_token"), "scope", "payout"), 400, "invalid_scope")
}

// The same by a pushed request, and at the exchange of the code.
func TestResourceScopesOfAPushedRequest(t *testing.T) {
	t.Parallel()
	w := newResources(t)
	v := request("client_id", "shop", "scope", "openid payout read stock")
	v["resource"] = []string{payURL, stockURL}
	pushed := w.push(t, "shop", v)
	q := w.browser(t).signInTo(open("shop", pushed.str("request_uri")), alice, callback)
	want := token{[]string{payURL, w.URL}, "openid payout read"}
	if diff := cmp.Diff(want, tokenOf(t, w.redeem(t, "shop", q.Get("code"), "resource", payURL))); diff != "" {
		t.Errorf("narrowed at the exchange (-want +got):\n%s", diff)
	}
	v = request("client_id", "shop", "scope", "openid", "resource", "https://evil.example")
	wantError(t, w.push(t, "shop", v), 400, "invalid_target")
}

func TestResourceScopesOfAMachine(t *testing.T) {
	t.Parallel()
	w := newResources(t)
	get := func(pairs ...string) reply {
		return w.machine(t).post(protocol.PathToken, form(append([]string{"grant_type", "client_credentials"}, pairs...)...), "Authorization", basic("robot"))
	}
	for _, tt := range []struct {
		name  string
		pairs []string
		want  token
	}{
		{"nothing named", nil, token{[]string{payURL, stockURL}, "payout read stock"}},
		{"one resource", []string{"resource", stockURL}, token{[]string{stockURL}, "read stock"}},
		{"one resource and a scope", []string{"resource", stockURL, "scope", "read"}, token{[]string{stockURL}, "read"}},
		{"both", []string{"resource", stockURL, "resource", payURL, "scope", "stock payout"}, token{[]string{payURL, stockURL}, "stock payout"}},
	} {
		if diff := cmp.Diff(tt.want, tokenOf(t, get(tt.pairs...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	wantError(t, get("resource", stockURL, "scope", "payout"), 400, "invalid_scope")
	wantError(t, get("resource", w.URL), 400, "invalid_target")
	wantError(t, get("resource", strings.ToUpper(stockURL)), 400, "invalid_target")
}

// RFC 7662 §5: the server of one resource does not hear what is said at others.
func TestIntrospectionTellsTheScopesOfTheAskersResources(t *testing.T) {
	t.Parallel()
	w := newResources(t)
	r := w.machineToken(t, "robot").str("access_token")
	if got := w.introspect(t, "stockapi", r); got.str("scope") != "read stock" {
		t.Errorf("got %s, want read and stock", got.body)
	}
	if got := w.introspect(t, "robot", r); got.str("scope") != "payout read stock" {
		t.Errorf("its own client: got %s, want all", got.body)
	}
}

// A client stored by command names registered resources alone.
func TestStoredClientsNameRegisteredResources(t *testing.T) {
	t.Parallel()
	w := newResources(t)
	c := clients.Client{
		ID: "late", Name: "Late", Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"stock"}, Resources: []string{"https://x.example"},
	}
	_, err := w.Provider.AddClient(t.Context(), idptest.Operator(), c)
	if err == nil || !strings.Contains(err.Error(), "resources[0]") || !strings.Contains(err.Error(), "scopes[0]") {
		t.Errorf("an unregistered audience and a scope of another: got %v", err)
	}
	c.Resources = []string{stockURL}
	if _, err := w.Provider.AddClient(t.Context(), idptest.Operator(), c); err != nil {
		t.Errorf("a registered one: %v", err)
	}
}
