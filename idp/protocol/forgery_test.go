package protocol_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// T-48: tokens that choose how they are verified.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.tokens(t, "web").str("access_token")
	header, _ := parts(t, good)
	kid, _ := header["kid"].(string)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(w.machine(t).get(protocol.PathJWKS).body), &set); err != nil {
		t.Fatal(err)
	}
	segments := strings.Split(good, ".")
	ours, _ := set.Key(kid)[0].Key.(*ecdsa.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(ours)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(jose.JSONWebKey{Key: theirs.Public(), KeyID: kid, Algorithm: "ES256"})
	if err != nil {
		t.Fatal(err)
	}
	rsaKid := ""
	for _, k := range set.Keys {
		if k.Algorithm == "RS256" {
			rsaKid = k.KeyID
		}
	}
	encode := base64.RawURLEncoding.EncodeToString
	forge := func(header string, sign func(input []byte) []byte) string {
		input := encode([]byte(header)) + "." + segments[1]
		return input + "." + encode(sign([]byte(input)))
	}
	nothing := func([]byte) []byte { return nil }
	mac := func(input []byte) []byte {
		m := hmac.New(sha256.New, der)
		m.Write(input)
		return m.Sum(nil)
	}
	stranger := func(input []byte) []byte {
		sum := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, theirs, sum[:])
		if err != nil {
			t.Error(err)
			return nil
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	for name, token := range map[string]string{
		"alg none":                   forge(`{"alg":"none","typ":"at+jwt","kid":"`+kid+`"}`, nothing),
		"alg None":                   forge(`{"alg":"None","typ":"at+jwt","kid":"`+kid+`"}`, nothing),
		"no signature":               segments[0] + "." + segments[1] + ".",
		"two segments":               segments[0] + "." + segments[1],
		"HMAC with our public key":   forge(`{"alg":"HS256","typ":"at+jwt","kid":"`+kid+`"}`, mac),
		"another's key, our kid":     forge(`{"alg":"ES256","typ":"at+jwt","kid":"`+kid+`"}`, stranger),
		"another's key in jwk":       forge(`{"alg":"ES256","typ":"at+jwt","kid":"`+kid+`","jwk":`+string(jwk)+`}`, stranger),
		"another's key by jku":       forge(`{"alg":"ES256","typ":"at+jwt","kid":"x","jku":"https://evil.example/jwks"}`, stranger),
		"no kid":                     forge(`{"alg":"ES256","typ":"at+jwt"}`, stranger),
		"kid with a path":            forge(`{"alg":"ES256","typ":"at+jwt","kid":"../../dev/null"}`, stranger),
		"kid with SQL":               forge(`{"alg":"ES256","typ":"at+jwt","kid":"x' OR '1'='1"}`, stranger),
		"kid of another algorithm":   forge(`{"alg":"ES256","typ":"at+jwt","kid":"`+rsaKid+`"}`, stranger),
		"alg of another key":         forge(`{"alg":"RS256","typ":"at+jwt","kid":"`+kid+`"}`, stranger),
		"no typ":                     forge(`{"alg":"ES256","kid":"`+kid+`"}`, stranger),
		"critical extension":         forge(`{"alg":"ES256","typ":"at+jwt","kid":"`+kid+`","crit":["b64"],"b64":false}`, stranger),
		"signature of another token": segments[0] + "." + encode([]byte(`{"sub":"x"}`)) + "." + segments[2],
	} {
		if r := w.userInfo(t, token); r.status != http.StatusUnauthorized || r.str("error") != "invalid_token" {
			t.Errorf("%s: got %d %s, want 401 invalid_token", name, r.status, r.body)
		}
		if r := w.machine(t).post(protocol.PathRevoke, form("token", token), "Authorization", basic("web")); r.status != http.StatusOK {
			t.Errorf("%s at revocation: got %d %s, want 200", name, r.status, r.body)
		}
	}
	if r := w.userInfo(t, good); r.status != http.StatusOK {
		t.Errorf("the genuine token afterwards: got %d %s", r.status, r.body)
	}
}
