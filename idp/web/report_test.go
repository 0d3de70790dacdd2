package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// reportLink is the link "this wasn't me" of the newest mail, as a path.
func (k *kit) reportLink(t *testing.T, to string) string {
	t.Helper()
	body := k.Message(t, mfa.Mail, to).Body
	_, link, ok := strings.Cut(body, k.URL+"/report")
	link, _, _ = strings.Cut(link, "\n")
	if !ok || link == "" {
		t.Fatalf("no link in %q", body)
	}
	return "/report" + link
}

// T-64: a mail scanner that opens every link changes nothing; a person who
// confirms is asked for no secret and signed in nowhere.
func TestReportPageChangesNothingBeforeItIsConfirmed(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	k.Clock.Advance(time.Hour)
	thief := k.Browser(t)
	k.enter(t, thief, "/account")
	link := k.reportLink(t, email)
	scanner := k.Browser(t)
	for range 3 {
		scanner.Get(link)
	}
	at(t, thief.Get("/account"), "/account")

	b := k.Browser(t)
	p := b.Get(link)
	at(t, p, "/report")
	if p.URL.RawQuery != "" {
		t.Errorf("the token stays in the URL: %s", p.URL)
	}
	wants(t, p, http.StatusOK, "Linux", "Nobody is signed in here", "Every device is signed out")
	if strings.Contains(p.Body, `type="password"`) || strings.Contains(p.Body, `name="code"`) {
		t.Error("the page asks for a secret")
	}
	p = b.Submit(p, "/report")
	at(t, p, "/report/done")
	wants(t, p, http.StatusOK, "Your account is secured", `href="/password/forgot"`)
	at(t, thief.Get("/account"), "/signin")
	at(t, b.Get("/account"), "/signin")
	wants(t, b.Get(link), http.StatusGone, "This link no longer works")
	wants(t, b.Get("/report"), http.StatusGone)
	if strings.Contains(k.Log.String(), strings.TrimPrefix(link, "/report?token=")) {
		t.Error("the token is in the log")
	}
}
