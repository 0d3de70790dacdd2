package protocol_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// signer is a key of a relying party.
type signer struct {
	alg, kid string
	key      crypto.Signer
}

// partySigners are one key of each algorithm, made once per test binary.
var partySigners = sync.OnceValue(func() map[string]signer {
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[string]signer{
		"RS256": {"RS256", "rsa", rs}, "PS256": {"PS256", "rsa", rs}, "ES256": {"ES256", "ec", es}, "EdDSA": {"EdDSA", "ed", ed},
	}
})

// partyKeys are the public halves, as a relying party registers or publishes them.
func partyKeys(algs ...string) string {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, alg := range algs {
		s := partySigners()[alg]
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: s.key.Public(), KeyID: s.kid, Use: "sig"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// sign makes a compact JWS; header values may replace, remove (nil) or add to the usual ones.
func (s signer) sign(t testing.TB, claims any, header map[jose.HeaderKey]any) string {
	t.Helper()
	opts := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"typ": "JWT"}}
	if s.kid != "" {
		opts.ExtraHeaders["kid"] = s.kid
	}
	maps.Copy(opts.ExtraHeaders, header)
	maps.DeleteFunc(opts.ExtraHeaders, func(_ jose.HeaderKey, v any) bool { return v == nil })
	j, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.alg), Key: s.key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := j.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// assertionOf are the claims of a good client assertion.
func (w *world) assertionOf(client string) map[string]any {
	now := w.Clock.Now()
	return map[string]any{
		"iss": client, "sub": client, "aud": w.URL, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
}

// assert asks for a client's own token with an assertion.
func (w *world) assert(t *testing.T, token string, extra ...string) reply {
	t.Helper()
	v := form(append([]string{
		"grant_type", "client_credentials", "client_assertion", token,
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
	}, extra...)...)
	return w.machine(t).post(protocol.PathToken, v)
}

// keyed is a machine that authenticates by keys.
func keyed(id string, change func(*clients.Client)) clients.Client {
	c := clients.Client{
		ID: id, Name: id, Auth: clients.AuthKey, JWKS: partyKeys("RS256", "ES256", "EdDSA"),
		Grants: []clients.GrantType{clients.GrantClientCredentials}, Scopes: []string{"payout"},
	}
	change(&c)
	return c
}

func TestPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Clients(keyed("key", func(*clients.Client) {}), keyed("key-ps", func(c *clients.Client) { c.AssertionAlg = "PS256" })))
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		s := partySigners()[alg]
		if r := w.assert(t, s.sign(t, w.assertionOf("key"), nil)); r.status != http.StatusOK {
			t.Errorf("%s: got %d %s", alg, r.status, r.body)
		}
		r := w.assert(t, s.sign(t, w.assertionOf("key-ps"), nil))
		if (r.status == http.StatusOK) != (alg == "PS256") {
			t.Errorf("%s where PS256 is registered: got %d %s", alg, r.status, r.body)
		}
	}
	s := partySigners()["ES256"]
	for name, change := range map[string]func(map[string]any){
		"the token endpoint as audience": func(c map[string]any) { c["aud"] = w.URL + protocol.PathToken },
		"a list of one audience":         func(c map[string]any) { c["aud"] = []string{w.URL} },
		"ten seconds ahead":              func(c map[string]any) { c["iat"] = w.Clock.Now().Add(10 * time.Second).Unix() },
		"no iat":                         func(c map[string]any) { delete(c, "iat") },
		"five minutes":                   func(c map[string]any) { c["exp"] = w.Clock.Now().Add(5 * time.Minute).Unix() },
	} {
		claims := w.assertionOf("key")
		change(claims)
		if r := w.assert(t, s.sign(t, claims, nil)); r.status != http.StatusOK {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
	if r := w.assert(t, s.sign(t, w.assertionOf("key"), nil), "client_id", "key"); r.status != http.StatusOK {
		t.Errorf("with client_id: got %d %s", r.status, r.body)
	}
	nameless := s
	nameless.kid = ""
	if r := w.assert(t, nameless.sign(t, w.assertionOf("key"), nil)); r.status != http.StatusOK {
		t.Errorf("without kid: got %d %s", r.status, r.body)
	}
}

// H-13, A-10.4.16, T-48: everything that is wrong with an assertion.
func TestForgedClientAssertions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idptest.Clients(keyed("key", func(*clients.Client) {}), keyed("other-key", func(c *clients.Client) {
		c.JWKS = partyKeys("EdDSA")
	})))
	es := partySigners()["ES256"]
	claim := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
	at := func(d time.Duration) int64 { return w.Clock.Now().Add(d).Unix() }
	for name, change := range map[string]func(map[string]any){
		"no audience":                      claim("aud", nil),
		"another audience":                 claim("aud", "https://evil.example"),
		"two audiences":                    claim("aud", []string{w.URL, "https://evil.example"}),
		"the issuer with a slash":          claim("aud", w.URL+"/"),
		"no expiry":                        claim("exp", nil),
		"expired":                          claim("exp", at(-time.Minute)),
		"an hour":                          claim("exp", at(time.Hour)),
		"an absurd expiry":                 claim("exp", 1e300),
		"a text as expiry":                 claim("exp", "soon"),
		"issued in a minute":               claim("iat", at(time.Minute)),
		"not valid before a minute":        claim("nbf", at(time.Minute)),
		"no jti":                           claim("jti", ""),
		"a long jti":                       claim("jti", string(make([]byte, 600))),
		"no subject":                       claim("sub", nil),
		"no issuer":                        claim("iss", nil),
		"another's name":                   claim("iss", "other-key"),
		"a client of another method":       func(c map[string]any) { c["iss"], c["sub"] = "web", "web" },
		"a client with other keys":         func(c map[string]any) { c["iss"], c["sub"] = "other-key", "other-key" },
		"a client that is not there":       func(c map[string]any) { c["iss"], c["sub"] = "nobody", "nobody" },
		"a disabled client":                func(c map[string]any) { c["iss"], c["sub"] = "gone", "gone" },
		"claims that are no claims at all": func(c map[string]any) { c["aud"] = 5 },
	} {
		claims := w.assertionOf("key")
		change(claims)
		t.Run(name, func(t *testing.T) {
			wantError(t, w.assert(t, es.sign(t, claims, nil)), http.StatusUnauthorized, "invalid_client")
		})
	}
	good := func() string { return es.sign(t, w.assertionOf("key"), nil) }
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := signer{"ES256", "ec", stranger}
	hmac, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte("0123456789abcdef0123456789abcdef")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(w.assertionOf("key"))
	symmetric, err := hmac.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	hs256, _ := symmetric.CompactSerialize()
	for name, token := range map[string]string{
		"a stranger's key":     own.sign(t, w.assertionOf("key"), nil),
		"a key in the header":  own.sign(t, w.assertionOf("key"), map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: stranger.Public()}}),
		"an unknown key id":    signer{"ES256", "nope", es.key}.sign(t, w.assertionOf("key"), nil),
		"HS256":                hs256,
		"no signature":         "eyJhbGciOiJub25lIn0.e30.",
		"not a JWT":            "x",
		"a signature cut off":  good()[:40],
		"an endless assertion": good() + string(make([]byte, 20<<10)),
	} {
		t.Run(name, func(t *testing.T) { wantError(t, w.assert(t, token), http.StatusUnauthorized, "invalid_client") })
	}
	t.Run("client_id of another", func(t *testing.T) {
		wantError(t, w.assert(t, good(), "client_id", "web"), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("another type of assertion", func(t *testing.T) {
		v := form("grant_type", "client_credentials", "client_assertion", good(), "client_assertion_type", "urn:x")
		wantError(t, w.machine(t).post(protocol.PathToken, v), http.StatusUnauthorized, "invalid_client")
	})
	t.Run("two methods", func(t *testing.T) {
		wantError(t, w.assert(t, good(), "client_secret", secret), http.StatusBadRequest, "invalid_request")
		v := form("grant_type", "client_credentials", "client_assertion", good(), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		wantError(t, w.machine(t).post(protocol.PathToken, v, "Authorization", basic("web")), http.StatusBadRequest, "invalid_request")
	})
	t.Run("a client with keys by its name alone", func(t *testing.T) {
		r := w.machine(t).post(protocol.PathToken, form("grant_type", "client_credentials", "client_id", "key"))
		wantError(t, r, http.StatusUnauthorized, "invalid_client")
	})
}

// H-13: an assertion is good once, on every endpoint and every node, and its
// id is its client's own.
func TestH13ClientAssertionReplay(t *testing.T) {
	t.Parallel()
	two := idptest.Clients(keyed("key", func(*clients.Client) {}), keyed("key-twin", func(*clients.Client) {}))
	w := newWorld(t, two)
	s := partySigners()["ES256"]
	claims := w.assertionOf("key")
	token := s.sign(t, claims, nil)
	var good atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if r := w.assert(t, token); r.status == http.StatusOK {
				good.Add(1)
			} else if r.str("error") != "invalid_client" {
				t.Errorf("replay: got %d %s", r.status, r.body)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("16 uses at once: %d succeeded, want 1", good.Load())
	}
	w.Clock.Advance(time.Minute + 29*time.Second) // within the leeway it still verifies
	wantError(t, w.assert(t, token), http.StatusUnauthorized, "invalid_client")
	claims["iss"], claims["sub"], claims["exp"] = "key-twin", "key-twin", w.Clock.Now().Add(time.Minute).Unix()
	if r := w.assert(t, s.sign(t, claims, nil)); r.status != http.StatusOK {
		t.Errorf("the same jti of another client: got %d %s", r.status, r.body)
	}
}

// Keys published at a jwks_uri: fetched once, again for a new key, not for made-up ones.
func TestPublishedKeysAreFetchedAndRemembered(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int32
	var broken atomic.Bool
	var set atomic.Pointer[string]
	publish := func(algs ...string) { text := partyKeys(algs...); set.Store(&text) }
	publish("ES256")
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		fetched.Add(1)
		if broken.Load() {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = rw.Write([]byte(*set.Load()))
	}))
	defer site.Close()
	w := newWorld(t, idptest.Clients(keyed("key", func(c *clients.Client) { c.JWKS, c.JWKSURI = "", site.URL })))
	try := func(name, alg, kid string, want bool, fetches int32) {
		t.Helper()
		s := partySigners()[alg]
		if kid != "" {
			s.kid = kid
		}
		r := w.assert(t, s.sign(t, w.assertionOf("key"), nil))
		if (r.status == http.StatusOK) != want {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
		if got := fetched.Load(); got != fetches {
			t.Errorf("%s: %d fetches, want %d", name, got, fetches)
		}
	}
	try("first", "ES256", "", true, 1)
	try("again", "ES256", "", true, 1)
	for range 5 {
		try("a made-up key id", "ES256", "nope", false, 1)
	}
	publish("ES256", "EdDSA")
	try("a new key, too soon", "EdDSA", "", false, 1)
	w.Clock.Advance(time.Minute)
	try("a new key", "EdDSA", "", true, 2)
	publish("EdDSA")
	w.Clock.Advance(11 * time.Minute)
	try("a key that was withdrawn", "ES256", "", false, 3)
	broken.Store(true)
	w.Clock.Advance(11 * time.Minute)
	try("while the site is down", "EdDSA", "", true, 4)
	w.Clock.Advance(time.Hour)
	try("down for too long", "EdDSA", "", false, 5)
	if log := w.Log.String(); log == "" {
		t.Error("nothing was logged about refused assertions")
	}
}

func FuzzClientAssertion(f *testing.F) {
	for _, seed := range []string{
		"", "..", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIiwic3ViIjoiYSIsImF1ZCI6Imh0dHBzOi8vaWQuZXhhbXBsZSIsImV4cCI6MX0.AA",
		"eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJleHAiOjFlMzAwLCJhdWQiOls1XX0.AA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if err := protocol.JudgeAssertion(token, idptest.Start); err == nil && strings.Count(token, ".") != 2 {
			t.Errorf("accepted %q", token)
		}
	})
}
