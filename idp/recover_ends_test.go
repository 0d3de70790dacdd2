package idp_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// C-44: evidence and words go a week after the decision, the request itself later.
func TestEvidenceIsDeletedOnSchedule(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, _ := reviewers(t, s)
	st := passerby(t, s)
	st.apply(st.lost(), "", contact)
	id := one.queued()
	fatal(t, p.DecideRecovery(ctx, one.b, id, idp.RecoveryDecision{Act: recovery.Refuse, Reason: "another person's licence", Ticket: "CS-2"}))
	mailIn(t, s, contact, "承認されません")
	look := func() idp.RecoveryCase {
		t.Helper()
		if _, err := p.Duty(ctx, one.b); err != nil {
			one.onDuty("one@example.jp", "+819022220001")
		}
		c, err := p.ReviewRecovery(ctx, one.b, id)
		fatal(t, err)
		return c
	}
	pass(t, s, 7*24*time.Hour-time.Second)
	if c := look(); len(c.Files) != 1 || c.Story == "" {
		t.Fatalf("evidence went early: %+v", c)
	}
	pass(t, s, time.Second)
	if c := look(); len(c.Files) != 0 || c.Story != "" || c.Contact != "" {
		t.Errorf("after a week there is still %+v", c)
	}
	if e := last(t, s, "recovery.cleared"); e.UserID != u.ID || e.Details["files"] != "1" || e.Actor.Kind != "job" {
		t.Errorf("audited as %+v", e)
	}
	pass(t, s, 174*24*time.Hour)
	fatal(t, p.Expire(ctx))
	one.onDuty("one@example.jp", "+819022220001")
	_, err := p.ReviewRecovery(ctx, one.b, id)
	wantErr(t, err, idp.ErrNotFound)
}

// C-41: whoever missed the first mails is told once more, at every address, with
// the link that stops the reset; nobody else is.
func TestOwnerIsRemindedBeforeTheReset(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	fatal(t, s.Store.Update(t.Context(), idptest.Operator(), func(tx *store.Tx) error {
		return tx.InsertNoticeAddress(store.NoticeAddress{UserID: u.ID, Email: "second@example.jp", CreatedAt: tx.Now})
	}))
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	approve(one, two)
	reminded := func() (to []string) {
		t.Helper()
		fatal(t, s.Provider.Deliver(t.Context()))
		for _, m := range s.Inbox.Messages(mfa.Mail) {
			if strings.Contains(m.Subject, "まもなく2段階認証がリセット") {
				to = append(to, m.To)
			}
		}
		slices.Sort(to)
		return to
	}
	v, err := s.Provider.RecoveryStatus(t.Context(), secret)
	fatal(t, err)
	wait := v.DueAt.Sub(s.Clock.Now())
	pass(t, s, wait-12*time.Hour-time.Second)
	if got := reminded(); len(got) != 0 {
		t.Errorf("reminded early: %v", got)
	}
	pass(t, s, time.Second)
	pass(t, s, time.Hour)
	if got := reminded(); !slices.Equal(got, []string{u.Email, "second@example.jp"}) {
		t.Errorf("reminded: %v", got)
	}
	m := mailIn(t, s, "second@example.jp", "まもなく")
	if !strings.Contains(m.Body, "あと約12時間") || !strings.Contains(m.HTML, "あと約12時間") || !strings.Contains(m.HTML, "/recovery/status?token=") {
		t.Errorf("the mail says\n%s\n%s", m.Body, m.HTML)
	}
	fatal(t, s.Provider.CancelRecovery(t.Context(), passerby(t, s).b, linkIn(t, s, "second@example.jp", "まもなく"), true))
	pass(t, s, wait)
	if got := st.state(secret); got != recovery.Cancelled {
		t.Errorf("the request is %s", got)
	}
}

// A request that nobody goes on with ends, and its people are told.
func TestRequestThatNobodyDecidesExpires(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	pass(t, s, 7*24*time.Hour)
	if got := st.state(secret); got != recovery.Expired {
		t.Errorf("the request is %s", got)
	}
	mailIn(t, s, u.Email, "終了しました")
	mailIn(t, s, contact, "終了しました")
	st.apply(st.lost(), "", contact) // and another may follow
	draft := passerby(t, s)
	begun := draft.begin(draft.lostElsewhere(), "", contact)
	s.Clock.Advance(time.Hour)
	_, err := s.Provider.RecoveryStatus(t.Context(), begun)
	wantErr(t, err, idp.ErrLink)
	wantErr(t, s.Provider.SendRecovery(t.Context(), draft.b, begun, ""), idp.ErrLink)
}

// lostElsewhere is lost for somebody else.
func (st story) lostElsewhere() string {
	st.t.Helper()
	st.s.AddUserWith(st.t, "hana@example.jp", password15, "+819044440004", base32Key)
	n := st.password(st.authorize("buyer"), "hana@example.jp")
	want(st.t, n, signin.PageCode)
	return n.SignInID
}

func TestRequestNeedsEverything(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := passerby(t, s)
	_, err := p.BeginRecovery(ctx, st.b, "", idp.RecoveryInput{Email: "x", Cause: "bored", Contact: "y"})
	for _, fault := range []error{idp.ErrEmail, idp.ErrCause, idp.ErrContact} {
		wantErr(t, err, fault)
	}
	in := idp.RecoveryInput{Email: "kenji@example.jp", Cause: "phone", Contact: contact}
	secret, err := p.BeginRecovery(ctx, st.b, "", in)
	fatal(t, err)
	wantErr(t, p.Attach(ctx, st.b, secret, "a.jpg", bytes.NewReader(photo(t))), idp.ErrStep) // not confirmed
	wantErr(t, p.SendRecovery(ctx, st.b, secret, ""), idp.ErrStep)
	code := s.MailCode(t, contact)
	wantErr(t, p.ConfirmContact(ctx, st.b, secret, wrong(code)), mfa.ErrWrongCode)
	fatal(t, p.ResendContactCode(ctx, st.b, secret))
	wantErr(t, p.ConfirmContact(ctx, st.b, secret, code), mfa.ErrWrongCode) // another was sent
	fatal(t, p.ConfirmContact(ctx, st.b, secret, s.MailCode(t, contact)))
	wantErr(t, p.ResendContactCode(ctx, st.b, secret), idp.ErrStep)
	wantErr(t, p.SendRecovery(ctx, st.b, secret, ""), idp.ErrEvidence)
	fatal(t, p.Attach(ctx, st.b, secret, "a.jpg", bytes.NewReader(photo(t))))
	v, err := p.RecoveryStatus(ctx, secret)
	fatal(t, err)
	fatal(t, p.Detach(ctx, st.b, secret, v.Files[0].ID))
	wantErr(t, p.Detach(ctx, st.b, secret, v.Files[0].ID), idp.ErrNotFound)
	wantErr(t, p.SendRecovery(ctx, st.b, secret, ""), idp.ErrEvidence)
	n := st.authorize("buyer")
	_, err = p.BeginRecovery(ctx, st.b, n.SignInID, in)
	wantErr(t, err, idp.ErrStep) // the password was not given
}

// T-26: the code of the contact address is guessed five times at most.
func TestContactCodeIsNotGuessed(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := passerby(t, s)
	secret, err := p.BeginRecovery(ctx, st.b, "", idp.RecoveryInput{Email: "kenji@example.jp", Cause: "phone", Contact: contact})
	fatal(t, err)
	code := s.MailCode(t, contact)
	for range 5 {
		wantErr(t, p.ConfirmContact(ctx, st.b, secret, wrong(code)), mfa.ErrWrongCode)
	}
	wantErr(t, p.ConfirmContact(ctx, st.b, secret, code), idp.ErrLink)
	wantErr(t, p.ResendContactCode(ctx, st.b, secret), idp.ErrLink)
}

// C-41: the account's owner needs no recovery any more; and other ends of it.
func TestSignInWithACodeCancels(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	trusted := kenji(t, s, true)
	trusted.b.Session = ""
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	trusted.redeem(trusted.password(trusted.authorize("buyer"), u.Email), "buyer")
	if got := st.state(secret); got != recovery.Open {
		t.Fatalf("a trusted device, which changes no method, made the request %s", got)
	}
	s.Clock.Advance(time.Minute)
	kenji(t, s, false)
	if got := st.state(secret); got != recovery.Cancelled {
		t.Fatalf("after a sign-in with a code the request is %s", got)
	}
	if e := last(t, s, "recovery.cancelled"); e.Details["by"] != "signin" || e.UserID != u.ID {
		t.Errorf("audited as %+v", e)
	}
	for _, to := range []string{u.Email, contact} {
		if m := mailIn(t, s, to, "取り消されました"); to == contact && strings.Contains(m.Body, "192.0.2") {
			t.Error("the applicant is told where the owner signed in")
		}
	}
}

// An operator's reset, a report and an erased account end a request too.
func TestRequestEndsWithItsReason(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *idptest.Server, idp.User, story){
		"reset": func(t *testing.T, s *idptest.Server, u idp.User, _ story) {
			fatal(t, s.Provider.ResetTwoStep(t.Context(), idptest.Operator(), u.ID))
		},
		"password": func(t *testing.T, s *idptest.Server, _ idp.User, owner story) { // it takes a code
			fatal(t, s.Provider.ChangePassword(t.Context(), owner.b, password15, "another long phrase", false))
		},
		"report": func(t *testing.T, s *idptest.Server, u idp.User, _ story) {
			fatal(t, s.Provider.Report(t.Context(), browser(), reportIn(t, mailIn(t, s, u.Email, "新しい端末"))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, u := withKenji(t)
			s.Clock.Advance(time.Hour)
			owner := kenji(t, s, false)
			st := passerby(t, s)
			secret := st.apply(st.lost(), "", contact)
			end(t, s, u, owner)
			if got := st.state(secret); got != recovery.Cancelled {
				t.Errorf("the request is %s", got)
			}
		})
	}
	s, u := withKenji(t)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	fatal(t, s.Provider.EraseUser(t.Context(), idptest.Operator(), u.ID))
	_, err := s.Provider.RecoveryStatus(t.Context(), secret)
	wantErr(t, err, idp.ErrLink)
	list, err := s.Provider.Events(t.Context(), store.EventFilter{UserID: u.ID})
	fatal(t, err)
	if slices.ContainsFunc(list, func(e idp.Event) bool { return strings.Contains(e.Details["contact"], "@") }) {
		t.Error("the log still holds the contact address")
	}
}

// A suspended account is not reset behind the back of whoever suspended it.
func TestSuspendedAccountIsNotReset(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	approve(one, two)
	fatal(t, s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), u.ID, true))
	pass(t, s, 24*time.Hour)
	if got := st.state(secret); got != recovery.Cancelled {
		t.Errorf("the request is %s", got)
	}
	if methods, err := s.Provider.UserMethods(t.Context(), u.ID); err != nil || len(methods) != 2 {
		t.Errorf("methods %v, %v", methods, err)
	}
}

// A reviewer who finds something wrong stops an approved request too.
func TestReviewerStopsAnApprovedRequest(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	id := approve(one, two)
	fatal(t, p.DecideRecovery(ctx, one.b, id, idp.RecoveryDecision{Act: recovery.Refuse, Reason: "the issuer knows no such licence", Ticket: "CS-1"}))
	if got := st.state(secret); got != recovery.Refused {
		t.Errorf("the request is %s", got)
	}
	for _, to := range []string{u.Email, contact} {
		if m := mailIn(t, s, to, "承認されません"); strings.Contains(m.Body, "issuer") {
			t.Error("the mail tells the reviewer's reason")
		}
	}
	if e := last(t, s, "recovery.refused"); e.Details["reason"] == "" || e.Details["ticket"] != "CS-1" || e.Actor.Kind != "reviewer" {
		t.Errorf("audited as %+v", e)
	}
}
