package idp_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

const contact = "kenji.new@example.net"

// photo is a small picture.
func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	fatal(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil))
	return b.Bytes()
}

// begin begins a request and confirms its contact address.
func (st story) begin(flow, email, to string) string {
	st.t.Helper()
	p, ctx := st.s.Provider, st.t.Context()
	secret, err := p.BeginRecovery(ctx, st.b, flow, idp.RecoveryInput{Email: email, Cause: "phone", Contact: to, Story: "order 4711"})
	fatal(st.t, err)
	fatal(st.t, p.ConfirmContact(ctx, st.b, secret, st.s.MailCode(st.t, to)))
	return secret
}

// apply sends a whole request, with the password when flow is set.
func (st story) apply(flow, email, to string) string {
	st.t.Helper()
	secret := st.begin(flow, email, to)
	p, ctx := st.s.Provider, st.t.Context()
	fatal(st.t, p.Attach(ctx, st.b, secret, "licence.jpg", bytes.NewReader(photo(st.t))))
	fatal(st.t, p.SendRecovery(ctx, st.b, secret, ""))
	return secret
}

// lost stands where somebody who lost everything does: at the code page.
func (st story) lost() string {
	st.t.Helper()
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	want(st.t, n, signin.PageCode)
	return n.SignInID
}

// passerby is a browser that nobody has seen.
func passerby(t *testing.T, s *idptest.Server) story {
	b := browser()
	b.Lang = "ja"
	return story{t, s, b}
}

// reviewers are two people on duty.
func reviewers(t *testing.T, s *idptest.Server) (one, two story) {
	t.Helper()
	return member(t, s, "one@example.jp", "+819022220001", idp.Reviewer), member(t, s, "two@example.jp", "+819033330002", idp.Reviewer)
}

func approval() idp.RecoveryDecision {
	return idp.RecoveryDecision{Act: recovery.Approve, Reason: "licence is genuine", Ticket: "CS-1", Checks: idp.RecoveryChecks}
}

// queued is the only request that waits for review.
func (st story) queued() string {
	st.t.Helper()
	desk, err := st.s.Provider.ReviewRecoveries(st.t.Context(), st.b)
	fatal(st.t, err)
	if len(desk.Review) != 1 {
		st.t.Fatalf("%d requests wait for review, want 1", len(desk.Review))
	}
	return desk.Review[0].ID
}

// approve has both approve the one request there is.
func approve(one, two story) string {
	one.t.Helper()
	id := one.queued()
	fatal(one.t, one.s.Provider.DecideRecovery(one.t.Context(), one.b, id, approval()))
	fatal(one.t, two.s.Provider.DecideRecovery(one.t.Context(), two.b, id, approval()))
	return id
}

func (st story) state(secret string) recovery.State {
	st.t.Helper()
	v, err := st.s.Provider.RecoveryStatus(st.t.Context(), secret)
	fatal(st.t, err)
	return v.State
}

// linkIn is the secret of the newest link to a request in a mail about a subject.
func linkIn(t *testing.T, s *idptest.Server, to, subject string) string {
	t.Helper()
	_, secret, found := strings.Cut(mailIn(t, s, to, subject).Body, "/recovery/status?token=")
	if !found {
		t.Fatalf("the mail to %s about %q has no link", to, subject)
	}
	return strings.Fields(secret)[0]
}

// pass lets time pass and the job run.
func pass(t *testing.T, s *idptest.Server, d time.Duration) {
	t.Helper()
	s.Clock.Advance(d)
	fatal(t, s.Provider.Recover(t.Context()))
}

// S-100, S-133, C-41: lost everything but the password; two reviewers, the
// waiting time, and then nothing is left but the password.
func TestLostEverythingIsResetByTwoReviewers(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Clients(library()))
	p, ctx := s.Provider, t.Context()
	owner := kenji(t, s, true)
	owner.addAddress(second)
	issue := owner.connect()
	s.Clock.Advance(time.Hour)
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	for _, to := range []string{u.Email, second, contact} { // N-51
		m := mailIn(t, s, to, "リセットが申請")
		if to == contact && strings.Contains(m.Body, u.Name) {
			t.Error("the contact address is told the name")
		}
	}
	id := one.queued()
	v, err := p.ReviewRecovery(ctx, one.b, id)
	fatal(t, err)
	if !v.Signals.Password || v.Signals.KnownBrowser || v.Signals.ContactKnown || v.Wait != recovery.DefaultLimits().Wait || v.Cause != "phone" || v.Contact != contact || len(v.Files) != 1 {
		t.Errorf("the reviewer sees %+v", v)
	}
	if e := last(t, s, "staff.viewed"); e.UserID != u.ID || e.Details["page"] != "recovery" {
		t.Errorf("the look is audited as %+v", e)
	}
	file, err := p.ReviewEvidence(ctx, one.b, id, v.Files[0].ID)
	if err != nil || !bytes.Equal(file.Data, photo(t)) || file.Kind != recovery.JPEG {
		t.Errorf("evidence is %+v, %v", file, err)
	}
	if e := last(t, s, "staff.viewed"); e.Details["page"] != "evidence" || e.Details["file"] != file.ID || e.UserID != u.ID {
		t.Errorf("the look at evidence is audited as %+v", e)
	}
	approve(one, two)
	if got := st.state(secret); got != recovery.Waiting {
		t.Fatalf("after two approvals the request is %s", got)
	}
	for _, to := range []string{u.Email, second, contact} {
		linkIn(t, s, to, "承認")
	}
	if m := s.Message(t, mfa.Text, mobile); !strings.Contains(m.Body, "リセットが承認") {
		t.Errorf("the phone reads %q", m.Body)
	}
	pass(t, s, 24*time.Hour-time.Second)
	if got := st.state(secret); got != recovery.Waiting {
		t.Fatalf("before the waiting time is over the request is %s", got)
	}
	pass(t, s, time.Second)
	reset(t, s, u, owner, issue)
	if st.b.Session != "" || st.b.Device != "" {
		t.Error("T-42: the request signed its applicant in")
	}
	for _, to := range []string{u.Email, second, contact} {
		mailIn(t, s, to, "リセットしました")
	}
	for _, name := range []string{"recovery.sent", "recovery.approved", "recovery.waiting", "recovery.done"} {
		if len(events(t, s, u.ID, name)) != 1 {
			t.Errorf("%s is not in the log once", name)
		}
	}
	n := st.password(st.authorize("buyer"), u.Email)
	want(t, n, signin.PageEnrol) // S-133: set-up is asked for at the next sign-in, whoever it is for
	n, err = p.PutOff(ctx, st.b, n.SignInID)
	fatal(t, err)
	st.redeem(n, "buyer")
	st.b.Session = ""
	n = st.password(st.authorize("seller"), u.Email) // and demanded here
	if n.Step.PutOff {
		t.Error("set-up may be put off")
	}
}

// reset fails unless nothing of an account is left but its password.
func reset(t *testing.T, s *idptest.Server, u idp.User, owner story, issue idp.Issue) {
	t.Helper()
	p, ctx := s.Provider, t.Context()
	now, err := p.FindUser(ctx, u.ID)
	fatal(t, err)
	methods, err := p.UserMethods(ctx, u.ID)
	fatal(t, err)
	if !now.TwoStepAt.IsZero() || len(methods) != 0 || now.Epoch == u.Epoch {
		t.Errorf("two-step verification since %v, methods %v, epoch %d", now.TwoStepAt, methods, now.Epoch)
	}
	_, err = p.Account(ctx, owner.b)
	wantErr(t, err, idp.ErrSignedOut)
	_, err = p.Refresh(ctx, owner.b, client(t, s, "library"), idp.Renewal{Token: issue.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// N-49: without the password the wait is longer, the old password ends, and a
// link to a new one goes to the address that was reviewed.
func TestWithoutThePasswordANewOneIsChosen(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply("", "Kenji@Example.jp", contact)
	approve(one, two)
	pass(t, s, 72*time.Hour-time.Second)
	if got := st.state(secret); got != recovery.Waiting {
		t.Fatalf("the request is %s", got)
	}
	pass(t, s, time.Second)
	if got := st.state(secret); got != recovery.Done {
		t.Fatalf("the request is %s", got)
	}
	n := st.authorize("buyer")
	_, err := p.SubmitPassword(ctx, st.b, n.SignInID, u.Email, password15)
	wantErr(t, err, idp.ErrBadCredentials)
	body := mailIn(t, s, contact, "新しいパスワード").Body
	_, link, _ := strings.Cut(body, "/password/reset?token=")
	fatal(t, p.ResetPassword(ctx, st.b, strings.Fields(link)[0], "an entirely new phrase", true))
	if st.b.Session != "" {
		t.Error("T-42: the link signs in")
	}
	n, err = p.SubmitPassword(ctx, st.b, st.authorize("buyer").SignInID, u.Email, "an entirely new phrase")
	fatal(t, err)
	want(t, n, signin.PageEnrol) // S-133: set-up is asked for, and may wait where no client demands it
	n, err = p.PutOff(ctx, st.b, n.SignInID)
	fatal(t, err)
	st.redeem(n, "buyer")
	if strings.Contains(mailIn(t, s, u.Email, "リセットしました").Body, "/password/reset") {
		t.Error("the link went to the old address too")
	}
}

// A reviewer may ask for more; both look at it anew.
func TestAskingForMoreVoidsTheFirstApproval(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", u.Email) // the contact is the account's own address
	id := one.queued()
	fatal(t, p.DecideRecovery(ctx, one.b, id, approval()))
	ask := idp.RecoveryDecision{Act: recovery.Ask, Reason: "cannot read it", Ticket: "CS-1"}
	wantErr(t, p.DecideRecovery(ctx, two.b, id, ask), idp.ErrWanted)
	ask.Wanted = "a photograph of both sides"
	fatal(t, p.DecideRecovery(ctx, two.b, id, ask))
	fromMail := linkIn(t, s, u.Email, "追加のお願い")
	v, err := p.RecoveryStatus(ctx, fromMail)
	fatal(t, err)
	if v.State != recovery.Asked || v.Wanted != ask.Wanted {
		t.Errorf("the applicant sees %+v", v)
	}
	fatal(t, p.Attach(ctx, st.b, fromMail, "back.jpg", bytes.NewReader(photo(t))))
	fatal(t, p.SendRecovery(ctx, st.b, fromMail, "here it is"))
	wantErr(t, p.SendRecovery(ctx, st.b, secret, ""), idp.ErrStep)
	approve(one, two)
	if c, err := p.ReviewRecovery(ctx, one.b, id); err != nil || !strings.Contains(c.Story, "here it is") || len(c.Files) != 2 || len(c.History) < 6 {
		t.Errorf("the reviewer sees %+v, %v", c, err)
	}
}
