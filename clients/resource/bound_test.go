package resource_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/clients/dpop"
	"github.com/sekisho-id/sekisho/clients/resource"
)

// holder is a client with a DPoP key.
type holder struct{ key jose.JSONWebKey }

func newHolder(t *testing.T) holder {
	t.Helper()
	key := stranger(t, "")
	return holder{key}
}

func (h holder) thumbprint(t *testing.T) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString(thumbprint(t, h.key))
}

// proof is one for POST /account; change spoils it.
func (h holder) proof(t *testing.T, iss *issuer, token string, change map[string]any) string {
	t.Helper()
	claims := map[string]any{
		"jti": rand.Text(), "htm": "POST", "htu": audience + "/account", "iat": iss.now.Load(), "ath": dpop.TokenHash(token),
	}
	maps.Copy(claims, change)
	return sign(t, h.key, map[jose.HeaderKey]any{jose.HeaderType: "dpop+jwt", "jwk": h.key.Public()}, claims)
}

// bound is a good token with a cnf claim.
func (i *issuer) bound(t *testing.T, cnf map[string]string) string {
	t.Helper()
	c := i.claims()
	c["cnf"] = cnf
	return sign(t, i.ec, atJWT(), c)
}

// guarded is a handler that wants nothing but what cfg and need say.
func (i *issuer) guarded(t *testing.T, cfg resource.Config, need resource.Need) http.Handler {
	t.Helper()
	cfg.Issuer, cfg.Audience, cfg.Now = i.URL, audience, i.clock
	v, err := resource.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v.Require(need, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
}

// send posts to /account; headers come in pairs.
func send(t *testing.T, h http.Handler, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/account?x=1", http.NoBody)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

func wantChallenge(t *testing.T, what string, rec *httptest.ResponseRecorder, status int, scheme, code string) {
	t.Helper()
	got, _ := resource.ParseChallenge(rec.Header().Get("WWW-Authenticate"))
	if rec.Code != status || got.Scheme != scheme || got.Error != code {
		t.Errorf("%s: answer %d %s, want %d %s %s", what, rec.Code, rec.Header().Get("WWW-Authenticate"), status, scheme, code)
	}
}

// T-51, RFC 9449 §7: a stolen token is worth nothing without its key.
func TestStolenBoundTokenIsRefused(t *testing.T) {
	t.Parallel()
	iss, h, thief := newIssuer(t), newHolder(t), newHolder(t)
	api := iss.guarded(t, resource.Config{}, resource.Need{})
	token := iss.bound(t, map[string]string{"jkt": h.thumbprint(t)})
	plain := sign(t, iss.ec, atJWT(), iss.claims())
	show := func(proofs ...string) []string {
		out := []string{"Authorization", "DPoP " + token}
		for _, p := range proofs {
			out = append(out, "DPoP", p)
		}
		return out
	}
	good := h.proof(t, iss, token, nil)
	if rec := send(t, api, show(good)...); rec.Code != http.StatusNoContent {
		t.Fatalf("with its key: %d %s", rec.Code, rec.Header())
	}
	for _, tt := range []struct {
		what, scheme, code string
		headers            []string
	}{
		{"as a Bearer token", "", resource.CodeInvalidToken, []string{"Authorization", "Bearer " + token}},
		{"as a Bearer token with the proof", "", resource.CodeInvalidToken, []string{"Authorization", "Bearer " + token, "DPoP", h.proof(t, iss, token, nil)}},
		{"without a proof", "DPoP", resource.CodeInvalidProof, show()},
		{"with another's proof", "DPoP", resource.CodeInvalidToken, show(thief.proof(t, iss, token, nil))},
		{"with the proof of a request before", "DPoP", resource.CodeInvalidProof, show(good)},
		{"with two proofs", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, token, nil), h.proof(t, iss, token, nil))},
		{"with a proof for another token", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, plain, nil))},
		{"with a proof for another method", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, token, map[string]any{"htm": "GET"}))},
		{"with a proof for another path", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, token, map[string]any{"htu": audience + "/"}))},
		{"with a proof for another server", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, token, map[string]any{"htu": "https://evil.example/account"}))},
		{"with an old proof", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, token, map[string]any{"iat": iss.now.Load() - 61}))},
		{"with a proof made ahead", "DPoP", resource.CodeInvalidProof, show(h.proof(t, iss, token, map[string]any{"iat": iss.now.Load() + 61}))},
		{"a token that is not bound, by DPoP", "DPoP", resource.CodeInvalidToken, []string{"Authorization", "DPoP " + plain, "DPoP", h.proof(t, iss, plain, nil)}},
		{"nonsense by DPoP", "DPoP", resource.CodeInvalidToken, []string{"Authorization", "DPoP x"}},
		{"bound in a way nobody knows", "", resource.CodeInvalidToken, []string{"Authorization", "Bearer " + iss.bound(t, map[string]string{"jwk": "x"})}},
	} {
		wantChallenge(t, tt.what, send(t, api, tt.headers...), http.StatusUnauthorized, tt.scheme, tt.code)
	}
	// Until its moment is past a proof is remembered.
	for range 4 {
		iss.advance(29 * time.Second)
		wantChallenge(t, "the first proof later", send(t, api, show(good)...), http.StatusUnauthorized, "DPoP", resource.CodeInvalidProof)
	}
	if got := send(t, api).Header().Values("WWW-Authenticate"); len(got) != 2 || got[0] != "Bearer" || got[1] != `DPoP algs="ES256 PS256 EdDSA"` {
		t.Errorf("without a token: %q, want both ways", got)
	}
}

// RFC 9449 §9: a nonce keeps proofs from being made ahead.
func TestProofsMustHoldTheNonceWhereOneIsDemanded(t *testing.T) {
	t.Parallel()
	iss, h := newIssuer(t), newHolder(t)
	api := iss.guarded(t, resource.Config{Nonces: &dpop.Nonces{Key: make([]byte, 32)}}, resource.Need{})
	token := iss.bound(t, map[string]string{"jkt": h.thumbprint(t)})
	first := send(t, api, "Authorization", "DPoP "+token, "DPoP", h.proof(t, iss, token, nil))
	wantChallenge(t, "without a nonce", first, http.StatusUnauthorized, "DPoP", resource.CodeUseNonce)
	nonce := first.Header().Get("DPoP-Nonce")
	again := func() *httptest.ResponseRecorder {
		return send(t, api, "Authorization", "DPoP "+token, "DPoP", h.proof(t, iss, token, map[string]any{"nonce": nonce}))
	}
	if rec := again(); rec.Code != http.StatusNoContent || rec.Header().Get("DPoP-Nonce") == "" {
		t.Errorf("with it: %d %v", rec.Code, rec.Header())
	}
	iss.advance(290 * time.Second)
	wantChallenge(t, "with one long past", again(), http.StatusUnauthorized, "DPoP", resource.CodeUseNonce)
}

// Servers of one API share what they have seen; when they cannot, nobody passes.
func TestSharedMemoryOfProofs(t *testing.T) {
	t.Parallel()
	iss, h := newIssuer(t), newHolder(t)
	token := iss.bound(t, map[string]string{"jkt": h.thumbprint(t)})
	var fault error
	seen := map[string]bool{}
	cfg := resource.Config{Once: func(_ context.Context, id string, until time.Time) (bool, error) {
		if until.Before(iss.clock()) {
			t.Errorf("until %v is past", until)
		}
		defer func() { seen[id] = true }()
		return !seen[id], fault
	}}
	proof := h.proof(t, iss, token, nil)
	one, two := iss.guarded(t, cfg, resource.Need{}), iss.guarded(t, cfg, resource.Need{})
	if rec := send(t, one, "Authorization", "DPoP "+token, "DPoP", proof); rec.Code != http.StatusNoContent {
		t.Fatalf("first server: %d", rec.Code)
	}
	wantChallenge(t, "the other server", send(t, two, "Authorization", "DPoP "+token, "DPoP", proof), http.StatusUnauthorized, "DPoP", resource.CodeInvalidProof)
	fault = errors.New("no connection")
	if rec := send(t, one, "Authorization", "DPoP "+token, "DPoP", h.proof(t, iss, token, nil)); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("without the memory: %d, want 503", rec.Code)
	}
}

// RFC 8705 §3: a token that is bound to a certificate takes that certificate.
func TestTokenBoundToACertificate(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	mine, other := certificate(t), certificate(t)
	sum := sha256.Sum256(mine.Raw)
	token := iss.bound(t, map[string]string{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])})
	var with *x509.Certificate
	api := iss.guarded(t, resource.Config{Certificate: func(*http.Request) *x509.Certificate { return with }}, resource.Need{Bound: true})
	for what, tt := range map[string]struct {
		cert   *x509.Certificate
		status int
	}{"its own": {mine, http.StatusNoContent}, "another": {other, http.StatusUnauthorized}, "none": {nil, http.StatusUnauthorized}} {
		with = tt.cert
		if rec := send(t, api, "Authorization", "Bearer "+token); rec.Code != tt.status {
			t.Errorf("%s: %d, want %d", what, rec.Code, tt.status)
		}
	}
	plain := sign(t, iss.ec, atJWT(), iss.claims())
	wantChallenge(t, "a token that must be bound", send(t, api, "Authorization", "Bearer "+plain), http.StatusUnauthorized, "", resource.CodeInvalidToken)
}

func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), crypto.Signer(key))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// A handler that cannot wait for a token to expire asks; when nobody answers,
// nobody passes.
func TestRevokedTokenIsRefusedWhereItMatters(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	token := sign(t, iss.ec, atJWT(), iss.claims())
	ask := &resource.Credentials{ID: "payout api", Secret: "a:b c"}
	api := iss.guarded(t, resource.Config{Ask: ask}, resource.Need{Fresh: true})
	for what, tt := range map[string]struct {
		answer string
		status int
	}{
		"it lives":         {`{"active":true,"jti":"j1"}`, http.StatusNoContent},
		"revoked":          {`{"active":false}`, http.StatusUnauthorized},
		"about another":    {`{"active":true,"jti":"j2"}`, http.StatusUnauthorized},
		"no answer":        {"", http.StatusServiceUnavailable},
		"no JSON":          {"<html>", http.StatusServiceUnavailable},
		"wrong credential": {"401", http.StatusServiceUnavailable},
	} {
		iss.answer.Store(&tt.answer)
		if rec := send(t, api, "Authorization", "Bearer "+token); rec.Code != tt.status {
			t.Errorf("%s: %d %s, want %d", what, rec.Code, rec.Header().Get("WWW-Authenticate"), tt.status)
		}
	}
	if got, _ := iss.asked.Load().(string); got != "payout+api a%3Ab+c "+token {
		t.Errorf("asked with %q", got)
	}
	lives := `{"active":true,"jti":"j1"}`
	iss.answer.Store(&lives)
	mute := iss.guarded(t, resource.Config{}, resource.Need{Fresh: true})
	if rec := send(t, mute, "Authorization", "Bearer "+token); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("without credentials: %d, want 503", rec.Code)
	}
	if _, err := resource.New(resource.Config{Issuer: iss.URL, Audience: audience, Now: iss.clock, Ask: &resource.Credentials{}}); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("empty credentials: %v", err)
	}
}
