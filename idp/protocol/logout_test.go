package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// signedIn is a browser of alice with her ID token.
func (w *world) signedIn(t *testing.T) (*agent, string) {
	t.Helper()
	b := w.browser(t)
	return b, w.redeem(t, "web", b.signIn(request(), alice).Get("code")).str("id_token")
}

// alive reports whether the browser still has its session.
func (a *agent) alive() bool {
	a.t.Helper()
	return a.returned(a.authorize(request("prompt", "none")), callback).Has("code")
}

func TestLogoutWithHintEndsSession(t *testing.T) { // O-50, O-51
	t.Parallel()
	w := newWorld(t)
	for name, method := range map[string]string{"GET": http.MethodGet, "POST": http.MethodPost} {
		b, hint := w.signedIn(t)
		w.Clock.Advance(10 * time.Minute) // expired hints are good
		v := form("id_token_hint", hint, "post_logout_redirect_uri", bye, "state", "a b", "ui_locales", "ja")
		r := reply{}
		if method == http.MethodPost {
			if r = b.post(protocol.PathLogout, v); r.status != http.StatusSeeOther {
				t.Fatalf("POST: got %d, want 303", r.status)
			}
			r = b.get(r.location())
		} else {
			r = b.get(protocol.PathLogout + "?" + v.Encode())
		}
		if got, want := r.location(), bye+"?state=a+b"; got != want {
			t.Errorf("%s: sent to %q, want %q", name, got, want)
		}
		if b.alive() {
			t.Errorf("%s: the session is alive", name)
		}
	}
	b, hint := w.signedIn(t)
	if got := b.get(protocol.PathLogout + "?id_token_hint=" + hint).location(); got != "/signout/done" {
		t.Errorf("without return URI: sent to %q, want our own page", got)
	}
}

// The hint of a browser's former session, or of somebody else, ends nothing.
func TestLogoutWithForeignHintAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, old := w.signedIn(t)
	b, _ := w.signedIn(t)
	c := w.browser(t)
	bobs := w.redeem(t, "web", c.signIn(request(), bob).Get("code")).str("id_token")
	for name, hint := range map[string]string{"another session's": old, "another person's": bobs} {
		to := b.get(protocol.PathLogout + "?" + form("id_token_hint", hint, "post_logout_redirect_uri", bye).Encode()).location()
		if !strings.HasPrefix(to, "/signout?request=") || !b.alive() {
			t.Errorf("%s hint: sent to %q, alive %v, want the confirmation", name, to, b.alive())
		}
	}
}

// T-19: after a confirmed logout the browser returns to a registered URI and
// nowhere else, and with a forged hint nowhere at all.
func TestLogoutReturnsOnlyToRegisteredURIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, hint := w.signedIn(t)
	b, _ := w.signedIn(t)
	for _, uri := range []string{
		"https://evil.example/", bye + "?x=1", bye + "/", "https://rp.example/by%65", "//rp.example/bye", callback, "javascript:alert(1)",
	} {
		for name, v := range map[string]url.Values{
			"hint": form("id_token_hint", hint), "client_id": form("client_id", "web"), "both": form("id_token_hint", hint, "client_id", "web"),
		} {
			v.Set("post_logout_redirect_uri", uri)
			if r := b.get(protocol.PathLogout + "?" + v.Encode()); r.status != http.StatusBadRequest || r.location() != "" || !b.alive() {
				t.Errorf("%s with %q: got %d to %q, want a page and nothing ended", name, uri, r.status, r.location())
			}
		}
	}
	tests := []struct {
		name string
		v    url.Values
		want string
	}{
		{"client alone", form("client_id", "web", "post_logout_redirect_uri", bye, "state", "x"), bye + "?state=x"},
		{"nobody named", form("post_logout_redirect_uri", "https://evil.example/"), "/signout/done"},
		{"forged hint", form("id_token_hint", "e30.e30.x", "client_id", "web", "post_logout_redirect_uri", bye), "/signout/done"},
	}
	for _, tt := range tests {
		b, _ := w.signedIn(t)
		u, err := url.Parse(b.get(protocol.PathLogout + "?" + tt.v.Encode()).location())
		if err != nil || u.Path != "/signout" {
			t.Fatalf("%s: sent to %v, %v, want the confirmation", tt.name, u, err)
		}
		state := b.state()
		got, err := w.Provider.LogoutConfirm(t.Context(), state, u.Query().Get("request"), false)
		b.keep(state)
		if err != nil || got != tt.want || b.alive() {
			t.Errorf("%s, confirmed: sent to %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestLogoutRefusesContradictions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, hint := w.signedIn(t)
	for name, query := range map[string]string{
		"hint of another client": form("id_token_hint", hint, "client_id", "other").Encode(),
		"unknown client":         form("client_id", "nobody").Encode(),
		"disabled client":        form("client_id", "gone").Encode(),
		"URI twice":              form("id_token_hint", hint, "post_logout_redirect_uri", bye, "post_logout_redirect_uri", "https://evil.example/").Encode(),
		"state twice":            "state=a&state=b",
		"not a query":            "state=%zz",
	} {
		if r := b.get(protocol.PathLogout + "?" + query); r.status != http.StatusBadRequest || r.location() != "" || !b.alive() {
			t.Errorf("%s: got %d to %q, want 400 and nothing ended", name, r.status, r.location())
		}
	}
}

// RP-Initiated Logout §2: the question is in the language asked for, and a
// logout_hint is no error.
func TestLogoutAsksInTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.Browser(t) // asks for English
	w.visit(t, b, protocol.PathAuthorize+"?"+request().Encode(), alice)
	for locales, lang := range map[string]string{"fr ja-JP en": "ja", "fr": "en", "": "en"} {
		p := b.Get(protocol.PathLogout + "?" + form("client_id", "web", "ui_locales", locales, "logout_hint", alice, "extra", "x").Encode())
		if p.URL.Path != "/signout" || p.Status != http.StatusOK || !strings.Contains(p.Body, `<html lang="`+lang+`">`) {
			t.Errorf("ui_locales=%s: at %s (%d), want the question in %s", locales, p.URL, p.Status, lang)
		}
	}
}
