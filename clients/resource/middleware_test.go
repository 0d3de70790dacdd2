package resource_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/clients/resource"
)

// O-30, A-10.3.2, A-10.3.4.
func TestWhatIsMissingIsToldInTheChallenge(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	need := resource.Need{Scopes: []string{"payout"}, ACR: []string{"urn:sekisho:acr:2sv"}, MaxAge: 5 * time.Minute}
	handler := iss.verifier(t).Require(need, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := resource.FromContext(r.Context())
		if !ok || token.Subject != "u1" {
			t.Errorf("FromContext = %+v, %v", token, ok)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	bearer := func(spoil func(map[string]any)) []string {
		c := iss.claims()
		spoil(c)
		return []string{"bearer " + sign(t, iss.ec, atJWT(), c)}
	}
	now := iss.now.Load()
	const stepUp = `Bearer error="insufficient_user_authentication", error_description="A %s authentication is required", acr_values="urn:sekisho:acr:2sv", max_age="300"`
	tests := []struct {
		name      string
		auth      []string
		query     string
		status    int
		challenge string
	}{
		{name: "a good token", auth: bearer(func(map[string]any) {}), status: http.StatusNoContent},
		{name: "authenticated just in time", auth: bearer(func(c map[string]any) { c["auth_time"] = now - 300 }), status: http.StatusNoContent},
		{name: "no token", status: http.StatusUnauthorized, challenge: "Bearer"},
		{name: "another scheme", auth: []string{"Basic YTpi"}, status: http.StatusUnauthorized, challenge: "Bearer"},
		{name: "token in the query", query: "?access_token=" + strings.TrimPrefix(bearer(func(map[string]any) {})[0], "bearer "), status: http.StatusUnauthorized, challenge: "Bearer"},
		{name: "two tokens", auth: append(bearer(func(map[string]any) {}), "Bearer x"), status: http.StatusBadRequest, challenge: `Bearer error="invalid_request", error_description="More than one Authorization header"`},
		{name: "a bad token", auth: []string{"Bearer x"}, status: http.StatusUnauthorized, challenge: `Bearer error="invalid_token", error_description="The access token is not valid here"`},
		{name: "scope not granted", auth: bearer(func(c map[string]any) { c["scope"] = "openid payouts" }), status: http.StatusForbidden, challenge: `Bearer error="insufficient_scope", error_description="The token lacks a scope this needs", scope="payout"`},
		{name: "trusted device instead of a code", auth: bearer(func(c map[string]any) { c["acr"] = "urn:sekisho:acr:trusted-device" }), status: http.StatusUnauthorized, challenge: strings.Replace(stepUp, "%s", "stronger", 1)},
		{name: "nobody authenticated", auth: bearer(func(c map[string]any) { delete(c, "acr"); delete(c, "auth_time") }), status: http.StatusUnauthorized, challenge: strings.Replace(stepUp, "%s", "stronger", 1)},
		{name: "authenticated too long ago", auth: bearer(func(c map[string]any) { c["auth_time"] = now - 301 }), status: http.StatusUnauthorized, challenge: strings.Replace(stepUp, "%s", "more recent", 1)},
		{name: "time of authentication not told", auth: bearer(func(c map[string]any) { delete(c, "auth_time") }), status: http.StatusUnauthorized, challenge: strings.Replace(stepUp, "%s", "more recent", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/account"+tt.query, http.NoBody)
			req.Header["Authorization"] = tt.auth
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, req)
			if got := rec.Header().Get("WWW-Authenticate"); rec.Code != tt.status || got != tt.challenge {
				t.Errorf("answer %d %s\nwant   %d %s", rec.Code, got, tt.status, tt.challenge)
			}
		})
	}
}

func TestProviderOutOfReachIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t)
	iss.down.Store(true)
	handler := iss.verifier(t).Require(resource.Need{}, http.NotFoundHandler())
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	req.Header.Set("Authorization", "Bearer "+sign(t, iss.ec, atJWT(), iss.claims()))
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, req)
	if rec.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", rec.Code)
	}
}

func TestConfigurationFaultsAreToldTogether(t *testing.T) {
	t.Parallel()
	_, err := resource.New(resource.Config{Issuer: "http://id.example.jp"})
	for _, want := range []string{"issuer", "audience", "clock"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want a word about the %s", err, want)
		}
	}
}

func TestChallengeSurvivesTheWire(t *testing.T) {
	t.Parallel()
	for _, want := range []resource.Challenge{
		{},
		{Error: resource.CodeInvalidToken, Description: `Expired, "sorry" \o/`},
		{Error: resource.CodeInsufficientAuth, Description: "x", ACRValues: "phr urn:sekisho:acr:2sv", MaxAge: 5 * time.Minute},
		{Error: resource.CodeInsufficientScope, Scope: "payout openid"},
	} {
		got, ok := resource.ParseChallenge(want.String())
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("ParseChallenge(%s) = %v (-want +got)\n%s", want, ok, diff)
		}
	}
}

func TestChallengesOfOtherServersAreRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, header string
		want         resource.Challenge
		ok           bool
	}{
		{"unquoted number, unknown parameter", `bearer realm="a \"b\", c", max_age=5 , acr_values="x"`, resource.Challenge{ACRValues: "x", MaxAge: 5 * time.Second}, true},
		{"DPoP", `dpop error="use_dpop_nonce", algs="ES256"`, resource.Challenge{Scheme: "DPoP", Error: "use_dpop_nonce", Algorithms: "ES256"}, true},
		{"another scheme", `Basic realm="x"`, resource.Challenge{}, false},
		{"quotation without an end", `Bearer error="x`, resource.Challenge{}, false},
		{"backslash at the end", `Bearer error="x\`, resource.Challenge{}, false},
		{"no comma", `Bearer error="x" scope="y"`, resource.Challenge{}, false},
		{"negative age", `Bearer max_age="-1"`, resource.Challenge{}, false},
		{"age beyond measure", `Bearer max_age="99999999999"`, resource.Challenge{}, false},
		{"no value", `Bearer error`, resource.Challenge{}, false},
	}
	for _, tt := range tests {
		if got, ok := resource.ParseChallenge(tt.header); ok != tt.ok || (ok && got != tt.want) {
			t.Errorf("%s: ParseChallenge(%s) = %+v, %v; want %+v, %v", tt.name, tt.header, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzParseChallenge(f *testing.F) {
	f.Add(`Bearer error="a", max_age=5`)
	f.Add(`Bearer a="\"`)
	f.Fuzz(func(t *testing.T, header string) {
		if c, ok := resource.ParseChallenge(header); ok && c.MaxAge < 0 {
			t.Errorf("ParseChallenge(%q) = %+v", header, c)
		}
	})
}
