package idp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// S-121: who changed a date, when, and what it was before.
func TestDatesHaveAHistory(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	p, ctx := s.Provider, t.Context()
	fatal(t, p.NoteDates(ctx, idp.Actor{Kind: "operator", ID: "systemd"}))
	fatal(t, p.NoteDates(ctx, idp.Actor{Kind: "operator", ID: "systemd"})) // the same start of another node
	list, err := p.DateHistory(ctx, "soon")
	fatal(t, err)
	if len(list) != 1 || !list[0].File || !list[0].Old.IsZero() || !list[0].New.Equal(soonClient().Rules.EnforceFrom) || list[0].Actor.ID != "systemd" {
		t.Errorf("history of a date in the file: %+v", list)
	}
	wantErr(t, p.SetEnforceFrom(ctx, idptest.Operator(), "soon", idptest.Start, "because"), idp.ErrFileClient)

	dated := buyer()
	dated.ID, dated.Rules.EnforceFrom = "dated", idptest.Start.Add(30*day)
	s.AddClient(t, dated)
	s.Clock.Advance(time.Hour)
	wantErr(t, p.SetEnforceFrom(ctx, idptest.Operator(), "dated", dated.Rules.EnforceFrom, "because"), idp.ErrState)
	wantErr(t, p.SetEnforceFrom(ctx, idptest.Operator(), "dated", idptest.Start, " no "), idp.ErrReason)
	wantErr(t, p.SetEnforceFrom(ctx, idptest.Operator(), "nobody", idptest.Start, "because"), idp.ErrNotFound)
	later := dated.Rules.EnforceFrom.Add(30 * day)
	fatal(t, p.SetEnforceFrom(ctx, idptest.Operator(), "dated", later, "not ready"))
	list, err = p.DateHistory(ctx, "dated")
	fatal(t, err)
	if len(list) != 2 || !list[0].Old.Equal(dated.Rules.EnforceFrom) || !list[0].New.Equal(later) || list[0].Reason != "not ready" || list[0].File ||
		!list[1].New.Equal(dated.Rules.EnforceFrom) || !list[0].At.Equal(s.Clock.Now()) {
		t.Errorf("history %+v", list)
	}
	if c, _ := p.Config().Clients.Lookup("dated"); !c.Rules.EnforceFrom.Equal(later) {
		t.Errorf("the date is %s", c.Rules.EnforceFrom)
	}
	_, err = p.DateHistory(ctx, "nobody")
	wantErr(t, err, idp.ErrNotFound)
}

func TestExtensionCannotBeRenewed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := s.AddUser(t, "hana@example.jp", password15)
	p, ctx := s.Provider, t.Context()
	extend := func(client string, d time.Duration, reason string) error {
		return p.Extend(ctx, idptest.Operator(), u.ID, idp.Extension{ClientID: client, Until: s.Clock.Now().Add(d), Reason: reason})
	}
	st := story{t, s, browser()}
	want(t, st.password(st.authorize("seller"), u.Email), signin.PageEnrol)
	wantErr(t, extend("seller", 2*day, "no"), idp.ErrReason)
	wantErr(t, extend("buyer", 2*day, "in hospital"), idp.ErrNoDate)
	wantErr(t, extend("nobody", 2*day, "in hospital"), idp.ErrNotFound)
	wantErr(t, extend("seller", 0, "in hospital"), idp.ErrUntil)
	wantErr(t, extend("seller", 14*day+time.Second, "in hospital"), idp.ErrUntil)
	fatal(t, extend("seller", 2*day, "in hospital"))
	wantErr(t, extend("seller", 3*day, "in hospital"), idp.ErrExtended)
	if m := s.Message(t, mfa.Mail, u.Email); !strings.Contains(m.Subject, "延長") || !strings.Contains(m.Body, "2026年11月24日") || strings.Contains(m.Body, "hospital") {
		t.Errorf("the person reads %q: %s", m.Subject, m.Body)
	}
	// It lets them in, with the notice, and only there.
	st.b = browser()
	n := st.password(st.authorize("seller"), u.Email)
	want(t, n, signin.PageNotice)
	n, err := p.PutOff(ctx, st.b, n.SignInID)
	fatal(t, err)
	first := st.redeem(n, "seller")
	want(t, st.authorize("vault"), signin.PageEnrol)
	seller, _ := p.Config().Clients.Lookup("seller")
	renewed, err := p.Refresh(ctx, st.b, seller, idp.Renewal{Token: first.RefreshToken})
	fatal(t, err)
	// When it is over, everything is as for everybody (S-120).
	s.Clock.Advance(2 * day)
	_, err = p.Refresh(ctx, st.b, seller, idp.Renewal{Token: renewed.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	last(t, s, "grant.rules_changed")
	wantErr(t, extend("seller", day, "in hospital still"), idp.ErrExtended)
	st.b = browser()
	want(t, st.password(st.authorize("seller"), u.Email), signin.PageEnrol)
}

// S-120: a refresh token of before the date is no way around it.
func TestRefreshTokenOfBeforeTheDateEndsOnTheDate(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	u := s.AddUser(t, "hana@example.jp", password15)
	st := story{t, s, browser()}
	n := st.password(st.authorize("soon"), u.Email)
	want(t, n, signin.PageNotice)
	n, err := s.Provider.PutOff(t.Context(), st.b, n.SignInID)
	fatal(t, err)
	token := st.redeem(n, "soon").RefreshToken
	c, _ := s.Provider.Config().Clients.Lookup("soon")
	s.Clock.Advance(10*day - time.Second)
	got, err := s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: token})
	fatal(t, err)
	s.Clock.Advance(time.Second)
	_, err = s.Provider.Refresh(t.Context(), st.b, c, idp.Renewal{Token: got.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// S-109, T-46: a date is midnight where the deployment is, to the second, not
// where the server or the person is.
func TestDateBeginsAtMidnightOfTheDeployment(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*3600)
	from, err := clients.ParseMoment("2026-11-23", tokyo)
	fatal(t, err)
	c := soonClient()
	c.Rules.EnforceFrom = from
	s := serve(t, idptest.Clients(c))
	u := s.AddUser(t, "hana@example.jp", password15)
	enter := func() idp.Next {
		st := story{t, s, browser()}
		return st.password(st.authorize("soon"), u.Email)
	}
	s.Clock.Advance(time.Date(2026, 11, 22, 23, 59, 59, 0, tokyo).Sub(s.Clock.Now()))
	want(t, enter(), signin.PageNotice)
	s.Clock.Advance(time.Second)
	want(t, enter(), signin.PageEnrol)
}

// ux 2.5: the notice is shown once a day until a week before, then every time.
func TestNoticeIsShownOnceADayThenAlways(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	u := s.AddUser(t, "hana@example.jp", password15)
	enter := func() idp.Next {
		st := story{t, s, browser()}
		n := st.password(st.authorize("soon"), u.Email)
		if n.Step.Page == signin.PageNotice {
			var err error
			_, err = s.Provider.PutOff(t.Context(), st.b, n.SignInID)
			fatal(t, err)
		}
		return n
	}
	want(t, enter(), signin.PageNotice)
	if n := enter(); n.Reply == nil {
		t.Errorf("an hour later the notice is shown again: %+v", n)
	}
	s.Clock.Advance(day)
	want(t, enter(), signin.PageNotice)
	s.Clock.Advance(2 * day)
	want(t, enter(), signin.PageNotice)
	want(t, enter(), signin.PageNotice)
}

// C-24: each mail once for each date, in the person's language, only to those
// who use the client and have two-step verification off.
func TestRemindersComeOnceAndOnlyToWhomTheDateConcerns(t *testing.T) {
	t.Parallel()
	s := serve(t, idptest.Clients(soonClient()))
	hana := s.AddUser(t, "hana@example.jp", password15)
	jane := add(t, s, "jane", idp.NewUser{Lang: "en"})
	ready := s.AddUserWith(t, "ready@example.jp", password15, mobile, base32Key)
	s.AddUser(t, "stranger@example.jp", password15)
	out := add(t, s, "out", idp.NewUser{})
	use(t, s, "soon", hana, jane, ready, out)
	fatal(t, s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), out.ID, true))
	told := func() map[string]int {
		t.Helper()
		fatal(t, s.Provider.Remind(t.Context()))
		fatal(t, s.Provider.Remind(t.Context())) // an hour later, or another node
		fatal(t, s.Provider.Deliver(t.Context()))
		n := map[string]int{}
		for _, m := range s.Inbox.Messages(mfa.Mail) {
			if strings.Contains(m.Subject, "2段階認証") || strings.Contains(m.Subject, "2-step") {
				n[m.To]++
			}
		}
		return n
	}
	for _, tc := range []struct {
		wait  time.Duration
		mails int
	}{
		{0, 1}, // 10 days are left: the mail of 14 days
		{2 * day, 1},
		{day, 2}, // 7
		{5 * day, 2},
		{day, 3}, // 1
		{day, 4}, // the day itself
		{10 * day, 4},
	} {
		s.Clock.Advance(tc.wait)
		if got := told(); len(got) != 2 || got["hana@example.jp"] != tc.mails || got["jane@example.jp"] != tc.mails {
			t.Errorf("at %s: mails %v, want %d to each of two", s.Clock.Now(), got, tc.mails)
		}
	}
	m := s.Message(t, mfa.Mail, "jane@example.jp")
	if m.Subject != "Soon now needs 2-step verification (Sekisho)" {
		t.Errorf("the last mail is %q", m.Subject)
	}
	if e := last(t, s, "date.reminded"); e.Details["days"] != "1" || e.ClientID != "soon" || e.Actor.Kind != "job" {
		t.Errorf("audited as %+v", e)
	}
}

func TestADateThatMovedIsToldAnew(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := soonClient()
	c.ID = "dated"
	s.AddClient(t, c)
	hana := s.AddUser(t, "hana@example.jp", password15)
	use(t, s, "dated", hana)
	fatal(t, s.Provider.Remind(t.Context()))
	first := s.Message(t, mfa.Mail, hana.Email)
	if !strings.Contains(first.Subject, "2026年12月2日") || !strings.Contains(first.Body, "あと10日") {
		t.Errorf("the mail says %q: %s", first.Subject, first.Body)
	}
	fatal(t, s.Provider.SetEnforceFrom(t.Context(), idptest.Operator(), "dated", c.Rules.EnforceFrom.Add(day), "not ready"))
	fatal(t, s.Provider.Remind(t.Context()))
	if m := s.Message(t, mfa.Mail, hana.Email); !strings.Contains(m.Subject, "2026年12月3日") {
		t.Errorf("the mail says %q", m.Subject)
	}
	// Who has more time is reminded of the end of it.
	s.Clock.Advance(12 * day)
	until := s.Clock.Now().Add(36 * time.Hour)
	fatal(t, s.Provider.Extend(t.Context(), idptest.Operator(), hana.ID, idp.Extension{ClientID: "dated", Until: until, Reason: "in hospital"}))
	s.Message(t, mfa.Mail, hana.Email)
	fatal(t, s.Provider.Remind(t.Context()))
	if m := s.Message(t, mfa.Mail, hana.Email); !strings.Contains(m.Subject, "2026年12月6日") {
		t.Errorf("the mail says %q", m.Subject)
	}
	s.Clock.Advance(36 * time.Hour)
	fatal(t, s.Provider.Remind(t.Context()))
	if m := s.Message(t, mfa.Mail, hana.Email); m.Subject != "Soonのご利用に2段階認証が必要になりました（Sekisho）" {
		t.Errorf("the mail says %q", m.Subject)
	}
	last(t, s, "date.reached")
}
