package resource_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/resource"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// With a real provider: a token bound by DPoP is shown with its key, and is
// refused from the moment it is revoked.
func TestAPIAtARealProvider(t *testing.T) {
	t.Parallel()
	const secret = "a-client-secret-of-256-random-bits-0000000"
	hashes := []string{clients.HashSecret(secret)}
	s := idptest.New(t, idptest.Resources(clients.Resource{ID: audience, Scopes: []string{"payout"}}), idptest.Clients(
		clients.Client{ID: "api", Name: "API", SecretHashes: hashes, Serves: []string{audience}},
		clients.Client{
			ID: "robot", Name: "Robot", SecretHashes: hashes, Grants: []clients.GrantType{clients.GrantClientCredentials},
			Scopes: []string{"payout"}, Resources: []string{audience}, DPoPBound: true,
		},
	))
	iss := &issuer{}
	iss.now.Store(s.Clock.Now().Unix())
	iss.URL = s.URL
	api := iss.guarded(t, resource.Config{Ask: &resource.Credentials{ID: "api", Secret: secret}},
		resource.Need{Scopes: []string{"payout"}, Bound: true, Fresh: true})
	h := newHolder(t)
	post := func(path string, form url.Values, proof string) map[string]any {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("robot", secret)
		if proof != "" {
			req.Header.Set("DPoP", proof)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		out := map[string]any{}
		_ = json.NewDecoder(resp.Body).Decode(&out) // a revocation has no body
		return out
	}
	proof := sign(t, h.key, map[jose.HeaderKey]any{jose.HeaderType: "dpop+jwt", "jwk": h.key.Public()},
		map[string]any{"jti": "at-the-token-endpoint", "htm": "POST", "htu": s.URL + "/oauth2/token", "iat": iss.now.Load()})
	answer := post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, proof)
	token, _ := answer["access_token"].(string)
	if token == "" {
		t.Fatalf("no token: %v", answer)
	}
	show := func() int {
		return send(t, api, "Authorization", "DPoP "+token, "DPoP", h.proof(t, iss, token, nil)).Code
	}
	if got := show(); got != http.StatusNoContent {
		t.Errorf("with its key: %d", got)
	}
	if got := send(t, api, "Authorization", "Bearer "+token).Code; got != http.StatusUnauthorized {
		t.Errorf("without: %d, want 401", got)
	}
	post("/oauth2/revoke", url.Values{"token": {token}}, "")
	if got := show(); got != http.StatusUnauthorized {
		t.Errorf("revoked: %d, want 401", got)
	}
}
