package protocol_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

const (
	ordersAPI = "https://orders.example"
	stockAPI  = "https://stock.example"
	tokenType = "urn:ietf:params:oauth:token-type:access_token"
)

// exchanges is a world where the orders API may call the stock API for people.
func exchanges(t *testing.T, change ...func(*clients.Client)) *world {
	t.Helper()
	app := clients.Client{
		ID: "front", Name: "Front", SecretHashes: []string{clients.HashSecret(secret)}, RedirectURIs: []string{callback},
		Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, Rules: clients.Rules{FirstParty: true},
		Scopes: []string{"openid", "email", "read", "write"}, Resources: []string{ordersAPI},
	}
	api := clients.Client{
		ID: "orders", Name: "Orders", SecretHashes: []string{clients.HashSecret(secret)}, Grants: []clients.GrantType{clients.GrantExchange},
		Serves: []string{ordersAPI}, Resources: []string{stockAPI}, Scopes: []string{"read"},
	}
	stock := clients.Client{ID: "stock", Name: "Stock", SecretHashes: []string{clients.HashSecret(secret)}, Serves: []string{stockAPI}}
	for _, f := range change {
		f(&api)
	}
	return newWorld(t, idptest.TokenExchange(), idptest.Clients(app, api, stock), idptest.Resources(
		clients.Resource{ID: ordersAPI, Scopes: []string{"read", "write"}}, clients.Resource{ID: stockAPI, Scopes: []string{"read"}},
	))
}

// exchange sends a token exchange as the orders API; pairs change the request.
func (w *world) exchange(t *testing.T, token string, pairs ...string) reply {
	t.Helper()
	v := form("grant_type", string(clients.GrantExchange), "subject_token", token, "subject_token_type", tokenType, "resource", stockAPI)
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return w.machine(t).post(protocol.PathToken, v, "Authorization", basic("orders"))
}

// shown is a token of alice's for the orders API.
func (w *world) shown(t *testing.T) reply {
	t.Helper()
	return w.tokens(t, "front", "scope", "openid email read write", "resource", ordersAPI)
}

// RFC 8693: delegation to another resource, never more than the subject token,
// never longer, on the same grant, and the token says who acts.
func TestTokenExchangeDelegates(t *testing.T) {
	t.Parallel()
	w := exchanges(t)
	front := w.shown(t)
	w.Clock.Advance(2 * time.Minute)
	r := w.exchange(t, front.str("access_token"))
	if r.status != http.StatusOK || r.str("issued_token_type") != tokenType || r.str("token_type") != "Bearer" || r.str("scope") != "read" ||
		r.json()["expires_in"] != float64(180) || r.str("refresh_token") != "" || r.str("id_token") != "" {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	_, before := parts(t, front.str("access_token"))
	_, after := parts(t, r.str("access_token"))
	want := map[string]any{
		"sub": w.alice.ID, "aud": []any{stockAPI}, "client_id": "orders", "scope": "read", "exp": before["exp"], "act": map[string]any{"sub": "client:orders"},
		"acr": before["acr"], "auth_time": before["auth_time"], "grant": before["grant"],
	}
	got := map[string]any{}
	for name := range want {
		got[name] = after[name]
	}
	if diff := cmp.Diff(want, got); diff != "" || after["jti"] == before["jti"] {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if got := w.introspect(t, "stock", r.str("access_token")); got.json()["active"] != true || got.json()["act"] == nil {
		t.Errorf("introspection at the other resource: %s", got.body)
	}
	if got := w.userInfo(t, r.str("access_token")); got.status == http.StatusOK {
		t.Errorf("userinfo tells of the person: %s", got.body)
	}
	w.machine(t).post(protocol.PathRevoke, form("token", front.str("refresh_token")), "Authorization", basic("front"))
	if got := w.introspect(t, "stock", r.str("access_token")); got.json()["active"] != false {
		t.Errorf("after the grant ended: %s", got.body)
	}
	wantError(t, w.exchange(t, front.str("access_token")), http.StatusBadRequest, "invalid_request")
}

func TestTokenExchangeRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	w := exchanges(t)
	front := w.shown(t)
	good := front.str("access_token")
	other := w.tokens(t, "web").str("access_token")
	for _, tt := range []struct {
		name, token string
		pairs       []string
		want        string
	}{
		{"a token for somebody else", other, nil, "invalid_request"},
		{"a refresh token", front.str("refresh_token"), nil, "invalid_request"},
		{"an ID token", front.str("id_token"), nil, "invalid_request"},
		{"a machine's token", w.machineToken(t, "machine").str("access_token"), nil, "invalid_request"},
		{"nothing", "", nil, "invalid_request"},
		{"another type", good, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"},
		{"an ID token asked for", good, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"},
		{"a refresh token asked for", good, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
		{"another actor", good, []string{"actor_token", good, "actor_token_type", tokenType}, "invalid_request"},
		{"no resource", good, []string{"resource", ""}, "invalid_target"},
		{"a resource that it may not call", good, []string{"resource", "https://pay.example"}, "invalid_target"},
		{"the resource itself", good, []string{"resource", ordersAPI}, "invalid_target"},
		{"an audience by name", good, []string{"audience", "stock"}, "invalid_target"},
		{"a scope that the client has not", good, []string{"scope", "write"}, "invalid_scope"},
		{"a scope about the person", good, []string{"scope", "email"}, "invalid_scope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, w.exchange(t, tt.token, tt.pairs...), http.StatusBadRequest, tt.want)
		})
	}
	narrow := w.tokens(t, "front", "scope", "openid write", "resource", ordersAPI).str("access_token")
	wantError(t, w.exchange(t, narrow), http.StatusBadRequest, "invalid_scope") // what was not shown is not gained
	w.Clock.Advance(6 * time.Minute)
	wantError(t, w.exchange(t, good), http.StatusBadRequest, "invalid_request")
	off := newWorld(t)
	wantError(t, off.machine(t).post(protocol.PathToken, form("grant_type", string(clients.GrantExchange)), "Authorization", basic("web")),
		http.StatusBadRequest, "unsupported_grant_type")
}

// S-120: the date of a client is no less at an exchange than at a refresh.
func TestTokenExchangeAfterTheDate(t *testing.T) {
	t.Parallel()
	w := exchanges(t, func(c *clients.Client) { c.Rules.EnforceFrom = idptest.Start.Add(time.Minute) })
	token := w.shown(t).str("access_token")
	if r := w.exchange(t, token); r.status != http.StatusOK {
		t.Fatalf("before: got %d %s", r.status, r.body)
	}
	w.Clock.Advance(2 * time.Minute)
	wantError(t, w.exchange(t, token), http.StatusBadRequest, "invalid_request")
}

// With token_exchange the metadata says so.
func TestDiscoveryTellsOfTokenExchange(t *testing.T) {
	t.Parallel()
	for want, w := range map[bool]*world{true: exchanges(t), false: newWorld(t)} {
		got := false
		for _, g := range list(w.metadata(t)["grant_types_supported"]) {
			got = got || g == string(clients.GrantExchange)
		}
		if got != want {
			t.Errorf("advertised: %v, want %v", got, want)
		}
	}
}
