package protocol_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// newDay is a world whose clock shows the machine's time: some libraries look
// at no other.
func newDay(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Clock.Advance(time.Since(idptest.Start))
	return w
}

// visit signs in on the real pages at a URL that a library made, and returns
// what the relying party is told.
func (w *world) visit(t *testing.T, b *idptest.Browser, to, email string) url.Values {
	t.Helper()
	p := b.Get(to)
	if p.Left == nil {
		p = b.Submit(p, "/signin", "identifier", email, "password", password)
	}
	if p.Left == nil && p.URL.Path == "/signin/code" {
		p = b.Submit(p, "/signin/code", "code", w.Code(t, mobile))
	}
	if p.Left == nil {
		t.Fatalf("still at %s (%d):\n%s", p.URL, p.Status, p.Body)
	}
	return p.Left.Query()
}

// go-oidc and x/oauth2 do the code flow with PKCE, refresh and userinfo, for
// each algorithm of ID tokens.
func TestRelyingPartyGoOIDC(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	ctx := t.Context()
	provider, err := coreos.NewProvider(ctx, w.URL)
	if err != nil {
		t.Fatal(err)
	}
	for id, alg := range map[string]string{"web": "RS256", "ps": "PS256", "es": "ES256", "ed": "EdDSA"} {
		conf := oauth2.Config{
			ClientID: id, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: callback,
			Scopes: []string{"openid", "profile", "email", "offline_access"},
		}
		pkce := oauth2.GenerateVerifier()
		q := w.visit(t, w.Browser(t), conf.AuthCodeURL("the-state", oauth2.S256ChallengeOption(pkce), coreos.Nonce("the-nonce")), alice)
		if q.Get("state") != "the-state" || q.Get("iss") != w.URL {
			t.Fatalf("%s: redirected with %v", id, q)
		}
		token, err := conf.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(pkce))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := token.Extra("id_token").(string)
		verified, err := provider.Verifier(&coreos.Config{ClientID: id, SupportedSigningAlgs: []string{alg}}).Verify(ctx, raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := verified.VerifyAccessToken(token.AccessToken); err != nil || verified.Nonce != "the-nonce" || verified.Subject != w.alice.ID {
			t.Errorf("%s: at_hash %v, nonce %q, sub %q", id, err, verified.Nonce, verified.Subject)
		}
		info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil || info.Email != alice || !info.EmailVerified || info.Subject != w.alice.ID {
			t.Errorf("%s: userinfo %+v, %v", id, info, err)
		}
		token.Expiry = time.Unix(1, 0)
		fresh, err := conf.TokenSource(ctx, token).Token()
		if err != nil || fresh.AccessToken == token.AccessToken || fresh.RefreshToken == token.RefreshToken {
			t.Errorf("%s: refresh %v", id, err)
		}
	}
}

// A relying party asks an existing session for more: the token says what
// happened, and goes on saying it (O-26, O-31, O-32).
func TestRelyingPartyStepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AddUserWith(t, carol, password, mobile, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
	b := w.Browser(t)
	w.Clock.Advance(time.Minute)
	v := request("acr_values", "urn:sekisho:acr:2sv", "max_age", "300", "scope", "openid offline_access")
	r := w.redeem(t, "web", w.visit(t, b, protocol.PathAuthorize+"?"+v.Encode(), carol).Get("code"))
	w.Clock.Advance(time.Minute)
	for _, r := range []reply{r, w.refresh(t, "web", r.str("refresh_token"))} {
		for _, name := range []string{"id_token", "access_token"} {
			_, claims := parts(t, r.str(name))
			got := map[string]any{"acr": claims["acr"], "amr": claims["amr"], "auth_time": claims["auth_time"]}
			want := map[string]any{
				"acr": "urn:sekisho:acr:2sv", "amr": []any{"pwd", "otp"}, "auth_time": float64(idptest.Start.Add(time.Minute).Unix()),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// nonce is where the test keeps the nonce for the library; a refreshed ID token has none.
type nonce struct{}

// The library's own relying party, which sends its secret in the body.
func TestRelyingPartyZitadel(t *testing.T) {
	t.Parallel()
	w := newDay(t)
	ctx := t.Context()
	party, err := rp.NewRelyingPartyOIDC(ctx, w.URL, "post", secret, callback, []string{"openid", "email", "offline_access"},
		rp.WithVerifierOpts(rp.WithNonce(func(ctx context.Context) string { s, _ := ctx.Value(nonce{}).(string); return s })))
	if err != nil {
		t.Fatal(err)
	}
	pkce, b := oauth2.GenerateVerifier(), w.Browser(t)
	q := w.visit(t, b, rp.AuthURL("the-state", party, rp.WithCodeChallenge(oidc.NewSHACodeChallenge(pkce)), func() []oauth2.AuthCodeOption {
		return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("nonce", "the-nonce")}
	}), alice)
	tokens, err := rp.CodeExchange[*oidc.IDTokenClaims](context.WithValue(ctx, nonce{}, "the-nonce"), q.Get("code"), party, rp.WithCodeVerifier(pkce))
	if err != nil {
		t.Fatal(err)
	}
	c := tokens.IDTokenClaims
	if c.Subject != w.alice.ID || c.Nonce != "the-nonce" || c.AuthenticationContextClassReference != "urn:sekisho:acr:pwd" || c.SessionID == "" {
		t.Errorf("ID token: %+v", c)
	}
	info, err := rp.Userinfo[*oidc.UserInfo](ctx, tokens.AccessToken, tokens.TokenType, c.Subject, party)
	if err != nil || info.Email != alice {
		t.Errorf("userinfo: %+v, %v", info, err)
	}
	fresh, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, party, tokens.RefreshToken, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if fresh.IDTokenClaims.AuthenticationContextClassReference != c.AuthenticationContextClassReference {
		t.Errorf("refreshed ID token: %+v", fresh.IDTokenClaims)
	}
	if err := rp.RevokeToken(ctx, party, fresh.RefreshToken, "refresh_token"); err != nil {
		t.Errorf("revoke: %v", err)
	}
	if _, err := rp.RefreshTokens[*oidc.IDTokenClaims](ctx, party, fresh.RefreshToken, "", ""); err == nil {
		t.Error("refresh after revocation: got tokens")
	}
	p := b.Get(protocol.PathLogout + "?" + form("id_token_hint", tokens.IDToken, "post_logout_redirect_uri", bye).Encode())
	if p.Left == nil || p.Left.String() != bye {
		t.Errorf("logout: at %s, left to %v, want %s", p.URL, p.Left, bye)
	}
}
