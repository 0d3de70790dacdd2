package web_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// staff signs a member of staff in, from the page at path.
func (k *kit) staff(t *testing.T, who, number, path string, roles ...idp.Role) (*idptest.Browser, *idptest.Page) {
	t.Helper()
	k.AddStaff(t, who, secret, number, appKey, roles...)
	b := k.Browser(t)
	p := b.Submit(b.Get(path), "/signin", "identifier", who, "password", secret)
	p = b.Submit(p, "/signin/code", "code", k.Code(t, number))
	at(t, p, "/signin/passkey/new") // T-43: made by the code, then used
	p = b.Passkey(p, k.DeviceOf(t, who))
	at(t, p, "/signin/passkey")
	return b, b.Passkey(p, k.DeviceOf(t, who))
}

// S-110, T-43: whoever comes to the desk proves enough first and gets where they wanted.
func TestStaffFindAPersonAndAct(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	owner := k.Browser(t)
	k.enter(t, owner, "/account")
	b, p := k.staff(t, "admin@example.jp", "+819022220001", "/admin/people", idp.Admin)
	at(t, p, "/admin/people")
	wants(t, b.Submit(p, "/admin/people", "who", "kenji"), http.StatusUnprocessableEntity, "Nobody has this address or ID", `value="kenji"`)
	p = b.Submit(p, "/admin/people", "who", email)
	if !strings.HasPrefix(p.URL.Path, "/admin/people/") || strings.Contains(p.URL.String(), "kenji") {
		t.Fatalf("on %s", p.URL)
	}
	wants(t, p, http.StatusOK, email, "鈴木 健司", "090-••••-5678", "Authenticator app", "signin.done", "the person", `class="tag ok">Active`)
	for _, hidden := range []string{"1234-5678", mobile, appKey, "argon2"} {
		if strings.Contains(p.Body, hidden) {
			t.Errorf("the page shows %q", hidden)
		}
	}
	wants(t, b.Submit(p, "/admin/people/", "do", "suspend", "reason", "no"), http.StatusUnprocessableEntity, "5 characters or more", ">no</textarea>")
	p = b.Submit(p, "/admin/people/", "do", "suspend", "reason", "card thieves <b>")
	wants(t, p, http.StatusOK, "The account is suspended.", `class="tag bad">Suspended`, "reason: card thieves &lt;b&gt;", "admin ")
	at(t, owner.Get("/account"), "/signin")
	m := k.Message(t, mfa.Mail, email)
	if !strings.Contains(m.Subject, "停止") || strings.Contains(m.Body, "card thieves") {
		t.Errorf("the owner reads %q: %q", m.Subject, m.Body)
	}
	p = b.Submit(p, "/admin/people/", "do", "restore", "reason", "owner is back")
	wants(t, p, http.StatusOK, "The account is restored.")
}

func TestAuditLogIsFilteredAndExported(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	k.enter(t, k.Browser(t), "/account")
	b, p := k.staff(t, "admin@example.jp", "+819022220001", "/admin/audit", idp.Admin)
	wants(t, p, http.StatusOK, "<code>signin.done</code>", "<code>user.added</code>", "operator test")
	p = b.Submit(p, "/admin/audit", "who", email, "name", "signin.done", "do", "show")
	if q := p.URL.Query(); q.Get("name") != "signin.done" || strings.Contains(p.URL.String(), "%40") || strings.Contains(p.URL.String(), "kenji") {
		t.Errorf("asked for in %s: an address belongs into no URL", p.URL)
	}
	wants(t, p, http.StatusOK, "<code>signin.done</code>", "acr: urn:sekisho:acr:2sv")
	if strings.Contains(p.Body, "<code>user.added</code>") {
		t.Error("the filter lets others through")
	}
	wants(t, b.Submit(p, "/admin/audit", "who", "nobody@example.jp"), http.StatusUnprocessableEntity, "Nobody has this address", `value="nobody@example.jp"`)
	wants(t, b.Submit(p, "/admin/audit", "before", "yesterday"), http.StatusUnprocessableEntity, "Enter a date such as")
	wants(t, b.Submit(p, "/admin/audit", "who", "", "name", "", "before", "2026-11-01"), http.StatusOK, "Nothing matches")
	file := b.Submit(b.Get("/admin/audit"), "/admin/audit", "do", "export", "name", "user.added")
	if file.Status != http.StatusOK || !strings.HasPrefix(file.Body, `{"at":"2026-11-22T`) || strings.Count(file.Body, "\n") != 2 {
		t.Errorf("exported (%d):\n%s", file.Status, file.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/x-ndjson", "Content-Disposition": `attachment; filename="audit.jsonl"`, "X-Content-Type-Options": "nosniff",
	} {
		if got := file.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if csp := file.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; sandbox") {
		t.Errorf("CSP of a file is %q", csp)
	}
	wants(t, b.Get("/admin/audit?name=staff.exported"), http.StatusOK, "name: user.added")
	wants(t, b.Get("/admin/audit?older="+url.QueryEscape("'); DROP TABLE events;--")), http.StatusOK, "Nothing matches")
}

// Long logs have pages, and no line is lost between them.
func TestAuditLogHasPages(t *testing.T) {
	t.Parallel()
	k := start(t)
	b, _ := k.staff(t, "admin@example.jp", "+819022220001", "/admin/audit", idp.Admin)
	for range 60 { // within one second
		k.AddUser(t, strings.ToLower(rand.Text())+"@example.jp", secret)
	}
	first := b.Get("/admin/audit?name=user.added")
	second := b.Get("/admin/audit?" + strings.ReplaceAll(find(t, first, `href="/admin/audit\?([^"]+)"`), "&amp;", "&"))
	for i, p := range []*idptest.Page{first, second} {
		if n, want := strings.Count(p.Body, "<code>user.added</code>"), []int{50, 11}[i]; n != want {
			t.Errorf("page %d has %d lines, want %d", i+1, n, want)
		}
	}
	if strings.Contains(second.Body, "Show older") {
		t.Error("the last page leads on")
	}
}

// T-43: the pages are for staff, by role, and fifteen idle minutes end them.
func TestPagesForStaffAreClosedToOthers(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	owner := k.Browser(t)
	k.enter(t, owner, "/account")
	wants(t, owner.Get("/admin"), http.StatusForbidden, "Only staff whose role allows it")
	wants(t, owner.Get("/admin/people/X"), http.StatusForbidden)
	b, p := k.staff(t, "reviewer@example.jp", "+819022220001", "/admin", idp.Reviewer)
	at(t, p, "/admin")
	if strings.Contains(p.Body, "/admin/people") || strings.Contains(p.Body, "/admin/audit") {
		t.Error("a reviewer is offered pages of admins")
	}
	wants(t, b.Get("/admin/people"), http.StatusForbidden)
	wants(t, b.Get("/admin/audit"), http.StatusForbidden)
	k.Clock.Advance(16 * time.Minute)
	at(t, b.Get("/admin"), "/signin/confirm")
}
