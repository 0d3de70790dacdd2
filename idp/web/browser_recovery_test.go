package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// onDisk is a picture as people have it.
func onDisk(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "licence.jpg")
	if err := os.WriteFile(path, photo(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// asksForRecovery fills in and sends a request, from its first page on.
func (v *visitor) asksForRecovery(to, picture string) {
	v.t.Helper()
	v.at("/recovery")
	v.Press("main .btn.pri")
	if v.Has("#email") {
		v.Fill("#email", v.email)
	}
	v.Click("#cause-phone")
	v.Fill("#contact", to)
	v.Write("#story", "4711")
	v.Press("main form .btn.pri")
	v.at("/recovery/confirm")
	v.Fill("#code", v.k.MailCode(v.t, to))
	v.Press("main form .btn.pri")
	v.at("/recovery/evidence")
	v.Upload("#file", picture)
	v.Press("main .btn.sec")
	v.sees("main", "licence.jpg")
	v.Press(`form[action="/recovery/send"] .btn.pri`)
	v.at("/recovery/status")
}

// reviewer brings a reviewer to their desk.
func (k *kit) reviewer(t *testing.T, b *chrome.Browser, lang, who string) *visitor {
	t.Helper()
	v := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: who}
	_, e164 := number()
	k.AddStaff(t, who, secret, e164, appKey, idp.Reviewer)
	v.opensDesk(e164, "/admin/recovery")
	return v
}

// approves opens the one request there is and approves it.
func (v *visitor) approves() {
	v.t.Helper()
	v.Open("/admin/recovery")
	v.Press(`main a[href^="/admin/recovery/"]`)
	for _, check := range idp.RecoveryChecks {
		v.Click("#check-" + check)
	}
	v.Fill("#ticket", "CS-4711")
	v.Write("#reason", "licence and order agree")
	v.Press("button[value=approve]")
}

// mailed is the path of the link in the newest mail to an address about a subject.
func (k *kit) mailed(t *testing.T, to, word string) string {
	t.Helper()
	if err := k.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range k.Inbox.Messages(mfa.Mail) {
		if m.To == to && strings.Contains(m.Subject, word) {
			_, path, _ := strings.Cut(m.Body, k.URL)
			return strings.Fields(path)[0]
		}
	}
	t.Fatalf("no mail to %s about %q", to, word)
	return ""
}

// S-100, S-133, C-41: lost everything, two reviewers, the waiting time, and
// set-up anew; without scripts, in both languages.
func TestLostEverythingInTheBrowser(t *testing.T) {
	b := chrome.Start(t)
	for lang, says := range map[string]struct{ waits, off, enrol string }{
		"ja": {"待ちます", "2段階認証をオフにしました", "2段階認証"},
		"en": {"so the real owner can stop it", "2-step verification is off", "2-step verification"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy())
			picture := onDisk(t)
			v, e164, _ := k.guarded(t, b, lang)
			before := k.visitorAt(t, b, lang, v.email, e164) // signed in elsewhere
			one, two := k.reviewer(t, b, lang, "one@example.jp"), k.reviewer(t, b, lang, "two@example.jp")
			v.WithoutScripts()
			v.signIn(authorize("seller"))
			v.at("/signin/code")
			v.Press(`main a[href^="/recovery"]`)
			to := "new-" + v.email
			v.asksForRecovery(to, picture)
			one.Open("/admin/recovery")
			one.Press(`main a[href^="/admin/recovery/"]`)
			one.Open(one.Attr(`main a[href*="/files/"]`, "href"))
			if !one.Has("img") {
				t.Error("a picture is not shown")
			}
			one.approves()
			two.approves()
			v.Reload()
			v.sees("main", says.waits)
			k.mailed(t, v.email, "承認")
			k.mailed(t, to, map[string]string{"ja": "承認", "en": "approved"}[lang])
			k.Clock.Advance(24 * time.Hour)
			if err := k.Provider.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			v.Reload()
			v.sees("main", says.off)
			before.Open("/account")
			before.at("/signin")
			v.Open("/account")
			v.at("/signin") // T-42: no session came of it
			v.signIn(authorize("seller"))
			v.at("/signin/enroll")
			v.sees("main", says.enrol)
			k.logged(t, v.email, "recovery.sent", "recovery.approved", "recovery.waiting", "recovery.done", "two_step.off", "staff.viewed")
		})
	}
}

// visitorAt is a person who is signed in with a code at a browser of their own.
func (k *kit) visitorAt(t *testing.T, b *chrome.Browser, lang, who, e164 string) *visitor {
	t.Helper()
	v := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: who}
	v.signIn("/account")
	v.Fill("#code", k.Code(t, e164))
	v.Press("main .btn.pri")
	v.at("/account")
	k.Clock.Advance(time.Minute)
	return v
}

// logged fails unless all events are in a person's log.
func (k *kit) logged(t *testing.T, who string, names ...string) {
	t.Helper()
	u, err := k.Provider.FindUser(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		list, err := k.Provider.Events(t.Context(), store.EventFilter{UserID: u.ID, Name: name})
		if err != nil || len(list) == 0 {
			t.Errorf("%s is not in the log: %v", name, err)
		}
	}
}

// T-42: a thief with the password asks for recovery, two reviewers believe it,
// and its victim stops it with one press.
func TestVictimStopsARecoveryInTheBrowser(t *testing.T) {
	b := chrome.Start(t)
	for lang, says := range map[string]string{"ja": "申請を取り消しました", "en": "The request is cancelled"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			k := start(t, roomy())
			v, e164, _ := k.guarded(t, b, lang)
			owner := k.visitorAt(t, b, lang, v.email, e164)
			one, two := k.reviewer(t, b, lang, "one@example.jp"), k.reviewer(t, b, lang, "two@example.jp")
			v.signIn("/account") // the thief
			v.Press(`main a[href^="/recovery"]`)
			v.asksForRecovery("thief@example.net", onDisk(t))
			one.approves()
			two.approves()
			owner.Open(k.mailed(t, v.email, "承認"))
			owner.at("/recovery/status")
			owner.Press("button[value=deny]")
			owner.sees("main", says)
			owner.Open("/account")
			owner.at("/signin")
			k.Clock.Advance(7 * 24 * time.Hour)
			if err := k.Provider.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			v.Reload()
			v.at("/recovery/status")
			v.signIn("/account")
			v.at("/signin") // the password is stopped
			u, err := k.Provider.FindUser(t.Context(), v.email)
			if err != nil || u.TwoStepAt.IsZero() {
				t.Errorf("two-step verification went off: %v", err)
			}
			k.logged(t, v.email, "recovery.cancelled", "risk.reported")
		})
	}
}

// recovers walks through a request with pictures of its pages, and of the desk.
func (g *gallery) recovers(staff *visitor, picture string) {
	g.visit("/recovery", "recovery")
	g.visit("/recovery/new", "recovery-new")
	g.Press("main form .btn.pri")
	g.shot("recovery-new--error")
	g.signIn("/account")
	g.Press(`main a[href^="/recovery"]`)
	g.check("recovery--flow", false)
	g.Press("main .btn.pri")
	g.check("recovery-new--flow", false)
	to := "new-" + g.email
	g.Click("#cause-phone")
	g.Fill("#contact", to)
	g.Press("main form .btn.pri")
	g.shot("recovery-confirm")
	g.Fill("#code", g.k.MailCode(g.t, to))
	g.Press("main form .btn.pri")
	g.shot("recovery-evidence")
	g.Press("main .btn.sec")
	g.shot("recovery-evidence--error")
	g.Upload("#file", picture)
	g.Press("main .btn.sec")
	g.check("recovery-evidence--file", false)
	g.Press(`form[action="/recovery/send"] .btn.pri`)
	g.shot("recovery-status")
	desk := g.as(staff)
	desk.visit("/admin/recovery", "admin-recovery")
	desk.Press(`main a[href^="/admin/recovery/"]`)
	desk.shot("admin-case")
	desk.Press("button[value=ask]")
	desk.shot("admin-case--error")
	desk.Fill("#ticket", "CS-1")
	desk.Write("#reason", "cannot read it")
	desk.Write("#ask", "表と裏の写真 / both sides")
	desk.Press("button[value=ask]")
	g.Reload()
	g.shot("recovery-status--asked")
	g.Press("main .btn.pri")
	g.check("recovery-evidence--asked", false)
	g.Open(g.k.mailed(g.t, g.email, "追加のお願い"))
	g.shot("recovery-status--owner")
	g.Press("button[value=deny]")
	g.shot("recovery-status--denied")
}
