package dpop_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients/dpop"
)

var now = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)

const (
	at    = "https://id.example/oauth2/token"
	token = "an access token"
)

// keys are one of each kind.
type keys struct {
	ec    *ecdsa.PrivateKey
	other *ecdsa.PrivateKey
	p384  *ecdsa.PrivateKey
	rsa   *rsa.PrivateKey
	short *rsa.PrivateKey
	ed    ed25519.PrivateKey
}

func newKeys(t testing.TB) (k keys) {
	t.Helper()
	var errs [6]error
	k.ec, errs[0] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.other, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.p384, errs[2] = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	k.rsa, errs[3] = rsa.GenerateKey(rand.Reader, 2048)
	k.short, errs[4] = rsa.GenerateKey(rand.Reader, 1024)
	_, k.ed, errs[5] = ed25519.GenerateKey(rand.Reader)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return k
}

// sign makes a proof by hand, so that every part of it can be wrong.
func sign(t testing.TB, alg string, key any, header, claims map[string]any) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType("dpop+jwt")
	for name, v := range header {
		opts.WithHeader(jose.HeaderKey(name), v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func jwk(key crypto.Signer) map[string]any {
	return map[string]any{"jwk": jose.JSONWebKey{Key: key.Public()}}
}

func good(change map[string]any) map[string]any {
	c := map[string]any{"jti": "id", "htm": "POST", "htu": at, "iat": now.Unix(), "ath": dpop.TokenHash(token), "nonce": "n"}
	maps.Copy(c, change)
	return c
}

func want() dpop.Want {
	return dpop.Want{Method: "POST", URLs: []string{at, "https://mtls.id.example/oauth2/token"}, Now: now, Token: token}
}

func TestProofs(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	for alg, key := range map[string]crypto.Signer{"ES256": k.ec, "PS256": k.rsa, "EdDSA": k.ed} {
		p, err := dpop.Read([]string{sign(t, alg, key, jwk(key), good(nil))}, want())
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		j := jose.JSONWebKey{Key: key.Public()}
		sum, _ := j.Thumbprint(crypto.SHA256)
		if p.Thumbprint != base64.RawURLEncoding.EncodeToString(sum) || p.ID != "id" || p.Nonce != "n" {
			t.Errorf("%s: got %+v", alg, p)
		}
		if !p.Until.After(now.Add(dpop.Window)) {
			t.Errorf("%s: the id may be forgotten at %v, while the proof still counts", alg, p.Until)
		}
	}
	for name, change := range map[string]map[string]any{
		"a minute old":                    {"iat": now.Add(-time.Minute).Unix()},
		"a minute ahead":                  {"iat": now.Add(time.Minute).Unix()},
		"fractions of a second":           {"iat": float64(now.Unix()) + 0.5},
		"with query and fragment":         {"htu": at + "?x=1#y"},
		"capitals and the port":           {"htu": "HTTPS://ID.example:443/oauth2/token"},
		"needless encoding":               {"htu": "https://id.example/%6fauth2/./x/../token"},
		"the second name":                 {"htu": "https://mtls.id.example/oauth2/token"},
		"no nonce":                        {"nonce": nil},
		"exp and nbf, which mean nothing": {"exp": 1, "nbf": now.Add(time.Hour).Unix()},
	} {
		if _, err := dpop.Read([]string{sign(t, "ES256", k.ec, jwk(k.ec), good(change))}, want()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Everything of RFC 9449 §4.3 that can be wrong with a proof (T-48, T-51).
func TestForgedProofs(t *testing.T) {
	t.Parallel()
	k := newKeys(t)
	plain := sign(t, "ES256", k.ec, jwk(k.ec), good(nil))
	refuse := func(name string, fields ...string) {
		t.Helper()
		if _, err := dpop.Read(fields, want()); !errors.Is(err, dpop.ErrProof) {
			t.Errorf("%s: got %v, want ErrProof", name, err)
		}
	}
	refuse("no field")
	refuse("two fields", plain, plain)
	refuse("an empty field", "")
	refuse("two proofs in one field", plain+", "+plain)
	refuse("an endless field", plain+strings.Repeat("A", 9000))
	refuse("no algorithm", "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.")
	refuse("a shared secret", sign(t, "HS256", []byte("0123456789abcdef0123456789abcdef"), map[string]any{"jwk": jwk(k.ec)["jwk"]}, good(nil)))
	refuse("RS256", sign(t, "RS256", k.rsa, jwk(k.rsa), good(nil)))
	refuse("a short key", sign(t, "PS256", k.short, jwk(k.short), good(nil)))
	refuse("another curve", sign(t, "ES384", k.p384, jwk(k.p384), good(nil)))
	refuse("another type", sign(t, "ES256", k.ec, map[string]any{"jwk": jwk(k.ec)["jwk"], "typ": "JWT"}, good(nil)))
	refuse("no key", sign(t, "ES256", k.ec, nil, good(nil)))
	refuse("the private key", sign(t, "ES256", k.ec, map[string]any{"jwk": jose.JSONWebKey{Key: k.ec}}, good(nil)))
	refuse("another's key", sign(t, "ES256", k.ec, jwk(k.other), good(nil)))
	for name, change := range map[string]map[string]any{
		"no jti":                {"jti": ""},
		"a long jti":            {"jti": strings.Repeat("x", 300)},
		"another method":        {"htm": "GET"},
		"the method in small":   {"htm": "post"},
		"another path":          {"htu": "https://id.example/oauth2/revoke"},
		"a path below":          {"htu": at + "/"},
		"an encoded slash":      {"htu": "https://id.example/oauth2%2ftoken"},
		"another host":          {"htu": "https://id.example.evil.example/oauth2/token"},
		"a host in the user":    {"htu": "https://id.example@evil.example/oauth2/token"},
		"another port":          {"htu": "https://id.example:8443/oauth2/token"},
		"plain http":            {"htu": "http://id.example/oauth2/token"},
		"no address":            {"htu": ""},
		"no address at all":     {"htu": ":"},
		"no moment":             {"iat": nil},
		"over a minute ago":     {"iat": now.Add(-61 * time.Second).Unix()},
		"over a minute ahead":   {"iat": now.Add(61 * time.Second).Unix()},
		"an absurd moment":      {"iat": 1e300},
		"a text as moment":      {"iat": "now"},
		"no token":              {"ath": nil},
		"another token":         {"ath": dpop.TokenHash("another")},
		"the token itself":      {"ath": token},
		"a number as method":    {"htm": 5},
		"a list as address":     {"htu": []string{at}},
		"an object for an id":   {"jti": map[string]any{}},
		"a truth for the nonce": {"nonce": true},
	} {
		refuse(name, sign(t, "ES256", k.ec, jwk(k.ec), good(change)))
	}
}

func TestNoncesTurn(t *testing.T) {
	t.Parallel()
	n, other := dpop.Nonces{Key: []byte("one")}, dpop.Nonces{Key: []byte("two")}
	nonce := n.At(now)
	for after, want := range map[time.Duration]bool{0: true, time.Minute: true, 2 * time.Minute: true, 4 * time.Minute: false, -2 * time.Minute: false} {
		if got := n.Good(nonce, now.Add(after)); got != want {
			t.Errorf("after %v: good is %v, want %v", after, got, want)
		}
	}
	if nonce == n.At(now.Add(2*time.Minute)) {
		t.Error("the nonce does not change")
	}
	if other.Good(nonce, now) || n.Good("", now) || n.Good(nonce+"x", now) {
		t.Error("a foreign nonce is good")
	}
}

func FuzzProof(f *testing.F) {
	k := newKeys(f)
	f.Add(sign(f, "ES256", k.ec, jwk(k.ec), good(nil)), at)
	f.Add("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIn19.e30.AA", "https://%zz/%2e%2E//../")
	f.Fuzz(func(t *testing.T, proof, url string) {
		w := want()
		w.URLs = []string{url}
		if p, err := dpop.Read([]string{proof}, w); err == nil && (p.Thumbprint == "" || p.ID == "") {
			t.Errorf("accepted %q: %+v", proof, p)
		}
	})
}
