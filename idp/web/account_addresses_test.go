package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	emailPath     = "/account/security/email"
	addressesPath = "/account/security/addresses"
)

func TestAddressIsAddedAndRemovedOnThePages(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	p := b.Get(addressesPath)
	wants(t, p, http.StatusOK, email, "Signs in")
	wants(t, submit(b, p, addressesPath, "email", "nonsense"), http.StatusUnprocessableEntity, "Enter your email like", `value="nonsense"`, `aria-invalid="true"`)
	wants(t, submit(b, p, addressesPath, "email", email), http.StatusUnprocessableEntity, "That address is yours already")
	p = submit(b, p, addressesPath, "email", "home@example.jp")
	at(t, p, addressesPath+"/verify")
	wants(t, p, http.StatusOK, "home@example.jp", "gets our notices too")
	wants(t, b.Submit(p, "", "code", "12"), http.StatusUnprocessableEntity, "too short")
	first := k.MailCode(t, "home@example.jp")
	again := submit(b, p, addressesPath+"/verify", "ref", p.URL.Query().Get("ref"), "do", "resend")
	wants(t, again, http.StatusOK, "The earlier one no longer works")
	wants(t, b.Submit(p, "", "code", differs(first, 1)), http.StatusUnprocessableEntity, "not right")
	p = b.Submit(p, "", "code", k.MailCode(t, "home@example.jp"))
	at(t, p, addressesPath)
	wants(t, p, http.StatusOK, "The address is added", "home@example.jp")
	wants(t, b.Get("/account/security"), http.StatusOK, "2 addresses are told")
	p = submit(b, p, addressesPath, "remove", find(t, p, `name="remove" value="(\w+)"`))
	wants(t, p, http.StatusOK, "The address is removed")
	if strings.Contains(p.Body, "home@example.jp") {
		t.Error("the removed address is still listed")
	}
}

// moving the account is proved again; looking at addresses is not.
func TestEmailIsChangedOnThePagesAfterAProof(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.enter(t, b, "/account")
	k.Clock.Advance(11 * time.Minute)
	at(t, b.Get(addressesPath), addressesPath)
	p := b.Get(emailPath)
	at(t, p, "/signin/confirm")
	p = b.Submit(p, "/signin/confirm", "password", secret)
	p = b.Submit(p, "/signin/code", "code", k.Code(t, mobile))
	at(t, p, emailPath)
	wants(t, b.Submit(p, "", "email", email), http.StatusUnprocessableEntity, "yours already", "<title>Error:")
	p = b.Submit(p, "", "email", "new@example.jp")
	at(t, p, addressesPath+"/verify")
	wants(t, p, http.StatusOK, "you sign in with this address")
	p = b.Submit(p, "", "code", k.MailCode(t, "new@example.jp"))
	at(t, p, "/account/security")
	wants(t, p, http.StatusOK, "Your email is changed", "new@example.jp")
	wants(t, b.Get(addressesPath+"/verify?ref=x"), http.StatusGone, "This link no longer works")
}
