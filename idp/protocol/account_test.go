package protocol_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/idp/idptest"
)

// shop makes a shop that alice owns.
func (w *world) shop(t *testing.T) string {
	t.Helper()
	id, err := w.Provider.AddShop(t.Context(), idptest.Operator(), "Minato Books", w.alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// account are the claims about a shop among others.
func account(claims map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range claims {
		if strings.HasPrefix(name, "account") {
			out[name] = v
		}
	}
	return out
}

// S-091: the scope account tells for whom the person acts, wherever a relying
// party may look; without the scope nothing does.
func TestAccountClaimsAreToldByScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.shop(t)
	want := map[string]any{"account_id": id, "account_role": "owner"}
	r := w.tokens(t, "web", "scope", "openid account offline_access")
	for range 2 { // as issued, and refreshed
		_, idToken := parts(t, r.str("id_token"))
		_, access := parts(t, r.str("access_token"))
		for where, got := range map[string]map[string]any{
			"ID token": idToken, "access token": access, "userinfo": w.userInfo(t, r.str("access_token")).json(),
			"introspection": w.introspect(t, "web", r.str("access_token")).json(),
		} {
			if diff := cmp.Diff(want, account(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", where, diff)
			}
		}
		r = w.refresh(t, "web", r.str("refresh_token"))
	}
	narrow := w.refresh(t, "web", r.str("refresh_token"), "scope", "openid")
	_, access := parts(t, narrow.str("access_token"))
	if got := account(access); len(got) > 0 {
		t.Errorf("a token without the scope tells %v", got)
	}
	plain := w.tokens(t, "web", "scope", "openid")
	_, idToken := parts(t, plain.str("id_token"))
	if got := account(idToken); len(got) > 0 {
		t.Errorf("without the scope the ID token tells %v", got)
	}
	one := w.tokens(t, "web", "scope", "openid", "claims", `{"userinfo":{"account_role":null}}`)
	if diff := cmp.Diff(map[string]any{"account_role": "owner"}, account(w.userInfo(t, one.str("access_token")).json())); diff != "" {
		t.Errorf("asked for by itself (-want +got):\n%s", diff)
	}
}

// Whoever has no shop is told nothing of one, and the scope is not granted.
func TestScopeAccountWithoutAShopIsNotGranted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens(t, "web", "scope", "openid account")
	if got := r.str("scope"); got != "openid" {
		t.Errorf("scope %q", got)
	}
}

// The access token of a member who was removed is no good at userinfo and for introspection.
func TestRemovedMembersTokenIsDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.shop(t)
	r := w.tokens(t, "web", "scope", "openid account")
	if err := w.Provider.SetMemberAs(t.Context(), idptest.Operator(), id, w.bob.ID, "owner"); err != nil {
		t.Fatal(err)
	}
	if err := w.Provider.RemoveMemberAs(t.Context(), idptest.Operator(), id, w.alice.ID); err != nil {
		t.Fatal(err)
	}
	if got := w.userInfo(t, r.str("access_token")); got.status != http.StatusUnauthorized {
		t.Errorf("userinfo answers %d %s", got.status, got.body)
	}
	if got := w.introspect(t, "web", r.str("access_token")).json(); got["active"] != false {
		t.Errorf("introspection answers %v", got)
	}
}
