package protocol_test

import (
	"net/http"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/protocol"
)

// OIDC Core §8: who a person is to a pairwise client is the same word in every
// token and answer, the same for one sector, and another one for the next.
func TestPairwiseSubjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	subs := map[string]string{}
	for _, client := range []string{"web", "pair", "twin", "far"} {
		r := w.tokens(t, client)
		again := w.refresh(t, client, r.str("refresh_token"))
		_, id := parts(t, r.str("id_token"))
		_, access := parts(t, r.str("access_token"))
		_, refreshed := parts(t, again.str("id_token"))
		sub, _ := id["sub"].(string)
		subs[client] = sub
		for name, got := range map[string]any{
			"the access token": access["sub"], "the refreshed ID token": refreshed["sub"],
			"userinfo":                           w.userInfo(t, again.str("access_token")).str("sub"),
			"introspection":                      w.introspect(t, client, again.str("access_token")).str("sub"),
			"introspection of the refresh token": w.introspect(t, client, again.str("refresh_token")).str("sub"),
		} {
			if got != sub || sub == "" {
				t.Errorf("%s: sub is %q in the ID token and %q in %s", client, sub, got, name)
			}
		}
	}
	if subs["web"] != w.alice.ID || subs["pair"] == w.alice.ID || subs["pair"] != subs["twin"] || subs["pair"] == subs["far"] || subs["far"] == w.alice.ID {
		t.Errorf("got %v", subs)
	}
	_, id := parts(t, w.tokens(t, "pair").str("id_token"))
	if id["sub"] != subs["pair"] {
		t.Errorf("at the next sign-in sub is %q, before it was %q", id["sub"], subs["pair"])
	}
}

// A hint and a sub asked for name the person by the client's own word for them.
func TestPairwiseSubjectsInRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.browser(t), w.browser(t)
	hint := w.redeem(t, "pair", b.signIn(request("client_id", "pair"), alice).Get("code")).str("id_token")
	foreign := w.redeem(t, "pair", other.signIn(request("client_id", "pair"), bob).Get("code")).str("id_token")
	ask := func(pairs ...string) string {
		return b.returned(b.authorize(request(append([]string{"client_id", "pair", "prompt", "none"}, pairs...)...)), callback).Get("error")
	}
	_, id := parts(t, hint)
	sub, _ := id["sub"].(string)
	for name, tt := range map[string]struct{ got, want string }{
		"a hint":           {ask("id_token_hint", hint), ""},
		"another's hint":   {ask("id_token_hint", foreign), "login_required"},
		"a sub":            {ask("claims", `{"id_token":{"sub":{"value":"`+sub+`"}}}`), ""},
		"the account's id": {ask("claims", `{"id_token":{"sub":{"value":"`+w.alice.ID+`"}}}`), "login_required"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got error %q, want %q", name, tt.got, tt.want)
		}
	}
	r := b.get(protocol.PathLogout + "?" + form("id_token_hint", hint, "post_logout_redirect_uri", bye).Encode())
	if r.status != http.StatusSeeOther || r.location() != bye || b.alive() {
		t.Errorf("logout by hint: got %d to %q, alive %v", r.status, r.location(), b.alive())
	}
}

// The logout token names the person as the ID token did.
func TestPairwiseSubjectsInLogoutTokens(t *testing.T) {
	t.Parallel()
	w, l := newWorld(t), newListener(t)
	w.AddClient(t, clients.Client{
		ID: "told-pair", Name: "Pair", Auth: clients.AuthNone, RedirectURIs: []string{callback}, PostLogoutURIs: []string{bye},
		Rules: clients.Rules{FirstParty: true}, BackchannelLogoutURI: l.url, SubjectType: clients.SubjectPairwise,
	})
	b := w.browser(t)
	hint := b.join("told-pair")
	b.get(protocol.PathLogout + "?" + form("id_token_hint", hint, "post_logout_redirect_uri", bye).Encode())
	heard := l.heard(t, w)
	if len(heard) != 1 {
		t.Fatalf("heard %d times of the logout, want 1", len(heard))
	}
	_, before := parts(t, hint)
	_, after := parts(t, heard[0])
	if before["sub"] != after["sub"] || before["sub"] == w.alice.ID {
		t.Errorf("sub was %q and is %q in the logout token", before["sub"], after["sub"])
	}
}
