package idp_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

var reportURL = regexp.MustCompile(`http\S+/report\?token=\S+`)

// reportIn is the token of a mail's link.
func reportIn(t *testing.T, m mfa.Message) string {
	t.Helper()
	u, err := url.Parse(reportURL.FindString(m.Body))
	fatal(t, err)
	if u.Query().Get("token") == "" {
		t.Fatalf("mail %q has no link to report it:\n%s", m.Subject, m.Body)
	}
	return u.Query().Get("token")
}

// mailsTo delivers what is queued and counts the mails to an address whose subject has a word.
func mailsTo(t *testing.T, s *idptest.Server, to, word string) int {
	t.Helper()
	fatal(t, s.Provider.Deliver(t.Context()))
	n := 0
	for _, m := range s.Inbox.Messages(mfa.Mail) {
		if m.To == to && strings.Contains(m.Subject, word) {
			n++
		}
	}
	return n
}

// events are the names of a person's events, newest first.
func events(t *testing.T, s *idptest.Server, userID, name string) []idp.Event {
	t.Helper()
	list, err := s.Provider.Events(t.Context(), store.EventFilter{UserID: userID, Name: name})
	fatal(t, err)
	return list
}

// T-64: the link ends everything, stops the password and gives nothing; it
// works once, and not for ever.
func TestReportTakesEveryAccessAwayAndGivesNone(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	s.Clock.Advance(time.Hour)
	thief := kenji(t, s, true)
	issue := thief.redeem(thief.authorize("buyer"), "buyer")
	parked := story{t, s, browser()}
	n := parked.password(parked.authorize("vault"), "kenji@example.jp")
	want(t, n, signin.PageCode)
	reset := resetToken(t, s, "kenji@example.jp")
	token := ""
	for _, m := range s.Inbox.Messages(mfa.Mail) {
		if strings.Contains(m.Subject, "新しい端末") {
			token = reportIn(t, m.Message)
		}
	}

	reader := browser()
	v, err := p.Reportable(ctx, token, "en")
	fatal(t, err)
	if !strings.Contains(v.Subject, "New sign-in on") || !v.At.Equal(idptest.Start.Add(time.Hour)) {
		t.Errorf("the page shows %+v", v)
	}
	if _, err := p.Account(ctx, thief.b); err != nil {
		t.Fatalf("looking at the page ended the session: %v", err)
	}
	s.Clock.Advance(time.Second)
	fatal(t, p.Report(ctx, reader, token))
	if reader.Session != "" {
		t.Error("the reporter was signed in")
	}
	_, err = p.Account(ctx, thief.b)
	wantErr(t, err, idp.ErrSignedOut)
	_, err = p.Refresh(ctx, thief.b, client(t, s, "buyer"), idp.Renewal{Token: issue.RefreshToken})
	wantErr(t, err, idp.ErrInvalidGrant)
	_, err = p.SubmitCode(ctx, parked.b, n.SignInID, s.Code(t, mobile), false)
	if err == nil {
		t.Error("a sign-in of before the report goes on")
	}
	wantErr(t, p.ResetCheck(ctx, reader, reset), idp.ErrLink)
	again := story{t, s, browser()}
	_, err = p.SubmitPassword(ctx, again.b, again.authorize("buyer").SignInID, "kenji@example.jp", password15)
	wantErr(t, err, idp.ErrBadCredentials)
	if got, err := p.FindUser(ctx, u.ID); err != nil || got.TwoStepAt.IsZero() {
		t.Errorf("two-step verification went off: %v", err)
	}
	if len(events(t, s, u.ID, "risk.reported")) != 1 || mailsTo(t, s, "kenji@example.jp", "ご報告") != 1 {
		t.Error("the report was not noted, or not confirmed by mail")
	}

	wantErr(t, p.Report(ctx, reader, token), idp.ErrLink)
	_, err = p.Reportable(ctx, token, "en")
	wantErr(t, err, idp.ErrLink)
	wantErr(t, p.Report(ctx, reader, "guessed"), idp.ErrLink)
	wantErr(t, p.Report(ctx, reader, reset), idp.ErrLink) // a link of another kind

	// The owner comes back by mail and code.
	s.Clock.Advance(time.Minute)
	fresh := resetToken(t, s, "kenji@example.jp")
	wantErr(t, p.ResetPassword(ctx, reader, fresh, "another long phrase", true), idp.ErrCodeNeeded)
	fatal(t, p.ResetCode(ctx, reader, fresh, s.Code(t, mobile)))
	st := story{t, s, browser()}
	n, err = p.SubmitPassword(ctx, st.b, st.authorize("buyer").SignInID, "kenji@example.jp", "another long phrase")
	fatal(t, err)
	want(t, n, signin.PageCode)
}

func TestReportLinkEndsAfterItsTime(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t)
	s.Clock.Advance(time.Hour)
	st := kenji(t, s, false)
	token := reportIn(t, s.Message(t, mfa.Mail, "kenji@example.jp"))
	s.Clock.Advance(7*24*time.Hour - time.Second)
	_, err := s.Provider.Reportable(t.Context(), token, "")
	fatal(t, err)
	s.Clock.Advance(time.Second)
	wantErr(t, s.Provider.Report(t.Context(), st.b, token), idp.ErrLink)
}

// N-50: the mailbox alone must not end two-step verification, not even by
// saying that somebody else set it up.
func TestReportLeavesTheSecondStepOn(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	st := kenji(t, s, false)
	p, ctx := s.Provider, t.Context()
	fatal(t, p.SendTwoStepCode(ctx, st.b, mfa.ForDisable, "", ""))
	fatal(t, p.Disable(ctx, st.b, s.Code(t, mobile), false))
	off := reportIn(t, s.Message(t, mfa.Mail, "kenji@example.jp"))
	fatal(t, p.Report(ctx, browser(), off))
	if got, err := p.FindUser(ctx, u.ID); err != nil || got.TwoStepAt.IsZero() {
		t.Errorf("two-step verification that somebody switched off stays off: %v", err)
	}
}

// A number that somebody else proved stops where no pair would be left without it.
func TestReportStopsTheMethodThatWasAdded(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u, err := s.Provider.AddUser(t.Context(), idptest.Operator(), idp.NewUser{
		Email: "kenji@example.jp", Name: "鈴木 健司", Password: password15, EmailVerified: true, TwoStep: true,
		Methods: []idp.NewMethod{
			{Channel: mfa.App, Role: mfa.Primary, Secret: base32Key, Verified: true},
			{Channel: mfa.SMS, Role: mfa.Backup, Number: mobile},
		},
	})
	fatal(t, err)
	p, ctx := s.Provider, t.Context()
	st := story{t, s, browser()}
	n := st.password(st.authorize("buyer"), "kenji@example.jp")
	methods, err := p.UserMethods(ctx, u.ID)
	fatal(t, err)
	n, err = p.SendCode(ctx, st.b, n.SignInID, methods[1].ID, "")
	fatal(t, err)
	st.sms(n, mobile, false)
	var added mfa.Message
	fatal(t, p.Deliver(ctx))
	for _, m := range s.Inbox.Messages(mfa.Mail) {
		if strings.Contains(m.Subject, "電話番号が確認されました") {
			added = m.Message
		}
	}
	fatal(t, p.Report(ctx, browser(), reportIn(t, added)))
	methods, err = p.UserMethods(ctx, u.ID)
	fatal(t, err)
	for _, m := range methods {
		if m.Usable() != (m.Channel == mfa.App) {
			t.Errorf("%s is usable: %v", m.Channel, m.Usable())
		}
	}
}

// N-51: every address is told, and not one of them twice.
func TestEveryAddressIsToldOfWhatHappens(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	fatal(t, s.Store.Update(t.Context(), idptest.Operator(), func(tx *store.Tx) error {
		for id, email := range map[string]string{"a": "home@example.jp", "b": "kenji@example.jp"} {
			if err := tx.InsertNoticeAddress(store.NoticeAddress{ID: id, UserID: u.ID, Email: email}); err != nil {
				return err
			}
		}
		return nil
	}))
	s.Clock.Advance(time.Hour)
	kenji(t, s, false)
	for _, to := range []string{"kenji@example.jp", "home@example.jp"} {
		if n := mailsTo(t, s, to, "新しい端末"); n != 1 {
			t.Errorf("%d mails to %s, want 1", n, to)
		}
	}
	resetToken(t, s, "kenji@example.jp")
	if n := mailsTo(t, s, "home@example.jp", "パスワードの再設定"); n != 0 {
		t.Error("a link that resets the password went to an address for notices")
	}
}
