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
