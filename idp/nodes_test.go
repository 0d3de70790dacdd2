package idp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// stock is a client with a token of its own, and the server of what that is for.
func stock() clients.Client {
	return clients.Client{
		ID: "stock", Name: "Stock", Auth: clients.AuthPost, SecretHashes: []string{clients.HashSecret(password15)},
		Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"stock"},
		Resources: []string{"https://stock.example"}, Serves: []string{"https://stock.example"},
	}
}

// call posts a form to a node as stock and reads the answer.
func call(t *testing.T, s *idptest.Server, path string, pairs ...string) map[string]any {
	t.Helper()
	form := url.Values{"client_id": {"stock"}, "client_secret": {password15}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(form.Encode()))
	fatal(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Host = "id.example.jp"
	resp, err := http.DefaultClient.Do(req)
	fatal(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	fatal(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, raw)
	}
	out := map[string]any{}
	_ = json.Unmarshal(raw, &out) // a revocation has no body
	return out
}

// A token that is revoked at one node is refused there at once and by the other
// within a second, although both have found it alive before.
func TestRevocationIsSeenByEveryNode(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	node := func() *idptest.Server {
		return idptest.New(t, idptest.DSN(dsn), idptest.Clients(stock()), idptest.Issuer("https://id.example.jp"))
	}
	one, two := node(), node()
	token, _ := call(t, one, "/oauth2/token", "grant_type", "client_credentials")["access_token"].(string)
	for name, s := range map[string]*idptest.Server{"one": one, "two": two} {
		if got := call(t, s, "/oauth2/introspect", "token", token); got["active"] != true {
			t.Fatalf("before, node %s: %v", name, got)
		}
	}
	call(t, one, "/oauth2/revoke", "token", token)
	if got := call(t, one, "/oauth2/introspect", "token", token); got["active"] != false {
		t.Errorf("at once: %v", got)
	}
	one.Clock.Advance(time.Second)
	two.Clock.Advance(time.Second)
	for name, s := range map[string]*idptest.Server{"one": one, "two": two} {
		if got := call(t, s, "/oauth2/introspect", "token", token); got["active"] != false {
			t.Errorf("after, node %s: %v", name, got)
		}
	}
}
