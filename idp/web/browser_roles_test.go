package web_test

import (
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

// T-43: a member of staff without a passkey makes one after a full sign-in, on
// the way to the desk, and comes back by it; a phished code opens nothing.
func TestBrowserStaffMakeAPasskeyBeforeTheDeskOpens(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v, e164, _ := k.guarded(t, b, "en")
	u, err := k.Provider.FindUser(t.Context(), v.email)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Provider.SetRole(t.Context(), idp.Actor{Kind: "operator", ID: "test"}, u.ID, idp.Admin, true); err != nil {
		t.Fatal(err)
	}
	v.WithoutAutofill()
	v.Authenticator(true)
	v.enter("/admin/people", e164)
	v.at("/signin/passkey/new")
	v.sees("main", "Create a passkey to go on", "People who work here need a passkey")
	if v.Has("button[value=later]") {
		t.Error("it can be put off")
	}
	v.Press(passkeyButton)
	v.at("/signin/passkey")
	v.Press(passkeyButton)
	v.at("/admin/people")

	thief := &visitor{Tab: b.New(t, k.URL).Language("en"), t: t, k: k, email: v.email}
	k.Clock.Advance(time.Minute)
	thief.enter("/account", e164) // password and code, read over a shoulder
	thief.at("/account")
	thief.Open("/admin")
	thief.at("/signin/passkey")
	thief.Open(passkeysPath + "/new")
	thief.at("/signin/passkey")
	thief.Open(twoStepPath + "/recovery-codes")
	thief.at("/signin/passkey")

	v.ClearCookies()
	v.Open("/admin")
	v.Press(passkeyButton) // no password, no code
	v.at("/admin")
	v.Open(twoStepPath + "/off")
	v.at(twoStepPath + "/off")
}
