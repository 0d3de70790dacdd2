package web_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
)

// used signs somebody in at the client whose date is near, and puts it off.
func (k *kit) used(t *testing.T, who string) {
	t.Helper()
	k.AddUser(t, who, secret)
	b := k.Browser(t)
	p := b.Submit(b.Get(authorize("soon")), "/signin", "identifier", who, "password", secret)
	at(t, p, "/signin/notice")
	b.Submit(p, "/signin/notice", "do", "later")
}

// S-121: how many would be stopped, and who; what an admin asks and gets is recorded.
func TestStaffCountWhomADateWouldStop(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.used(t, "hana@example.jp")
	b, p := k.staff(t, "admin@example.jp", "+819022220001", "/admin/dates", idp.Admin)
	wants(t, p, http.StatusOK, "Party soon", "demanded from 2 December 2026 15:00", "Party seller", "in force", "configuration file", "no date")
	p = b.Get("/admin/dates/soon")
	wants(t, p, http.StatusOK, "Count whom a date would stop", "change its date there")
	wants(t, b.Submit(p, "/admin/dates/soon", "on", "someday", "do", "count"), http.StatusUnprocessableEntity, "Enter a date such as")
	q := b.Submit(p, "/admin/dates/soon", "on", "2026-12-03", "do", "count")
	wants(t, q, http.StatusOK, "3 December 2026 00:00: 1 people", "would be stopped to set it up", "never set anything up")
	q = b.Submit(p, "/admin/dates/soon", "on", "2026-12-03", "all", "1", "do", "count")
	wants(t, q, http.StatusOK, "3 December 2026 00:00: 2 people", "would pass", "were never seen there")
	file := b.Submit(p, "/admin/dates/soon", "on", "2026-12-03", "do", "export")
	rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][1] != "hana@example.jp" || rows[1][4] != string(idp.OutcomeStopped) {
		t.Errorf("the table is %q, %v", file.Body, err)
	}
	if d := file.Header.Get("Content-Disposition"); d != `attachment; filename="preflight.csv"` {
		t.Errorf("the table is sent as %q", d)
	}
	wants(t, b.Get("/admin/audit?name=staff.exported"), http.StatusOK, "what: preflight", "on: 2026-12-02T15:00:00Z")
	wants(t, b.Get("/admin/audit?name=staff.viewed"), http.StatusOK, "page: preflight")
	wants(t, b.Get("/admin/dates/nobody"), http.StatusNotFound)
}

func TestStaffChangeADateForAReason(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddClient(t, party("dated"))
	b, p := k.staff(t, "admin@example.jp", "+819022220001", "/admin/dates/dated", idp.Admin)
	wants(t, p, http.StatusOK, "no date", "Change the date")
	form := func(pairs ...string) *idptest.Page {
		return b.Submit(b.Get("/admin/dates/dated"), "/admin/dates/dated", append(pairs, "do", "set")...)
	}
	wants(t, form("date", "2027-01-15", "reason", "no"), http.StatusUnprocessableEntity, "5 characters or more", `value="2027-01-15"`)
	wants(t, form("date", "15.1.2027", "reason", "agreed"), http.StatusUnprocessableEntity, "Enter a date such as")
	wants(t, form("date", "2027-01-15", "reason", "agreed on 20 November"), http.StatusOK, "The date is changed.", "demanded from 15 January 2027 00:00", "agreed on 20 November", "admin ")
	wants(t, form("date", "2027-01-15", "reason", "once more"), http.StatusUnprocessableEntity, "It is that date already")
	wants(t, form("date", "", "reason", "the board said so"), http.StatusOK, "The date is changed.", "the board said so")
	if c, _ := k.Provider.Config().Clients.Lookup("dated"); !c.Rules.EnforceFrom.IsZero() {
		t.Errorf("the date is %s", c.Rules.EnforceFrom)
	}
}

// T-43: a reviewer sees no dates, and nobody explains people away without a trace.
func TestStaffExplainASignIn(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.used(t, "hana@example.jp")
	b, p := k.staff(t, "admin@example.jp", "+819022220001", "/admin/explain", idp.Admin)
	ask := func(pairs ...string) *idptest.Page { return b.Submit(p, "/admin/explain", pairs...) }
	wants(t, ask("who", "nobody@example.jp"), http.StatusUnprocessableEntity, "Nobody has this address")
	q := ask("who", "hana@example.jp", "client", "seller", "with", "password=1m")
	wants(t, q, http.StatusOK, "compulsory 2-step verification has come", "<code>enrol</code>", "<code>enforced</code>", "<code>interaction_required</code>", "signin.done")
	if strings.Contains(q.URL.String(), "hana") {
		t.Errorf("asked for in %s: an address belongs into no URL", q.URL)
	}
	wants(t, ask("who", "hana@example.jp", "client", "seller", "with", "password=1m\r\ntwo_step=on\r\nmain=on\r\nbackup=on\r\ncode=1m"), http.StatusOK, "Nothing is left to ask", "<code>done</code>")
	wants(t, ask("who", "hana@example.jp", "client", "seller", "at", "2026-11-01T09:00", "with", "password=1m"), http.StatusOK, "1 November 2026 09:00")
	wants(t, ask("who", "hana@example.jp", "client", "soon", "session", "last"), http.StatusOK, "Nothing is left to ask") // it was put off today
	wants(t, ask("who", "hana@example.jp", "with", "shoes=on"), http.StatusUnprocessableEntity, `There is no fact &#34;shoes&#34;`, ">shoes=on</textarea>")
	wants(t, ask("who", "hana@example.jp", "with", "two_step=maybe"), http.StatusUnprocessableEntity, "two_step can&#39;t be")
	wants(t, ask("who", "hana@example.jp", "at", "tomorrow"), http.StatusUnprocessableEntity, "Enter a moment such as")
	wants(t, b.Get("/admin/audit?name=staff.viewed"), http.StatusOK, "page: explain")
	reviewer, p := k.staff(t, "reviewer@example.jp", "+819022220002", "/admin", idp.Reviewer)
	if strings.Contains(p.Body, "/admin/dates") {
		t.Error("a reviewer is shown the dates")
	}
	for _, path := range []string{"/admin/dates", "/admin/dates/soon", "/admin/explain"} {
		wants(t, reviewer.Get(path), http.StatusForbidden)
	}
}

func TestStaffGiveMoreTimeOnce(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.used(t, "hana@example.jp")
	b, p := k.staff(t, "admin@example.jp", "+819022220001", "/admin/people", idp.Admin)
	p = b.Submit(p, "/admin/people", "who", "hana@example.jp")
	wants(t, p, http.StatusOK, "Party soon", "demanded from 2 December 2026 15:00", "Give more time (once)", "up to 14 days")
	extend := func(pairs ...string) *idptest.Page {
		return b.Submit(b.Get(p.URL.Path), p.URL.Path+"/extend", append([]string{"client", "soon"}, pairs...)...)
	}
	wants(t, extend("until", "2026-12-05", "why", "no"), http.StatusUnprocessableEntity, "5 characters or more", `value="2026-12-05"`)
	wants(t, extend("until", "2026-12-01", "why", "in hospital"), http.StatusUnprocessableEntity, "at most 14 days")
	wants(t, extend("until", "2027-12-01", "why", "in hospital"), http.StatusUnprocessableEntity, "at most 14 days")
	wants(t, extend("until", "", "why", "in hospital"), http.StatusUnprocessableEntity, "Enter a date such as")
	wants(t, extend("until", "2026-12-05", "why", "in hospital"), http.StatusOK, "More time is given.", "demanded from 5 December 2026 00:00", ">extended<", "date.extended")
	wants(t, extend("until", "2026-12-06", "why", "in hospital"), http.StatusUnprocessableEntity, "They had an extension at this app before")
	self := b.Submit(b.Get("/admin/people"), "/admin/people", "who", "admin@example.jp")
	if strings.Contains(self.Body, "Give more time") {
		t.Error("staff may give themselves more time")
	}
}

// S-122: the page that asks for the code sent by mail, inside a sign-in.
func TestMailboxIsProvedInTheWizard(t *testing.T) {
	t.Parallel()
	k := start(t)
	k.AddUser(t, "hana@example.jp", secret)
	k.Clock.Advance(time.Hour)
	b := k.Browser(t)
	p := b.Submit(b.Get(authorize("seller")), "/signin", "identifier", "hana@example.jp", "password", secret)
	at(t, p, "/signin/enroll")
	p = b.Submit(p, "/signin/enroll", "do", "setup")
	at(t, p, "/account/security/two-step/setup/email")
	wants(t, p, http.StatusOK, "Enter the code we emailed you", "h•••@example.jp", "Party seller")
	for _, path := range []string{"primary", "backup", "finish"} { // no way past it
		at(t, b.Get("/account/security/two-step/setup/"+path+"?flow="+flow(p)), "/account/security/two-step/setup/email")
	}
	wants(t, b.Submit(p, "setup/email", "code", ""), http.StatusUnprocessableEntity, "Enter the 6-digit code")
	wants(t, b.Submit(p, "setup/email", "code", "000000"), http.StatusUnprocessableEntity, "That code is not right")
	first := k.MailCode(t, "hana@example.jp")
	p = b.Submit(p, "setup/email", "do", "resend")
	wants(t, p, http.StatusOK, "We sent a new code")
	wants(t, b.Submit(p, "setup/email", "code", first), http.StatusUnprocessableEntity, "That code is not right")
	at(t, b.Submit(p, "setup/email", "code", k.MailCode(t, "hana@example.jp")), "/account/security/two-step/setup/primary")
}
