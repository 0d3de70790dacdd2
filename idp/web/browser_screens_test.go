package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/mfa"
)

// screensDir names the variable that makes [TestScreens] take pictures of every
// page into a folder (an absolute path); `make screens` sets it.
const screensDir = "SEKISHO_SCREENS"

// look is one way to look at a page.
type look struct {
	width int
	dark  bool
}

func (l look) String() string {
	theme := "light"
	if l.dark {
		theme = "dark"
	}
	return fmt.Sprintf("%d--%s", l.width, theme)
}

// gallery looks at pages as they come by.
type gallery struct {
	*visitor
	lang, dir string
	looks     []look
	seen      map[string]bool
}

// pictured are the looks that are kept: each page in both widths and both
// themes, and once in each language at each width.
func pictured(lang string, l look) bool { return l.dark == ((lang == "en") == (l.width == 390)) }

// shot checks the page that is shown, and keeps pictures where there is a folder.
func (g *gallery) shot(name string) {
	g.t.Helper()
	g.check(name, true)
}

// check makes sure that axe finds nothing (ux 10.8) and nothing is wider than
// the window (WCAG 1.4.10). keep is false for a page that looks like another one.
func (g *gallery) check(name string, keep bool) {
	g.t.Helper()
	if g.seen[name] {
		g.t.Errorf("two pages are called %s", name)
	}
	g.seen[name] = true
	for _, l := range g.looks {
		g.Size(l.width, l.dark)
		for _, fault := range g.Axe() {
			g.t.Errorf("%s in %s at %s: %s", name, g.lang, l, fault)
		}
		if g.Overflows() {
			g.t.Errorf("%s in %s at %s is wider than its window", name, g.lang, l)
		}
		if g.dir == "" || !keep || !pictured(g.lang, l) {
			continue
		}
		file := filepath.Join(g.dir, fmt.Sprintf("%s--%s--%s.png", name, g.lang, l))
		if err := os.WriteFile(file, small(g.t, g.Screenshot(l.width, l.dark)), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
}

// visit opens a page and looks at it.
func (g *gallery) visit(path, name string) {
	g.t.Helper()
	g.Open(path)
	g.shot(name)
}

// as goes on as another person at another browser.
func (g *gallery) as(v *visitor) *gallery {
	return &gallery{visitor: v, lang: g.lang, dir: g.dir, looks: g.looks, seen: g.seen}
}

// Every page, in both languages. In the suite each language is looked at in one
// way; with SEKISHO_SCREENS in all, and pictures are kept.
func TestScreens(t *testing.T) {
	b := chrome.Start(t)
	dir := os.Getenv(screensDir)
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	all := []look{{390, false}, {390, true}, {1280, false}, {1280, true}}
	for lang, looks := range map[string][]look{"ja": all[:1], "en": all[3:]} {
		if dir != "" {
			looks = all
		}
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy(), tooled()) // a clock and an inbox of its own
			g := &gallery{visitor: k.visitor(t, b, lang), lang: lang, dir: dir, looks: looks, seen: map[string]bool{}}
			g.strangers()
			g.newcomer()
			g.shopkeeper(b)
			g.owner()
			v, e164, key := k.guarded(t, b, lang)
			k.codes(t, v.email)
			g.as(v).guarded(e164, key)
			v, e164, _ = k.guarded(t, b, lang)
			g.as(v).managed(e164)
			v, e164, _ = k.guarded(t, b, lang)
			g.as(v).lately(e164)
			g.as(k.visitor(t, b, lang)).forced()
			g.as(k.visitor(t, b, lang)).posted()
			g.as(k.visitor(t, b, lang)).device()
			g.as(k.member(t, b, lang)).staff(v.email)
			lost, _, _ := k.guarded(t, b, lang)
			g.as(lost).recovers(k.reviewer(t, b, lang, "reviewer-"+lost.email), onDisk(t))
			g.hunted(t, b)
		})
	}
}

// strangers are the pages for people who are not signed in.
func (g *gallery) strangers() {
	g.visit("/signin", "error") // a sign-in that does not exist
	for path, name := range map[string]string{"": "help", "/setup": "help-setup", "/app": "help-app", "/code": "help-code", "/faq": "help-faq"} {
		g.visit("/help"+path, name)
	}
	g.visit("/signup", "signup")
	g.Press("main form .btn.pri")
	g.shot("signup--error")
	who := fmt.Sprintf("new%d@example.jp", visitors.Add(1))
	g.Fill("#name", "田中 さくら")
	g.Fill("#email", who)
	g.Fill("#new-password", secret)
	g.Click("#agree")
	g.Press("main form .btn.pri")
	g.shot("signup-verify")
	g.Fill("#code", g.k.MailCode(g.t, who))
	g.Press("main form .btn.pri")
	g.shot("signup-done")
	g.visit("/signout", "signout")
	g.Press("main .btn.pri")
	g.shot("signout-done")

	g.visit("/password/forgot", "forgot")
	g.Fill("main input.t", who)
	g.Press("main form .btn.pri")
	g.shot("forgot-sent")
	mail := g.k.Message(g.t, mfa.Mail, who)
	g.visit(regexp.MustCompile(`http\S+/password/reset\S+`).FindString(mail.Body), "reset")
}

// newcomer signs in for the first time and walks through the wizard.
func (g *gallery) newcomer() {
	g.Open(authorize("soon"))
	g.shot("signin")
	g.Fill("#identifier", g.email)
	g.Fill("#password", "not the password")
	g.Press("main form .btn.pri")
	g.shot("signin--error")
	g.Fill("#password", secret)
	g.Press("main form .btn.pri")
	g.shot("notice")
	g.signIn("/account")
	g.visit("/account", "home--none")
	g.visit(twoStepPath, "two-step--none")
	g.begin()
	g.shot("setup-1")
	g.ask(mfa.SMS, "03-1234-5678")
	g.shot("setup-1--error")
	g.Open(twoStepPath + "/setup/primary?kind=app")
	g.shot("setup-1--app")
	g.Open(twoStepPath + "/setup/primary")
	national, e164 := number()
	g.ask(mfa.SMS, national)
	g.shot("setup-1--sent")
	g.Fill("#code", g.k.Code(g.t, e164))
	g.Press("#phone button[value=verify]")
	g.shot("setup-2")
	g.Open(twoStepPath)
	g.shot("two-step--setup")
	g.Open(twoStepPath + "/setup/backup")
	g.ask(mfa.SMS, national)
	g.shot("setup-2--error")
	other, _ := landline()
	g.Click("#unverified")
	g.ask(mfa.Voice, other)
	g.shot("setup-3")
	g.Press("button[value=backup]")
	g.addApp()
	g.Click("#trust")
	g.finish()
	g.shot("setup-done")
	g.savesCodes()
}

// owner is the newcomer afterwards.
func (g *gallery) owner() {
	g.visit("/account", "home")
	g.visit("/account/profile", "profile")
	g.Fill("#name", "")
	g.Press("main form .btn.pri")
	g.check("profile--error", false)
	g.visit("/account/security", "security")
	g.visit("/account/security/password", "password")
	g.Press("main form .btn.pri")
	g.shot("password--error")
	g.visit("/account/activity", "activity")
	g.visit(twoStepPath, "two-step")
	app := g.Attr(`a[href$="/name"]`, "href")
	g.visit(app, "method-name")
	g.visit(app[:len(app)-len("name")]+"remove", "method-remove")
	g.visit(twoStepPath+"/devices", "devices")
	g.visit(twoStepPath+"/off", "off")
	g.k.Clock.Advance(2 * time.Minute)
	g.Press("button[value$=sms]")
	g.shot("off--code")
	g.Fill("#code", "000000")
	g.Press("button[value=verify]")
	g.check("off--error", false)
}

// guarded signs in with a code.
func (g *gallery) guarded(e164 string, key []byte) {
	g.signIn(authorize("third", "scope", "openid profile email"))
	g.shot("code")
	g.Fill("#code", "000000")
	g.Press("main .btn.pri")
	g.shot("code--error")
	for range 4 {
		g.Fill("#code", "000000")
		g.Press("main .btn:not([href])")
	}
	g.shot("code--dead")
	g.Press("main .acts a")
	g.shot("methods")
	g.mistypesCode()
	g.k.Clock.Advance(time.Minute)
	g.Press("button[value$=voice]")
	g.check("code--voice", false)
	g.Press("main .acts a")
	g.Press("button[value$=app]")
	g.shot("code--app")
	g.Fill("#code", mfa.TOTPAt(key, g.k.Clock.Now()))
	g.Press("main .btn.pri")
	g.shot("consent")
	g.Leave("button[value=allow]")
	g.visit(authorize("buyer", "prompt", "select_account"), "select")
	g.k.Clock.Advance(11 * time.Minute)
	g.visit("/account/security/password", "confirm")
	g.Fill("#password", secret)
	g.Press("main .btn.pri")
	g.Fill("#code", g.k.Code(g.t, e164))
	g.Press("main .btn.pri")

	g.Open(twoStepPath + "/off")
	g.k.Clock.Advance(time.Minute)
	g.Press("button[value$=app]")
	g.Fill("#code", mfa.TOTPAt(key, g.k.Clock.Now()))
	g.Press("button[value=verify]")
	g.shot("two-step--off")
	g.visit(twoStepPath+"/on", "on")
	g.Press("button[value$=app]")
	g.check("on--code", false)
}

// posted waits at the page that posts an answer on, which nobody with scripts sees.
func (g *gallery) posted() {
	g.WithoutScripts()
	g.signIn(authorize("buyer", "response_mode", "form_post"))
	g.WithScripts() // axe is one
	g.shot("form-post")
}

// device connects a device without a browser, and refuses another.
func (g *gallery) device() {
	g.Open("/device?user_code=" + g.k.deviceCode(g.t))
	g.shot("device")
	g.Fill("#code", "ABC")
	g.Press("main .btn.pri")
	g.shot("device--error")
	g.Fill("#code", g.k.deviceCode(g.t))
	g.Press("main .btn.pri")
	g.Fill("#identifier", g.email)
	g.Fill("#password", secret)
	g.Press("main form .btn.pri")
	g.shot("device-confirm")
	g.Press("button[value=yes]")
	g.shot("device-done")
	g.Open("/device?user_code=" + g.k.deviceCode(g.t))
	g.Press("main .btn.pri")
	g.Press("button[value=no]")
	g.shot("device-denied")
}

// forced must set two-step verification up inside a sign-in.
func (g *gallery) forced() {
	g.k.Clock.Advance(11 * time.Minute) // the mailbox was not proved a moment ago
	g.signIn(authorize("seller"))
	g.shot("enroll")
	g.Press("button[value=setup]")
	g.shot("setup-mail")
	g.Fill("#code", "000000")
	g.Press("main form .btn.pri")
	g.check("setup-mail--error", false)
	g.Fill("#code", g.k.MailCode(g.t, g.email))
	g.Press("main form .btn.pri")
	g.shot("setup-1--flow")
	g.addApp()
	g.check("setup-2--flow", false)
	g.addPhone(mfa.Voice)
	g.check("setup-3--flow", false)
	g.Open("/dev/inbox?kind=voice")
	g.check("inbox--voice", false)
	g.visit("/dev/inbox", "inbox")
}
