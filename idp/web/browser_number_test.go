package web_test

import (
	"encoding/base32"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// numberWords are what the story reads in each language.
var numberWords = map[string]struct{ changed, mail, text, stopped, unverified string }{
	"ja": {"電話番号を変更しました", "電話番号を変更しました", "2段階認証から外れました", "アカウントを保護しました", "未確認"},
	"en": {"Your number is changed", "電話番号を変更しました", "2段階認証から外れました", "Your account is secured", "Not verified"},
}

// S-099, the story of a changed number: without scripts, from the settings to
// the last sign-in, with everything that is told, noted and ended on the way;
// then the stop link, as somebody who did not do it would use it.
func TestNumberChangeFromTheSettingsToTheStopLink(t *testing.T) {
	b := chrome.Start(t)
	for lang, say := range numberWords {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy()) // a clock of its own
			v, e164, key := k.guarded(t, b, lang)
			u, err := k.Provider.FindUser(t.Context(), v.email)
			if err != nil {
				t.Fatal(err)
			}
			second := "second-" + v.email
			k.address(t, u, second)

			// Another browser of theirs is signed in and skips codes.
			home := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: v.email}
			home.signIn("/account")
			home.Fill("#code", k.Code(t, e164))
			home.Click("#trust")
			home.Press("main .btn.pri")
			home.at("/account")
			k.Clock.Advance(time.Minute)

			v.WithoutScripts()
			v.signIn("/account")
			v.Fill("#code", k.Code(t, e164))
			v.Press("main .btn.pri")
			v.Open(twoStepPath)
			national, newE164 := number()
			v.Press(`a[href$="/number"]`)
			v.Fill("#tel", strings.NewReplacer("0", "０", "9", "９", "-", "ー").Replace(national)) // as a Japanese keyboard types it
			v.Press("#phone button[value=send]")
			code := k.Code(t, newE164)
			v.Open(twoStepPath) // nothing has changed yet
			v.sees("main", "090-••••-"+e164[len(e164)-4:])
			v.Back()
			v.Fill("#code", code)
			if v.Count("#others:checked") != 1 {
				t.Error("ending other sessions is not ticked (A-7.4.3)")
			}
			v.Press("#phone button[value=verify]")
			v.at(twoStepPath)
			v.sees("main", say.changed, "090-••••-"+newE164[len(newE164)-4:])

			// Everybody is told, the old number too.
			if m := k.Message(t, mfa.Text, e164); !strings.Contains(m.Body, say.text) && !strings.Contains(m.Body, "removed from 2-step") {
				t.Errorf("the old number reads %q", m.Body)
			}
			stop := ""
			for _, to := range []string{v.email, second} {
				m := k.newest(t, to, say.mail, "Your phone number was changed")
				stop = regexp.MustCompile(`/report\?token=\S+`).FindString(m.Body)
				if stop == "" {
					t.Errorf("the mail to %s has no stop link:\n%s", to, m.Body)
				}
			}
			k.audited(t, u, "method.changed", "session.ended_others")

			// The other browser is signed out and skips no code any more.
			home.Open("/account")
			home.signIn("/account")
			home.at("/signin/code")
			home.Fill("#code", k.Code(t, newE164))
			home.Press("main .btn.pri")
			home.at("/account")

			// It was somebody else: the stop link.
			reader := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: v.email}
			reader.WithoutScripts()
			reader.Open(stop)
			reader.Press("main form .btn.pri")
			reader.sees("main", say.stopped)
			k.audited(t, u, "method.restored", "risk.reported")
			home.Open("/account")
			home.at("/signin")
			if list, err := k.Provider.UserMethods(t.Context(), u.ID); err != nil || slices.ContainsFunc(list, func(f mfa.Factor) bool { return f.Number == newE164 }) {
				t.Errorf("the new number is still there: %v", err)
			}

			// Back in: a new password by mail and the app, then the settings show what is left.
			token, err := k.reset(t, v.email)
			if err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(time.Minute)
			if err := k.Provider.ResetPassword(t.Context(), &idp.Browser{}, token, secret+" anew", true); err == nil {
				t.Fatal("the mail alone changed the password (N-50)")
			}
			if err := k.Provider.ResetCode(t.Context(), &idp.Browser{}, token, mfa.TOTPAt(key, k.Clock.Now())); err != nil {
				t.Fatal(err)
			}
			k.Clock.Advance(time.Minute)
			reader.Open("/account/security/two-step")
			reader.Fill("#identifier", v.email)
			reader.Fill("#password", secret+" anew")
			reader.Press("main form button[type=submit]")
			reader.Fill("#code", mfa.TOTPAt(key, k.Clock.Now()))
			reader.Press("main .btn.pri")
			reader.at(twoStepPath)
			reader.sees("main", say.unverified, "090-••••-"+e164[len(e164)-4:])
		})
	}
}

// address gives a person a further address for notices.
func (k *kit) address(t *testing.T, u idp.User, email string) {
	t.Helper()
	err := k.Store.Update(t.Context(), idp.Actor{Kind: "operator"}, func(tx *store.Tx) error {
		return tx.InsertNoticeAddress(store.NoticeAddress{ID: "a-" + u.ID, UserID: u.ID, Email: email})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// newest is the newest mail to an address whose subject has one of some words.
func (k *kit) newest(t *testing.T, to string, words ...string) mfa.Message {
	t.Helper()
	if err := k.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range k.Inbox.Messages(mfa.Mail) {
		if m.To == to && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m.Subject, w) }) {
			return m.Message
		}
	}
	t.Fatalf("no mail to %s about %q", to, words)
	return mfa.Message{}
}

// audited fails unless the audit log has events about a person.
func (k *kit) audited(t *testing.T, u idp.User, names ...string) {
	t.Helper()
	for _, name := range names {
		if list, err := k.Provider.Events(t.Context(), store.EventFilter{UserID: u.ID, Name: name}); err != nil || len(list) == 0 {
			t.Errorf("no %s in the audit log: %v", name, err)
		}
	}
}

// reset asks for a new password and answers with the token that was mailed.
func (k *kit) reset(t *testing.T, email string) (string, error) {
	t.Helper()
	if err := k.Provider.Forgot(t.Context(), &idp.Browser{IP: "192.0.2.9"}, email); err != nil {
		return "", err
	}
	m := k.newest(t, email, "再設定", "Reset your password")
	return strings.TrimPrefix(regexp.MustCompile(`token=\w+`).FindString(m.Body), "token="), nil
}

// managed are the pages where methods are added, proved, changed and held.
func (g *gallery) managed(e164 string) {
	g.signIn("/account")
	g.Fill("#code", g.k.Code(g.t, e164))
	g.Press("main .btn.pri")
	add := twoStepPath + "/methods/new"
	g.visit(add, "method-add")
	g.ask(mfa.SMS, "03-1234-5678")
	g.check("method-add--error", false)
	g.Open(add + "?kind=app")
	g.Press("#app button[value=app]")
	g.shot("method-add--app")
	national, _ := number()
	g.ask(mfa.SMS, national)
	g.shot("method-add--sent")
	g.Press("button[value=cancel]")

	g.Open(add)
	other, _ := landline()
	g.Click("#unverified")
	g.ask(mfa.Voice, other)
	g.shot("two-step--check")
	g.visit("/account", "home--check")
	g.Open(twoStepPath)
	verify, lead := g.Attr(`a[href$="/verify"]`, "href"), g.Attr(`a[href$="/primary"]`, "href")
	number, app := g.Attr(`a[href$="/number"]`, "href"), g.Attr(`a[href$="/key"]`, "href")
	g.visit(lead, "method-main")
	g.visit(strings.TrimSuffix(verify, "verify")+"primary", "method-main--unverified")
	g.visit(verify, "method-verify")
	g.Press("button[value=voice]")
	g.shot("method-verify--sent")

	g.visit(app, "app-renew")
	g.Press("#app button[value=app]")
	g.check("app-renew--key", false)
	g.Fill("#app-code", mfa.TOTPAt(g.shownKey(), g.k.Clock.Now()))
	g.Press("#app button[value=verify]")
	g.visit(number, "number")
	g.Fill("#tel", national)
	g.Press("#phone button[value=send]")
	g.shot("number--sent")
	g.Fill("#code", g.k.Code(g.t, "+81"+strings.ReplaceAll(national[1:], "-", "")))
	g.Press("#phone button[value=verify]")
	g.shot("two-step--changed")
	g.visit(add, "error--held") // whatever could prove it is new
}

// shownKey is the set-up key on the page.
func (v *visitor) shownKey() []byte {
	v.t.Helper()
	v.Click("#app .stack > details > summary")
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(v.Text("#key"), " ", ""))
	if err != nil {
		v.t.Fatal(err)
	}
	return raw
}

// lately is somebody who signed in by a method of today and is asked for another.
func (g *gallery) lately(e164 string) {
	g.signIn("/account")
	g.Fill("#code", g.k.Code(g.t, e164))
	g.Press("main .btn.pri")
	g.Open(twoStepPath)
	g.Press(`a[href$="/number"]`)
	national, _ := number()
	g.Fill("#tel", national)
	g.Press("#phone button[value=send]")
	g.Fill("#code", g.k.Code(g.t, "+81"+strings.ReplaceAll(national[1:], "-", "")))
	g.Press("#phone button[value=verify]")
	g.Open(twoStepPath + "/methods/new")
	g.shot("code--firm")
}
