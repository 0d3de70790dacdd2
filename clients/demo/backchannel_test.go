package demo_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/clients/demo"
)

// tell posts a logout token to the app, as the provider would.
func (b browser) tell(token string) int {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.app+"/backchannel-logout",
		strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// nobody but the provider signs people out, by a token that is for that alone.
func TestForgedLogoutTokenEndsNothing(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	b := newApp(t, p, demo.Buyer, "")
	signedIn := p.claims("sakura", pwd)
	signedIn["sid"] = "s1"
	b.signIn(p, signedIn)

	logout := func(change map[string]any) map[string]any {
		c := p.claims("sakura", pwd)
		delete(c, "nonce")
		maps.Copy(c, map[string]any{"sid": "s1", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
		maps.Copy(c, change)
		return c
	}
	other := newProvider(t)
	for name, token := range map[string]string{
		"no token":             "",
		"an ID token":          p.sign(t, "JWT", signedIn),
		"a wrong type":         p.sign(t, "JWT", logout(nil)),
		"no event":             p.sign(t, "logout+jwt", logout(map[string]any{"events": map[string]any{}})),
		"a nonce":              p.sign(t, "logout+jwt", logout(map[string]any{"nonce": "n"})),
		"another audience":     p.sign(t, "logout+jwt", logout(map[string]any{"aud": "somebody"})),
		"another issuer":       p.sign(t, "logout+jwt", logout(map[string]any{"iss": other.URL})),
		"another provider key": other.sign(t, "logout+jwt", logout(nil)),
		"expired":              p.sign(t, "logout+jwt", logout(map[string]any{"exp": 1})),
	} {
		if got := b.tell(token); got != http.StatusBadRequest {
			t.Errorf("%s: answered %d, want 400", name, got)
		}
	}
	if got := b.tell(p.sign(t, "logout+jwt", logout(map[string]any{"sid": "s2"}))); got != http.StatusOK {
		t.Errorf("another session: answered %d, want 200", got)
	}
	b.page("Sakura")
	if got := b.tell(p.sign(t, "logout+jwt", logout(nil))); got != http.StatusOK {
		t.Errorf("answered %d, want 200", got)
	}
	b.page("Sign in to see your orders")
}
