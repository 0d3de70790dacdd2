package idp_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// T-43: four eyes are those of two people who still have the duty.
func TestOneReviewerCannotApproveTwice(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	id := one.queued()
	fatal(t, p.DecideRecovery(ctx, one.b, id, approval()))
	wantErr(t, p.DecideRecovery(ctx, one.b, id, approval()), recovery.ErrTwice)
	again := passerby(t, s) // another browser of the same person
	again.onDuty("one@example.jp", "+819022220001")
	wantErr(t, p.DecideRecovery(ctx, again.b, id, approval()), recovery.ErrTwice)
	if got := st.state(secret); got != recovery.Open {
		t.Fatalf("the applicant sees %s", got)
	}
	member, err := p.FindUser(ctx, "one@example.jp")
	fatal(t, err)
	fatal(t, p.SetRole(ctx, idptest.Operator(), member.ID, idp.Reviewer, false))
	wantErr(t, p.DecideRecovery(ctx, one.b, id, approval()), idp.ErrForbidden)
	fatal(t, p.DecideRecovery(ctx, two.b, id, approval())) // counts as the first: the other is no reviewer any more
	if got := st.state(secret); got != recovery.Open {
		t.Fatalf("with one reviewer left the applicant sees %s", got)
	}
	wantErr(t, p.DecideRecovery(ctx, two.b, id, approval()), recovery.ErrTwice)
}

// T-43: nobody reviews, sees or reads about their own request.
func TestReviewerCannotReviewThemselves(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p, ctx := s.Provider, t.Context()
	one, two := reviewers(t, s)
	st := passerby(t, s)
	st.apply("", "one@example.jp", contact)
	id := two.queued()
	desk, err := p.ReviewRecoveries(ctx, one.b)
	if err != nil || len(desk.Review) != 0 {
		t.Errorf("the reviewer sees their own request: %v, %v", desk, err)
	}
	_, err = p.ReviewRecovery(ctx, one.b, id)
	wantErr(t, err, idp.ErrForbidden)
	v, err := p.ReviewRecovery(ctx, two.b, id)
	fatal(t, err)
	_, err = p.ReviewEvidence(ctx, one.b, id, v.Files[0].ID)
	wantErr(t, err, idp.ErrForbidden)
	for _, act := range []recovery.Act{recovery.Approve, recovery.Refuse, recovery.Ask} {
		d := approval()
		d.Act, d.Wanted = act, "more"
		wantErr(t, p.DecideRecovery(ctx, one.b, id, d), idp.ErrForbidden)
	}
	s.AddUserWith(t, "kenji@example.jp", password15, mobile, base32Key) // and what they sent about somebody else
	second := passerby(t, s)
	second.apply("", "kenji@example.jp", "one@example.jp")
	desk, err = p.ReviewRecoveries(ctx, two.b)
	fatal(t, err)
	wantErr(t, p.DecideRecovery(ctx, one.b, desk.Review[1].ID, approval()), idp.ErrForbidden)
	if n := len(events(t, s, v.User.ID, "staff.viewed")); n != 1 {
		t.Errorf("%d looks are in the log, want the other reviewer's", n)
	}
}

// T-43: an admin is no reviewer, and a decision has a reason, a ticket and checks.
func TestDecisionNeedsDutyReasonTicketAndChecks(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, _ := reviewers(t, s)
	admin := member(t, s, "admin@example.jp", "+819055550005", idp.Admin)
	st := passerby(t, s)
	st.apply(st.lost(), "", contact)
	id := one.queued()
	for name, b := range map[string]*idp.Browser{"an admin": admin.b, "the applicant": st.b} {
		_, err := p.ReviewRecoveries(ctx, b)
		if !errors.Is(err, idp.ErrForbidden) && !errors.Is(err, idp.ErrSignedOut) {
			t.Errorf("%s lists requests: %v", name, err)
		}
		if err := p.DecideRecovery(ctx, b, id, approval()); !errors.Is(err, idp.ErrForbidden) && !errors.Is(err, idp.ErrSignedOut) {
			t.Errorf("%s decides: %v", name, err)
		}
	}
	err := p.DecideRecovery(ctx, one.b, id, idp.RecoveryDecision{Act: recovery.Approve, Reason: " ok ", Ticket: " ", Checks: idp.RecoveryChecks[1:]})
	for _, fault := range []error{idp.ErrReason, idp.ErrTicket, idp.ErrChecks} {
		wantErr(t, err, fault)
	}
	for _, act := range []recovery.Act{recovery.Send, recovery.Cancel, recovery.Pass, "done"} {
		d := approval()
		d.Act = act
		wantErr(t, p.DecideRecovery(ctx, one.b, id, d), idp.ErrNotFound)
	}
	fatal(t, p.DecideRecovery(ctx, one.b, id, approval()))
	e := last(t, s, "recovery.approved")
	if e.Actor.Kind != "reviewer" || e.Details["reason"] == "" || e.Details["ticket"] != "CS-1" || !strings.Contains(e.Details["checks"], "name") {
		t.Errorf("audited as %+v", e)
	}
	s.Clock.Advance(16 * time.Minute) // idle: prove it again
	wantErr(t, p.DecideRecovery(ctx, one.b, id, approval()), idp.ErrStaffSignIn)
}

// T-42: what was cancelled stays cancelled, whoever approves and however long one waits.
func TestApprovalAfterCancelIsRefused(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	one, two := reviewers(t, s)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	id := one.queued()
	fatal(t, p.DecideRecovery(ctx, one.b, id, approval()))
	link := linkIn(t, s, u.Email, "リセットが申請")
	fatal(t, p.CancelRecovery(ctx, passerby(t, s).b, link, false))
	wantErr(t, p.DecideRecovery(ctx, two.b, id, approval()), recovery.ErrOver)
	wantErr(t, p.CancelRecovery(ctx, st.b, secret, false), recovery.ErrOver)
	wantErr(t, p.SendRecovery(ctx, st.b, secret, ""), idp.ErrStep)
	pass(t, s, 30*24*time.Hour)
	if methods, err := p.UserMethods(ctx, u.ID); err != nil || len(methods) != 2 {
		t.Errorf("methods %v, %v", methods, err)
	}
	if len(events(t, s, u.ID, "recovery.done")) != 0 {
		t.Error("the account was reset")
	}
}

// T-42, C-41: the owner stops an approved request to the last moment; when the
// attacker knew the password, that is stopped too.
func TestOwnerStopsAnApprovedRequestOfAThief(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	owner := kenji(t, s, false)
	one, two := reviewers(t, s)
	s.Clock.Advance(time.Minute)
	st := passerby(t, s)
	secret := st.apply(st.lost(), "", contact)
	approve(one, two)
	s.Clock.Advance(24 * time.Hour) // over, but the job was not faster
	link := linkIn(t, s, u.Email, "承認")
	v, err := p.RecoveryStatus(ctx, link)
	if err != nil || !v.Owner || v.State != recovery.Waiting || len(v.Files) != 0 {
		t.Fatalf("the owner sees %+v, %v", v, err)
	}
	fatal(t, p.CancelRecovery(ctx, passerby(t, s).b, link, true))
	pass(t, s, 0)
	if got := st.state(secret); got != recovery.Cancelled {
		t.Errorf("the request is %s", got)
	}
	now, err := p.FindUser(ctx, u.ID)
	fatal(t, err)
	if now.Password != "" || now.TwoStepAt.IsZero() {
		t.Error("the password still works, or two-step verification is off")
	}
	_, err = p.Account(ctx, owner.b)
	wantErr(t, err, idp.ErrSignedOut)
	mailIn(t, s, u.Email, "保護しました")
	mailIn(t, s, u.Email, "取り消されました")
	if e := last(t, s, "recovery.cancelled"); e.Details["by"] != "denied" {
		t.Errorf("audited as %+v", e)
	}
}

// T-64: a stranger's request without the password costs its owner nothing but a press.
func TestDenyingARequestWithoutThePasswordLocksNobodyOut(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	owner := kenji(t, s, false)
	st := passerby(t, s)
	secret := st.apply("", u.Email, "thief@example.net")
	fatal(t, p.CancelRecovery(ctx, passerby(t, s).b, linkIn(t, s, u.Email, "リセットが申請"), true))
	if _, err := p.Account(ctx, owner.b); err != nil {
		t.Errorf("the owner was signed out: %v", err)
	}
	if got := st.state(secret); got != recovery.Refused { // T-02: a cancel would tell that somebody is there
		t.Errorf("the stranger sees %s", got)
	}
	mailIn(t, s, "thief@example.net", "承認されません")
}

// T-02: without the password nothing tells whether there is an account, whether
// it has two-step verification, or whether another request is under way.
func TestRequestDoesNotTellWhetherTheAccountExists(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	s.AddUser(t, "plain@example.jp", password15)
	p, ctx := s.Provider, t.Context()
	type seen struct {
		view  string
		mails []string
	}
	var all []seen
	secrets := map[string]string{}
	for _, email := range []string{u.Email, u.Email, "plain@example.jp", "nobody@example.jp"} {
		st := passerby(t, s)
		to := "c" + string(rune('0'+len(all))) + "@example.net"
		secret := st.apply("", email, to)
		secrets[to] = secret
		v, err := p.RecoveryStatus(ctx, secret)
		fatal(t, err)
		v.Ref, v.Contact, v.Files = "", "", nil
		raw, err := json.Marshal(v)
		fatal(t, err)
		one := seen{view: string(raw)}
		fatal(t, p.Deliver(ctx))
		for _, m := range s.Inbox.Messages(mfa.Mail) {
			if m.To == to {
				body := sixDigitsOrLink(m.Body)
				one.mails = append(one.mails, body)
			}
		}
		all = append(all, one)
	}
	for i, one := range all[1:] {
		if one.view != all[0].view || strings.Join(one.mails, "|") != strings.Join(all[0].mails, "|") {
			t.Errorf("case %d differs:\n%+v\n%+v", i+1, one, all[0])
		}
	}
	reviewer, _ := reviewers(t, s)
	reviewer.queued() // one, the real
	files := 0
	fatal(t, s.Store.View(ctx, func(tx *store.Tx) error {
		for _, secret := range secrets {
			token, err := tx.TokenByHash("recovery", store.Hash(secret))
			if err != nil {
				return err
			}
			list, err := tx.RecoveryFiles(token.Data["case"])
			if err != nil {
				return err
			}
			files += len(list)
		}
		return nil
	}))
	if files != 1 {
		t.Errorf("%d pieces of evidence are kept, want that of the real request", files)
	}
	pass(t, s, 60*time.Hour)
	for to, secret := range secrets {
		v, err := p.RecoveryStatus(ctx, secret)
		fatal(t, err)
		if want := map[bool]recovery.State{true: recovery.Open, false: recovery.Refused}[to == "c0@example.net"]; v.State != want {
			t.Errorf("%s sees %s, want %s", to, v.State, want)
		}
	}
}

// sixDigitsOrLink drops what differs in every mail.
func sixDigitsOrLink(body string) string {
	var out []string
	for _, word := range strings.Fields(body) {
		if strings.Contains(word, "token=") || strings.ContainsAny(word, "0123456789") {
			word = "#"
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}
