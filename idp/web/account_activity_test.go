package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

const activityPath = "/account/activity"

// ux 6.11: what was blocked stands out, guessing is one line, pages follow one
// another, and the way to the steps is there.
func TestHistoryTellsWhatWasBlockedPageByPage(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) {
		l.Password.PerAccountIPMinute, l.Password.PerIPMinute, l.Password.PerAccountIPHour, l.Password.FreeFailures = 1000, 1000, 1000, 1000
	})).person(t)
	thief := k.Browser(t)
	p := thief.Get("/account")
	for range 60 {
		p = thief.Submit(p, "/signin", "identifier", email, "password", "wrong")
	}
	at(t, thief.Submit(p, "/signin", "identifier", email, "password", secret), "/signin/code")
	k.Clock.Advance(time.Hour)
	if err := k.Provider.Unfinished(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := k.Browser(t)
	k.Clock.Advance(time.Minute)
	k.enter(t, b, authorize("buyer"))
	p = b.Get(activityPath)
	wants(t, p, http.StatusOK, "Signed in (password &#43; text)", "Party buyer", "Right password, stopped at the code", "Wrong password", "Blocked", "127.0.0.*", "The last 90 days")
	if strings.Contains(p.Body, "127.0.0.1") || strings.Contains(p.Body, "Places are estimated") {
		t.Error("the whole address is shown, or a place is claimed")
	}
	if n := strings.Count(p.Body, "Wrong password"); n != 1 || !regexp.MustCompile(`Wrong password <span class="tag">\d+ times`).MatchString(p.Body) {
		t.Errorf("60 guesses are %d lines, want one with a count", n)
	}
	next := b.Get(find(t, p, `href="(/account/activity\?older=\w+)#history"`))
	wants(t, next, http.StatusOK, "Wrong password", "Newest")
	if strings.Contains(next.Body, "Where you&#39;re signed in") {
		t.Error("a page of the history begins with the sessions again")
	}
	wants(t, b.Get("/account"), http.StatusOK, "Someone may know your password", `href="/account/secure"`)
	p = b.Get("/account/secure")
	wants(t, p, http.StatusOK, "Change your password", "Only this device is signed in", "No device skips codes", "2 ways to get codes", "1 connected")
	for _, path := range []string{"/account/security/password", activityPath, twoStepPath + "/devices", twoStepPath, "/account/apps"} {
		if !strings.Contains(p.Body, `href="`+path) {
			t.Errorf("no step leads to %s", path)
		}
	}
	// Another person's event is no place to go on from.
	wants(t, b.Get(activityPath+"?older=NOBODY"), http.StatusOK)
}

// Places are words of the reader's language where a database is configured.
func TestPlacesAreTold(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Place(func(_, lang string) string {
		return map[string]string{"ja": "日本 横浜市", "en": "Yokohama, Japan"}[lang]
	})).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	b.Submit(p, "/signin/code", "code", k.Code(t, mobile), "trust", "1")
	for _, path := range []string{activityPath, "/account", twoStepPath + "/devices"} {
		wants(t, b.Get(path), http.StatusOK, "Yokohama, Japan")
	}
	wants(t, b.Get(activityPath), http.StatusOK, "Places are estimated from the IP address")
	b.Get("/lang?to=ja&back=/account")
	wants(t, b.Get(activityPath), http.StatusOK, "日本 横浜市")
}

// apps are listed with what they may use, and disconnected after a question.
func TestConnectedAppsAreListedAndDisconnected(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	wants(t, k.enter(t, b, "/account"), http.StatusOK, `href="/account/apps"`)
	wants(t, b.Get("/account/apps"), http.StatusOK, "No connected apps")
	p := b.Get(authorize("third", "scope", "openid email offline_access", "prompt", "consent"))
	b.Submit(p, "/consent", "decision", "allow")
	b.Get(authorize("buyer"))
	p = b.Get("/account/apps")
	wants(t, p, http.StatusOK, "Party third", "Run by Minato Inc.", "Your email address", "Allowed 22 November 2026", "Party buyer", "Official")
	wants(t, b.Get("/account/apps/nobody/remove"), http.StatusNotFound)
	p = b.Get("/account/apps/third/remove")
	wants(t, p, http.StatusOK, "Disconnect Party third?", "Your email address")
	p = b.Submit(p, "", "x", "")
	at(t, p, "/account/apps")
	wants(t, p, http.StatusOK, "The app is disconnected", "Party buyer")
	if strings.Contains(p.Body, "Party third") {
		t.Error("the app is still listed")
	}
	wants(t, b.Get(activityPath), http.StatusOK, "Party third was connected", "Party third was disconnected")
	at(t, b.Get(authorize("third", "scope", "openid email")), "/consent")
}
