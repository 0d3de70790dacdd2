package resource_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients/resource"
)

func TestGenuineTokenIsRead(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	want := resource.Token{
		Issuer: iss.URL, Subject: "u1", ClientID: "minato-seller", SID: "s1", ID: "j1",
		Scopes: []string{"openid", "payout"}, ACR: "urn:sekisho:acr:2sv", AMR: []string{"pwd", "otp"},
		AuthTime: iss.clock().Add(-time.Minute).UTC(), IssuedAt: iss.clock().UTC(), Expiry: iss.clock().Add(5 * time.Minute).UTC(),
	}
	for _, key := range []jose.JSONWebKey{iss.ec, iss.rs, iss.ed} {
		got, err := v.Verify(t.Context(), sign(t, key, atJWT(), iss.claims()))
		if err != nil {
			t.Fatalf("%s: %v", key.Algorithm, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: token (-want +got)\n%s", key.Algorithm, diff)
		}
	}
	if n := iss.fetches.Load(); n != 1 {
		t.Errorf("keys were fetched %d times for three tokens, want once", n)
	}
}

// T-49, H-11, A-9.2.2, A-10.3.1, C-55.
func TestForgedTokenIsRefused(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	now := iss.now.Load()
	with := func(name string, value any) map[string]any {
		c := iss.claims()
		c[name] = value
		return c
	}
	without := func(name string) map[string]any {
		c := iss.claims()
		delete(c, name)
		return c
	}
	typ := func(value string) map[jose.HeaderKey]any {
		return map[jose.HeaderKey]any{jose.HeaderType: value}
	}
	good := sign(t, iss.ec, atJWT(), iss.claims())
	parts := strings.Split(good, ".")
	segment := func(v map[string]any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	mallory := stranger(t, "ec")
	crossed := iss.ec
	crossed.KeyID = "rs"
	hmac := jose.JSONWebKey{Key: thumbprint(t, iss.ec), KeyID: "ec", Algorithm: "HS256"}
	tests := []struct{ name, token string }{
		{"not a token at all", "garbage"},
		{"alg none without a signature", segment(map[string]any{"alg": "none", "typ": "at+jwt", "kid": "ec"}) + "." + parts[1] + "."},
		{"alg None in another case", segment(map[string]any{"alg": "None", "typ": "at+jwt", "kid": "ec"}) + "." + parts[1] + "." + parts[2]},
		{"claims changed after signing", parts[0] + "." + segment(with("sub", "u2")) + "." + parts[2]},
		{"signature of another token", parts[0] + "." + parts[1] + "." + strings.Split(sign(t, iss.ec, atJWT(), with("sub", "u2")), ".")[2]},
		{"symmetric signature with public bytes as the key", sign(t, hmac, atJWT(), iss.claims())},
		{"signed by a stranger under a known kid", sign(t, mallory, atJWT(), iss.claims())},
		{"kid of a key for another algorithm", sign(t, crossed, atJWT(), iss.claims())},
		{"key carried in the token itself", sign(t, mallory, map[jose.HeaderKey]any{jose.HeaderType: "at+jwt", "jwk": mallory.Public()}, iss.claims())},
		{"unknown kid with jku to a stranger's keys", sign(t, stranger(t, "new"), map[jose.HeaderKey]any{jose.HeaderType: "at+jwt", "jku": "http://127.0.0.1:1/jwks"}, iss.claims())},
		{"critical header nobody knows", sign(t, iss.ec, map[jose.HeaderKey]any{jose.HeaderType: "at+jwt", "crit": []string{"exp"}, "exp": 1}, iss.claims())},
		{"ID token", sign(t, iss.ec, typ("JWT"), iss.claims())},
		{"logout token", sign(t, iss.ec, typ("logout+jwt"), iss.claims())},
		{"no typ", sign(t, iss.ec, nil, iss.claims())},
		{"another issuer", sign(t, iss.ec, atJWT(), with("iss", "https://id.example.com"))},
		{"issuer with a slash added", sign(t, iss.ec, atJWT(), with("iss", iss.URL+"/"))},
		{"another audience", sign(t, iss.ec, atJWT(), with("aud", "minato-seller"))},
		{"no audience", sign(t, iss.ec, atJWT(), without("aud"))},
		{"no subject", sign(t, iss.ec, atJWT(), without("sub"))},
		{"no client", sign(t, iss.ec, atJWT(), without("client_id"))},
		{"no expiry", sign(t, iss.ec, atJWT(), without("exp"))},
		{"expired by the leeway", sign(t, iss.ec, atJWT(), with("exp", now-30))},
		{"issued later than the leeway", sign(t, iss.ec, atJWT(), with("iat", now+31))},
		{"valid later than the leeway", sign(t, iss.ec, atJWT(), with("nbf", now+31))},
		{"far too long", good + strings.Repeat("A", 20<<10)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := v.Verify(t.Context(), tt.token); !errors.Is(err, resource.ErrToken) {
				t.Errorf("Verify = %+v, %v; want ErrToken", got, err)
			}
		})
	}
}

// C-55: clocks may differ by 30 s.
func TestClocksMayDifferByTheLeeway(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	v := iss.verifier(t)
	now := iss.now.Load()
	for name, at := range map[string]int64{"exp": now - 29, "iat": now + 30, "nbf": now + 30} {
		c := iss.claims()
		c[name] = at
		if _, err := v.Verify(t.Context(), sign(t, iss.ec, map[jose.HeaderKey]any{jose.HeaderType: "application/AT+JWT"}, c)); err != nil {
			t.Errorf("%s at the edge of the leeway: %v", name, err)
		}
	}
}
