package protocol_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/clients/dpop"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// holder has a DPoP key.
type holder struct {
	signer
	w *world
}

func (w *world) holder(t *testing.T) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return holder{signer{alg: "ES256", key: key}, w}
}

func (h holder) thumbprint() string {
	j := jose.JSONWebKey{Key: h.key.Public()}
	sum, _ := j.Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// proof is one for a request; token is the access token it comes with.
func (h holder) proof(t *testing.T, method, path, token string, change map[string]any) string {
	t.Helper()
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": h.w.URL + path, "iat": h.w.Clock.Now().Unix()}
	if token != "" {
		claims["ath"] = dpop.TokenHash(token)
	}
	maps.Copy(claims, change)
	return h.sign(t, claims, map[jose.HeaderKey]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: h.key.Public()}})
}

func (h holder) atToken(t *testing.T) []string {
	t.Helper()
	return []string{"DPoP", h.proof(t, "POST", protocol.PathToken, "", nil)}
}

// show calls userinfo with a token and a proof.
func (h holder) show(t *testing.T, token string) reply {
	t.Helper()
	return h.w.machine(t).get(protocol.PathUserInfo, "Authorization", "DPoP "+token, "DPoP", h.proof(t, "GET", protocol.PathUserInfo, token, nil))
}

// machineToken asks for a client's own token, with further headers.
func (w *world) machineToken(t *testing.T, client string, headers ...string) reply {
	t.Helper()
	return w.machine(t).post(protocol.PathToken, form("grant_type", "client_credentials"), append(headers, "Authorization", basic(client))...)
}

// publicTokens signs alice in at a public client and redeems the code with a proof, if any.
func (w *world) publicTokens(t *testing.T, headers []string, changes ...string) reply {
	t.Helper()
	q := w.browser(t).signIn(request(append(changes, "client_id", "spa", "scope", "openid offline_access")...), alice)
	v := form("grant_type", "authorization_code", "client_id", "spa", "code", q.Get("code"), "redirect_uri", callback, "code_verifier", verifier)
	return w.machine(t).post(protocol.PathToken, v, headers...)
}

func (w *world) publicRefresh(t *testing.T, token string, headers ...string) reply {
	t.Helper()
	return w.machine(t).post(protocol.PathToken, form("grant_type", "refresh_token", "client_id", "spa", "refresh_token", token), headers...)
}

func TestDPoPBindsTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.holder(t)
	r := w.machineToken(t, "machine", h.atToken(t)...)
	_, claims := parts(t, r.str("access_token"))
	cnf, _ := claims["cnf"].(map[string]any)
	if r.str("token_type") != "DPoP" || cnf["jkt"] != h.thumbprint() {
		t.Errorf("a client's own token: type %q, cnf %v, want %s", r.str("token_type"), cnf, h.thumbprint())
	}
	if plain := w.machineToken(t, "machine"); plain.str("token_type") != "Bearer" {
		t.Errorf("without a proof: %s", plain.body)
	}

	r = w.publicTokens(t, h.atToken(t))
	token := r.str("access_token")
	if got := h.show(t, token); got.status != http.StatusOK || got.str("sub") != w.alice.ID {
		t.Errorf("userinfo with the key: got %d %s", got.status, got.body)
	}
	// T-51: what a thief of the token can try.
	other := w.holder(t)
	get := func(headers ...string) reply { return w.machine(t).get(protocol.PathUserInfo, headers...) }
	for name, got := range map[string]reply{
		"as a bearer token":         get("Authorization", "Bearer "+token),
		"without a proof":           get("Authorization", "DPoP "+token),
		"as a bearer, with a proof": get("Authorization", "Bearer "+token, "DPoP", other.proof(t, "GET", protocol.PathUserInfo, token, nil)),
		"with another key":          other.show(t, token),
		"without ath":               get("Authorization", "DPoP "+token, "DPoP", h.proof(t, "GET", protocol.PathUserInfo, "", nil)),
		"with a proof for POST":     get("Authorization", "DPoP "+token, "DPoP", h.proof(t, "POST", protocol.PathUserInfo, token, nil)),
		"in a form":                 w.machine(t).post(protocol.PathUserInfo, form("access_token", token), "DPoP", h.proof(t, "POST", protocol.PathUserInfo, token, nil)),
		"an unbound token by DPoP":  h.show(t, w.tokens(t, "web").str("access_token")),
	} {
		if got.status != http.StatusUnauthorized || got.str("error") != "invalid_token" && got.str("error") != "invalid_dpop_proof" {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	got := get("Authorization", "DPoP "+token)
	if c := got.header.Values("WWW-Authenticate"); len(c) != 1 || !strings.HasPrefix(c[0], "DPoP ") || !strings.Contains(c[0], `algs="ES256 PS256 EdDSA"`) {
		t.Errorf("challenge: %q", c)
	}
	if c := get().header.Values("WWW-Authenticate"); len(c) != 2 {
		t.Errorf("without a token: %q, want both schemes", c)
	}
}

// RFC 9449 §5: the refresh token of a public client is worth nothing without
// the key; that of a confidential client is bound to the client.
func TestDPoPBindsRefreshTokensOfPublicClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h, other := w.holder(t), w.holder(t)
	r := w.publicTokens(t, h.atToken(t))
	refresh := r.str("refresh_token")
	wantError(t, w.publicRefresh(t, refresh), http.StatusBadRequest, "invalid_grant")
	wantError(t, w.publicRefresh(t, refresh, other.atToken(t)...), http.StatusBadRequest, "invalid_grant")
	again := w.publicRefresh(t, refresh, h.atToken(t)...)
	if again.status != http.StatusOK || again.str("token_type") != "DPoP" {
		t.Fatalf("with the key: got %d %s", again.status, again.body)
	}
	if got := h.show(t, again.str("access_token")); got.status != http.StatusOK {
		t.Errorf("refreshed token: got %d %s", got.status, got.body)
	}

	unbound := w.publicTokens(t, nil)
	if got := w.publicRefresh(t, unbound.str("refresh_token"), h.atToken(t)...); got.status != http.StatusOK || got.str("token_type") != "DPoP" {
		t.Errorf("a grant that was not bound: got %d %s", got.status, got.body)
	}

	q := w.browser(t).signIn(request("scope", "openid offline_access"), alice)
	v := form("grant_type", "authorization_code", "code", q.Get("code"), "redirect_uri", callback, "code_verifier", verifier)
	r = w.machine(t).post(protocol.PathToken, v, append(h.atToken(t), "Authorization", basic("web"))...)
	if got := w.refresh(t, "web", r.str("refresh_token")); got.status != http.StatusOK || got.str("token_type") != "Bearer" {
		t.Errorf("a confidential client without a proof: got %d %s", got.status, got.body)
	}
}

// RFC 9449 §10: the code is for the key that the request named.
func TestDPoPBindsCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h, other := w.holder(t), w.holder(t)
	if r := w.publicTokens(t, h.atToken(t), "dpop_jkt", h.thumbprint()); r.status != http.StatusOK {
		t.Errorf("the key that was named: got %d %s", r.status, r.body)
	}
	wantError(t, w.publicTokens(t, other.atToken(t), "dpop_jkt", h.thumbprint()), http.StatusBadRequest, "invalid_grant")
	wantError(t, w.publicTokens(t, nil, "dpop_jkt", h.thumbprint()), http.StatusBadRequest, "invalid_grant")
	b := w.browser(t)
	for _, bad := range []string{"x", h.thumbprint() + "A", strings.Repeat("!", 43)} {
		if q := b.returned(b.authorize(request("dpop_jkt", bad)), callback); q.Get("error") != "invalid_request" {
			t.Errorf("dpop_jkt %q: got %v", bad, q)
		}
	}
}

func TestDPoPMayBeDemanded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Clients(clients.Client{
		ID: "bound", Name: "bound", SecretHashes: []string{clients.HashSecret(secret)}, DPoPBound: true,
		Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"payout"},
	}))
	wantError(t, w.machineToken(t, "bound"), http.StatusBadRequest, "invalid_dpop_proof")
	if r := w.machineToken(t, "bound", w.holder(t).atToken(t)...); r.status != http.StatusOK {
		t.Errorf("with a proof: got %d %s", r.status, r.body)
	}
}

// A proof is good once, whatever it is for (§11.1), and a wrong one spoils the
// request though none was needed.
func TestDPoPProofReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.holder(t)
	proof := h.atToken(t)
	var good atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if r := w.machineToken(t, "machine", proof...); r.status == http.StatusOK {
				good.Add(1)
			} else if r.str("error") != "invalid_dpop_proof" {
				t.Errorf("replay: got %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("16 uses at once: %d succeeded, want 1", good.Load())
	}
	w.Clock.Advance(61 * time.Second)
	wantError(t, w.machineToken(t, "machine", proof...), http.StatusBadRequest, "invalid_dpop_proof")

	token := w.publicTokens(t, h.atToken(t)).str("access_token")
	shown := h.proof(t, "GET", protocol.PathUserInfo, token, nil)
	for i, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		r := w.machine(t).get(protocol.PathUserInfo, "Authorization", "DPoP "+token, "DPoP", shown)
		if r.status != want {
			t.Errorf("use %d at userinfo: got %d %s", i+1, r.status, r.body)
		}
	}
	two := append(h.atToken(t), h.atToken(t)...)
	wantError(t, w.machineToken(t, "machine", two...), http.StatusBadRequest, "invalid_dpop_proof")
	wantError(t, w.machineToken(t, "machine", "DPoP", "x"), http.StatusBadRequest, "invalid_dpop_proof")
}

// RFC 9449 §8 and §9: a nonce of ours, at the token endpoint and at userinfo.
func TestDPoPNonce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Protocol(func(c *protocol.Config) { c.DPoPNonce = true }))
	h := w.holder(t)
	r := w.machineToken(t, "machine", h.atToken(t)...)
	wantError(t, r, http.StatusBadRequest, "use_dpop_nonce")
	nonce := r.header.Get("DPoP-Nonce")
	with := func(nonce string) []string {
		return []string{"DPoP", h.proof(t, "POST", protocol.PathToken, "", map[string]any{"nonce": nonce})}
	}
	if r = w.machineToken(t, "machine", with(nonce)...); r.status != http.StatusOK || r.header.Get("DPoP-Nonce") != nonce {
		t.Errorf("with the nonce: got %d %s", r.status, r.body)
	}
	wantError(t, w.machineToken(t, "machine", with(nonce[1:])...), http.StatusBadRequest, "use_dpop_nonce")
	w.Clock.Advance(3 * time.Minute)
	if r = w.machineToken(t, "machine", with(nonce)...); r.status != http.StatusOK || r.header.Get("DPoP-Nonce") == nonce {
		t.Errorf("an older nonce: got %d, the next is %q", r.status, r.header.Get("DPoP-Nonce"))
	}
	w.Clock.Advance(3 * time.Minute)
	wantError(t, w.machineToken(t, "machine", with(nonce)...), http.StatusBadRequest, "use_dpop_nonce")

	nonce = w.machineToken(t, "machine", h.atToken(t)...).header.Get("DPoP-Nonce")
	token := w.publicTokens(t, with(nonce)).str("access_token")
	r = h.show(t, token)
	if r.status != http.StatusUnauthorized || r.str("error") != "use_dpop_nonce" || r.header.Get("DPoP-Nonce") == "" {
		t.Errorf("userinfo without a nonce: got %d %s", r.status, r.body)
	}
	proof := h.proof(t, "GET", protocol.PathUserInfo, token, map[string]any{"nonce": r.header.Get("DPoP-Nonce")})
	if r = w.machine(t).get(protocol.PathUserInfo, "Authorization", "DPoP "+token, "DPoP", proof); r.status != http.StatusOK {
		t.Errorf("userinfo with a nonce: got %d %s", r.status, r.body)
	}
}
