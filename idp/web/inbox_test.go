package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/web"
	"github.com/sekisho-id/sekisho/mfa"
)

// A stranger could sign in with it, so it is not there unless asked for.
func TestInboxDoesNotExistInProduction(t *testing.T) {
	t.Parallel()
	s := idptest.New(t, idptest.Web(func(c *web.Config) { c.Inbox = nil }))
	b := s.Browser(t)
	for _, path := range []string{"/dev/inbox", "/dev/inbox.json", "/dev/inbox/x/html"} {
		if got := b.Get(path).Status; got != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", path, got)
		}
	}
}

func TestInboxShowsWhatWouldHaveBeenSent(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	code := k.Code(t, mobile)
	submit(b, p, "/signin/code", "flow", flow(p), "code", code)

	page := b.Get("/dev/inbox")
	wants(t, page, http.StatusOK, mobile[1:], "@localhost #"+code, "1 segment", email, mfa.TOTPAt([]byte("12345678901234567890"), k.Clock.Now()))
	if body := b.Get("/dev/inbox?kind=mail").Body; strings.Contains(body, "#"+code) {
		t.Error("the filter for mails shows a text message")
	}

	var got struct {
		Messages []struct{ Kind, To, Body string }
		Apps     []struct{ Account, Code string }
	}
	if err := json.Unmarshal([]byte(b.Get("/dev/inbox.json?kind=sms").Body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 || got.Messages[0].To != mobile || !strings.Contains(got.Messages[0].Body, code) {
		t.Errorf("messages %+v, want the one text message", got.Messages)
	}
	if len(got.Apps) != 1 || got.Apps[0].Account != email {
		t.Errorf("apps %+v, want the one of %s", got.Apps, email)
	}

	wants(t, submit(b, page, "/dev/inbox", "do", "key", "key", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq"), http.StatusOK, got.Apps[0].Code)
	wants(t, submit(b, page, "/dev/inbox", "do", "key", "key", "not a key!"), http.StatusUnprocessableEntity, "Check the setup key")
	wants(t, submit(b, page, "/dev/inbox", "do", "clear"), http.StatusOK, "Nothing has been sent yet")
}

// T-20: a mail's HTML is shown where it can do nothing.
func TestMailPartCannotDoAnything(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	b.Submit(b.Get("/password/forgot"), "", "identifier", email, "email", email)
	m := k.Message(t, mfa.Mail, email)
	if m.HTML == "" {
		t.Fatal("the mail has no HTML part")
	}
	p := b.Get("/dev/inbox/" + m.ID + "/html")
	wants(t, p, http.StatusOK)
	if got := p.Header.Get("Content-Security-Policy"); !strings.Contains(got, "sandbox") || !strings.Contains(got, "default-src 'none'") {
		t.Errorf("CSP %q lets the mail do something", got)
	}
}
