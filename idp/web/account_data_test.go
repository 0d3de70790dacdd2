package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

func TestDataIsDownloadedAsAFile(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := b.Get("/account/data")
	wants(t, p, http.StatusOK, "Your password, the keys of your apps and other secrets are not in it")
	for range 5 {
		file := b.Submit(p, "", "x", "")
		if file.Status != http.StatusOK || file.Header.Get("Content-Disposition") != `attachment; filename="sekisho-account-2026-11-22.json"` ||
			!strings.HasPrefix(file.Header.Get("Content-Type"), "application/json") || file.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("status %d, headers %v", file.Status, file.Header)
		}
		if !json.Valid([]byte(file.Body)) || !strings.Contains(file.Body, `"number": "`+mobile+`"`) {
			t.Fatalf("the file is no JSON, or lacks the number:\n%s", file.Body)
		}
	}
	wants(t, b.Submit(p, "", "x", ""), http.StatusUnprocessableEntity, "That is the limit of downloads a day")
	k.Clock.Advance(11 * time.Minute)
	at(t, b.Get("/account/data"), "/signin/confirm")
	at(t, submit(b, p, "/account/data", "", ""), "/signin/confirm")
}

func TestAccountIsClosedAfterAQuestion(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	b.Get(authorize("buyer"))
	wants(t, b.Get("/account/profile"), http.StatusOK, `href="/account/close"`, `href="/account/data"`)
	p := b.Get("/account/close")
	wants(t, p, http.StatusOK, "Close your account?", "Party buyer", "On 6 December 2026", "What happens after 14 days")
	p = b.Submit(p, "", "x", "")
	at(t, p, "/account/closed")
	wants(t, p, http.StatusOK, "Your account is being closed")
	at(t, b.Get("/account"), "/signin")
	back := k.Browser(t)
	k.Clock.Advance(time.Minute)
	at(t, k.enter(t, back, "/account"), "/account")
	wants(t, back.Get(activityPath), http.StatusOK, "Closing the account was begun", "The account stays open")
	if got := back.Post("/account/close", url.Values{}); got.Status != http.StatusForbidden {
		t.Errorf("a form without a token closes: %d", got.Status)
	}
	if k.Message(t, mfa.Mail, email).To != email {
		t.Error("no mail")
	}
}
