package protocol_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// metadata reads the document as a map, so that what we do not expect shows too.
func (w *world) metadata(t *testing.T) map[string]any {
	t.Helper()
	r := w.machine(t).get(protocol.PathDiscovery)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/json" {
		t.Fatalf("metadata: got %d, %s", r.status, r.header.Get("Content-Type"))
	}
	return r.json()
}

func list(v any) (out []string) {
	values, _ := v.([]any)
	for _, v := range values {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

// grantType is the error that a grant type meets.
func (w *world) grantType(t *testing.T, grant string) string {
	client := map[string]string{"client_credentials": "machine", string(clients.GrantDevice): "tv"}[grant]
	if client == "" {
		client = "web"
	}
	return w.machine(t).post(protocol.PathToken, form("grant_type", grant), "Authorization", basic(client)).str("error")
}

// authMethod reports whether a client of a method gets past the gate with it.
func (w *world) authMethod(t *testing.T, path, method string, p *pki) bool {
	v, headers := form("grant_type", "refresh_token", "refresh_token", "x", "token", "x"), []string{}
	switch method {
	case "client_secret_basic":
		headers = []string{"Authorization", basic("web")}
	case "client_secret_post":
		v.Set("client_id", "post")
		v.Set("client_secret", secret)
	case "none":
		v.Set("client_id", "spa")
	case "tls_client_auth":
		v.Set("client_id", "dns")
		headers = []string{"Client-Cert", base64.StdEncoding.EncodeToString(p.client.Certificate[0])}
	case "self_signed_tls_client_auth":
		v.Set("client_id", "self")
		headers = []string{"Client-Cert", base64.StdEncoding.EncodeToString(p.self.Certificate[0])}
	case "private_key_jwt":
		return w.authAlg(t, path, "ES256")
	}
	return admitted(w.machine(t).post(path, v, headers...))
}

// admitted reports whether the gate let a request through.
func admitted(r reply) bool {
	return r.status == http.StatusOK || r.str("error") == "invalid_grant" || r.str("error") == "unauthorized_client"
}

// authAlg reports whether an assertion of an algorithm gets past the gate.
func (w *world) authAlg(t *testing.T, path, alg string) bool {
	return admitted(w.machine(t).post(path, form(
		"grant_type", "refresh_token", "token", "x", "client_assertion", partySigners()[alg].sign(t, w.assertionOf("key"), nil),
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
	)))
}

// claims are all that is ever told about a person who has told us everything.
func (w *world) claims(t *testing.T) map[string]any {
	t.Helper()
	w.tellAll(t)
	r := w.tokens(t, "web", "scope", "openid profile email phone address account offline_access")
	_, all := parts(t, r.str("id_token"))
	maps.Copy(all, w.userInfo(t, r.str("access_token")).json())
	return all
}

// home is where alice lives.
var home = idp.Address{PostalCode: "100-0001", Region: "東京都", Locality: "千代田区", Street: "千代田1-1", Country: "日本"}

// tellAll lets alice tell everything about herself.
func (w *world) tellAll(t *testing.T) {
	t.Helper()
	in := idp.ProfileInput{Name: w.alice.Name, Lang: "ja", Zone: "Asia/Tokyo", Address: home}
	if err := w.Provider.UpdateProfile(t.Context(), w.aliceBrowser(t), in); err != nil {
		t.Fatal(err)
	}
	w.givePhone(t)
}

// givePhone gives alice a number she proved to have, without two-step verification.
func (w *world) givePhone(t *testing.T) {
	t.Helper()
	err := w.Store.Update(t.Context(), idptest.Operator(), func(tx *store.Tx) error {
		return tx.InsertFactor(mfa.Factor{
			ID: "phone", UserID: w.alice.ID, Channel: mfa.SMS, Role: mfa.Primary, Number: mobile, CreatedAt: tx.Now, VerifiedAt: tx.Now,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMetadataHasOneFormAndIsCached(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.ACRAliases(map[string]string{"https://refeds.org/profile/mfa": "urn:sekisho:acr:2sv", "x": "phrh"}))
	m := w.machine(t)
	want := []string{"urn:sekisho:acr:pwd", "urn:sekisho:acr:trusted-device", "urn:sekisho:acr:2sv", "phr", "https://refeds.org/profile/mfa"}
	if diff := cmp.Diff(want, list(w.metadata(t)["acr_values_supported"])); diff != "" {
		t.Errorf("acr_values_supported (-want +got):\n%s", diff)
	}
	if a, b := m.get(protocol.PathDiscovery).body, m.get(protocol.PathMetadata).body; a != b {
		t.Errorf("RFC 8414 document differs:\n%s\n%s", a, b)
	}
	for _, path := range []string{protocol.PathDiscovery, protocol.PathMetadata, protocol.PathJWKS} {
		r := m.get(path)
		if etag := r.header.Get("ETag"); etag == "" || !strings.HasPrefix(r.header.Get("Cache-Control"), "public, max-age=") {
			t.Errorf("%s: headers %v, want ETag and Cache-Control", path, r.header)
		}
		again := m.get(path, "If-None-Match", r.header.Get("ETag"))
		if again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("%s again: got %d with %d bytes, want 304", path, again.status, len(again.body))
		}
		if head := m.do(http.MethodHead, path, ""); head.status != http.StatusOK || head.body != "" {
			t.Errorf("HEAD %s: got %d", path, head.status)
		}
		if post := m.post(path, form()); post.status != http.StatusMethodNotAllowed {
			t.Errorf("POST %s: got %d, want 405", path, post.status)
		}
	}
}

// T-50: a rotation shows at once, nothing private ever does, and tokens of the
// key before stay good.
func TestJWKSFollowsRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := func() (set jose.JSONWebKeySet) {
		if err := json.Unmarshal([]byte(w.machine(t).get(protocol.PathJWKS).body), &set); err != nil {
			t.Fatal(err)
		}
		return set
	}
	before, token := keys(), w.tokens(t, "web").str("access_token")
	w.Clock.Advance(time.Minute)
	if err := w.Provider.RotateKeys(t.Context(), idptest.Operator()); err != nil {
		t.Fatal(err)
	}
	after := keys()
	if len(after.Keys) <= len(before.Keys) {
		t.Errorf("after rotation: got %d keys, had %d", len(after.Keys), len(before.Keys))
	}
	for _, k := range after.Keys {
		if !k.IsPublic() || k.Use != "sig" || k.KeyID == "" || len(after.Key(k.KeyID)) != 1 || !k.Valid() {
			t.Errorf("key %s: not a public signing key with its own kid", k.KeyID)
		}
	}
	for _, k := range before.Keys {
		if len(after.Key(k.KeyID)) != 1 {
			t.Errorf("key %s has left too early", k.KeyID)
		}
	}
	header, _ := parts(t, w.tokens(t, "web").str("access_token"))
	if old, _ := parts(t, token); header["kid"] == old["kid"] {
		t.Errorf("still signed with %v", header["kid"])
	}
	if r := w.userInfo(t, token); r.status != http.StatusOK {
		t.Errorf("token of the key before: got %d %s", r.status, r.body)
	}
}
