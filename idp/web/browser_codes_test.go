package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

const codesPath = twoStepPath + "/recovery-codes"

var savedCode = regexp.MustCompile(`[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}`)

// codes gives a person recovery codes as if they had saved them before.
func (k *kit) codes(t *testing.T, email string) []string {
	t.Helper()
	u, err := k.Provider.FindUser(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	codes := mfa.NewRecoveryCodes(4)
	err = k.Store.Update(t.Context(), idp.Actor{Kind: "operator", ID: "test"}, func(tx *store.Tx) error { return tx.PutRecoveryCodes(u.ID, codes) })
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

// savesCodes goes on from the last page of the wizard.
func (g *gallery) savesCodes() {
	g.Press("main a.btn.pri")
	g.shot("recovery-codes--none")
	g.Press("button[value=make]")
	g.shot("recovery-codes")
	g.Press("button[value=keep]")
	g.check("recovery-codes--error", false)
	g.Click("#saved")
	g.Press("button[value=keep]")
	g.visit(codesPath, "recovery-codes--left")
}

// mistypesCode goes from the other ways to a recovery code, and back.
func (g *gallery) mistypesCode() {
	g.Press(`a[href*="recovery-code"]`)
	g.shot("recovery-code")
	g.Fill("#code", "0000-0000-0000-0000")
	g.Press("main form .btn.pri")
	g.shot("recovery-code--error")
	g.Press("main a.btn.quiet")
}

// N-14, N-15, C-45: offered after the wizard, skipped or saved, shown once,
// used once, counted, warned of, made anew.
func TestRecoveryCodesFromTheWizardToTheLast(t *testing.T) {
	b := chrome.Start(t)
	for lang, say := range map[string]struct{ left, used, few, wrong, ready string }{
		"ja": {"残り10個", "リカバリーコードを1つ使いました。残りは9個です", "残りは3個", "使用済みの可能性", "リカバリーコードが使えるようになりました"},
		"en": {"10 left", "You used a recovery code. You have 9 left", "You have 3 left", "already used", "Your recovery codes are ready"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy()) // a clock of its own
			v := k.visitor(t, b, lang)
			v.signIn("/account")
			v.begin()
			v.addPhone(mfa.SMS)
			v.addApp()
			v.finish()
			v.at(twoStepPath + "/setup/done")
			v.Press("main a.btn.pri")
			v.at(codesPath)
			v.Press("button[value=make]")
			codes := savedCode.FindAllString(v.Text("#codes"), -1)
			v.Reload() // until they are saved they can be read again
			if again := v.Text("#codes"); len(codes) != 10 || !strings.Contains(again, codes[9]) {
				t.Fatalf("the page shows %v, then %q", codes, again)
			}
			if !v.Has("button[data-print]:not([hidden])") || !v.Has("button[data-copy]:not([hidden])") {
				t.Error("the codes can be neither printed nor copied")
			}
			if status := v.Press("button[value=keep]"); status != http.StatusUnprocessableEntity || v.Focused() != "saved" {
				t.Errorf("without the box: status %d, focus on %q", status, v.Focused())
			}
			v.Click("#saved")
			v.Press("button[value=keep]")
			v.at(twoStepPath)
			v.sees("main", say.ready, say.left)
			v.Open(codesPath)
			if got := v.Text("main"); savedCode.MatchString(got) {
				t.Errorf("saved codes are shown again: %s", got)
			}

			use := func(code string) {
				t.Helper()
				k.Clock.Advance(time.Minute)
				v.ClearCookies()
				v.signIn("/account")
				if v.Has("#code") { // no more texts are sent after a while (C-11)
					v.Press("main .acts a")
				}
				v.Press(`a[href*="recovery-code"]`)
				v.at("/signin/recovery-code")
				if v.Has("#trust") {
					t.Error("a recovery code may trust a browser")
				}
				v.Fill("#code", strings.ToLower(code))
				v.Press("main form .btn.pri")
			}
			k.Clock.Advance(25 * time.Hour) // what is newer than a day confirms no change (C-40)
			use(codes[0])
			v.at("/account")
			v.sees("main", say.used)
			use(codes[0])
			v.at("/signin/recovery-code")
			v.sees("#code-e", say.wrong)
			for _, code := range codes[1:7] {
				use(code)
			}
			v.at("/account")
			v.sees("main", say.few)
			v.Press(`main a[href$="recovery-codes"]`)
			v.Press("button[value=make]")
			v.Click("#saved")
			v.Press("button[value=keep]")
			v.sees("main", say.left)
			use(codes[8])
			v.sees("#code-e", say.wrong)
		})
	}
}

// Without scripts: the file is there, and the codes too.
func TestRecoveryCodesWithoutScripts(t *testing.T) {
	k, b := start(t, roomy()), chrome.Start(t)
	v, e164, _ := k.guarded(t, b, "en")
	v.WithoutScripts()
	v.enter(codesPath, e164)
	v.at(codesPath)
	v.Press("button[value=make]")
	if v.Has("button[data-print]:not([hidden])") {
		t.Error("a button that does nothing is shown")
	}
	if got := v.Attr("a[download]", "href"); got != codesPath+"/file" {
		t.Errorf("the file is at %q", got)
	}
	v.Press("button[value=drop]")
	v.sees("main", "None yet")
}
