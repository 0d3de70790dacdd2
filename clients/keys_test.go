package clients_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
)

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// jwks is a set of the public halves of keys, or of JWKs as they are.
func jwks(t testing.TB, keys ...any) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, k := range keys {
		switch k := k.(type) {
		case jose.JSONWebKey:
			set.Keys = append(set.Keys, k)
		case crypto.Signer:
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public()})
		}
	}
	b, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sign makes a token; kid empty leaves it out.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("oauth-authz-req+jwt")
	if kid != "" {
		opts = opts.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(`{"iss":"seller"}`))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestParseKeysRefusesWhatMustNotBeThere(t *testing.T) { // T-48
	t.Parallel()
	ec, weak := ecKey(t), rsaKey(t, 1024)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	named := func(kid string) jose.JSONWebKey { return jose.JSONWebKey{Key: ec.Public(), KeyID: kid} }
	many := make([]any, 21)
	for i := range many {
		many[i] = ec
	}
	tests := []struct {
		name, set string
		want      int // keys; 0 for an error
	}{
		{"one key", jwks(t, ec), 1},
		{"several kinds", jwks(t, ec, ed, rsaKey(t, 2048)), 3},
		{"an unknown kind beside it", strings.Replace(jwks(t, ec), `{"keys":[`, `{"keys":[{"kty":"PQC","x":"AA"},`, 1), 1},
		{"a key for encryption beside it", jwks(t, ec, jose.JSONWebKey{Key: ed.Public(), Use: "enc"}), 1},
		{"a weak key beside it", jwks(t, ec, weak), 1},
		{"a weak key alone", jwks(t, weak), 0},
		{"a curve that signs nothing here", jwks(t, p384), 0},
		{"the private key", jwks(t, jose.JSONWebKey{Key: ec}), 0},
		{"the private key beside a public one", jwks(t, ed, jose.JSONWebKey{Key: ec}), 0},
		{"a symmetric key", `{"keys":[{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}`, 0},
		{"a kid twice", jwks(t, named("a"), named("a")), 0},
		{"two kids", jwks(t, named("a"), named("b")), 2},
		{"too many", jwks(t, many...), 0},
		{"none", `{"keys":[]}`, 0},
		{"no set", `{}`, 0},
		{"no JSON", `-----BEGIN PUBLIC KEY-----`, 0},
		{"an algorithm that the key cannot make", jwks(t, jose.JSONWebKey{Key: ec.Public(), Algorithm: "RS256"}), 0},
	}
	for _, tt := range tests {
		keys, err := clients.ParseKeys([]byte(tt.set))
		if len(keys) != tt.want || (tt.want == 0) != errors.Is(err, clients.ErrKeys) {
			t.Errorf("%s: got %d keys, %v, want %d", tt.name, len(keys), err, tt.want)
		}
	}
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestVerifyTakesNothingFromTheToken(t *testing.T) { // T-48
	t.Parallel()
	mine, stranger := ecKey(t), ecKey(t)
	set := func(keys ...any) clients.Keys {
		k, err := clients.ParseKeys([]byte(jwks(t, keys...)))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a := jose.JSONWebKey{Key: mine.Public(), KeyID: "a"}
	good := sign(t, jose.ES256, mine, "a")
	tests := []struct {
		name, token string
		keys        clients.Keys
		algs        []string
		ok          bool
	}{
		{"by its kid", good, set(a), []string{"ES256"}, true},
		{"without kid", sign(t, jose.ES256, mine, ""), set(stranger, a), []string{"ES256"}, true},
		{"one of several algorithms", good, set(a), []string{"PS256", "ES256"}, true},
		{"another kid", sign(t, jose.ES256, mine, "b"), set(a), []string{"ES256"}, false},
		{"another's key", sign(t, jose.ES256, stranger, "a"), set(a), []string{"ES256"}, false},
		{"an algorithm not asked for", good, set(a), []string{"PS256"}, false},
		{"no algorithm at all", good, set(a), nil, false},
		{"symmetric with the public key", sign(t, jose.HS256, []byte(jwks(t, a)), "a"), set(a), []string{"ES256"}, false},
		{"unsigned", "eyJhbGciOiJub25lIn0.e30.", set(a), []string{"ES256"}, false},
		{"altered", good[:len(good)-4] + "AAAA", set(a), []string{"ES256"}, false},
		{"no token", "x", set(a), []string{"ES256"}, false},
	}
	for _, tt := range tests {
		typ, payload, err := tt.keys.Verify(tt.token, tt.algs...)
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, clients.ErrSignature) {
			t.Errorf("%s: got %v", tt.name, err)
		}
		if tt.ok && (typ != "oauth-authz-req+jwt" || string(payload) != `{"iss":"seller"}`) {
			t.Errorf("%s: got %q, %q", tt.name, typ, payload)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`)
	f.Add(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`)
	f.Add(jwks(f, ecKey(f)))
	f.Fuzz(func(t *testing.T, set string) {
		keys, err := clients.ParseKeys([]byte(set))
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%q: %d keys, %v", set, len(keys), err)
		}
		for _, k := range keys {
			if !k.IsPublic() || !k.Valid() {
				t.Errorf("%q: a key that is not public or not valid", set)
			}
		}
	})
}
