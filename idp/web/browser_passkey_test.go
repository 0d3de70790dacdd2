package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

const (
	passkeysPath  = "/account/security/passkeys"
	passkeyButton = "form[data-passkey] button"
)

// makePasskey makes one on the account pages.
func (v *visitor) makePasskey() {
	v.t.Helper()
	v.Open(passkeysPath + "/new")
	v.Press(passkeyButton)
	v.at(passkeysPath)
}

// left fails unless the browser was sent to the relying party with a code.
func (v *visitor) left(to string) {
	v.t.Helper()
	if !strings.HasPrefix(to, back+"?") || !strings.Contains(to, "code=") {
		v.t.Errorf("the browser was sent to %q, want %s with a code", to, back)
	}
}

// enter signs in with password and code, and answers with nothing but the page it ends on.
func (v *visitor) enter(path, e164 string) {
	v.t.Helper()
	v.signIn(path)
	v.at("/signin/code")
	v.Fill("#code", v.k.Code(v.t, e164))
	v.Press("main form .btn.pri")
}

// Passkeys in a real browser, with devices that Chromium plays.
func TestBrowserPasskeys(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	t.Run("a device that knows its owner signs in alone", func(t *testing.T) {
		t.Parallel()
		v, e164, _ := k.guarded(t, b, "en")
		v.enter("/account", e164)
		device := v.Authenticator(true)
		v.makePasskey()
		v.sees("main", "Your passkey is ready", "Kept on one device or key", "Not used yet")
		if got := device.Passkeys(); got != 1 {
			t.Errorf("the device holds %d passkeys, want 1", got)
		}
		v.ClearCookies()
		v.left(v.OpenAway(authorize("buyer"))) // offered in the address field
		v.Open("/account/activity")
		v.sees("main", "Signed in (passkey)")

		v.WithoutAutofill()
		v.ClearCookies()
		v.Open(authorize("buyer"))
		v.left(v.LeaveLater(passkeyButton))

		v.ClearCookies()
		device.Verify(false) // somebody else's finger
		v.Open(authorize("buyer"))
		v.Click(passkeyButton)
		v.Wait("[data-fault=cancel]")
		v.sees("main", "didn't finish")
		v.at("/signin")
		device.Verify(true)
		v.left(v.LeaveLater(passkeyButton))

		v.Open(passkeysPath)
		v.Press(`a[href$="/remove"]`)
		v.sees("main", "This is your last passkey", "password and a code", "You signed in with this passkey")
		v.Press("main .btn.bad")
		v.at("/signin/confirm") // what it proved is gone with it
		v.ClearCookies()
		v.Open(authorize("buyer"))
		v.Click(passkeyButton)
		v.Wait("#passkey-e")
		v.sees("#passkey-e", "isn't registered here")
		v.at("/signin/passkey")
	})
	t.Run("a security key is a second step after the password", func(t *testing.T) {
		t.Parallel()
		v, e164, _ := k.guarded(t, b, "ja")
		v.Authenticator(false)
		v.enter("/account", e164)
		v.makePasskey()
		v.ClearCookies()
		v.signIn(authorize("buyer"))
		v.at("/signin/code")
		v.Press("main .btn.quiet")
		v.Press(`a[href*="/signin/passkey"]`)
		v.sees("h1", "パスキーで確認")
		v.left(v.LeaveLater(passkeyButton))
	})
	t.Run("one is offered after the code, and made", func(t *testing.T) {
		t.Parallel()
		v, e164, _ := k.guarded(t, b, "en")
		device := v.Authenticator(true)
		v.signIn(authorize("buyer"))
		v.at("/signin/code")
		if got := v.Attr("input[name=passkeys]", "value"); got != "1" {
			t.Errorf("the page says %q of a browser that can make passkeys", got)
		}
		v.Fill("#code", k.Code(t, e164))
		v.Press("main form .btn.pri")
		v.at("/signin/passkey/new")
		v.left(v.LeaveLater(passkeyButton))
		if got := device.Passkeys(); got != 1 {
			t.Errorf("the device holds %d passkeys, want 1", got)
		}
		v.ClearCookies()
		v.left(v.OpenAway(authorize("buyer")))
	})
	t.Run("the offer is declined once and for all", func(t *testing.T) {
		t.Parallel()
		v, e164, _ := k.guarded(t, b, "en")
		v.Authenticator(true)
		v.enter(authorize("buyer"), e164)
		v.at("/signin/passkey/new")
		v.left(v.Leave("button[value=later]"))
		v.ClearCookies()
		k.Clock.Advance(time.Minute)
		v.signIn(authorize("buyer"))
		v.Fill("#code", k.Code(t, e164))
		v.left(v.Leave("main form .btn.pri"))
	})
	t.Run("without scripts nothing is offered and nothing is missing", func(t *testing.T) {
		t.Parallel()
		v, e164, _ := k.guarded(t, b, "en")
		v.WithoutScripts()
		v.Open(authorize("buyer"))
		if v.Has(passkeyButton) {
			t.Error("a button that does nothing is shown")
		}
		v.signIn(authorize("buyer"))
		v.Fill("#code", k.Code(t, e164))
		v.left(v.Leave("main form .btn.pri"))
	})
}
