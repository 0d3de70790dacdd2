package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// A link that was used, replaced, withdrawn or left lying opens nothing.
func TestInvitationCannotBeReplayed(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	c.s.AddUser(t, "sakura@example.jp", password15)
	sakura := signedIn(t, c.s, "sakura@example.jp")
	first := c.invite("sakura@example.jp", "staff")
	wantErr(t, p.Invite(ctx, c.b, c.shop, "Sakura@Example.JP", "manager"), idp.ErrInvited)
	fatal(t, p.ResendInvitation(ctx, c.b, c.shop, c.view(c.story).Invitations[0].ID))
	second := c.mailed("sakura@example.jp")
	_, err := p.Invitation(ctx, sakura.b, first)
	wantErr(t, err, idp.ErrLink)
	_, err = p.AcceptInvitation(ctx, sakura.b, first)
	wantErr(t, err, idp.ErrLink)

	won := make(chan error, 8)
	for range cap(won) {
		tab := *sakura.b // each request has a browser of its own
		go func() { _, err := p.AcceptInvitation(ctx, &tab, second); won <- err }()
	}
	n := 0
	for range cap(won) {
		if <-won == nil {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the invitation was taken %d times", n)
	}
	fatal(t, p.LeaveShop(ctx, sakura.b, c.shop))
	_, err = p.AcceptInvitation(ctx, sakura.b, second)
	wantErr(t, err, idp.ErrLink)

	third := c.invite("sakura@example.jp", "staff")
	fatal(t, p.WithdrawInvitation(ctx, c.b, c.shop, c.view(c.story).Invitations[0].ID))
	_, err = p.Invitation(ctx, sakura.b, third)
	wantErr(t, err, idp.ErrLink)
	fourth := c.invite("sakura@example.jp", "staff")
	c.s.Clock.Advance(7 * 24 * time.Hour)
	_, err = p.Invitation(ctx, browser(), fourth)
	wantErr(t, err, idp.ErrLink)
}

// Whoever gets hold of somebody else's link gets nothing by it.
func TestInvitationCannotBeTakenByAnotherAddress(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	c.s.AddUser(t, "mallory@example.jp", password15)
	mallory := signedIn(t, c.s, "mallory@example.jp")
	secret := c.invite("sakura@example.jp", clients.RoleOwner)
	v, err := p.Invitation(ctx, mallory.b, secret)
	fatal(t, err)
	if v.Theirs || v.Email != "s•••@example.jp" {
		t.Errorf("a stranger sees %+v", v)
	}
	_, err = p.AcceptInvitation(ctx, mallory.b, secret)
	wantErr(t, err, idp.ErrInvitedOther)
	_, err = p.AcceptInvitation(ctx, browser(), secret)
	wantErr(t, err, idp.ErrSignedOut)
	c.s.AddUser(t, "sakura@example.jp", password15)
	c.join(signedIn(t, c.s, "sakura@example.jp"), secret) // it is hers still

	// An address that somebody proved to have is theirs, too (N-51).
	mallory.addAddress("books@example.jp")
	c.join(mallory, c.invite("books@example.jp", "staff"))
}

func TestInvitationTokensCannotBeGuessed(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	secret := c.invite("sakura@example.jp", "staff")
	if len(secret) < 50 {
		t.Errorf("a secret of %d characters", len(secret))
	}
	for _, guess := range []string{"", "x", secret[:len(secret)-1], wrong(secret), c.shop, c.view(c.story).Invitations[0].ID} {
		_, err := c.s.Provider.Invitation(t.Context(), browser(), guess)
		wantErr(t, err, idp.ErrLink)
		_, err = c.s.Provider.AcceptInvitation(t.Context(), c.b, guess)
		wantErr(t, err, idp.ErrLink)
	}
}

// Nobody climbs, and nobody lifts a friend: a role gives only what is below it.
func TestManagerCannotMakeThemselvesOwner(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	manager, u := c.member("manager@example.jp", "manager")
	_, peer := c.member("peer@example.jp", "manager")
	_, staff := c.member("staff@example.jp", "staff")
	for what, err := range map[string]error{
		"herself an owner":         p.SetMemberRole(ctx, manager.b, c.shop, u.ID, clients.RoleOwner),
		"staff her equal":          p.SetMemberRole(ctx, manager.b, c.shop, staff.ID, "manager"),
		"the owner staff":          p.SetMemberRole(ctx, manager.b, c.shop, c.owner.ID, "staff"),
		"her peer staff":           p.SetMemberRole(ctx, manager.b, c.shop, peer.ID, "staff"),
		"the owner go":             p.RemoveMember(ctx, manager.b, c.shop, c.owner.ID),
		"her peer go":              p.RemoveMember(ctx, manager.b, c.shop, peer.ID),
		"a friend owner":           p.Invite(ctx, manager.b, c.shop, "friend@example.jp", clients.RoleOwner),
		"a friend manager":         p.Invite(ctx, manager.b, c.shop, "friend@example.jp", "manager"),
		"the shop another name":    p.RenameShop(ctx, manager.b, c.shop, "Mine"),
		"the shop close":           p.CloseShop(ctx, manager.b, c.shop),
		"the shop demand too much": p.Demand(ctx, manager.b, c.shop, clients.RoleOwner, c.s.Clock.Now()),
	} {
		if err == nil {
			t.Errorf("a manager made %s", what)
			continue
		}
		wantErr(t, err, idp.ErrShopRight)
	}
	c.invite("boss@example.jp", clients.RoleOwner)
	id := c.view(c.story).Invitations[0].ID
	wantErr(t, p.ResendInvitation(ctx, manager.b, c.shop, id), idp.ErrShopRight)
	wantErr(t, p.WithdrawInvitation(ctx, manager.b, c.shop, id), idp.ErrShopRight)
	fatal(t, p.RemoveMember(ctx, manager.b, c.shop, staff.ID))
}

// T-02: a shop that exists and one that does not are the same to strangers.
func TestShopIDsTellNothing(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	c.s.AddUser(t, "mallory@example.jp", password15)
	mallory := signedIn(t, c.s, "mallory@example.jp")
	mine, err := p.CreateShop(ctx, mallory.b, "Mallory")
	fatal(t, err)
	c.invite("sakura@example.jp", "staff")
	invitation := c.view(c.story).Invitations[0].ID
	for _, id := range []string{c.shop, "no-such-shop", ""} {
		_, err := p.Shop(ctx, mallory.b, id)
		for _, err := range []error{
			err, p.Invite(ctx, mallory.b, id, "x@example.jp", "staff"), p.RenameShop(ctx, mallory.b, id, "Mine"), p.CloseShop(ctx, mallory.b, id),
			p.SetMemberRole(ctx, mallory.b, id, c.owner.ID, "staff"), p.RemoveMember(ctx, mallory.b, id, c.owner.ID), p.LeaveShop(ctx, mallory.b, id),
			p.Demand(ctx, mallory.b, id, "staff", c.s.Clock.Now()), p.WithdrawInvitation(ctx, mallory.b, id, invitation),
		} {
			wantErr(t, err, idp.ErrNotFound)
		}
	}
	// Nor does her own shop open what belongs to another.
	wantErr(t, p.WithdrawInvitation(ctx, mallory.b, mine, invitation), idp.ErrNotFound)
	wantErr(t, p.ResendInvitation(ctx, mallory.b, mine, invitation), idp.ErrNotFound)
	wantErr(t, p.RemoveMember(ctx, mallory.b, mine, c.owner.ID), idp.ErrNotFound)
}

// T-05: a shop is no machine for sending mail.
func TestInvitationsAreBounded(t *testing.T) {
	t.Parallel()
	c := withShop(t, idptest.Limits(func(l *idp.Limits) { l.Shops.InvitationsDay, l.Shops.Members = 3, 3 }))
	p, ctx := c.s.Provider, t.Context()
	c.invite("a@example.jp", "staff")
	c.invite("b@example.jp", "staff")
	wantErr(t, p.Invite(ctx, c.b, c.shop, "c@example.jp", "staff"), idp.ErrTooMany)
	id := c.view(c.story).Invitations[0].ID
	fatal(t, p.ResendInvitation(ctx, c.b, c.shop, id))
	wantSoon(t, p.ResendInvitation(ctx, c.b, c.shop, id))
	// Another shop of the same person has no budget of its own.
	mine, err := p.CreateShop(ctx, c.b, "Second")
	fatal(t, err)
	wantSoon(t, p.Invite(ctx, c.b, mine, "d@example.jp", "staff"))
}

func wantSoon(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*mfa.TooSoonError](err); !ok {
		t.Fatalf("got %v, want to wait", err)
	}
}

// T-64: "this wasn't me" in the mail about joining ends the membership.
func TestReportOfJoiningEndsTheMembership(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	sakura, _ := c.member("sakura@example.jp", "staff")
	m := mailIn(t, c.s, "sakura@example.jp", "メンバーになりました")
	fatal(t, c.s.Provider.Report(t.Context(), browser(), reportIn(t, m)))
	if v := c.view(c.story); len(v.Members) != 1 {
		t.Errorf("members %+v", v.Members)
	}
	_, err := c.s.Provider.Shop(t.Context(), sakura.b, c.shop)
	wantErr(t, err, idp.ErrSignedOut)
}
