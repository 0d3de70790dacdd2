package web_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

const contact = "kenji.new@example.net"

func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// form is a decision as the page posts it, with every box ticked.
func form(p *idptest.Page, pairs, checks []string) url.Values {
	v := url.Values{"csrf": {token(p)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	v["check"] = checks
	return v
}

// applied sends a whole request from a browser at the form.
func (k *kit) applied(t *testing.T, b *idptest.Browser, p *idptest.Page, pairs ...string) *idptest.Page {
	t.Helper()
	p = b.Submit(p, "/recovery/new", append(pairs, "cause", "phone", "contact", contact)...)
	at(t, p, "/recovery/confirm")
	p = b.Submit(p, "/recovery/confirm", "code", k.MailCode(t, contact))
	at(t, p, "/recovery/evidence")
	p = b.Upload(p, "/recovery/evidence", "file", "licence.jpg", photo(t))
	at(t, p, "/recovery/evidence")
	wants(t, p, http.StatusOK, "licence.jpg")
	p = b.Submit(p, "/recovery/send")
	at(t, p, "/recovery/status")
	return p
}

// link follows the link of the newest mail to an address whose subject has a word.
func (k *kit) link(t *testing.T, b *idptest.Browser, to, word string) *idptest.Page {
	t.Helper()
	if err := k.Provider.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range k.Inbox.Messages(mfa.Mail) {
		if m.To == to && strings.Contains(m.Subject, word) {
			_, path, _ := strings.Cut(m.Body, k.URL)
			return b.Get(strings.Fields(path)[0])
		}
	}
	t.Fatalf("no mail to %s about %q", to, word)
	return nil
}

// S-100: the form is reached from the code page with the password alone, and
// from the help without.
func TestRecoveryIsReachedFromCodePageAndHelp(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	wants(t, b.Get("/help"), http.StatusOK, `href="/recovery"`)
	wants(t, b.Get("/recovery"), http.StatusOK, "Quicker ways first", "72 hours", `href="/recovery/new"`, `href="/signin"`)
	p := password(b, b.Get(authorize("buyer")))
	at(t, p, "/signin/code")
	id := flow(p)
	wants(t, p, http.StatusOK, `href="/recovery?flow=`+id)
	wants(t, b.Get("/signin/methods?flow="+id), http.StatusOK, `href="/recovery?flow=`+id)
	p = b.Get("/recovery?flow=" + id)
	wants(t, p, http.StatusOK, "24 hours", `href="/recovery/new?flow=`+id, "Party buyer")
	p = b.Get("/recovery/new?flow=" + id)
	if strings.Contains(p.Body, `name="email"`) {
		t.Error("the account is asked for, though it is known")
	}
	p = b.Submit(p, "/recovery/new", "cause", "", "contact", "nobody")
	wants(t, p, http.StatusUnprocessableEntity, "Choose what happened", "Enter an email address", `value="nobody"`)
	p = k.applied(t, b, p)
	wants(t, p, http.StatusOK, "Your reset request", "You are here", "24 hours", "Cancel this request")
	at(t, b.Get("/account"), "/signin") // T-42: no session
	p = b.Submit(b.Get("/recovery/new?flow="+id), "/recovery/new", "cause", "phone", "contact", contact)
	wants(t, p, http.StatusUnprocessableEntity, "already under way")
	fresh := k.Browser(t)
	wants(t, fresh.Get("/recovery/status"), http.StatusGone)
	wants(t, fresh.Get("/recovery/evidence"), http.StatusGone)
	other := password(fresh, fresh.Get(authorize("buyer")))
	wants(t, fresh.Get("/recovery?flow="+flow(other)+"x"), http.StatusGone)
}

// Every fault of a file stands beside it, and nothing that was added is lost.
func TestEvidencePageTellsWhatIsWrongWithAFile(t *testing.T) {
	t.Parallel()
	k := start(t, idptest.Limits(func(l *idp.Limits) { l.Recovery.FileKiB, l.Recovery.Files = 1024, 2 })).person(t)
	b := k.Browser(t)
	p := b.Submit(b.Get("/recovery/new"), "/recovery/new", "email", email, "cause", "phone", "contact", contact)
	at(t, b.Get("/recovery/evidence"), "/recovery/confirm") // not confirmed yet
	p = b.Submit(p, "/recovery/confirm", "code", "12")
	wants(t, p, http.StatusUnprocessableEntity, "too short")
	p = b.Submit(p, "/recovery/confirm", "do", "resend")
	wants(t, p, http.StatusOK, "A new code is on its way")
	k.MailCode(t, contact)
	p = b.Submit(p, "/recovery/confirm", "code", newestMailCode(t, k, contact))
	at(t, p, "/recovery/evidence")
	wants(t, b.Submit(p, "/recovery/send"), http.StatusUnprocessableEntity, "Add at least one document")
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"":         {nil, "Choose a file"},
		"page.jpg": {[]byte("<script>alert(1)</script>"), "JPEG, PNG or PDF"},
		"a.svg":    {[]byte("<svg/>"), "JPEG, PNG or PDF"},
		"big.pdf":  {append([]byte("%PDF-1.7"), make([]byte, 1200<<10)...), "The limit is 1 MB"},
		"huge.pdf": {append([]byte("%PDF-1.7"), make([]byte, 4<<20)...), "The limit is 1 MB"},
	} {
		q := b.Upload(p, "/recovery/evidence", "file", name, c.body)
		wants(t, q, http.StatusUnprocessableEntity, c.want, `id="file-e"`)
	}
	p = b.Upload(p, "/recovery/evidence", "file", `<b>".jpg`, photo(t))
	wants(t, p, http.StatusOK, "&lt;b&gt;")
	p = b.Upload(p, "/recovery/evidence", "file", "two.jpg", photo(t))
	wants(t, b.Upload(p, "/recovery/evidence", "file", "three.jpg", photo(t)), http.StatusUnprocessableEntity, "No more files fit")
	p = b.Submit(p, "/recovery/evidence/remove", "file", find(t, p, `name="file" value="([A-Z0-9]+)"`))
	at(t, p, "/recovery/evidence")
	at(t, b.Submit(p, "/recovery/send", "more", "and this"), "/recovery/status")
	at(t, b.Get("/recovery/evidence"), "/recovery/status")
}

// newestMailCode is the code of the newest mail to an address.
func newestMailCode(t *testing.T, k *kit, to string) string {
	t.Helper()
	for _, m := range k.Inbox.Messages(mfa.Mail) {
		if m.To == to {
			_, code, _ := strings.Cut(m.Body, "enter ")
			return code[:6]
		}
	}
	t.Fatalf("no mail to %s", to)
	return ""
}

// T-21, N-57: a form with a file is refused before the file is read.
func TestUploadsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	k := start(t)
	b := k.Browser(t)
	flow := find(t, b.Get("/recovery/new"), `name="csrf" value="([^"]+)"`)
	body := func(parts ...string) string {
		var out strings.Builder
		for i := 0; i+1 < len(parts); i += 2 {
			out.WriteString("--x\r\nContent-Disposition: form-data; name=\"" + parts[i] + "\"\r\n\r\n" + parts[i+1] + "\r\n")
		}
		return out.String() + "--x--\r\n"
	}
	for name, c := range map[string]struct {
		site, body string
		cookie     bool
		want       int
	}{
		"another site":     {"cross-site", body("csrf", flow), true, http.StatusForbidden},
		"no token":         {"same-origin", body("file", "x"), true, http.StatusForbidden},
		"a wrong token":    {"same-origin", body("csrf", "x"), true, http.StatusForbidden},
		"a token too late": {"same-origin", body("file", "x", "csrf", flow), true, http.StatusForbidden},
		"a long token":     {"same-origin", body("csrf", flow+strings.Repeat("x", 1<<16)), true, http.StatusForbidden},
		"no cookie":        {"same-origin", body("csrf", flow), false, http.StatusBadRequest},
		"nothing":          {"same-origin", "", true, http.StatusForbidden},
		"our own":          {"same-origin", body("csrf", flow), true, http.StatusGone}, // no request is open here
	} {
		r := httptest.NewRequest(http.MethodPost, "/recovery/evidence", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		r.Header.Set("Sec-Fetch-Site", c.site)
		if c.cookie {
			r.AddCookie(&http.Cookie{Name: "sekisho_flow", Value: b.Cookie("sekisho_flow")})
		}
		if w := k.raw(r); w.Code != c.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.want)
		}
	}
}

// T-43: two reviewers, reasons, and what they may see; evidence is shown so that
// nothing in it can run.
func TestReviewersDecideAtTheDesk(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	b := k.Browser(t)
	k.applied(t, b, b.Get("/recovery/new?flow="+flow(password(b, b.Get("/account")))))
	k.Code(t, mobile)
	one, p := k.staff(t, "one@example.jp", "+819022220001", "/admin/recovery", idp.Reviewer)
	two, _ := k.staff(t, "two@example.jp", "+819033330002", "/admin/recovery", idp.Reviewer)
	admin, _ := k.staff(t, "admin@example.jp", "+819044440004", "/admin", idp.Admin)
	wants(t, admin.Get("/admin/recovery"), http.StatusForbidden)
	wants(t, p, http.StatusOK, "Reset requests", "k•••@example.jp", "Waits for a first approval")
	path := "/admin/recovery/" + find(t, p, `href="/admin/recovery/([A-Z0-9]+)"`)
	p = one.Get(path)
	wants(t, p, http.StatusOK, "鈴木 健司", email, contact, "090-••••-5678", "My phone is lost or broken", "Never seen before", "Not registered", "recovery.sent")
	for _, hidden := range []string{mobile, appKey, "argon2"} {
		if strings.Contains(p.Body, hidden) {
			t.Errorf("the page shows %q", hidden)
		}
	}
	file := find(t, p, `href="(`+path+`/files/[A-Z0-9]+)"`)
	picture := one.Get(file)
	if picture.Status != http.StatusOK || picture.Body != string(photo(t)) {
		t.Errorf("evidence: status %d, %d bytes", picture.Status, len(picture.Body))
	}
	for name, want := range map[string]string{
		"Content-Type": "image/jpeg", "Content-Disposition": `inline; filename="evidence.jpg"`, "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
	} {
		if got := picture.Header.Get(name); got != want {
			t.Errorf("%s of evidence is %q, want %q", name, got, want)
		}
	}
	wants(t, admin.Get(file), http.StatusForbidden)
	at(t, b.Get(file), "/signin")
	p = one.Submit(p, path, "do", "approve")
	wants(t, p, http.StatusUnprocessableEntity, "Check everything", "Enter the ticket", "5 characters or more")
	yes := []string{"do", "approve", "ticket", "CS-1", "reason", "licence is genuine", "check", "document"}
	p = one.Submit(p, path, yes...)
	wants(t, p, http.StatusUnprocessableEntity, "Check everything", `value="CS-1"`, "licence is genuine</textarea>", `value="document" checked`)
	p = one.Post(path, form(p, yes, idp.RecoveryChecks))
	wants(t, p, http.StatusOK, "Your approval is recorded", "You approved first")
	if strings.Contains(p.Body, `value="approve"`) {
		t.Error("the first reviewer is offered a second approval")
	}
	wants(t, one.Post(path, form(p, yes, idp.RecoveryChecks)), http.StatusUnprocessableEntity, "someone else must approve second")
	p = two.Get(path)
	wants(t, p, http.StatusOK, "The first has approved", "Approve as second")
	p = two.Post(path, form(p, yes, idp.RecoveryChecks))
	wants(t, p, http.StatusOK, "Waiting period", "Until then you can still decline")
	wants(t, one.Get("/admin/recovery"), http.StatusOK, "Nothing to review", "Waiting period")
	wants(t, k.link(t, b, email, "承認"), http.StatusOK, "23 November 2026 14:00", "It wasn&#39;t me")
	k.Clock.Advance(24 * time.Hour)
	if err := k.Provider.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, b.Get("/recovery/status"), http.StatusOK, "2-step verification is off", "Sign in with your password")
	at(t, password(b, b.Get(authorize("seller"))), "/signin/enroll") // S-133
}

// C-41, T-64: any address stops it; whoever says that it was not them is safe after.
func TestOwnerCancelsByTheLinkInTheMail(t *testing.T) {
	t.Parallel()
	k := start(t).person(t)
	thief, owner := k.Browser(t), k.Browser(t)
	k.applied(t, thief, thief.Get("/recovery/new?flow="+flow(password(thief, thief.Get("/account")))))
	p := k.link(t, owner, email, "リセットが申請")
	at(t, p, "/recovery/status")
	if p.URL.RawQuery != "" {
		t.Errorf("the secret stays in the URL: %s", p.URL)
	}
	if strings.Contains(p.Body, "licence.jpg") || strings.Contains(p.Body, contact) {
		t.Error("the page shows what the applicant sent")
	}
	wants(t, p, http.StatusOK, "knew your password")
	wants(t, thief.Get("/recovery/status"), http.StatusOK, "You are here") // looking changed nothing
	p = owner.Submit(p, "/recovery/cancel", "do", "deny")
	wants(t, p, http.StatusOK, "The request is cancelled", "your password is stopped", `href="/password/forgot"`)
	wants(t, thief.Get("/recovery/status"), http.StatusOK, "This request was cancelled", `href="/recovery"`)
	wants(t, password(thief, thief.Get("/account")), http.StatusUnprocessableEntity)
}
