package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

// What a browser decides: whether the answer reaches another origin under our
// content policy, by itself with scripts and by a button without.
func TestFormPostReachesTheClient(t *testing.T) {
	got := make(chan url.Values, 1)
	relying := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.ParseForm() == nil {
			if r.URL.RawQuery != "" {
				t.Errorf("the query holds %q", r.URL.RawQuery)
			}
			got <- r.PostForm
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><title>there</title><main>signed in</main>"))
	}))
	defer relying.Close()
	elsewhere := party("elsewhere")
	elsewhere.RedirectURIs = []string{relying.URL + "/cb"}
	elsewhere.ResponseModes = []clients.ResponseMode{clients.ModeFormPost}
	k, b := start(t, roomy(), idptest.Clients(elsewhere)), chrome.Start(t)
	path := authorize("elsewhere", "redirect_uri", relying.URL+"/cb", "response_mode", "form_post", "state", "a b&c=<d>")
	arrived := func() {
		t.Helper()
		if form := <-got; form.Get("code") == "" || form.Get("state") != "a b&c=<d>" || form.Get("iss") != k.URL {
			t.Errorf("the client got %v", form)
		}
	}
	t.Run("with scripts", func(t *testing.T) {
		v := k.visitor(t, b, "en")
		v.signIn(path)
		arrived()
	})
	t.Run("without scripts", func(t *testing.T) {
		v := k.visitor(t, b, "en")
		v.WithoutScripts()
		v.signIn(path)
		v.sees("main", "Returning to Party elsewhere")
		v.Press("main .btn.pri")
		v.sees("main", "signed in")
		arrived()
		v.Open(path) // a session answers at once, by the same page
		v.Press("main .btn.pri")
		arrived()
	})
}
