package web_test

import (
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// The tests of browser_*_test.go run in a real Chromium: what a person sees and
// does, and nothing else.

const twoStepPath = "/account/security/two-step"

// roomy lifts the limits that many people at one address would meet.
func roomy() idptest.Option {
	return idptest.Limits(func(l *idp.Limits) {
		l.MFA.IPSends, l.Password.PerIPMinute = 10_000, 10_000
	})
}

// visitor is one person at a browser of their own.
type visitor struct {
	*chrome.Tab
	t     *testing.T
	k     *kit
	email string
}

var visitors atomic.Int64

// visitor brings somebody who has an account without two-step verification.
func (k *kit) visitor(t *testing.T, b *chrome.Browser, lang string) *visitor {
	t.Helper()
	who := fmt.Sprintf("person%d@example.jp", visitors.Add(1))
	k.AddUser(t, who, secret)
	return &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: who}
}

// number is a mobile number that nobody else has, with a prefix of its own.
func number() (national, e164 string) {
	n := 1000 + visitors.Add(1)
	return fmt.Sprintf("090-%04d-5678", n), fmt.Sprintf("+8190%04d5678", n)
}

// landline is a number that takes calls only.
func landline() (national, e164 string) {
	n := 1000 + visitors.Add(1)
	return fmt.Sprintf("03-%04d-5678", n), fmt.Sprintf("+813%04d5678", n)
}

// signIn gives the password on the sign-in page that path leads to.
func (v *visitor) signIn(path string) {
	v.t.Helper()
	v.Open(path)
	v.Fill("#identifier", v.email)
	v.Fill("#password", secret)
	v.Press("main form button[type=submit]")
}

// at fails unless the tab is on the path.
func (v *visitor) at(path string) {
	v.t.Helper()
	if got, _, _ := strings.Cut(v.Path(), "?"); got != path {
		v.t.Fatalf("on %s, want %s:\n%s", v.Path(), path, v.Text("main"))
	}
}

// sees fails unless the page shows the words.
func (v *visitor) sees(sel string, words ...string) {
	v.t.Helper()
	got := v.Text(sel)
	for _, w := range words {
		if !strings.Contains(got, w) {
			v.t.Errorf("%s: %s shows %q, want %q in it", v.Path(), sel, got, w)
		}
	}
}

// begin presses "start setup" on the settings page.
func (v *visitor) begin() {
	v.t.Helper()
	v.Open(twoStepPath)
	v.Press(`form[action$="/setup/start"] .btn.pri`)
	v.at(twoStepPath + "/setup/primary")
}

// ask fills in the phone panel and sends it.
func (v *visitor) ask(ch mfa.Channel, num string) int {
	v.t.Helper()
	v.Click("#k-phone")
	v.Click(fmt.Sprintf("#phone input[name=channel][value=%s]", ch))
	v.Fill("#tel", num)
	return v.Press("#phone button[value=send]")
}

// addPhone adds a phone that receives a code, and answers with its number.
func (v *visitor) addPhone(ch mfa.Channel) (national, e164 string) {
	v.t.Helper()
	national, e164 = number()
	if ch == mfa.Voice {
		national, e164 = landline()
	}
	v.ask(ch, national)
	v.Fill("#code", v.code(ch, e164))
	v.Press("#phone button[value=verify]")
	return national, e164
}

// code is the code just sent to a number.
func (v *visitor) code(ch mfa.Channel, e164 string) string {
	v.t.Helper()
	if ch == mfa.Voice {
		return v.k.Spoken(v.t, e164)
	}
	return v.k.Code(v.t, e164)
}

// key opens the part for phones alone and reads the set-up key.
func (v *visitor) key() []byte {
	v.t.Helper()
	v.Click("#k-app")
	v.Click("#app .stack > details > summary")
	text := strings.ReplaceAll(v.Text("#key"), " ", "")
	if uri := v.Attr("#app a[href^=otpauth]", "href"); !strings.Contains(uri, "secret="+text) {
		v.t.Errorf("the link %q has another key than %q (S-052)", uri, text)
	}
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		v.t.Fatalf("key %q: %v", text, err)
	}
	return raw
}

// addApp adds an authenticator app, and answers with its key.
func (v *visitor) addApp() []byte {
	v.t.Helper()
	raw := v.key()
	v.Fill("#app-code", mfa.TOTPAt(raw, v.k.Clock.Now()))
	v.Press("#app button[value=verify]")
	return raw
}

// add adds a method of the page that is shown.
func (v *visitor) add(ch mfa.Channel) {
	v.t.Helper()
	if ch == mfa.App {
		v.addApp()
		return
	}
	v.addPhone(ch)
}

// finish turns two-step verification on.
func (v *visitor) finish() {
	v.t.Helper()
	v.at(twoStepPath + "/setup/finish")
	v.Press("button[value=finish]")
}

// 1.B, S-030 to S-064: every pair of the matrix, in both languages.
func TestEveryPairOfTheMatrixCanBeSetUp(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	on := map[string]string{"ja": "2段階認証は有効です", "en": "2-step verification is on"}
	for _, main := range []mfa.Channel{mfa.SMS, mfa.Voice, mfa.App} {
		for _, backup := range []mfa.Channel{mfa.SMS, mfa.Voice, mfa.App} {
			if main == mfa.App && backup == mfa.App {
				continue
			}
			for _, lang := range []string{"ja", "en"} {
				t.Run(fmt.Sprintf("%s then %s in %s", main, backup, lang), func(t *testing.T) {
					t.Parallel()
					v := k.visitor(t, b, lang)
					v.signIn("/account")
					v.begin()
					v.add(main)
					v.at(twoStepPath + "/setup/backup")
					v.add(backup)
					v.finish()
					v.at(twoStepPath + "/setup/done")
					v.Press("main a.btn.quiet") // recovery codes can be skipped
					v.sees("main", on[lang])
				})
			}
		}
	}
}

// S-112: forced set-up inside a sign-in ends at the relying party, without scripts.
func TestForcedSetUpLeadsBackToTheClientWithoutScripts(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v := k.visitor(t, b, "ja")
	v.WithoutScripts()
	v.signIn(authorize("seller"))
	v.at("/signin/enroll")
	v.Press("button[value=setup]")
	v.at(twoStepPath + "/setup/primary")
	if v.Has("nav.nav") {
		t.Error("the account menu is shown inside a sign-in")
	}
	v.sees("main", "Party seller")
	v.addPhone(mfa.SMS)
	v.addApp()
	v.at(twoStepPath + "/setup/finish")
	if got := v.Leave("button[value=finish]"); !strings.HasPrefix(got, back+"?") || !strings.Contains(got, "code=") {
		t.Errorf("the browser was sent to %q, want %s with a code", got, back)
	}
}

// S-060, S-061: a backup phone may be added without a code; it stays unverified until it is used.
func TestBackupIsAddedWithoutVerifying(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	for _, ch := range []mfa.Channel{mfa.SMS, mfa.Voice} {
		t.Run(string(ch), func(t *testing.T) {
			t.Parallel()
			v := k.visitor(t, b, "en")
			v.signIn("/account")
			v.begin()
			if v.Has("#unverified") {
				t.Error("the main method may be added without verifying")
			}
			v.addApp()
			sent := len(k.Inbox.Messages(""))
			national, _ := number()
			v.Click("#unverified")
			v.ask(ch, national)
			v.finish()
			v.Open(twoStepPath)
			v.sees("main", "Not verified", national[:3], "5678")
			if got := k.Inbox.Messages(mfa.Text); len(got) > 0 && len(k.Inbox.Messages("")) > sent+1 {
				t.Errorf("a code was sent to a number that was added without one: %v", got[0].Body)
			}
		})
	}
}

// S-055, S-092, S-105, S-028: what the wizard refuses, and what it says.
func TestWizardRefusesWhatTheMatrixForbids(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v := k.visitor(t, b, "en")
	v.signIn("/account")
	v.begin()
	for _, c := range []struct {
		ch       mfa.Channel
		num, say string
	}{
		{mfa.SMS, "", "Enter your phone number"},
		{mfa.SMS, "1234-5678", "Include the area code"},
		{mfa.SMS, "03-1234-5678", "can't get texts"},
		{mfa.Voice, "0120-444-444", "Toll-free"},
		{mfa.SMS, "090-1234-567", "Check the phone number"},
		{mfa.SMS, "+1 212 555 0100", "doesn't match"},
	} {
		if status := v.ask(c.ch, c.num); status != http.StatusUnprocessableEntity {
			t.Errorf("%q over %s: status %d, want 422", c.num, c.ch, status)
		}
		v.sees("#tel-e", c.say)
		if got := v.Attr("#tel", "value"); got != c.num {
			t.Errorf("the field holds %q, want %q as typed", got, c.num)
		}
		if got := v.Focused(); got != "tel" {
			t.Errorf("focus is on %q, want the field", got)
		}
		if got := v.Title(); !strings.HasPrefix(got, "Error:") {
			t.Errorf("title %q does not begin with Error:", got)
		}
	}

	national, e164 := number()
	v.ask(mfa.SMS, national)
	v.Fill("#code", "000000")
	v.Press("#phone button[value=verify]")
	v.sees("#code-e", "is not right")
	v.Fill("#code", "12")
	v.Press("#phone button[value=verify]")
	v.sees("#code-e", "too short")
	v.Fill("#code", "Your code: "+v.code(mfa.SMS, e164))
	v.Press("#phone button[value=verify]")
	v.at(twoStepPath + "/setup/backup")

	wide := strings.NewReplacer("0", "０", "9", "９", "5", "５", "6", "６", "7", "７", "8", "８", "-", "ー").Replace(national)
	for _, same := range []string{national, wide, "+81 (0)" + national[1:]} {
		v.ask(mfa.Voice, same)
		v.sees("#tel-e", "can't use your main number")
	}
	v.Press("#phone a[href*=app]") // S-092: the way out
	if !v.Has("#app-code") {
		t.Error("the link does not open the app's panel")
	}
}

// S-042, T-58: the number can be corrected; the code sent to the first one is dead.
func TestCodeForTheCorrectedNumberOnly(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v := k.visitor(t, b, "en")
	v.signIn("/account")
	v.begin()
	first, firstE164 := number()
	second, secondE164 := number()
	v.ask(mfa.SMS, first)
	dead := v.code(mfa.SMS, firstE164)
	v.Press("#phone a[href*=edit]")
	if got := v.Attr("#tel", "value"); got != first {
		t.Errorf("the field holds %q, want %q to correct", got, first)
	}
	k.Clock.Advance(time.Minute)
	v.ask(mfa.SMS, second)
	sent := len(k.Inbox.Messages(mfa.Text))
	v.Reload()
	v.Back()
	v.Open(twoStepPath + "/setup/finish") // not true yet
	v.at(twoStepPath + "/setup/primary")
	if got := len(k.Inbox.Messages(mfa.Text)); got != sent {
		t.Errorf("reload and back sent %d more messages", got-sent)
	}
	v.Fill("#code", dead)
	v.Press("#phone button[value=verify]")
	v.at(twoStepPath + "/setup/primary")
	v.sees("#code-e", "earlier code")
	v.Fill("#code", v.code(mfa.SMS, secondE164))
	v.Enter("#code")
	v.at(twoStepPath + "/setup/backup")
}
