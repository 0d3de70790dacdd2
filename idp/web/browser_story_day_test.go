package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// S-109, S-110, S-122, T-41: on the day that a seller needs two-step
// verification, somebody who has the password only is there first. They bind no
// phone of theirs, for the mailbox is the owner's; the owner hears of it, sets
// up by the same way, and ends what the thief had elsewhere.
func TestBrowserStoryOfAThiefOnTheEnforcementDay(t *testing.T) {
	b := chrome.Start(t)
	for _, lang := range []string{"ja", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy())
			v := k.visitor(t, b, lang)
			k.Clock.Advance(10*24*time.Hour + 2*time.Hour) // the day of "soon" has come
			before := k.account(t, v.email)

			thief := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: v.email}
			thief.signIn(authorize("soon"))
			thief.at("/signin/enroll")
			thief.Press("button[value=setup]")
			thief.at(twoStepPath + "/setup/email")
			for _, page := range []string{"/setup/primary", "/setup/backup", "/setup/finish"} {
				flow, _, _ := strings.Cut(strings.TrimPrefix(thief.Path(), twoStepPath+"/setup/email"), "#")
				thief.Open(twoStepPath + page + flow)
				thief.at(twoStepPath + "/setup/email")
			}
			for range 6 {
				if !thief.Has("#code") {
					break
				}
				thief.Fill("#code", "000000")
				thief.Press("main form .btn.pri")
			}
			thief.at(twoStepPath + "/setup/email")
			thief.signIn("/account") // the password still opens what does not demand more
			thief.at("/account")
			thief.Open(twoStepPath)
			thief.Press(`form[action$="/setup/start"] .btn.pri`)
			thief.at(twoStepPath + "/setup/email")

			now := k.account(t, v.email)
			if len(now.factors) != 0 || !now.user.TwoStepAt.IsZero() || len(k.Inbox.Messages(mfa.Text)) != 0 {
				t.Errorf("the thief bound %v, or was sent a text", now.factors)
			}
			now.told(t, before, "mail.setup", "mail.newdevice")
			now.audited(t, before, "setup.mail_sent")
			if now.sessions != 1 || now.grants != 0 {
				t.Errorf("%d sessions and %d grants, want the thief's on the account pages alone", now.sessions, now.grants)
			}

			k.Clock.Advance(time.Minute)
			v.signIn(authorize("soon"))
			v.Press("button[value=setup]")
			v.at(twoStepPath + "/setup/email")
			v.Fill("#code", k.MailCode(t, v.email))
			v.Press("main form .btn.pri")
			v.at(twoStepPath + "/setup/primary")
			_, e164 := v.addPhone(mfa.SMS)
			v.addApp()
			v.at(twoStepPath + "/setup/finish")
			v.left(v.Leave("button[value=finish]"))
			v.Open("/account/activity")
			v.Press("button[value=others]")
			thief.Open("/account")
			thief.at("/signin")
			thief.signIn(authorize("soon"))
			thief.at("/signin/code") // and never further
			after := k.account(t, v.email)
			after.told(t, now, "mail.2sv_on")
			after.audited(t, now, "two_step.on", "session.ended_others", "signin.done")
			if after.sessions != 1 || after.grants != 1 || after.user.TwoStepAt.IsZero() {
				t.Errorf("%d sessions and %d grants, want the owner's", after.sessions, after.grants)
			}
			if got := k.Code(t, e164); got == "" {
				t.Error("the code goes elsewhere")
			}
		})
	}
}
