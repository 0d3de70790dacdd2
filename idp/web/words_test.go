package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// C-08: while the account is paused no other way is offered, on the answer and
// after a reload.
func TestPauseOfTheAccountOffersNoOtherWay(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) { l.MFA.AccountFailuresDay = 3 })).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	right, id := k.Code(t, mobile), flow(p)
	first := p
	for i := range 3 {
		b.Submit(first, "/signin/code", "code", differs(right, i))
	}
	for _, q := range []*idptest.Page{b.Submit(first, "/signin/code", "code", right), b.Get("/signin/code?flow=" + id)} {
		wants(t, q, q.Status, "All code entry is paused", "23 November 2026 14:00", `href="/password/forgot"`)
		if strings.Contains(q.Body, "Choose another way") || strings.Contains(q.Body, "Other ways work now") {
			t.Errorf("another way is offered:\n%s", q.Body)
		}
	}
}

// C-01, C-04: the length of codes is the operator's for messages, and 6 for apps.
func TestWordsNameTheLengthOfTheCode(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) { l.MFA.CodeDigits = 8 })).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	wants(t, p, http.StatusOK, "We sent a code of 8 digits", `for="code">8-digit code`)
	wants(t, b.Submit(p, "/signin/code", "code", "123456"), http.StatusUnprocessableEntity, "It has 8 digits")
	wants(t, b.Submit(p, "/signin/code", "code", "1234 5678"), http.StatusUnprocessableEntity, "12345678 is not right")
	q := b.Get("/signin/methods?flow=" + flow(p))
	p = b.Submit(q, "/signin/methods", "method", button(t, q, "Use your authenticator app"))
	wants(t, p, http.StatusOK, `for="code">6-digit code`)
	wants(t, b.Submit(p, "/signin/code", "code", "12345678"), http.StatusUnprocessableEntity, "It has 6 digits")
	wants(t, b.Submit(p, "/signin/code", "code", "123456"), http.StatusUnprocessableEntity, "123456 is not right")
}

// C-06: a code that was guessed at too often says so, and not that it expired.
func TestDeadCodeSaysSo(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	right, id := k.Code(t, mobile), flow(p)
	for i := range 5 {
		p = b.Submit(p, "/signin/code", "code", differs(right, i))
	}
	wants(t, p, http.StatusUnprocessableEntity, "wrong too often")
	wants(t, b.Submit(p, "/signin/code", "code", right), http.StatusUnprocessableEntity, "wrong too often")
	wants(t, b.Get("/signin/code?flow="+id), http.StatusOK, "wrong too often")
	k.Clock.Advance(11 * time.Minute)
	wants(t, b.Get("/signin/code?flow="+id), http.StatusOK, "wrong too often")
}

// A database that cannot be written to is no fault of the page: it says that
// nothing was changed, and when to come back.
func TestUnavailableDatabaseSaysThatNothingWasChanged(t *testing.T) {
	t.Parallel()
	k := start(t)
	for _, test := range []struct {
		err         error
		after, want string
	}{
		{idp.ErrUnavailable, "5", "out of reach for a moment. Nothing was changed"},
		{idp.ErrReadOnly, "60", "under maintenance"},
	} {
		path := "/fails/" + test.after
		k.router.GET(path, func(echo.Context) error { return fmt.Errorf("begin: %w", test.err) })
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Language", "en")
		w := k.raw(r)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != test.after {
			t.Errorf("%v: status %d, Retry-After %q; want 503, %s", test.err, w.Code, w.Header().Get("Retry-After"), test.after)
		}
		if !strings.Contains(strings.ReplaceAll(w.Body.String(), "&#39;", "'"), test.want) {
			t.Errorf("%v does not say %q:\n%s", test.err, test.want, w.Body)
		}
		if !strings.Contains(k.Log.String(), test.err.Error()) {
			t.Errorf("%v is not in the log", test.err)
		}
	}
}

// S-039, C-20: hints and faults are about the country that is chosen.
func TestNumberFaultsFollowTheCountry(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) { l.MFA.Countries = []string{"US", "JP", "GB"} }))
	b := k.newcomer(t)
	p := begin(t, b)
	wants(t, p, http.StatusOK, "090-1234-5678", `data-example="07400 123456"`)
	for _, test := range []struct{ channel, country, number, want string }{
		{"sms", "GB", "07400 12", "It should look like <span"},
		{"sms", "GB", "07400 12", "For example 07400 123456."},
		{"sms", "US", "555-2671", "Include the area code, for example (201) 555-0123"},
		{"sms", "JP", "090-1234-567", "Japanese numbers have 10 or 11 digits"},
		{"voice", "JP", "1234-5678", "Include the area code, for example 03-1234-5678"},
		{"voice", "JP", "050-1234-5678", "IP phone numbers (050 in Japan) can"},
	} {
		q := submit(b, p, primaryPath, "kind", "phone", "do", "send", "channel", test.channel, "cc", test.country, "tel", test.number)
		wants(t, q, http.StatusUnprocessableEntity, strings.TrimSuffix(test.want, "<span"))
	}
}

// S-040: every page that sends to a phone says what that may cost.
func TestPagesThatSendNameTheFee(t *testing.T) {
	t.Parallel()
	const fee = "Message and call charges may apply."
	k := start(t).person(t)
	b := k.Browser(t)
	p := password(b, b.Get("/account"))
	wants(t, b.Get("/signin/methods?flow="+flow(p)), http.StatusOK, fee)
	b = start(t).newcomer(t)
	p = begin(t, b)
	wants(t, p, http.StatusOK, fee)
	wants(t, submit(b, p, primaryPath, "kind", "phone", "do", "send", "channel", "sms", "cc", "JP", "tel", "090-1111-2222"), http.StatusOK, fee)
}

// S-052: the key can be copied; without scripts it is there to be selected.
func TestSetUpKeyCanBeCopied(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v := k.visitor(t, b, "en")
	v.signIn("/account")
	v.begin()
	v.key()
	if !v.Has("button[data-copy]") {
		t.Fatal("there is no button to copy the key")
	}
	v.Click("button[data-copy]")
	v.sees("#app .stack > details", "Copy the key")

	plain := k.visitor(t, b, "en")
	plain.WithoutScripts()
	plain.signIn("/account")
	plain.begin()
	if plain.Count("button[data-copy][hidden]") != 1 || plain.Count("#key") != 1 {
		t.Error("without scripts the button is shown, or the key is not there")
	}
}

// S-039: the hint follows the list of countries.
func TestNumberHintFollowsTheList(t *testing.T) {
	k := start(t, roomy(), idptest.Limits(func(l *idp.Limits) { l.MFA.Countries = []string{"JP", "GB"} }))
	v := k.visitor(t, chrome.Start(t), "ja")
	v.signIn("/account")
	v.begin()
	v.sees("#tel-h", mfa.Example("JP", mfa.SMS))
	v.Select("#cc", "GB")
	v.sees("#tel-h", mfa.Example("GB", mfa.SMS))
}
