package protocol_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// es256 signs for the client "signs", stranger for nobody.
func es256() signer { return partySigners()["ES256"] }

var stranger = sync.OnceValue(func() signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{"ES256", "ec", key}
})

// signed is a request object; typ empty leaves the header out.
func (s signer) signed(t testing.TB, typ string, claims any) string {
	t.Helper()
	header := map[jose.HeaderKey]any{"typ": typ}
	if typ == "" {
		header["typ"] = nil
	}
	return s.sign(t, claims, header)
}

// hs256 is what somebody signs with a secret.
func hs256(t testing.TB, claims any) string {
	t.Helper()
	j, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret)}, nil)
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
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// object are the claims of a good request object, with changes: nil removes.
func object(now time.Time, audience string, changes ...any) map[string]any {
	c := map[string]any{
		"iss": "signs", "aud": audience, "exp": now.Add(time.Minute).Unix(), "nbf": now.Unix(), "iat": now.Unix(), "jti": rand.Text(),
		"client_id": "signs", "redirect_uri": callback, "response_type": "code", "scope": "openid email", "state": "inside",
		"nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256",
	}
	for i := 0; i+1 < len(changes); i += 2 {
		name, _ := changes[i].(string)
		c[name] = changes[i+1]
		if changes[i+1] == nil {
			delete(c, name)
		}
	}
	return c
}

// RFC 9101 §6.3: what stands in the object counts, what stands around it does not.
func TestRequestObjectWinsOverWhatIsAroundIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	claims := object(w.Clock.Now(), w.URL,
		"max_age", 300, "claims", map[string]any{"userinfo": map[string]any{"name": nil}}, "resource", []string{w.URL}, "login_hint", "")
	token := es256().signed(t, "oauth-authz-req+jwt", claims)
	around := request("client_id", "signs", "redirect_uri", "https://evil.example/", "state", "outside", "response_type", "token",
		"prompt", "none", "scope", "openid phone", "claims", "{", "request", token)
	b := w.browser(t)
	q := b.signInTo(around, alice, callback)
	if q.Get("state") != "inside" || q.Get("code") == "" {
		t.Fatalf("got %v, want a code and the state of the object", q)
	}
	r := w.redeem(t, "signs", q.Get("code"))
	if r.str("scope") != "openid email" || w.userInfo(t, r.str("access_token")).str("name") == "" {
		t.Errorf("tokens %s, want the scope and the claims of the object", r.body)
	}
	least := url.Values{"client_id": {"signs"}, "request": {token}}
	if q := b.returned(b.authorize(least), callback); q.Get("code") == "" {
		t.Errorf("nothing around it: got %v, want a code", q)
	}
}

// T-48, T-49: whatever the object is, it is believed when it is this client's,
// signed as registered, for us and of now; and never executed otherwise.
func TestRequestObjectMustBeGenuine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, now := w.browser(t), w.Clock.Now()
	good := func(changes ...any) string {
		return es256().signed(t, "oauth-authz-req+jwt", object(now, w.URL, changes...))
	}
	typed := func(typ string) string { return es256().signed(t, typ, object(now, w.URL)) }
	const unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJzaWducyJ9."
	tests := []struct{ name, client, token, want string }{
		{"good", "signs", good(), ""},
		{"without typ", "signs", typed(""), ""},
		{"typ JWT", "signs", typed("JWT"), ""},
		{"the media type as typ", "signs", typed("application/oauth-authz-req+jwt"), ""},
		{"several audiences", "signs", good("aud", []string{"https://other.example", w.URL}), ""},
		{"no times", "signs", good("exp", nil, "nbf", nil, "iat", nil), ""},
		{"of a clock a little ahead (C-55)", "signs", good("nbf", now.Add(8*time.Second).Unix()), ""},
		{"a null", "signs", good("login_hint", nil, "display", json.RawMessage("null")), ""},

		{"unsigned", "signs", unsigned, "invalid_request_object"},
		{"of a stranger's key", "signs", stranger().signed(t, "", object(now, w.URL)), "invalid_request_object"},
		{"symmetric", "signs", hs256(t, object(now, w.URL)), "invalid_request_object"},
		{"altered", "signs", good() + "A", "invalid_request_object"},
		{"no token at all", "signs", "x", "invalid_request_object"},
		{"an access token's typ", "signs", typed("at+jwt"), "invalid_request_object"},
		{"a proof's typ", "signs", typed("dpop+jwt"), "invalid_request_object"},
		{"of another issuer", "signs", good("iss", "web"), "invalid_request_object"},
		{"without issuer", "signs", good("iss", nil), "invalid_request_object"},
		{"with another client_id", "signs", good("client_id", "web"), "invalid_request_object"},
		{"a client assertion (RFC 9101 §10.8)", "signs", good("sub", "signs"), "invalid_request_object"},
		{"for another server", "signs", good("aud", "https://other.example"), "invalid_request_object"},
		{"for nobody", "signs", good("aud", nil), "invalid_request_object"},
		{"expired", "signs", good("exp", now.Add(-31*time.Second).Unix()), "invalid_request_object"},
		{"not yet", "signs", good("nbf", now.Add(time.Minute).Unix()), "invalid_request_object"},
		{"a time that is none", "signs", good("exp", "soon"), "invalid_request_object"},
		{"an object in the object", "signs", good("request", good()), "invalid_request_object"},
		{"a reference in the object", "signs", good("request_uri", "https://rp.example/r"), "invalid_request_object"},
		{"two states", "signs", good("state", []string{"a", "b"}), "invalid_request_object"},
		{"a list of numbers", "signs", good("resource", []int{1}), "invalid_request_object"},
		{"what is refused outside is refused inside", "signs", good("response_type", "token"), "unsupported_response_type"},
		{"a bad number inside", "signs", good("max_age", 1.5), "invalid_request"},

		{"encrypted", "signs", "a.b.c.d.e", "request_not_supported"},
		{"of a client that registered no key", "web", good(), "request_not_supported"},
		{"unsigned, of a client that registered no key", "web", unsigned, "request_not_supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to := b.authorize(request("client_id", tt.client, "request", tt.token))
			got := ""
			if u, err := url.Parse(to); err == nil && u.Path != "/signin" {
				got = b.returned(to, callback).Get("error")
			}
			if got != tt.want {
				t.Errorf("sent to %s, want error %q", to, tt.want)
			}
		})
	}
	bad := request("client_id", "signs", "request", good("redirect_uri", "https://evil.example/"))
	if r := b.get(protocol.PathAuthorize + "?" + bad.Encode()); r.status != 400 || r.location() != "" {
		t.Errorf("an unregistered URI inside: got %d to %q, want a page", r.status, r.location())
	}
	bad = request("client_id", "signs", "redirect_uri", "https://evil.example/", "request", good("iss", "web"))
	if r := b.get(protocol.PathAuthorize + "?" + bad.Encode()); r.status != 400 || r.location() != "" {
		t.Errorf("a bad object with an unregistered URI outside: got %d to %q, want a page", r.status, r.location())
	}
}

// T-47: nothing is ever fetched, by whatever name it goes.
func TestRequestURIByReferenceIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	for _, uri := range []string{"https://rp.example/r", w.URL + "/oauth2/jwks", "http://169.254.169.254/", "urn:other:1", "URN:ietf:params:oauth:request_uri:x"} {
		q := b.returned(b.authorize(request("request_uri", uri)), callback)
		if q.Get("error") != "request_uri_not_supported" {
			t.Errorf("%s: got %v, want request_uri_not_supported", uri, q)
		}
		if r := b.get(protocol.PathAuthorize + "?" + request("request_uri", uri, "redirect_uri", "").Encode()); r.status != 400 {
			t.Errorf("%s without redirect_uri: got %d, want a page", uri, r.status)
		}
	}
}

func FuzzRequestObject(f *testing.F) {
	registry := clients.NewRegistry([]clients.Client{
		{ID: "signs", RedirectURIs: []string{callback}, JWKS: partyKeys("ES256"), RequestObjectAlg: "ES256"},
	})
	good, err := json.Marshal(object(time.Unix(1_800_000_000, 0), "https://id.example"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good), true)
	f.Add(`{"iss":"signs","aud":["https://id.example"],"redirect_uri":["a","b"],"exp":1e400}`, true)
	f.Add(`{"iss":"signs","aud":"https://id.example","claims":{"id_token":null},"max_age":-1,"request":"x"}`, true)
	f.Add("a.b.c", false)
	f.Fuzz(func(t *testing.T, payload string, sign bool) {
		token := payload
		if sign {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: es256().key}, nil)
			if err != nil {
				t.Fatal(err)
			}
			jws, err := signer.Sign([]byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			if token, err = jws.CompactSerialize(); err != nil {
				t.Fatal(err)
			}
		}
		got, code, err := protocol.ReadAuthorize(url.Values{"client_id": {"signs"}, "request": {token}}, nil, registry.Lookup)
		if err == nil && code == "" && (!sign || got.RedirectURI != callback) {
			t.Errorf("%q passed with redirect URI %q", payload, got.RedirectURI)
		}
	})
}
