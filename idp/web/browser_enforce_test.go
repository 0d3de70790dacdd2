package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// happened reports whether the audit log has an event of a person.
func (v *visitor) happened(name, client string) bool {
	v.t.Helper()
	u, err := v.k.Provider.FindUser(v.t.Context(), v.email)
	if err != nil {
		v.t.Fatal(err)
	}
	list, err := v.k.Provider.Events(v.t.Context(), store.EventFilter{UserID: u.ID, Name: name, ClientID: client})
	if err != nil {
		v.t.Fatal(err)
	}
	return len(list) > 0
}

// reads fails unless a mail came whose subject says so.
func (v *visitor) reads(subject string) {
	v.t.Helper()
	if err := v.k.Provider.Deliver(v.t.Context()); err != nil {
		v.t.Fatal(err)
	}
	for _, m := range v.k.Inbox.Messages(mfa.Mail) {
		if m.To == v.email && strings.Contains(m.Subject, subject) {
			return
		}
	}
	v.t.Errorf("no mail says %q", subject)
}

// passes gives the password and answers with where the browser is sent.
func (v *visitor) passes(path string) string {
	v.t.Helper()
	v.Open(path)
	v.Fill("#identifier", v.email)
	v.Fill("#password", secret)
	return v.Leave("main form button[type=submit]")
}

// S-109 to S-112, S-120, S-122, C-24: the day before and the day itself, as a
// seller lives them, in both languages.
func TestBrowserEnforcementDay(t *testing.T) {
	b := chrome.Start(t)
	words := map[string]struct{ last, due, now, setup, on string }{
		"ja": {"今日まで", "から2段階認証が必要です", "2段階認証が必要になりました", "続けるには2段階認証の設定が必要です", "有効にしました"},
		"en": {"Today is the last day", "needs 2-step verification from", "now needs 2-step verification", "Set up 2-step verification to continue", "is on"},
	}
	for lang, say := range words {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy()) // a clock of its own
			v := k.speaks(t, b, lang)
			k.Clock.Advance(9*24*time.Hour + 2*time.Hour) // 23 hours are left

			v.signIn(authorize("soon"))
			v.at("/signin/notice")
			v.sees("main", say.last, "Party soon")
			if got := v.Leave("button[value=later]"); !strings.HasPrefix(got, back) || !strings.Contains(got, "code=") {
				t.Errorf("put off, the browser was sent to %q", got)
			}
			if !v.happened("enrolment.put_off", "soon") {
				t.Error("that it was put off is not recorded")
			}
			v.Open("/account")
			v.sees("main", "Party soon")
			remind(t, k)
			v.reads(say.due)

			k.Clock.Advance(23 * time.Hour) // the date
			remind(t, k)
			v.reads(say.now)
			if got := v.elsewhere(b, lang).passes(authorize("buyer")); !strings.Contains(got, "code=") {
				t.Errorf("the buyer app's sign-in was sent to %q", got)
			}
			v.elsewhere(b, lang).forcedSetUp(say.setup)
			v.reads(say.on)
			for _, name := range []string{"setup.mail_proved", "two_step.on", "date.reminded", "date.reached"} {
				if !v.happened(name, "") {
					t.Errorf("no event %s", name)
				}
			}
		})
	}
}

// speaks brings somebody without two-step verification, whose mails are in a language.
func (k *kit) speaks(t *testing.T, b *chrome.Browser, lang string) *visitor {
	t.Helper()
	v := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: fmt.Sprintf("speaker%d@example.jp", visitors.Add(1))}
	_, err := k.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{Email: v.email, Name: "Hana", Password: secret, Lang: lang, EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// elsewhere is the same person at another browser.
func (v *visitor) elsewhere(b *chrome.Browser, lang string) *visitor {
	v.t.Helper()
	return &visitor{Tab: b.New(v.t, v.k.URL).Language(lang), t: v.t, k: v.k, email: v.email}
}

// forcedSetUp is the sign-in of the day: no way around, and back to the client.
func (v *visitor) forcedSetUp(title string) {
	v.t.Helper()
	v.signIn(authorize("soon"))
	v.at("/signin/enroll")
	v.sees("main", title)
	if v.Has("button[value=later]") {
		v.t.Error("the set-up can be put off (S-110)")
	}
	v.Press("button[value=setup]")
	v.at(twoStepPath + "/setup/email")
	v.Fill("#code", v.k.MailCode(v.t, v.email))
	v.Press("main form .btn.pri")
	v.at(twoStepPath + "/setup/primary")
	v.addPhone(mfa.SMS)
	v.addApp()
	v.at(twoStepPath + "/setup/finish")
	if got := v.Leave("button[value=finish]"); !strings.HasPrefix(got, back) || !strings.Contains(got, "code=") {
		v.t.Errorf("the browser was sent to %q, want the client with a code", got)
	}
}

func remind(t *testing.T, k *kit) {
	t.Helper()
	if err := k.Provider.Remind(t.Context()); err != nil {
		t.Fatal(err)
	}
}
