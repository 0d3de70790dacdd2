package web_test

import (
	"fmt"
	"testing"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest/chrome"
)

// member brings a member of staff with every role, at their desk.
func (k *kit) member(t *testing.T, b *chrome.Browser, lang string) *visitor {
	t.Helper()
	v := &visitor{Tab: b.New(t, k.URL).Language(lang), t: t, k: k, email: fmt.Sprintf("staff%d@example.jp", visitors.Add(1))}
	_, e164 := number()
	k.AddStaff(t, v.email, secret, e164, appKey, idp.Roles...)
	v.opensDesk(e164, "/admin")
	return v
}

// opensDesk signs a member of staff in to a page for the first time.
func (v *visitor) opensDesk(e164, path string) {
	v.t.Helper()
	v.Authenticator(true)
	v.signIn(path)
	v.Fill("#code", v.k.Code(v.t, e164))
	v.Press("main .btn.pri")
	v.at("/signin/passkey/new")
	v.Press(passkeyButton)
	v.at("/signin/passkey")
	v.Press(passkeyButton)
	v.at(path)
}

// staff are the pages under /admin.
func (g *gallery) staff(person string) {
	g.shot("admin")
	g.Open("/admin/people")
	g.Fill("#who", "nobody@example.jp")
	g.Press("main .btn.pri")
	g.shot("admin-people--error")
	g.Fill("#who", person)
	g.Press("main .btn.pri")
	g.shot("admin-person")
	g.Press("button[value=end]")
	g.check("admin-person--error", false)
	g.visit("/admin/audit", "admin-audit")
	g.visit("/admin/dates", "admin-dates")
	g.Open("/admin/dates/soon")
	g.Click("#all")
	g.Press("button[value=count]")
	g.shot("admin-date")
	g.visit("/admin/explain", "admin-explain")
	g.Fill("#who", person)
	g.Write("#with", "password=1m")
	g.Press("main .btn.pri")
	g.shot("admin-explain--answer")
}
