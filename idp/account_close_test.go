package idp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
)

const fortnight = 14 * 24 * time.Hour

// closing is somebody who asked to close their account, with a second address.
func closing(t *testing.T) (*idptest.Server, idp.User, story) {
	t.Helper()
	s, u := withKenji(t, idptest.Clients(library()))
	s.Clock.Advance(time.Hour)
	st := kenji(t, s, true)
	st.addAddress(second)
	st.connect()
	due, err := s.Provider.CloseAccount(t.Context(), st.b)
	fatal(t, err)
	if !due.Equal(s.Clock.Now().Add(fortnight)) {
		t.Errorf("due %v", due)
	}
	return s, u, st
}

// closing ends everything at once and erases nothing yet; signing in
// takes it back.
func TestClosingEndsEverythingAndSigningInTakesItBack(t *testing.T) {
	t.Parallel()
	s, u, st := closing(t)
	p, ctx := s.Provider, t.Context()
	if st.b.Session != "" {
		t.Error("the session is kept")
	}
	for _, to := range []string{"kenji@example.jp", second} {
		mailIn(t, s, to, "閉じる手続きを始めました")
	}
	s.Clock.Advance(11 * 24 * time.Hour)
	for range 2 {
		fatal(t, p.Close(ctx))
	}
	if n := mailsTo(t, s, second, "まもなく"); n != 1 {
		t.Errorf("%d reminders, want 1", n)
	}
	back := story{t, s, browser()}
	back.redeem(back.sms(back.password(back.authorize("buyer"), "kenji@example.jp"), mobile, false), "buyer")
	mailIn(t, s, "kenji@example.jp", "取り消しました")
	s.Clock.Advance(30 * 24 * time.Hour)
	fatal(t, p.Close(ctx))
	if _, err := p.FindUser(ctx, u.ID); err != nil {
		t.Errorf("the account is gone although its owner came back: %v", err)
	}
	if len(events(t, s, u.ID, "user.kept")) != 1 {
		t.Error("it was not noted once")
	}
}

// A stolen session cannot close an account, and a thief's closing is undone from the mail.
func TestThiefCannotCloseAnAccountForGood(t *testing.T) {
	t.Parallel()
	s, u, _ := closing(t)
	p, ctx := s.Provider, t.Context()
	fatal(t, p.Report(ctx, browser(), reportIn(t, mailIn(t, s, second, "閉じる手続きを始めました"))))
	s.Clock.Advance(30 * 24 * time.Hour)
	fatal(t, p.Close(ctx))
	if _, err := p.FindUser(ctx, u.ID); err != nil {
		t.Fatalf("the reported closing went on: %v", err)
	}

	other, _ := withKenji(t)
	st := kenji(t, other, true)
	other.Clock.Advance(11 * time.Minute)
	_, err := other.Provider.CloseAccount(ctx, st.b)
	wantErr(t, err, idp.ErrSudo)
	_, err = other.Provider.CloseView(ctx, st.b)
	wantErr(t, err, idp.ErrSudo)
}

// after the waiting time nothing names the person; their address is
// free, and whoever has it next is somebody else.
func TestErasedPersonLeavesNothingThatNamesThem(t *testing.T) {
	t.Parallel()
	s, u, _ := closing(t)
	p, ctx := s.Provider, t.Context()
	s.Clock.Advance(fortnight - time.Second)
	fatal(t, p.Close(ctx))
	if _, err := p.FindUser(ctx, u.ID); err != nil {
		t.Fatalf("erased before its time: %v", err)
	}
	s.Clock.Advance(time.Second)
	fatal(t, p.Close(ctx))
	_, err := p.FindUser(ctx, u.ID)
	wantErr(t, err, idp.ErrNotFound)
	for _, to := range []string{"kenji@example.jp", second} {
		if m := mailIn(t, s, to, "消去しました"); strings.Contains(m.Body, "/report") {
			t.Error("the last mail offers to report what is no more")
		}
	}
	list := events(t, s, u.ID, "")
	if len(list) < 5 || list[0].Name != "user.erased" {
		t.Errorf("the log has %d events, the last %s", len(list), list[0].Name)
	}
	for _, e := range list {
		if e.Actor.IP != "" || e.Actor.UserAgent != "" || e.Actor.Request != "" || (strings.HasPrefix(e.Name, "address.") && e.Details != nil) {
			t.Errorf("event %s still tells from where: %+v", e.Name, e)
		}
	}
	fatal(t, s.Store.View(ctx, func(tx *store.Tx) error {
		grants, err1 := tx.Grants(u.ID)
		box, err2 := tx.OutboxOf(u.ID)
		methods, err3 := tx.Factors(u.ID)
		more, err4 := tx.NoticeAddresses(u.ID)
		if len(grants)+len(box)+len(methods)+len(more) > 0 {
			t.Errorf("left: %d grants, %d messages, %d methods, %d addresses", len(grants), len(box), len(methods), len(more))
		}
		return errors.Join(err1, err2, err3, err4)
	}))

	b := browser()
	in := form
	in.Email = "kenji@example.jp"
	ref, err := p.SignUp(ctx, b, "", in)
	fatal(t, err)
	_, err = p.SignUpVerify(ctx, b, ref, s.MailCode(t, "kenji@example.jp"))
	fatal(t, err)
	if next, err := p.FindUser(ctx, "kenji@example.jp"); err != nil || next.ID == u.ID {
		t.Errorf("the new account has id %s, %v", next.ID, err)
	}
	fatal(t, p.Close(ctx))
}

// A suspended account is not erased while it is looked into.
func TestSuspendedAccountIsNotErased(t *testing.T) {
	t.Parallel()
	s, u, _ := closing(t)
	p, ctx := s.Provider, t.Context()
	fatal(t, p.SetUserDisabled(ctx, idptest.Operator(), u.ID, true))
	s.Clock.Advance(fortnight)
	fatal(t, p.Close(ctx))
	_, err := p.FindUser(ctx, u.ID)
	fatal(t, err)
	fatal(t, p.SetUserDisabled(ctx, idptest.Operator(), u.ID, false))
	fatal(t, p.Close(ctx))
	_, err = p.FindUser(ctx, u.ID)
	wantErr(t, err, idp.ErrNotFound)
}

// S-091, T-43: who is needed cannot vanish: the only owner of a shop, and staff.
func TestNeededAccountCannotBeClosed(t *testing.T) {
	t.Parallel()
	s, u := withKenji(t)
	p, ctx := s.Provider, t.Context()
	st := kenji(t, s, false)
	other := s.AddUser(t, "sakura@example.jp", password15)
	update := func(f func(tx *store.Tx) error) {
		t.Helper()
		fatal(t, s.Store.Update(ctx, idptest.Operator(), f))
	}
	update(func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertShop(store.Shop{ID: "shop", Name: "みなと書店"}),
			tx.InsertMember(store.Member{ShopID: "shop", UserID: u.ID, Role: clients.RoleOwner}),
			tx.InsertMember(store.Member{ShopID: "shop", UserID: other.ID, Role: "staff"}),
		)
	})
	v, err := p.CloseView(ctx, st.b)
	fatal(t, err)
	if len(v.Shops) != 1 || v.Shops[0] != "みなと書店" {
		t.Errorf("view %+v", v)
	}
	_, err = p.CloseAccount(ctx, st.b)
	wantErr(t, err, idp.ErrNeeded)
	wantErr(t, p.EraseUser(ctx, idptest.Operator(), u.ID), idp.ErrNeeded)
	update(func(tx *store.Tx) error {
		return tx.UpdateMember(store.Member{ShopID: "shop", UserID: other.ID, Role: clients.RoleOwner})
	})
	_, err = p.CloseAccount(ctx, st.b)
	fatal(t, err)
	update(func(tx *store.Tx) error { // the other leaves: now it is needed after all
		return tx.DeleteMember("shop", other.ID)
	})
	s.Clock.Advance(fortnight)
	fatal(t, p.Close(ctx))
	_, err = p.FindUser(ctx, u.ID)
	fatal(t, err)

	s.Clock.Advance(time.Minute)
	staff, admin := withKenji(t)
	fatal(t, staff.Provider.SetRole(ctx, idptest.Operator(), admin.ID, idp.Admin, true))
	duty := kenji(t, staff, false)
	v, err = staff.Provider.CloseView(ctx, duty.b)
	fatal(t, err)
	if len(v.Roles) != 1 {
		t.Errorf("view %+v", v)
	}
	_, err = staff.Provider.CloseAccount(ctx, duty.b)
	wantErr(t, err, idp.ErrNeeded)
}

// Whoever comes back at once is told like everybody else.
func TestClosingTakenBackAtOnce(t *testing.T) {
	t.Parallel()
	s, u, _ := closing(t)
	s.Clock.Advance(time.Minute)
	kenji(t, s, false)
	if len(events(t, s, u.ID, "user.kept")) != 1 {
		t.Error("signing in did not take it back")
	}
}
