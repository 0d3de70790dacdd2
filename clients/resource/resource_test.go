package resource_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients/resource"
)

const audience = "https://payouts.example.jp"

// issuer is a provider's published documents, with a clock that can be moved.
type issuer struct {
	URL     string
	now     atomic.Int64
	fetches atomic.Int32
	down    atomic.Bool
	keys    atomic.Pointer[jose.JSONWebKeySet]
	named   string // what discovery calls itself
	ec, rs  jose.JSONWebKey
	ed      jose.JSONWebKey
	answer  atomic.Pointer[string] // of introspection
	asked   atomic.Value           // who asked there, and about what
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	iss := &issuer{}
	iss.now.Store(1_800_000_000)
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		if iss.down.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]string{"issuer": iss.named, "jwks_uri": iss.URL + "/jwks", "introspection_endpoint": iss.URL + "/introspect"})
	})
	mux.HandleFunc("POST /introspect", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		iss.asked.Store(id + " " + secret + " " + r.FormValue("token"))
		switch a := *iss.answer.Load(); a {
		case "":
			panic(http.ErrAbortHandler)
		case "401":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = w.Write([]byte(a))
		}
	})
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		iss.fetches.Add(1)
		answer(w, iss.keys.Load())
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	iss.URL, iss.named = srv.URL, srv.URL

	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	iss.ec = jose.JSONWebKey{Key: ec, KeyID: "ec", Algorithm: "ES256", Use: "sig"}
	iss.rs = jose.JSONWebKey{Key: rs, KeyID: "rs", Algorithm: "RS256", Use: "sig"}
	iss.ed = jose.JSONWebKey{Key: ed, KeyID: "ed", Algorithm: "EdDSA", Use: "sig"}
	iss.publish(iss.ec, iss.rs, iss.ed)
	return iss
}

func (i *issuer) publish(keys ...jose.JSONWebKey) {
	set := &jose.JSONWebKeySet{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Public())
	}
	i.keys.Store(set)
}

func (i *issuer) clock() time.Time        { return time.Unix(i.now.Load(), 0) }
func (i *issuer) advance(d time.Duration) { i.now.Add(int64(d / time.Second)) }

// claims are those of a good token; a test spoils one of them.
func (i *issuer) claims() map[string]any {
	now := i.now.Load()
	return map[string]any{
		"iss": i.URL, "sub": "u1", "aud": []string{audience}, "exp": now + 300, "iat": now, "jti": "j1",
		"client_id": "minato-seller", "scope": "openid payout", "sid": "s1",
		"acr": "urn:sekisho:acr:2sv", "amr": []string{"pwd", "otp"}, "auth_time": now - 60,
	}
}

func (i *issuer) verifier(t *testing.T) *resource.Verifier {
	t.Helper()
	v, err := resource.New(resource.Config{Issuer: i.URL, Audience: audience, Now: i.clock})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sign makes a token with the given header members.
func sign(t *testing.T, key jose.JSONWebKey, header map[jose.HeaderKey]any, claims map[string]any) string {
	t.Helper()
	opts := &jose.SignerOptions{ExtraHeaders: header}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sig.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func atJWT() map[jose.HeaderKey]any { return map[jose.HeaderKey]any{jose.HeaderType: "at+jwt"} }

// stranger is a key of nobody under somebody else's key id.
func stranger(t *testing.T, kid string) jose.JSONWebKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: "ES256", Use: "sig"}
}

func thumbprint(t *testing.T, k jose.JSONWebKey) []byte {
	t.Helper()
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
