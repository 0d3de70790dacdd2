package protocol_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sekisho-id/sekisho/idp/protocol"
)

// posted reads a page that posts an answer on: where to, and what.
func posted(t testing.TB, r reply) (action string, fields url.Values) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	attr := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	fields = url.Values{}
	for n := range doc.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "form":
			action = attr(n, "action")
			if attr(n, "method") != "post" {
				t.Errorf("the form goes by %q", attr(n, "method"))
			}
		case n.Data == "input":
			fields.Add(attr(n, "name"), attr(n, "value"))
		}
	}
	if r.status != http.StatusOK || action == "" {
		t.Fatalf("no form: %d to %q %s", r.status, r.location(), r.body)
	}
	return action, fields
}

// askPosted sends an authorization request whose answer is posted.
func (a *agent) askPosted(v url.Values) (action string, fields url.Values) {
	a.t.Helper()
	return posted(a.t, a.get(protocol.PathAuthorize+"?"+v.Encode()))
}

// OAuth 2.0 Form Post Response Mode: the answer is in the form and in no URL;
// errors go the same way.
func TestFormPostAnswersInTheBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	b.signIn(request(), alice)
	for name, changes := range map[string][]string{
		"a code":       nil,
		"an error":     {"prompt", "jump"},
		"of a session": {"prompt", "none", "id_token_hint", "x.y.z"},
	} {
		v := request(append([]string{"response_mode", "form_post", "state", `"><script>`}, changes...)...)
		r := b.get(protocol.PathAuthorize + "?" + v.Encode())
		action, fields := posted(t, r)
		if action != callback || fields.Get("state") != `"><script>` || fields.Get("iss") != w.URL || fields.Has("code") == fields.Has("error") {
			t.Errorf("%s: posted %v to %s", name, fields, action)
		}
		if fields.Has("error") == (changes == nil) {
			t.Errorf("%s: posted %v", name, fields)
		}
		csp := r.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "form-action 'self' https://rp.example") || strings.Contains(csp, "unsafe") || strings.Contains(r.body, "onload") {
			t.Errorf("%s: policy %q", name, csp)
		}
		if r.header.Get("Cache-Control") != "no-store" || r.location() != "" {
			t.Errorf("%s: headers %v", name, r.header)
		}
	}
	code := func() string { _, f := b.askPosted(request("response_mode", "form_post")); return f.Get("code") }()
	if r := w.redeem(t, "web", code); r.status != http.StatusOK {
		t.Errorf("redeem: got %d %s", r.status, r.body)
	}
}

// a mode that was not registered is refused, in the query.
func TestResponseModeMustBeRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser(t)
	for _, mode := range []string{"form_post", "fragment", "jwt", "query.jwt", "web_message", "Query"} {
		if q := b.returned(b.authorize(request("client_id", "old", "response_mode", mode)), callback); q.Get("error") != "invalid_request" {
			t.Errorf("%s: got %v, want invalid_request", mode, q)
		}
	}
}
