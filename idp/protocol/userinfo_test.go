package protocol_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

func TestUserInfoTellsWhatScopesAllow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.givePhone(t)
	tests := []struct {
		scope string
		want  map[string]any
	}{
		{"openid", map[string]any{"sub": w.alice.ID}},
		{"openid phone", map[string]any{"sub": w.alice.ID, "phone_number": mobile, "phone_number_verified": true}},
		{"openid email", map[string]any{"sub": w.alice.ID, "email": alice, "email_verified": true}},
		{"openid profile", map[string]any{"sub": w.alice.ID, "name": w.alice.Name, "updated_at": float64(w.alice.UpdatedAt.Unix())}},
	}
	for _, tt := range tests {
		r := w.userInfo(t, w.tokens(t, "web", "scope", tt.scope).str("access_token"))
		if diff := cmp.Diff(tt.want, r.json()); diff != "" {
			t.Errorf("scope %s (-want +got):\n%s", tt.scope, diff)
		}
		if got := r.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: got %q", got)
		}
	}
}

func TestUserInfoTakesTokenFromHeaderOrBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens(t, "web").str("access_token")
	m := w.machine(t)
	bearer := []string{"Authorization", "Bearer " + token}
	for name, r := range map[string]reply{
		"GET with header":     m.get(protocol.PathUserInfo, bearer...),
		"scheme in lower":     m.get(protocol.PathUserInfo, "Authorization", "bearer "+token),
		"POST with header":    m.post(protocol.PathUserInfo, form(), bearer...),
		"POST with form body": m.post(protocol.PathUserInfo, form("access_token", token)),
	} {
		if r.status != http.StatusOK || r.str("sub") != w.alice.ID {
			t.Errorf("%s: got %d %s, want 200", name, r.status, r.body)
		}
	}
	tests := []struct {
		name         string
		r            reply
		status       int
		code, header string
	}{
		{"in the URL", m.get(protocol.PathUserInfo + "?access_token=" + token), 400, "invalid_request", `error="invalid_request"`},
		{"in the URL and the header", m.get(protocol.PathUserInfo+"?access_token="+token, bearer...), 400, "invalid_request", ""},
		{"in header and body", m.post(protocol.PathUserInfo, form("access_token", token), bearer...), 400, "invalid_request", ""},
		{"twice in the body", m.post(protocol.PathUserInfo, form("access_token", token, "access_token", token)), 400, "invalid_request", ""},
		{"two headers", m.get(protocol.PathUserInfo, append(bearer, bearer...)...), 400, "invalid_request", ""},
		{"nowhere", m.get(protocol.PathUserInfo), 401, "invalid_token", "Bearer realm="},
		{"another scheme", m.get(protocol.PathUserInfo, "Authorization", basic("web")), 401, "invalid_token", ""},
		{"wrong", m.get(protocol.PathUserInfo, "Authorization", "Bearer x"), 401, "invalid_token", `error="invalid_token"`},
		{"DELETE", m.do(http.MethodDelete, protocol.PathUserInfo, "", bearer...), 405, "invalid_request", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantError(t, tt.r, tt.status, tt.code)
			if got := tt.r.header.Get("WWW-Authenticate"); !strings.Contains(got, tt.header) {
				t.Errorf("WWW-Authenticate: got %q, want %q in it", got, tt.header)
			}
		})
	}
	if got := m.get(protocol.PathUserInfo).header.Get("WWW-Authenticate"); strings.Contains(got, "error") {
		t.Errorf("without a token (RFC 6750 §3.1): got %q, want no error code", got)
	}
}

func TestUserInfoRefusesDeadTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens(t, "web").str("access_token")
	_, claims := parts(t, token)
	sign := func(change ...any) string {
		c := map[string]any{}
		for k, v := range claims {
			c[k] = v
		}
		for i := 0; i+1 < len(change); i += 2 {
			name, _ := change[i].(string)
			c[name] = change[i+1]
		}
		s, err := w.Provider.Keys().Sign("ES256", "at+jwt", c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if r := w.userInfo(t, sign()); r.status != http.StatusOK {
		t.Fatalf("unchanged: got %d %s", r.status, r.body)
	}
	tests := []struct {
		name, token string
		status      int
		code        string
	}{
		{"of another issuer", sign("iss", "https://evil.example"), 401, "invalid_token"},
		{"for another audience (A-9.2.3)", sign("aud", []string{"https://api.example"}), 401, "invalid_token"},
		{"about another person", sign("sub", w.bob.ID), 401, "invalid_token"},
		{"of no grant we know", sign("grant", "x"), 401, "invalid_token"},
		{"of a disabled client", sign("client_id", "gone"), 401, "invalid_token"},
		{"expired by its claim", sign("exp", 1), 401, "invalid_token"},
		{"without expiry", sign("exp", 0), 401, "invalid_token"},
		{"without openid", sign("scope", "openid2 email"), 403, "insufficient_scope"},
		{"without grant", sign("grant", ""), 403, "insufficient_scope"},
		{"with a malformed claim", sign("aud", 7), 401, "invalid_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantError(t, w.userInfo(t, tt.token), tt.status, tt.code) })
	}
	w.Clock.Advance(5 * time.Minute)
	wantError(t, w.userInfo(t, token), 401, "invalid_token")
}
