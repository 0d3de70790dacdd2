package web_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// guarded brings somebody with two-step verification on: text messages first,
// an app behind them.
func (k *kit) guarded(t *testing.T, b *chrome.Browser, lang string) (v *visitor, e164 string, key []byte) {
	t.Helper()
	v = k.visitor(t, b, lang)
	v.email = "guarded-" + v.email
	_, e164 = number()
	k.AddUserWith(t, v.email, secret, e164, appKey)
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(appKey)
	if err != nil {
		t.Fatal(err)
	}
	return v, e164, key
}

// S-101, S-103, S-126: a device that skips codes, until that is reset.
func TestTrustedDeviceSkipsTheCodeUntilReset(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v, e164, _ := k.guarded(t, b, "en")
	v.signIn("/account")
	v.at("/signin/code")
	if v.Count("#trust:checked") != 0 {
		t.Error("trusting this device is ticked by default")
	}
	v.Fill("#code", k.Code(t, e164))
	v.Click("#trust")
	v.Press("main .btn.pri")
	v.at("/account")

	v.Open("/signout")
	v.Press("main .btn.pri")
	v.signIn("/account")
	v.at("/account") // no code
	v.Open(twoStepPath + "/devices")
	v.sees("main", "This device", "Until 22 December 2026")

	v.Press("#reset button") // needs a live code: a trusted device is none
	v.at("/signin/code")
	v.proves(e164)
	v.at(twoStepPath + "/devices")
	v.Press("#reset button")
	v.sees("main", "All devices will be asked for a code next time")
	v.Open("/signout")
	v.Press("main .btn.pri")
	v.signIn("/account")
	v.at("/signin/code")
}

// proves gives whatever /signin/confirm and the code page ask for.
func (v *visitor) proves(e164 string) {
	v.t.Helper()
	for range 3 {
		switch {
		case v.Has("#password"):
			v.Fill("#password", secret)
		case v.Has("#code"):
			v.Fill("#code", v.k.Code(v.t, e164))
		default:
			return
		}
		v.Press("main form .btn.pri")
	}
}

// S-107, ux 4.3: another way to get a code, and the code before is dead.
func TestSwitchToAnotherMethod(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v, e164, key := k.guarded(t, b, "ja")
	v.signIn("/account")
	text := k.Code(t, e164)
	v.Press("main .acts a")
	v.at("/signin/methods")
	v.Press("button[value$=voice]")
	v.at("/signin/code")
	v.Fill("#code", text)
	v.Press("main .btn.pri")
	v.sees("#code-e", "以前に送ったコード")
	spoken := k.Spoken(t, e164)
	v.Press("main .acts a")
	v.Press("button[value$=app]")
	v.Fill("#code", spoken)
	v.Press("main .btn.pri")
	v.at("/signin/code")
	v.Fill("#code", mfa.TOTPAt(key, k.Clock.Now()))
	v.Press("main .btn.pri")
	v.at("/account")
}

// S-093, S-099, S-125: off takes a code and keeps the methods; on takes one of
// them and no new scan.
func TestTurnOffAndOnAgainWithTheSameApp(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v, e164, key := k.guarded(t, b, "en")
	v.signIn("/account")
	v.Fill("#code", k.Code(t, e164))
	v.Press("main .btn.pri")

	v.Open(twoStepPath)
	v.Press(`a[href$="/off"]`)
	v.sees("main", "Turn off 2-step verification?")
	k.Clock.Advance(time.Minute)
	v.Press("button[value$=app]")
	if v.Count("input[name=clear][value='0']:checked") != 1 {
		t.Error("the methods are not kept by default (S-125)")
	}
	v.Fill("#code", "000000")
	if status := v.Press("button[value=verify]"); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: status %d, want 422", status)
	}
	v.Fill("#code", mfa.TOTPAt(key, k.Clock.Now()))
	v.Press("button[value=verify]")
	v.at(twoStepPath)
	v.sees("main", "2-step verification is off", "Authenticator app", e164[len(e164)-4:])

	k.Clock.Advance(time.Minute)
	v.Press(`a[href$="/on"]`)
	v.Press("button[value$=app]")
	v.Fill("#code", mfa.TOTPAt(key, k.Clock.Now()))
	v.Press("button[value=verify]")
	v.at(twoStepPath)
	v.sees("main", "2-step verification is on")

	// And off once more: the code of before is of no use.
	k.Clock.Advance(time.Minute)
	v.Open(twoStepPath + "/off")
	v.Press("button[value$=sms]")
	v.Fill("#code", k.Code(t, e164))
	v.Click("input[name=clear][value='1']")
	v.Press("button[value=verify]")
	v.sees("main", "Not set up")
}

// S-017, S-019, S-123: the settings page by its stable path; a pair of methods must stay.
func TestLastPairOfMethodsStays(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v, e164, _ := k.guarded(t, b, "ja")
	v.signIn("/a/settings/approval")
	v.Fill("#code", k.Code(t, e164))
	v.Press("main .btn.pri")
	v.at("/a/settings/approval")
	v.sees(".crumbs", "ホーム", "ログインとセキュリティ", "高度なセキュリティ設定")
	if v.Has(`a[href$="/remove"]`) {
		t.Error("a method of the last pair can be removed")
	}
	app := v.Attr(`a[href$="/name"]`, "href")
	v.Open(app)
	v.Fill("#name", "わたしの iPhone")
	v.Press("main .btn.pri")
	v.sees("main", "わたしの iPhone")
	v.Open(strings.TrimSuffix(app, "name") + "remove")
	v.sees("main", "残す必要があります")
}
