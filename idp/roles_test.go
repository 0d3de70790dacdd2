package idp_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// member brings a member of staff, signed in with a passkey that their code made.
func member(t *testing.T, s *idptest.Server, email, number string, roles ...idp.Role) story {
	t.Helper()
	s.AddStaff(t, email, password15, number, base32Key, roles...)
	st := story{t, s, browser()}
	st.onDuty(email, number)
	return st
}

// onDuty signs a member of staff in; at the first time they make their passkey.
func (st story) onDuty(email, number string) {
	st.t.Helper()
	p, ctx, device := st.s.Provider, st.t.Context(), st.s.DeviceOf(st.t, email)
	n, err := p.StaffSignIn(ctx, st.b, "/admin")
	fatal(st.t, err)
	if n = st.password(n, email); n.Step.Page == signin.PageCode {
		n = st.sms(n, number, false)
		want(st.t, n, signin.PageNewPasskey)
		made, err := p.PasskeyCreation(ctx, st.b, n.SignInID)
		fatal(st.t, err)
		n, err = p.AddPasskey(ctx, st.b, n.SignInID, device.Create(made.Options), "Mac, Safari")
		fatal(st.t, err)
	}
	want(st.t, n, signin.PagePasskey)
	n = st.passkey(n, device)
	if n.Reply == nil || n.Reply.To != "/admin" {
		st.t.Fatalf("staff sign-in ends at %+v", n)
	}
}

// last is the newest event of a name; the test fails when there is none.
func last(t *testing.T, s *idptest.Server, name string) idp.Event {
	t.Helper()
	list, err := s.Provider.Events(t.Context(), store.EventFilter{Name: name, Limit: 1})
	fatal(t, err)
	if len(list) == 0 {
		t.Fatalf("no event %s", name)
	}
	return list[0]
}

// a new deployment has no staff; a role is given by command, and its
// owner learns of it.
func TestNobodyIsStaffByDefault(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	list, err := s.Provider.ListStaff(t.Context())
	if len(list) != 0 || err != nil {
		t.Fatalf("staff of a new deployment: %v, %v", list, err)
	}
	st := kenji(t, s, false)
	_, err = s.Provider.Duty(t.Context(), st.b)
	wantErr(t, err, idp.ErrForbidden)
	operator := idptest.Operator()
	operator.Reason = "new in the team"
	fatal(t, s.Provider.SetRole(t.Context(), operator, u.ID, idp.Reviewer, true))
	wantErr(t, s.Provider.SetRole(t.Context(), operator, u.ID, idp.Reviewer, true), idp.ErrState)
	fatal(t, s.Provider.SetRole(t.Context(), operator, u.ID, idp.Admin, true))
	_, err = s.Provider.Duty(t.Context(), st.b)
	wantErr(t, err, idp.ErrStaffSignIn)
	st.b.Session = ""
	st.onDuty(u.Email, mobile)
	d, err := s.Provider.Duty(t.Context(), st.b)
	fatal(t, err)
	if !slices.Equal(d.Roles, []idp.Role{idp.Admin, idp.Reviewer}) {
		t.Errorf("roles %v", d.Roles)
	}
	if e := last(t, s, "role.granted"); e.UserID != u.ID || e.Actor.Kind != "operator" || e.Details["reason"] != "new in the team" || e.Details["role"] != "admin" {
		t.Errorf("audited as %+v", e)
	}
	if got := mailsTo(t, s, u.Email, "admin"); got != 1 {
		t.Errorf("%d mails tell the owner", got)
	}
	fatal(t, s.Provider.SetRole(t.Context(), operator, u.ID, idp.Admin, false))
	fatal(t, s.Provider.SetRole(t.Context(), operator, u.ID, idp.Reviewer, false))
	_, err = s.Provider.Duty(t.Context(), st.b) // at once, in the session that is open
	wantErr(t, err, idp.ErrForbidden)
}

// T-43: neither a password alone nor a trusted device opens a page for staff.
func TestStaffProveMoreThanAPassword(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "plain@example.jp", password15)
	fatal(t, s.Provider.SetRole(t.Context(), idptest.Operator(), u.ID, idp.Admin, true))
	st := story{t, s, browser()}
	st.redeem(st.password(st.authorize("buyer"), u.Email), "buyer")
	_, err := s.Provider.Duty(t.Context(), st.b)
	wantErr(t, err, idp.ErrStaffSignIn)
	n, err := s.Provider.StaffSignIn(t.Context(), st.b, "//evil.example")
	fatal(t, err)
	want(t, n, signin.PageEnrol) // and it cannot be put off
	_, err = s.Provider.PutOff(t.Context(), st.b, n.SignInID)
	wantErr(t, err, idp.ErrStep)

	s.AddStaff(t, "kenji@example.jp", password15, mobile, base32Key, idp.Admin)
	trusted := kenji(t, s, true)
	trusted.b.Session = ""
	trusted.redeem(trusted.password(trusted.authorize("buyer"), "kenji@example.jp"), "buyer")
	_, err = s.Provider.Duty(t.Context(), trusted.b)
	wantErr(t, err, idp.ErrStaffSignIn)
	n, err = s.Provider.StaffSignIn(t.Context(), trusted.b, "/admin")
	fatal(t, err)
	want(t, n, signin.PageCode)
	if n.Step.TrustOffered {
		t.Error("trusting this browser is offered to staff")
	}
}

// T-43: fifteen idle minutes close the desk, and the member's own pages do not
// keep it open.
func TestIdleStaffSignInAgainEverywhere(t *testing.T) {
	t.Parallel()
	s := serve(t)
	st := member(t, s, "admin@example.jp", mobile, idp.Admin)
	for range 3 {
		s.Clock.Advance(10 * time.Minute)
		if _, err := s.Provider.StaffPerson(t.Context(), st.b, "nobody"); !errors.Is(err, idp.ErrNotFound) {
			t.Fatalf("at work: %v", err)
		}
		if _, err := s.Provider.Account(t.Context(), st.b); err != nil { // it is seen, so the desk stays open
			t.Fatal(err)
		}
	}
	s.Clock.Advance(16 * time.Minute)
	_, err := s.Provider.Account(t.Context(), st.b)
	wantErr(t, err, idp.ErrSignedOut)
	_, err = s.Provider.Duty(t.Context(), st.b)
	wantErr(t, err, idp.ErrStaffSignIn)
	n, err := s.Provider.StaffSignIn(t.Context(), st.b, "/admin")
	fatal(t, err)
	want(t, n, signin.PagePassword)
}

// T-43: what staff do has a reason, is audited and told to the person.
func TestStaffActForAReasonAndAreAudited(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	person := kenji(t, s, true)
	issue := person.redeem(person.authorize("buyer"), "buyer")
	admin := member(t, s, "admin@example.jp", "+819022220001", idp.Admin)
	me := last(t, s, "signin.done").UserID
	act := func(id string, a idp.Act, why string) error {
		return s.Provider.StaffAct(t.Context(), admin.b, id, a, why)
	}
	wantErr(t, act(u.ID, idp.ActEnd, "  \n "), idp.ErrReason)
	wantErr(t, act(me, idp.ActEnd, "my own account"), idp.ErrForbidden)
	wantErr(t, act("nobody", idp.ActEnd, "who is that"), idp.ErrNotFound)
	wantErr(t, act(u.ID, "set-password", "let me in"), idp.ErrNotFound) // there is no such thing
	fatal(t, act(u.ID, idp.ActEnd, "called, lost the laptop"))
	_, err := s.Provider.Account(t.Context(), person.b)
	wantErr(t, err, idp.ErrSignedOut)
	_, err = s.Provider.Refresh(t.Context(), person.b, client(t, s, "buyer"), idp.Renewal{Token: issue.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	e := last(t, s, "session.ended_all")
	if e.Actor.Kind != "admin" || e.Actor.ID != me || e.UserID != u.ID || e.Details["reason"] != "called, lost the laptop" {
		t.Errorf("audited as %+v", e)
	}
	if m := s.Message(t, mfa.Mail, u.Email); strings.Contains(m.Body, "called, lost the laptop") || strings.Contains(m.Body, "Test") {
		t.Errorf("the mail tells the reason or the admin's browser: %q", m.Body)
	}
	if admin.b.Session == "" {
		t.Error("ending somebody's sessions ended the admin's")
	}
	fatal(t, act(u.ID, idp.ActSuspend, "stolen account"))
	wantErr(t, act(u.ID, idp.ActSuspend, "stolen account"), idp.ErrState)
	fatal(t, act(u.ID, idp.ActRestore, "owner is back"))
	fatal(t, act(u.ID, idp.ActSendReset, "password is known"))
	if m := s.Message(t, mfa.Mail, u.Email); !strings.Contains(m.Body, "/password/reset?token=") {
		t.Errorf("no reset link: %q", m.Body)
	}
}

// T-43: a reviewer is no admin, and nobody's browser is when they are not staff.
func TestRolesOpenTheirOwnPagesOnly(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	person, reviewer := kenji(t, s, false), member(t, s, "reviewer@example.jp", "+819022220001", idp.Reviewer)
	for name, b := range map[string]*idp.Browser{"the person": person.b, "a reviewer": reviewer.b} {
		_, err := s.Provider.StaffPerson(t.Context(), b, u.ID)
		wantErr(t, err, idp.ErrForbidden)
		_, err = s.Provider.StaffFind(t.Context(), b, u.Email)
		wantErr(t, err, idp.ErrForbidden)
		_, _, err = s.Provider.StaffAudit(t.Context(), b, idp.AuditFilter{})
		wantErr(t, err, idp.ErrForbidden)
		_, err = s.Provider.StaffAuditExport(t.Context(), b, idp.AuditFilter{})
		wantErr(t, err, idp.ErrForbidden)
		if err := s.Provider.StaffAct(t.Context(), b, u.ID, idp.ActSuspend, "no good reason"); !errors.Is(err, idp.ErrForbidden) {
			t.Errorf("%s suspends: %v", name, err)
		}
	}
	_, err := s.Provider.Duty(t.Context(), browser())
	wantErr(t, err, idp.ErrSignedOut)
}

// T-43: staff see no hash, no key and no whole number, and each look is audited.
func TestStaffSeeNoSecretAndEveryLookIsAudited(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	admin := member(t, s, "admin@example.jp", "+819022220001", idp.Admin)
	id, err := s.Provider.StaffFind(t.Context(), admin.b, "Kenji@Example.jp")
	fatal(t, err)
	if e := last(t, s, "staff.searched"); e.UserID != u.ID || e.Details["found"] != "yes" {
		t.Errorf("search audited as %+v", e)
	}
	_, err = s.Provider.StaffFind(t.Context(), admin.b, "kenji@example")
	wantErr(t, err, idp.ErrNotFound)
	if e := last(t, s, "staff.searched"); e.Details["found"] != "no" {
		t.Errorf("vain search audited as %+v", e)
	}
	v, err := s.Provider.StaffPerson(t.Context(), admin.b, id)
	fatal(t, err)
	raw, err := json.Marshal(v)
	fatal(t, err)
	for _, secret := range []string{mobile, "90-1234-5678", "12345678901234567890", base32Key, "argon2id"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("staff see %q in %s", secret, raw)
		}
	}
	if len(v.Methods) != 2 || !strings.HasSuffix(v.Methods[0].Number, "5678") {
		t.Errorf("methods %+v", v.Methods)
	}
	if e := last(t, s, "staff.viewed"); e.UserID != u.ID || e.Details["page"] != "person" || e.Actor.Kind != "admin" {
		t.Errorf("view audited as %+v", e)
	}
	_, _, err = s.Provider.StaffAudit(t.Context(), admin.b, idp.AuditFilter{Who: u.Email})
	fatal(t, err)
	if e := last(t, s, "staff.viewed"); e.UserID != u.ID || e.Details["page"] != "audit" {
		t.Errorf("look into the log audited as %+v", e)
	}
	_, err = s.Provider.StaffAuditExport(t.Context(), admin.b, idp.AuditFilter{Name: "signin.done"})
	fatal(t, err)
	if e := last(t, s, "staff.exported"); e.Details["name"] != "signin.done" {
		t.Errorf("export audited as %+v", e)
	}
}

// T-43: one member cannot look at, or change, everybody in a day.
func TestStaffHaveBudgetsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Limits(func(l *idp.Limits) { l.Staff.LooksHour, l.Staff.ActsDay = 2, 1 }))
	one := member(t, s, "one@example.jp", "+819022220001", idp.Admin)
	two := member(t, s, "two@example.jp", "+819033330002", idp.Admin)
	for range 2 {
		_, err := s.Provider.StaffPerson(t.Context(), one.b, u.ID)
		fatal(t, err)
	}
	_, err := s.Provider.StaffPerson(t.Context(), one.b, u.ID)
	soon(t, err, "staff")
	if e := last(t, s, "staff.limited"); e.UserID != u.ID {
		t.Errorf("audited as %+v", e)
	}
	fatal(t, s.Provider.StaffAct(t.Context(), one.b, u.ID, idp.ActEnd, "first of the day"))
	soon(t, s.Provider.StaffAct(t.Context(), one.b, u.ID, idp.ActEnd, "second of the day"), "staff")
	_, err = s.Provider.StaffPerson(t.Context(), two.b, u.ID)
	fatal(t, err)
	for range 5 { // lists name nobody
		_, _, err = s.Provider.StaffAudit(t.Context(), one.b, idp.AuditFilter{})
		fatal(t, err)
	}
}

// soon fails unless err asks to come back later, because of what.
func soon(t *testing.T, err error, what string) {
	t.Helper()
	if e, ok := errors.AsType[*mfa.TooSoonError](err); !ok || e.What != what {
		t.Fatalf("got %v, want the limit %q", err, what)
	}
}
