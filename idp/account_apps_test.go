package idp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
)

// library is a third party.
func library() clients.Client {
	c := buyer()
	c.ID, c.Name, c.Names, c.Rules.FirstParty = "library", "Library", map[string]string{"ja": "図書館"}, false
	return c
}

// ofLibrary is what the third party asks for.
func ofLibrary() idp.AuthorizeRequest {
	r := request("library")
	r.Scopes = []string{"openid", "profile", "offline_access"}
	r.Request.Scopes = []string{"profile", "offline_access"}
	return r
}

// connect signs in to the third party and allows what it asks for.
func (st story) connect() idp.Issue {
	st.t.Helper()
	r := ofLibrary()
	n, err := st.s.Provider.SubmitConsent(st.t.Context(), st.b, st.ask(r).SignInID, true)
	fatal(st.t, err)
	return st.redeem(n, "library")
}

// what was allowed is listed and taken back with every
// token, and the next sign-in asks anew. Others keep theirs.
func TestDisconnectedAppHasNothingLeft(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t, idptest.Clients(library()))
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	keeps := st.redeem(st.authorize("buyer"), "buyer")
	issue := st.connect()
	mailIn(t, s, "kenji@example.jp", "図書館")
	s.Clock.Advance(time.Minute)
	fresh, err := p.Refresh(ctx, st.b, client(t, s, "library"), idp.Renewal{Token: issue.RefreshToken})
	fatal(t, err)

	apps, err := p.Apps(ctx, st.b)
	fatal(t, err)
	if len(apps) != 2 || apps[0].Client.ID != "library" || !slices.Equal(apps[0].Scopes, []string{"offline_access", "profile"}) {
		t.Fatalf("apps %+v", apps)
	}
	if !apps[0].Since.Equal(idptest.Start) || !apps[0].Used.Equal(idptest.Start.Add(time.Minute)) {
		t.Errorf("since %v, used %v", apps[0].Since, apps[0].Used)
	}
	wantErr(t, p.DisconnectApp(ctx, st.b, "nobody"), idp.ErrNotFound)
	fatal(t, p.DisconnectApp(ctx, st.b, "library"))
	wantErr(t, p.DisconnectApp(ctx, st.b, "library"), idp.ErrNotFound)
	_, err = p.Refresh(ctx, st.b, client(t, s, "library"), idp.Renewal{Token: fresh.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	_, err = p.Bearer(ctx, issue.Grant.ID, "jti")
	wantErr(t, err, idp.ErrRevoked)
	want(t, st.ask(ofLibrary()), signin.PageConsent)
	_, err = p.Refresh(ctx, st.b, client(t, s, "buyer"), idp.Renewal{Token: keeps.RefreshToken})
	fatal(t, err)
	if len(events(t, s, u.ID, "app.disconnected")) != 1 {
		t.Error("it was not noted once")
	}
}

// T-62, T-64: who did not connect it, disconnects it from the mail.
func TestReportDisconnectsTheApp(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t, idptest.Clients(library()))
	st := kenji(t, s, false)
	st.connect()
	fatal(t, s.Provider.Report(t.Context(), browser(), reportIn(t, mailIn(t, s, "kenji@example.jp", "図書館"))))
	s.Clock.Advance(time.Minute)
	token := resetToken(t, s, "kenji@example.jp")
	wantErr(t, s.Provider.ResetPassword(t.Context(), browser(), token, password15, true), idp.ErrCodeNeeded)
	fatal(t, s.Provider.ResetCode(t.Context(), browser(), token, s.Code(t, mobile)))
	s.Clock.Advance(time.Minute)
	back := kenji(t, s, false)
	apps, err := s.Provider.Apps(t.Context(), back.b)
	fatal(t, err)
	if slices.ContainsFunc(apps, func(a idp.App) bool { return a.Client.ID == "library" }) {
		t.Errorf("the app is connected: %+v", apps)
	}
}

// An app that is registered no longer can still be disconnected.
func TestUnregisteredAppCanBeDisconnected(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	c := library()
	s.AddClient(t, c)
	st := kenji(t, s, false)
	st.connect()
	fatal(t, s.Provider.SetClientDisabled(t.Context(), idptest.Operator(), "library", true))
	s.Provider.Config().Clients.SetStored(nil)
	apps, err := s.Provider.Apps(t.Context(), st.b)
	fatal(t, err)
	i := slices.IndexFunc(apps, func(a idp.App) bool { return a.Client.ID == "library" })
	if i < 0 || apps[i].Client.Name != "library" {
		t.Fatalf("apps %+v", apps)
	}
	fatal(t, s.Provider.DisconnectApp(t.Context(), st.b, "library"))
}

// ux 6.11: a history goes back as far as it says, page by page, without a gap.
func TestHistoryIsReadPageByPage(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	ctx, p := t.Context(), s.Provider
	kenji(t, s, false)
	s.Clock.Advance(91 * 24 * time.Hour)
	for range 5 { // several in the same second
		st := story{t, s, stranger()}
		_, err := p.SubmitPassword(ctx, st.b, st.authorize("buyer").SignInID, "kenji@example.jp", "a wrong password")
		if err == nil {
			t.Fatal("a wrong password was taken")
		}
		s.Clock.Advance(20 * time.Second)
	}
	st := kenji(t, s, false)
	var seen []string
	older := ""
	for {
		page, err := p.History(ctx, st.b, []string{"signin.password.wrong", "signin.done"}, older, 2)
		fatal(t, err)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.UserID != u.ID || slices.Contains(seen, e.ID) {
				t.Errorf("event %+v is somebody else's, or came twice", e)
			}
			seen = append(seen, e.ID)
		}
		older = page[len(page)-1].ID
	}
	if len(seen) != 6 {
		t.Errorf("%d events, want the five failures and the sign-in after them, none from before", len(seen))
	}
}
