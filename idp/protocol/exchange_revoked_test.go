package protocol_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// chained is a world of APIs that call one another in a circle, as far as a
// chain may get, and a client whose people they act for.
func chained(t *testing.T) *world {
	t.Helper()
	var all []clients.Client
	var resources []clients.Resource
	apis := []string{"api0", "api1", "api2", "api3", "api4"}
	for i, id := range apis {
		all = append(all, clients.Client{
			ID: id, Name: id, SecretHashes: []string{clients.HashSecret(secret)}, Grants: []clients.GrantType{clients.GrantExchange},
			Serves: []string{"https://" + id + ".example"}, Resources: []string{"https://" + apis[(i+1)%len(apis)] + ".example"}, Scopes: []string{"read"},
		})
		resources = append(resources, clients.Resource{ID: "https://" + id + ".example", Scopes: []string{"read"}})
	}
	all = append(all, clients.Client{
		ID: "front", Name: "Front", SecretHashes: []string{clients.HashSecret(secret)}, RedirectURIs: []string{callback},
		Grants: []clients.GrantType{clients.GrantCode, clients.GrantRefresh}, Rules: clients.Rules{FirstParty: true},
		Scopes: []string{"openid", "read"}, Resources: []string{"https://api0.example"},
	})
	return newWorld(t, idptest.TokenExchange(), idptest.Clients(all...), idptest.Resources(resources...))
}

// pass lets the i-th API exchange a token for the next one.
func (w *world) pass(t *testing.T, i int, token string) reply {
	t.Helper()
	return w.machine(t).post(protocol.PathToken, form("grant_type", string(clients.GrantExchange), "subject_token", token,
		"subject_token_type", tokenType, "resource", fmt.Sprintf("https://api%d.example", i+1)), "Authorization", basic(fmt.Sprint("api", i)))
}

// chain are the tokens of a chain: alice's own first, then one for each API.
func (w *world) chain(t *testing.T) []string {
	t.Helper()
	out := []string{w.tokens(t, "front", "scope", "openid read", "resource", "https://api0.example").str("access_token")}
	for i := range 4 {
		r := w.pass(t, i, out[i])
		if r.status != http.StatusOK {
			t.Fatalf("exchange %d: got %d %s", i, r.status, r.body)
		}
		out = append(out, r.str("access_token"))
	}
	return out
}

// alive are the places in a chain whose tokens their API may still honour.
func (w *world) alive(t *testing.T, chain []string) string {
	t.Helper()
	out := ""
	for i, token := range chain {
		if w.introspect(t, fmt.Sprint("api", i), token).json()["active"] == true {
			out += fmt.Sprint(i)
		}
	}
	return out
}

// RFC 7009 §2.1: whoever takes a token away takes away what it was turned into,
// wherever in a chain it stands; what it was made from, and other chains of the
// same grant, live on.
func TestRevokedTokenDoesNotLiveOnInExchangedOnes(t *testing.T) {
	t.Parallel()
	for i, tt := range []struct{ client, left string }{
		{"front", ""}, {"api0", "0"}, {"api1", "01"}, {"api2", "012"}, {"api3", "0123"},
	} {
		t.Run(fmt.Sprint("the token at place ", i), func(t *testing.T) {
			t.Parallel()
			w := chained(t)
			chain := w.chain(t)
			if got := w.alive(t, chain); got != "01234" {
				t.Fatalf("before: alive are %q", got)
			}
			if r := w.machine(t).post(protocol.PathRevoke, form("token", chain[i]), "Authorization", basic(tt.client)); r.status != http.StatusOK {
				t.Fatalf("revocation: got %d %s", r.status, r.body)
			}
			if got := w.alive(t, chain); got != tt.left {
				t.Errorf("after: alive are %q, want %q", got, tt.left)
			}
			for j := range 4 {
				if r := w.pass(t, j, chain[j]); (r.status == http.StatusOK) != (j < i) {
					t.Errorf("exchange of the token at place %d: got %d %s", j, r.status, r.body)
				}
			}
		})
	}
}

// The other branch of an exchange has nothing to do with it, and its API can
// end its own token alone.
func TestRevokedExchangedTokenEndsNoOther(t *testing.T) {
	t.Parallel()
	w := chained(t)
	first := w.tokens(t, "front", "scope", "openid read", "resource", "https://api0.example").str("access_token")
	left, right := w.pass(t, 0, first).str("access_token"), w.pass(t, 0, first).str("access_token")
	wantError(t, w.machine(t).post(protocol.PathRevoke, form("token", first), "Authorization", basic("api0")), http.StatusBadRequest, "invalid_grant")
	w.machine(t).post(protocol.PathRevoke, form("token", left), "Authorization", basic("api0"))
	for token, want := range map[string]bool{left: false, right: true} {
		if got := w.introspect(t, "api1", token); got.json()["active"] != want {
			t.Errorf("got %s, want active %v", got.body, want)
		}
	}
	if got := w.introspect(t, "api0", first); got.json()["active"] != true {
		t.Errorf("what it was exchanged from: %s", got.body)
	}
}
