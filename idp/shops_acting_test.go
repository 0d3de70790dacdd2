package idp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// desk asks for whom people act, and is told when what it was granted ends.
func desk() clients.Client {
	c := buyer()
	c.ID, c.Name, c.Scopes = "desk", "Desk", []string{"openid", "offline_access", clients.ScopeAccount}
	c.BackchannelLogoutURI = "http://localhost:1/logout"
	return c
}

func withDesk(t *testing.T, opts ...idptest.Option) crew {
	t.Helper()
	return withShop(t, append(opts, idptest.Clients(desk()))...)
}

// forDesk is what the desk asks.
func forDesk() idp.AuthorizeRequest {
	r := request("desk")
	r.Scopes = []string{"openid", "offline_access", clients.ScopeAccount}
	r.Request.Scopes = []string{"offline_access", clients.ScopeAccount}
	return r
}

// work signs in at the desk, where nothing is left to ask.
func (st story) work() idp.Issue {
	st.t.Helper()
	return st.redeem(st.ask(forDesk()), "desk")
}

func (st story) refresh(i idp.Issue) (idp.Issue, error) {
	st.t.Helper()
	c, _ := st.s.Provider.Config().Clients.Lookup("desk")
	return st.s.Provider.Refresh(st.t.Context(), st.b, c, idp.Renewal{Token: i.RefreshToken})
}

// logouts are how many logout tokens for a person wait to be posted.
func logouts(t *testing.T, s *idptest.Server, userID string) int {
	t.Helper()
	n := 0
	fatal(t, s.Store.View(t.Context(), func(tx *store.Tx) error {
		box, err := tx.Outbox(0)
		for _, o := range box {
			if o.Name == "logout" && o.UserID == userID {
				n++
			}
		}
		return err
	}))
	return n
}

// What a device is given at once says for whom it acts, as what it renews later does.
func TestDeviceActsForTheShopFromItsFirstToken(t *testing.T) {
	t.Parallel()
	tv := television("tv")
	tv.Scopes = []string{"openid", "offline_access", clients.ScopeAccount}
	c := withShop(t, idptest.Clients(tv))
	st, _ := c.member("mai@example.jp", "staff")
	wait, err := c.s.Provider.AskDevice(t.Context(), st.b, &tv, idp.DeviceAsk{Scopes: tv.Scopes})
	fatal(t, err)
	n := st.openDevice(wait.UserCode)
	want(t, n, signin.PageDevice)
	_, err = c.s.Provider.AnswerDevice(t.Context(), st.b, n.SignInID, true)
	fatal(t, err)
	first, err := st.poll(tv, wait.Code)
	fatal(t, err)
	later, err := c.s.Provider.Refresh(t.Context(), st.b, &tv, idp.Renewal{Token: first.RefreshToken})
	fatal(t, err)
	for when, issue := range map[string]idp.Issue{"at once": first, "later": later} {
		if issue.Acting != (idp.Acting{ShopID: c.shop, Role: "staff"}) {
			t.Errorf("%s: acts for %+v, want the shop", when, issue.Acting)
		}
	}
}

// T-14, S-091: whoever leaves or is removed has nothing left for the shop at
// once, and the relying party is told; what they have of their own stays.
func TestRefreshTokenOfARemovedMemberIsDead(t *testing.T) {
	t.Parallel()
	c := withDesk(t)
	p, ctx := c.s.Provider, t.Context()
	for name, leave := range map[string]func(st story, u idp.User) error{
		"removed":         func(_ story, u idp.User) error { return p.RemoveMember(ctx, c.b, c.shop, u.ID) },
		"left":            func(st story, _ idp.User) error { return p.LeaveShop(ctx, st.b, c.shop) },
		"another role":    func(_ story, u idp.User) error { return p.SetMemberRole(ctx, c.b, c.shop, u.ID, "manager") },
		"by the operator": func(_ story, u idp.User) error { return p.RemoveMemberAs(ctx, idptest.Operator(), c.shop, u.ID) },
	} {
		st, u := c.member("m"+name[:2]+"@example.jp", "staff")
		own := st.redeem(st.authorize("buyer"), "buyer")
		issue := st.work()
		if issue.Acting != (idp.Acting{ShopID: c.shop, Role: "staff"}) || issue.Grant.ShopID != c.shop {
			t.Fatalf("%s: acts for %+v", name, issue.Acting)
		}
		issue, err := st.refresh(issue)
		fatal(t, err)
		fatal(t, leave(st, u))
		_, err = st.refresh(issue)
		wantErr(t, err, idp.ErrInvalidGrant)
		_, err = p.Bearer(ctx, issue.Grant.ID, "jti")
		wantErr(t, err, idp.ErrRevoked)
		_, err = p.ActingBy(ctx, issue.Grant.ID)
		wantErr(t, err, idp.ErrRevoked)
		if n := logouts(t, c.s, u.ID); n != 1 {
			t.Errorf("%s: the relying party is told %d times", name, n)
		}
		if _, err := p.Bearer(ctx, own.Grant.ID, "jti"); err != nil {
			t.Errorf("%s: the person's own grant: %v", name, err)
		}
		again := st.work() // signed in still, as themselves
		want := idp.Acting{}
		if name == "another role" {
			want = idp.Acting{ShopID: c.shop, Role: "manager"}
		}
		if again.Acting != want || slices.Contains(again.Scopes, clients.ScopeAccount) != (want.ShopID != "") {
			t.Errorf("%s: acts for %+v with %v", name, again.Acting, again.Scopes)
		}
	}
}

// A code that was issued before the removal earns nothing after it.
func TestCodeOfARemovedMemberIsDead(t *testing.T) {
	t.Parallel()
	c := withDesk(t)
	st, u := c.member("sakura@example.jp", "staff")
	n := st.ask(forDesk())
	fatal(t, c.s.Provider.RemoveMember(t.Context(), c.b, c.shop, u.ID))
	client, _ := c.s.Provider.Config().Clients.Lookup("desk")
	_, err := c.s.Provider.RedeemCode(t.Context(), st.b, client, idp.Redemption{Code: n.Reply.Params.Get("code"), RedirectURI: back, Verifier: verifier})
	wantErr(t, err, idp.ErrInvalidGrant)
}

// Who has several shops chooses once for each client, and may choose anew.
func TestShopIsChosenWithinTheSignIn(t *testing.T) {
	t.Parallel()
	c := withDesk(t)
	p, ctx := c.s.Provider, t.Context()
	second, err := p.CreateShop(ctx, c.b, "Second")
	fatal(t, err)

	silent := forDesk()
	silent.None = true
	if e := c.ask(silent).Reply.Params.Get("error"); e != "account_selection_required" {
		t.Errorf("prompt=none says %q", e)
	}
	n := c.ask(forDesk())
	want(t, n, signin.PageShop)
	v, err := p.SignIn(ctx, c.b, n.SignInID)
	fatal(t, err)
	if len(v.Shops) != 2 {
		t.Errorf("to choose from: %+v", v.Shops)
	}
	_, err = p.ChooseShop(ctx, c.b, n.SignInID, "no-such-shop")
	wantErr(t, err, idp.ErrNotFound)
	n, err = p.ChooseShop(ctx, c.b, n.SignInID, second)
	fatal(t, err)
	first := c.redeem(n, "desk")
	if first.Acting != (idp.Acting{ShopID: second, Role: "owner"}) {
		t.Errorf("acts for %+v", first.Acting)
	}
	if got := c.redeem(c.ask(silent), "desk").Acting.ShopID; got != second {
		t.Errorf("the choice was forgotten: %q", got)
	}
	anew := forDesk()
	anew.Select = true
	n = c.ask(anew)
	want(t, n, signin.PageSelect)
	n, err = p.SelectAccount(ctx, c.b, n.SignInID, false)
	fatal(t, err)
	want(t, n, signin.PageShop)

	list, err := p.ShopChoices(ctx, c.b)
	fatal(t, err)
	if len(list) != 1 || list[0].Client.ID != "desk" || list[0].ShopID != second {
		t.Errorf("choices %+v", list)
	}
	wantErr(t, p.SwitchShop(ctx, c.b, "desk", "no-such-shop"), idp.ErrNotFound)
	fatal(t, p.SwitchShop(ctx, c.b, "desk", c.shop))
	_, err = c.refresh(first)
	wantErr(t, err, idp.ErrInvalidGrant)
	if n := logouts(t, c.s, c.owner.ID); n != 1 {
		t.Errorf("the relying party is told %d times", n)
	}
	if got := c.work().Acting.ShopID; got != c.shop {
		t.Errorf("switched to %q", got)
	}
	// A shop that was left is no choice any more.
	fatal(t, p.CloseShop(ctx, c.b, c.shop))
	if got := c.work().Acting.ShopID; got != second {
		t.Errorf("after the other was closed: %q", got)
	}
}

// A sign-in that was begun for one person does not act for the shop of another.
func TestShopChosenByOneIsNotActedForByAnother(t *testing.T) {
	t.Parallel()
	c := withDesk(t)
	p, ctx := c.s.Provider, t.Context()
	_, err := p.CreateShop(ctx, c.b, "Second")
	fatal(t, err)
	c.s.AddUser(t, "mallory@example.jp", password15)
	anew := forDesk()
	anew.Consent = true
	n := c.ask(anew)
	want(t, n, signin.PageShop)
	n, err = p.ChooseShop(ctx, c.b, n.SignInID, c.shop)
	fatal(t, err)
	want(t, n, signin.PageConsent)
	n, err = p.SelectAccount(ctx, c.b, n.SignInID, true)
	fatal(t, err)
	n = c.password(n, "mallory@example.jp")
	want(t, n, signin.PageConsent)
	n, err = p.SubmitConsent(ctx, c.b, n.SignInID, true)
	fatal(t, err)
	if got := c.redeem(n, "desk"); got.Acting != (idp.Acting{}) {
		t.Errorf("mallory acts for %+v", got.Acting)
	}
}

// The shop's demand holds where the person acts for it, from its date on, at
// refresh too, and nowhere else.
func TestDemandOfAShopHoldsInItsSignInsAlone(t *testing.T) {
	t.Parallel()
	c := withDesk(t)
	p, ctx := c.s.Provider, t.Context()
	st, _ := c.member("sakura@example.jp", "staff")
	issue := st.work()
	from := c.s.Clock.Now().Add(5 * time.Minute)
	fatal(t, p.Demand(ctx, c.b, c.shop, "staff", from))
	issue, err := st.refresh(issue)
	fatal(t, err)
	c.s.Clock.Advance(5 * time.Minute)
	_, err = st.refresh(issue)
	wantErr(t, err, idp.ErrInvalidGrant)
	n := st.ask(forDesk())
	want(t, n, signin.PageEnrol)
	if n.Step.Reason != signin.ReasonShopDate || n.Step.PutOff {
		t.Errorf("step %+v", n.Step)
	}
	_, err = p.PutOff(ctx, st.b, n.SignInID)
	wantErr(t, err, idp.ErrStep)
	st.redeem(st.authorize("buyer"), "buyer")
	if got := c.work().Acting.Role; got != "owner" { // another role
		t.Errorf("the owner acts as %q", got)
	}
}

// Switching two-step verification off ends what lives by a shop's demand for it.
func TestGrantsOfADemandingShopEndWithTwoStep(t *testing.T) {
	t.Parallel()
	c := withDesk(t)
	p, ctx := c.s.Provider, t.Context()
	fatal(t, p.Demand(ctx, c.b, c.shop, clients.RoleOwner, c.s.Clock.Now()))
	issue := c.work()
	fatal(t, p.ResetTwoStep(ctx, idptest.Operator(), c.owner.ID))
	_, err := p.Bearer(ctx, issue.Grant.ID, "jti")
	wantErr(t, err, idp.ErrRevoked)
	_, err = c.refresh(issue)
	wantErr(t, err, idp.ErrInvalidGrant)
}

// Who has no shop signs in as themselves, and the scope says so.
func TestScopeAccountIsNotGrantedWithoutAShop(t *testing.T) {
	t.Parallel()
	s, _ := withKenji(t, idptest.Clients(desk()))
	st := kenji(t, s, false)
	if got := st.work(); got.Acting != (idp.Acting{}) || slices.Contains(got.Scopes, clients.ScopeAccount) || slices.Contains(got.Grant.Scopes, clients.ScopeAccount) {
		t.Errorf("granted %v for %+v", got.Grant.Scopes, got.Acting)
	}
}
