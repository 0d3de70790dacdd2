package idp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/idptest"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// tooled are shops whose tools may see orders and stock at one API, and whose
// techs have to do with tools and nothing else.
func tooled() idptest.Option {
	s := clients.DefaultShops()
	s.Roles = append(s.Roles, clients.ShopRole{ID: "tech", May: []clients.Right{clients.RightTools}})
	s.Tools = clients.ShopTools{Scopes: []clients.ToolScope{{Scope: "orders"}, {Scope: "stock"}}, Resources: []string{"https://api.example"}}
	return idptest.Shops(s)
}

func newTool() idp.NewTool {
	return idp.NewTool{Name: "Stock tool", Scopes: []string{"orders"}, Resources: []string{"https://api.example"}}
}

func (c crew) tool() idp.Secret {
	c.t.Helper()
	s, err := c.s.Provider.CreateTool(c.t.Context(), c.b, c.shop, newTool())
	fatal(c.t, err)
	return s
}

// client is a tool as the token endpoint meets it.
func (c crew) client(id string) *clients.Client {
	c.t.Helper()
	found, ok := c.s.Provider.Config().Clients.Lookup(id)
	if !ok {
		c.t.Fatalf("no client %s", id)
	}
	return found
}

// C-52: a credential has two secrets at most, each shown once, and is good for
// what was chosen and nothing else.
func TestToolHasTwoSecretsAndWhatWasChosen(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	first := c.tool()
	client := c.client(first.ToolID)
	if !client.VerifySecret(first.Secret) || client.Tool.ShopID != c.shop || !client.Allows(clients.GrantClientCredentials) || client.Allows(clients.GrantCode) ||
		len(client.Scopes) != 1 || client.Scopes[0] != "orders" || client.Standing(c.s.Clock.Now()) != nil {
		t.Fatalf("tool %+v %+v", client, client.Tool)
	}
	if got := p.ShownSecret(ctx, c.b, first.ToolID, first.Sealed); got != first.Secret {
		t.Errorf("shown %q", got)
	}
	if got := p.ShownSecret(ctx, kenji(t, c.s, false).b, first.ToolID, first.Sealed); got != "" {
		t.Error("another session is shown the secret")
	}
	wantErr(t, p.DropOldSecret(ctx, c.b, c.shop, first.ToolID), idp.ErrState)
	second, err := p.RotateTool(ctx, c.b, c.shop, first.ToolID)
	fatal(t, err)
	client = c.client(first.ToolID)
	if !client.VerifySecret(first.Secret) || !client.VerifySecret(second.Secret) {
		t.Error("both secrets should work while a tool changes over")
	}
	third, err := p.RotateTool(ctx, c.b, c.shop, first.ToolID)
	fatal(t, err)
	client = c.client(first.ToolID)
	if client.VerifySecret(first.Secret) || !client.VerifySecret(second.Secret) || !client.VerifySecret(third.Secret) {
		t.Error("the oldest of three should be gone")
	}
	fatal(t, p.DropOldSecret(ctx, c.b, c.shop, first.ToolID))
	if client = c.client(first.ToolID); client.VerifySecret(second.Secret) || !client.VerifySecret(third.Secret) {
		t.Error("the older secret should be gone")
	}
	mailIn(t, c.s, "kenji@example.jp", "接続情報を作成")
	fatal(t, p.RevokeTool(ctx, c.b, c.shop, first.ToolID))
	if _, ok := p.Config().Clients.Lookup(first.ToolID); ok {
		t.Error("the revoked tool is served")
	}
	_, err = p.RotateTool(ctx, c.b, c.shop, first.ToolID)
	wantErr(t, err, idp.ErrNotFound)
}

func TestToolStaysWithinTheConfiguration(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled(), idptest.Limits(func(l *idp.Limits) { l.Shops.Tools = 1 }))
	p, ctx := c.s.Provider, t.Context()
	for what, change := range map[string]struct {
		do   func(*idp.NewTool)
		want error
	}{
		"no name":         {func(n *idp.NewTool) { n.Name = " " }, idp.ErrName},
		"no scope":        {func(n *idp.NewTool) { n.Scopes = nil }, idp.ErrInvalidScope},
		"another scope":   {func(n *idp.NewTool) { n.Scopes = []string{"payout"} }, idp.ErrInvalidScope},
		"a person's":      {func(n *idp.NewTool) { n.Scopes = []string{"openid"} }, idp.ErrInvalidScope},
		"a scope twice":   {func(n *idp.NewTool) { n.Scopes = []string{"orders", "orders"} }, idp.ErrInvalidScope},
		"no resource":     {func(n *idp.NewTool) { n.Resources = nil }, idp.ErrInvalidTarget},
		"another's":       {func(n *idp.NewTool) { n.Resources = []string{"https://pay.example"} }, idp.ErrInvalidTarget},
		"less than a day": {func(n *idp.NewTool) { n.Days = -1 }, idp.ErrInvalidScope},
	} {
		in := newTool()
		change.do(&in)
		if _, err := p.CreateTool(ctx, c.b, c.shop, in); !errors.Is(err, change.want) {
			t.Errorf("%s: got %v, want %v", what, err, change.want)
		}
	}
	c.tool()
	_, err := p.CreateTool(ctx, c.b, c.shop, newTool())
	wantErr(t, err, idp.ErrTooMany)
}

// Who may have to do with tools: the owner and roles with the right, with
// two-step verification and fresh proofs, each in their own shop.
func TestToolsAreForThoseWithTheRight(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	made := c.tool()
	manager, _ := c.member("manager@example.jp", "manager")
	tech, _ := c.member("tech@example.jp", "tech")
	_, err := p.Tools(ctx, manager.b, c.shop)
	wantErr(t, err, idp.ErrShopRight)
	_, err = p.CreateTool(ctx, manager.b, c.shop, newTool())
	wantErr(t, err, idp.ErrShopRight)
	wantErr(t, p.RevokeTool(ctx, manager.b, c.shop, made.ToolID), idp.ErrShopRight)
	v, err := p.Tools(ctx, tech.b, c.shop)
	fatal(t, err)
	if len(v.Tools) != 1 || v.Tools[0].Name != "Stock tool" || v.Shop.Members != nil {
		t.Errorf("a tech sees %+v", v)
	}
	_, err = p.CreateTool(ctx, tech.b, c.shop, newTool())
	wantErr(t, err, idp.ErrShopTwoStep)
	_, err = p.RotateTool(ctx, tech.b, c.shop, made.ToolID)
	wantErr(t, err, idp.ErrShopTwoStep)
	c.s.Clock.Advance(11 * time.Minute)
	_, err = p.CreateTool(ctx, c.b, c.shop, newTool())
	wantErr(t, err, idp.ErrSudo)
	_, err = p.RotateTool(ctx, c.b, c.shop, made.ToolID)
	wantErr(t, err, idp.ErrSudo)
	wantErr(t, p.RevokeTool(ctx, c.b, c.shop, made.ToolID), idp.ErrSudo)
}

// An owner of one shop has nothing to do with the tools of another.
func TestToolOfAnotherShopIsNotFound(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	made := c.tool()
	other, err := p.CreateShop(ctx, c.b, "Other")
	fatal(t, err)
	_, err = p.RotateTool(ctx, c.b, other, made.ToolID)
	wantErr(t, err, idp.ErrNotFound)
	wantErr(t, p.DropOldSecret(ctx, c.b, other, made.ToolID), idp.ErrNotFound)
	wantErr(t, p.RevokeTool(ctx, c.b, other, made.ToolID), idp.ErrNotFound)
	if v, err := p.Tools(ctx, c.b, other); err != nil || len(v.Tools) != 0 {
		t.Errorf("%+v, %v", v.Tools, err)
	}
	c.s.AddUser(t, "mallory@example.jp", password15)
	mallory := signedIn(t, c.s, "mallory@example.jp")
	_, err = p.Tools(ctx, mallory.b, c.shop)
	wantErr(t, err, idp.ErrNotFound)
	wantErr(t, p.RevokeTool(ctx, mallory.b, c.shop, made.ToolID), idp.ErrNotFound)
}

// Tools fall when the owners' assurance falls, whichever way, and go on once it
// is back.
func TestToolsStandStillWithoutAGuardedOwner(t *testing.T) {
	t.Parallel()
	falls := map[string]func(t *testing.T, c crew) error{
		"two-step verification reset": func(t *testing.T, c crew) error {
			return c.s.Provider.ResetTwoStep(t.Context(), idptest.Operator(), c.owner.ID)
		},
		"suspended": func(t *testing.T, c crew) error {
			return c.s.Provider.SetUserDisabled(t.Context(), idptest.Operator(), c.owner.ID, true)
		},
		"another role": func(t *testing.T, c crew) error {
			return c.s.Provider.SetMemberAs(t.Context(), idptest.Operator(), c.shop, c.owner.ID, "staff")
		},
		"removed": func(t *testing.T, c crew) error {
			return c.s.Provider.RemoveMemberAs(t.Context(), idptest.Operator(), c.shop, c.owner.ID)
		},
	}
	for what, fall := range falls {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			c := withShop(t, tooled())
			p, ctx := c.s.Provider, t.Context()
			_, sakura := c.member("sakura@example.jp", clients.RoleOwner)
			made := c.tool()
			fatal(t, fall(t, c))
			wantErr(t, c.client(made.ToolID).Standing(c.s.Clock.Now()), clients.ErrSuspended)
			mailIn(t, c.s, "sakura@example.jp", "外部ツールを停止")
			fatal(t, p.GuardShops(ctx)) // nothing was missed
			hana := c.s.AddUserWith(t, "hana@example.jp", password15, "+819012345679", base32Key)
			fatal(t, p.SetMemberAs(ctx, idptest.Operator(), c.shop, hana.ID, clients.RoleOwner))
			fatal(t, c.client(made.ToolID).Standing(c.s.Clock.Now()))
			mailIn(t, c.s, "sakura@example.jp", "外部ツールを再開")
			fatal(t, p.RemoveMemberAs(ctx, idptest.Operator(), c.shop, sakura.ID))
			fatal(t, c.client(made.ToolID).Standing(c.s.Clock.Now()))
		})
	}
}

// The job finds a shop whose owner was erased.
func TestErasedOwnerSuspendsTools(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	c.member("sakura@example.jp", clients.RoleOwner)
	made := c.tool()
	fatal(t, p.EraseUser(ctx, idptest.Operator(), c.owner.ID))
	fatal(t, p.GuardShops(ctx))
	wantErr(t, c.client(made.ToolID).Standing(c.s.Clock.Now()), clients.ErrSuspended)
}

func TestToolExpiresAndClosedShopsHaveNone(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	in := newTool()
	in.Days = 1
	short, err := p.CreateTool(ctx, c.b, c.shop, in)
	fatal(t, err)
	long := c.tool()
	c.s.Clock.Advance(24 * time.Hour)
	wantErr(t, c.client(short.ToolID).Standing(c.s.Clock.Now()), clients.ErrExpired)
	fatal(t, c.client(long.ToolID).Standing(c.s.Clock.Now()))
	fatal(t, p.CloseShopAs(ctx, idptest.Operator(), c.shop))
	if _, ok := p.Config().Clients.Lookup(long.ToolID); ok {
		t.Error("the tool of a closed shop is served")
	}
}

// A tool does not stop without a word: those who may have to do with tools are
// mailed 14 and 3 days before, once each, and nobody else is.
func TestEndOfAToolIsToldTwice(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	_, tech := c.member("mio@example.jp", "tech")
	c.member("ken@example.jp", "staff")
	create := func(days int) idp.Secret {
		t.Helper()
		in := newTool()
		in.Days = days
		s, err := p.CreateTool(ctx, c.b, c.shop, in)
		fatal(t, err)
		return s
	}
	made := create(30)
	create(7) // told 3 days before alone
	fatal(t, p.RevokeTool(ctx, c.b, c.shop, create(30).ToolID))
	c.tool() // never ends
	told := func(to string) (n int) {
		t.Helper()
		fatal(t, p.Deliver(ctx))
		for _, m := range c.s.Inbox.Messages(mfa.Mail) {
			if m.To == to && strings.Contains(m.Subject, "まもなく期限切れ") {
				n++
			}
		}
		return n
	}
	begin := c.s.Clock.Now()
	for _, tt := range []struct{ days, want int }{{0, 0}, {5, 1}, {6, 1}, {17, 2}, {20, 2}, {28, 3}, {29, 3}, {31, 3}} {
		c.s.Clock.Advance(begin.Add(time.Duration(tt.days) * 24 * time.Hour).Sub(c.s.Clock.Now()))
		for range 2 {
			fatal(t, p.RemindTools(ctx))
		}
		for _, to := range []string{c.owner.Email, tech.Email} {
			if got := told(to); got != tt.want {
				t.Errorf("after %d days: %s has %d mails, want %d", tt.days, to, got, tt.want)
			}
		}
	}
	if n := told("ken@example.jp"); n != 0 {
		t.Errorf("a member who has nothing to do with tools has %d mails", n)
	}
	m := mailIn(t, c.s, tech.Email, "まもなく期限切れ")
	for _, part := range []string{m.Body, m.HTML} {
		for _, word := range []string{"あと2日です", made.ToolID, "みなと 書店"} {
			if !strings.Contains(part, word) {
				t.Errorf("the mail lacks %q:\n%s", word, part)
			}
		}
		if strings.Contains(part, made.Secret) {
			t.Error("the secret is in the mail")
		}
	}
}

// Many tools are told of in bounded steps, and a suspended member is not told.
func TestEndsOfManyToolsAreTold(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	_, tech := c.member("mio@example.jp", "tech")
	fatal(t, p.SetUserDisabled(ctx, idptest.Operator(), tech.ID, true))
	now := c.s.Clock.Now()
	fatal(t, c.s.Store.Update(ctx, idptest.Operator(), func(tx *store.Tx) error {
		for i := range 120 {
			err := tx.InsertTool(store.Tool{
				ID: fmt.Sprintf("tool-%016d", i), ShopID: c.shop, Name: "T", Auth: clients.AuthBasic, Scopes: []string{"orders"},
				CreatedBy: c.owner.ID, CreatedAt: now, ExpiresAt: now.Add(20 * 24 * time.Hour),
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	c.s.Clock.Advance(7 * 24 * time.Hour)
	fatal(t, p.RemindTools(ctx))
	mails := map[string]int{}
	fatal(t, c.s.Store.View(ctx, func(tx *store.Tx) error {
		box, err := tx.Outbox(0)
		for _, o := range box {
			if o.Name == "mail.shop_tool_end" {
				mails[o.UserID]++
			}
		}
		return err
	}))
	if mails[c.owner.ID] != 120 || len(mails) != 1 {
		t.Errorf("mails by person: %v", mails)
	}
}

// The last use is written down, at most once a minute.
func TestLastUseOfAToolIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	p, ctx := c.s.Provider, t.Context()
	made := c.tool()
	start := c.s.Clock.Now()
	used := func() time.Time {
		t.Helper()
		v, err := p.Tools(ctx, c.b, c.shop)
		fatal(t, err)
		return v.Tools[0].LastUsedAt
	}
	for range 3 {
		p.ToolUsed(ctx, c.client(made.ToolID))
		c.s.Clock.Advance(20 * time.Second)
		if got := used(); !got.Equal(start) {
			t.Errorf("last used %v, want %v", got, start)
		}
	}
	p.ToolUsed(ctx, c.client(made.ToolID))
	if got := used(); !got.Equal(start.Add(time.Minute)) {
		t.Errorf("last used %v a minute later", got)
	}
}

// T-64: "this wasn't me" in the mail about a credential revokes it.
func TestReportOfAToolRevokesIt(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	made := c.tool()
	m := mailIn(t, c.s, "kenji@example.jp", "接続情報を作成")
	fatal(t, c.s.Provider.Report(t.Context(), browser(), reportIn(t, m)))
	if _, ok := c.s.Provider.Config().Clients.Lookup(made.ToolID); ok {
		t.Error("the reported tool is served")
	}
}

// A provider that starts anew knows the tools that there are.
func TestToolsAreTakenUpAtTheStart(t *testing.T) {
	t.Parallel()
	c := withShop(t, tooled())
	made := c.tool()
	cfg := c.s.Provider.Config()
	cfg.Clients, cfg.Metrics = clients.NewRegistry(nil), nil
	again, err := idp.New(t.Context(), cfg)
	fatal(t, err)
	if found, ok := again.Config().Clients.Lookup(made.ToolID); !ok || !found.VerifySecret(made.Secret) {
		t.Error("the tool is not served after a restart")
	}
	cfg.Clients, cfg.Metrics, cfg.Shops = clients.NewRegistry(nil), nil, clients.DefaultShops()
	again, err = idp.New(t.Context(), cfg)
	fatal(t, err)
	if _, ok := again.Config().Clients.Lookup(made.ToolID); ok {
		t.Error("the tool is served although the configuration allows none any more")
	}
}
