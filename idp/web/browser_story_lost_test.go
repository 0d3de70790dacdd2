package web_test

import (
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// S-053, S-103, S-124, S-126, A-7.4.3: the phone is lost and the backup is
// not. Its owner signs in by the app on another computer, makes it the main
// method and gives the phone's place to a new number; what had the old one, or
// was signed in before, is out.
func TestBrowserStoryOfALostPhone(t *testing.T) {
	b := chrome.Start(t)
	for lang, say := range map[string]struct{ out, main, changed string }{
		"ja": {"コードの受け取り方を選ぶ", "メイン", "番号"},
		"en": {"Choose how to get a code", "Main", "number"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy())
			home, lost, key := k.guarded(t, b, lang)
			home.signIn("/account")
			home.Fill("#code", k.Code(t, lost))
			home.Click("#trust")
			home.Press("main form .btn.pri")
			home.at("/account")
			home.left(home.OpenAway(authorize("buyer")))
			k.Clock.Advance(2 * time.Hour)
			before := k.account(t, home.email)
			if before.sessions != 1 || before.grants != 1 {
				t.Fatalf("%d sessions and %d grants before", before.sessions, before.grants)
			}

			v := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: home.email}
			v.signIn("/account")
			v.at("/signin/code") // a text goes to nobody
			v.Press("main .acts a")
			v.sees("main", say.out)
			v.Press("button[value$=app]")
			v.Fill("#code", mfa.TOTPAt(key, k.Clock.Now()))
			v.Press("main form .btn.pri")
			v.at("/account")

			v.Open(twoStepPath)
			v.Press(`a[href$="/primary"]`)
			v.Press("main .btn.pri")
			v.at(twoStepPath)
			v.Press(`a[href$="/number"]`)
			national, found := number()
			v.Fill("#tel", national)
			v.Press("button[value=send]")
			v.Fill("#code", k.Code(t, found))
			if v.Count("#others:checked") == 0 {
				v.Click("#others")
			}
			v.Press("button[value=verify]")
			v.at(twoStepPath)
			v.sees("main", say.main, found[len(found)-4:])

			after := k.account(t, home.email)
			after.told(t, before, "mail.newdevice", "mail.m_main", "mail.m_chg", "sms.changed")
			after.audited(t, before, "code.right", "signin.done", "method.main", "method.changed")
			if after.sessions != 1 || after.grants != 0 {
				t.Errorf("%d sessions and %d grants are left, want the one here and none", after.sessions, after.grants)
			}
			for _, f := range after.factors {
				if f.Number == lost || (f.Role == mfa.Primary) != (f.Channel == mfa.App) {
					t.Errorf("a method is left wrong: %s %s", f.Role, f.Channel)
				}
			}
			home.Open("/account") // the lost phone's browser
			home.at("/signin")
			home.signIn("/account")
			home.at("/signin/code") // and it skips no code any more
		})
	}
}
