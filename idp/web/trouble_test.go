package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// report is what a gateway posts to a URL of ours.
func (k *kit) report(t *testing.T, to, contentType, body string) int {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, u.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return k.raw(r).Code
}

// asked signs in up to the code page, and tells the message that a gateway took.
func (k *kit) asked(t *testing.T, b *idptest.Browser) (p *idptest.Page, message string) {
	t.Helper()
	p = password(b, b.Get("/account"))
	if err := k.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, k.Inbox.Messages(mfa.Text)[0].ID
}

const twilioForm = "application/x-www-form-urlencoded"

// "Not delivered, try a call", on the next load and without a script.
func TestCodeThatDidNotComeIsToldWithAnotherWay(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p, message := k.asked(t, b)
	to := k.Receipts.URL("twilio", message)
	if status := k.report(t, to, twilioForm, "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30005"); status != http.StatusOK {
		t.Fatalf("a report is answered with %d", status)
	}
	p = b.Get("/signin/code?flow=" + flow(p))
	wants(t, p, http.StatusOK, "could not be delivered", "Call me", `action="/signin/methods"`)
	called := b.Submit(p, "/signin/methods", "method", button(t, p, "Call me"))
	at(t, called, "/signin/code")
	wants(t, called, http.StatusOK, "We are calling the number")
	if strings.Contains(called.Body, "could not be delivered") {
		t.Error("the trouble of the code before is shown beside the call")
	}
	if spoken := k.Spoken(t, mobile); len(spoken) != 6 {
		t.Errorf("the call says %q", spoken)
	}
}

// T-33: nothing is offered to the same number by another channel.
func TestWithheldCodeOffersAnotherNumberOnly(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p, message := k.asked(t, b)
	if err := k.Provider.Receipt(t.Context(), "", message, mfa.Withheld, ""); err != nil {
		t.Fatal(err)
	}
	p = b.Get("/signin/code?flow=" + flow(p))
	wants(t, p, http.StatusOK, "another SIM or carrier", "Use your authenticator app")
	if strings.Contains(p.Body, "Call me") {
		t.Error("a call to the number that moved is offered")
	}
}

func TestLateCodeIsTold(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	k.Clock.Advance(21 * time.Second)
	wants(t, b.Get("/signin/code?flow="+flow(p)), http.StatusOK, "takes longer than usual", "Call me")
}

// Whoever has no URL of ours cannot say anything about messages.
func TestForgedReceiptsChangeNothing(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p, message := k.asked(t, b)
	good := k.Receipts.URL("twilio", message)
	payload, _, _ := strings.Cut(good, ".")
	other := k.Receipts.URL("twilio", "x")
	for name, to := range map[string]string{
		"bare id": k.URL + "/receipts/" + message, "cut": good[:len(good)-3], "another's mac": payload + other[strings.LastIndexByte(other, '.'):],
	} {
		if status := k.report(t, to, twilioForm, "MessageStatus=undelivered"); status != http.StatusNotFound {
			t.Errorf("%s: answered with %d", name, status)
		}
	}
	for name, body := range map[string]string{"nonsense": "\x00%zz", "unknown state": "MessageStatus=%3Cscript%3E", "empty": ""} {
		if status := k.report(t, good, twilioForm, body); status != http.StatusOK {
			t.Errorf("%s: answered with %d", name, status)
		}
	}
	if status := k.report(t, good, twilioForm, strings.Repeat("a", 1<<17)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge report: answered with %d", status)
	}
	if status := k.report(t, k.Receipts.URL("twilio", "gone"), twilioForm, "MessageStatus=failed"); status != http.StatusOK {
		t.Errorf("a message that is gone: answered with %d", status)
	}
	p = b.Get("/signin/code?flow=" + flow(p))
	if strings.Contains(p.Body, "could not be delivered") {
		t.Error("a forged report changed the page")
	}
}
