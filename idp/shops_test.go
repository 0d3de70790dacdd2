package idp_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/mfa"
)

// signedIn signs somebody in who has a password alone.
func signedIn(t *testing.T, s *idptest.Server, email string) story {
	t.Helper()
	st := story{t, s, browser()}
	st.redeem(st.password(st.authorize("buyer"), email), "buyer")
	return st
}

// crew are an owner with two-step verification and a shop of hers.
type crew struct {
	story
	owner idp.User
	shop  string
}

func withShop(t *testing.T, opts ...idptest.Option) crew {
	t.Helper()
	s, u := withKenji(t, opts...)
	c := crew{story: kenji(t, s, false), owner: u}
	id, err := s.Provider.CreateShop(t.Context(), c.b, "みなと  書店")
	fatal(t, err)
	c.shop = id
	return c
}

// joinToken is the secret of a link to an invitation.
var joinToken = regexp.MustCompile(`/shops/join\?(token=\S+)`)

// invite invites an address and answers with the mailed link's secret.
func (c crew) invite(email, role string) string {
	c.t.Helper()
	fatal(c.t, c.s.Provider.Invite(c.t.Context(), c.b, c.shop, email, role))
	return c.mailed(email)
}

// mailed is the secret in the newest unread mail to an address.
func (c crew) mailed(email string) string {
	c.t.Helper()
	m := joinToken.FindStringSubmatch(c.s.Message(c.t, mfa.Mail, email).Body)
	if m == nil {
		c.t.Fatalf("no link to join")
	}
	q, err := url.ParseQuery(m[1])
	fatal(c.t, err)
	return q.Get("token")
}

// join takes an invitation in a browser.
func (c crew) join(st story, secret string) {
	c.t.Helper()
	id, err := c.s.Provider.AcceptInvitation(c.t.Context(), st.b, secret)
	fatal(c.t, err)
	if id != c.shop {
		c.t.Fatalf("joined %q, want %q", id, c.shop)
	}
}

// member adds somebody with a password alone who joins by invitation.
func (c crew) member(email, role string) (story, idp.User) {
	c.t.Helper()
	u := c.s.AddUser(c.t, email, password15)
	st := signedIn(c.t, c.s, email)
	c.join(st, c.invite(email, role))
	return st, u
}

func (c crew) view(st story) idp.ShopView {
	c.t.Helper()
	v, err := c.s.Provider.Shop(c.t.Context(), st.b, c.shop)
	fatal(c.t, err)
	return v
}

// S-091: members join by their own sign-in, the owner sees who is ready, and a
// role counts at once.
func TestMembersJoinByTheirOwnSignIn(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	sakura, u := c.member("sakura@example.jp", "staff")
	v := c.view(c.story)
	if v.Shop.Name != "みなと 書店" || len(v.Members) != 2 || len(v.Invitations) != 0 || !v.LastOwner {
		t.Fatalf("the owner sees %+v", v)
	}
	for _, m := range v.Members {
		if m.Self == m.TwoStepAt.IsZero() { // kenji has it, sakura does not
			t.Errorf("two-step verification of %s since %v", m.Email, m.TwoStepAt)
		}
	}
	if v := c.view(sakura); v.Members != nil || v.Role.ID != "staff" {
		t.Errorf("staff see %+v", v)
	}
	if n := mailsTo(t, c.s, "kenji@example.jp", "sakura@example.jp"); n != 1 {
		t.Errorf("the owner got %d mails about the new member", n)
	}
	wantErr(t, p.Invite(ctx, c.b, c.shop, "sakura@example.jp", "staff"), idp.ErrMember)
	wantErr(t, p.Invite(ctx, c.b, c.shop, "nonsense", "staff"), idp.ErrEmail)
	wantErr(t, p.Invite(ctx, c.b, c.shop, "x@example.jp", "pirate"), idp.ErrShopRight)
	wantErr(t, p.Invite(ctx, sakura.b, c.shop, "x@example.jp", "staff"), idp.ErrShopRight)

	fatal(t, p.SetMemberRole(ctx, c.b, c.shop, u.ID, "manager"))
	if v := c.view(sakura); len(v.Members) != 2 {
		t.Errorf("a manager sees %+v", v)
	}
	mailIn(t, c.s, "sakura@example.jp", "役割が変わりました")
	fatal(t, p.RenameShop(ctx, c.b, c.shop, "Minato Books"))
	wantErr(t, p.RenameShop(ctx, sakura.b, c.shop, "Pirate Books"), idp.ErrShopRight)
	for _, bad := range []string{"", " ", "http://evil.example/", "www.evil.example", "pay@evil.example", strings.Repeat("あ", 61)} {
		wantErr(t, p.RenameShop(ctx, c.b, c.shop, bad), idp.ErrShopName)
	}
	if list, err := p.Shops(ctx, sakura.b); err != nil || len(list) != 1 || list[0].Shop.Name != "Minato Books" || list[0].Role.ID != "manager" {
		t.Errorf("%+v, %v", list, err)
	}
}

// The last owner stays, whichever way they try to go; any other member may go.
func TestLastOwnerCannotLeave(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	sakura, u := c.member("sakura@example.jp", clients.RoleOwner)
	fatal(t, p.LeaveShop(ctx, sakura.b, c.shop))
	_, err := p.Shop(ctx, sakura.b, c.shop)
	wantErr(t, err, idp.ErrNotFound)
	mailIn(t, c.s, "sakura@example.jp", "外れました")
	for _, err := range []error{
		p.LeaveShop(ctx, c.b, c.shop), p.RemoveMember(ctx, c.b, c.shop, c.owner.ID), p.SetMemberRole(ctx, c.b, c.shop, c.owner.ID, "staff"),
		p.RemoveMemberAs(ctx, idptest.Operator(), c.shop, c.owner.ID), p.SetMemberAs(ctx, idptest.Operator(), c.shop, c.owner.ID, "staff"),
	} {
		wantErr(t, err, idp.ErrLastOwner)
	}
	fatal(t, p.SetMemberAs(ctx, idptest.Operator(), c.shop, u.ID, clients.RoleOwner))
	fatal(t, p.SetMemberRole(ctx, c.b, c.shop, c.owner.ID, "staff"))
	wantErr(t, p.RenameShop(ctx, c.b, c.shop, "Mine"), idp.ErrShopRight)

	// Two owners who leave at the same moment: one of them stays.
	fatal(t, p.SetMemberAs(ctx, idptest.Operator(), c.shop, c.owner.ID, clients.RoleOwner))
	left := make(chan error, 2)
	for _, st := range []story{c.story, sakura} {
		go func() { left <- p.LeaveShop(ctx, st.b, c.shop) }()
	}
	if a, b := <-left, <-left; errors.Is(a, idp.ErrLastOwner) == errors.Is(b, idp.ErrLastOwner) {
		t.Errorf("two owners left with %v and %v", a, b)
	}
}

// An owner demands two-step verification of a role: told at once, and from the
// date on the shop is shut for those without it.
func TestDemandOfARoleShutsTheShopFromItsDate(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	sakura, _ := c.member("sakura@example.jp", "manager")
	from := c.s.Clock.Now().Add(5 * time.Minute)
	wantErr(t, p.Demand(ctx, sakura.b, c.shop, "manager", from), idp.ErrShopRight)
	wantErr(t, p.Demand(ctx, c.b, c.shop, "pirate", from), idp.ErrNotFound)
	fatal(t, p.Demand(ctx, c.b, c.shop, "manager", from))
	mailIn(t, c.s, "sakura@example.jp", "2段階認証が必要")
	if v := c.view(sakura); v.Demanded || !v.From.Equal(from) {
		t.Errorf("before the date: %+v", v)
	}
	c.s.Clock.Advance(5 * time.Minute)
	if v := c.view(sakura); !v.Demanded || v.Members != nil {
		t.Errorf("from the date on: %+v", v)
	}
	wantErr(t, p.Invite(ctx, sakura.b, c.shop, "x@example.jp", "staff"), idp.ErrShopTwoStep)
	fatal(t, p.Demand(ctx, c.b, c.shop, "manager", time.Time{}))
	if v := c.view(sakura); v.Demanded {
		t.Error("the demand was taken back and holds still")
	}
	fatal(t, p.LeaveShop(ctx, sakura.b, c.shop))
}

// An owner without two-step verification cannot shut themselves out.
func TestOwnerWithoutTwoStepCannotDemandItOfThemselvesAtOnce(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	sakura, _ := c.member("sakura@example.jp", clients.RoleOwner)
	wantErr(t, p.Demand(ctx, sakura.b, c.shop, clients.RoleOwner, c.s.Clock.Now()), idp.ErrShopTwoStep)
	fatal(t, p.Demand(ctx, sakura.b, c.shop, clients.RoleOwner, c.s.Clock.Now().Add(time.Hour)))
}

func TestClosedShopIsGone(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	sakura, _ := c.member("sakura@example.jp", "staff")
	open := c.invite("mika@example.jp", "staff")
	wantErr(t, p.CloseShop(ctx, sakura.b, c.shop), idp.ErrShopRight)
	fatal(t, p.CloseShop(ctx, c.b, c.shop))
	mailIn(t, c.s, "sakura@example.jp", "閉鎖")
	_, err := p.Shop(ctx, c.b, c.shop)
	wantErr(t, err, idp.ErrNotFound)
	wantErr(t, p.LeaveShop(ctx, sakura.b, c.shop), idp.ErrNotFound)
	_, err = p.Invitation(ctx, browser(), open)
	wantErr(t, err, idp.ErrLink)
	if list, err := p.Shops(ctx, c.b); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// who is in a shop changes after a fresh proof only.
func TestShopChangesNeedFreshProofs(t *testing.T) {
	t.Parallel()
	c := withShop(t)
	p, ctx := c.s.Provider, t.Context()
	_, u := c.member("sakura@example.jp", "staff")
	c.s.Clock.Advance(11 * time.Minute)
	for _, err := range []error{
		p.Invite(ctx, c.b, c.shop, "x@example.jp", "staff"), p.SetMemberRole(ctx, c.b, c.shop, u.ID, "manager"),
		p.RemoveMember(ctx, c.b, c.shop, u.ID), p.Demand(ctx, c.b, c.shop, "staff", c.s.Clock.Now()), p.CloseShop(ctx, c.b, c.shop),
	} {
		wantErr(t, err, idp.ErrSudo)
	}
}

// Where operators make shops, nobody else does; a person has so many and no more.
func TestShopsAreMadeWithinTheConfiguration(t *testing.T) {
	t.Parallel()
	closed := clients.DefaultShops()
	closed.SelfService = false
	s, u := withKenji(t, idptest.Shops(closed), idptest.Limits(func(l *idp.Limits) { l.Shops.ShopsPerPerson = 1 }))
	st := kenji(t, s, false)
	_, err := s.Provider.CreateShop(t.Context(), st.b, "Mine")
	wantErr(t, err, idp.ErrShopRight)
	_, err = s.Provider.AddShop(t.Context(), idptest.Operator(), "First", u.ID)
	fatal(t, err)
	_, err = s.Provider.AddShop(t.Context(), idptest.Operator(), "Second", u.ID)
	wantErr(t, err, idp.ErrTooMany)
}
