package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// jobShops looks for shops whose tools stand still without a reason, or do not
// although there is one.
const jobShops = "shops"

// guard lets the tools of a shop stand still while no owner has two-step
// verification, and lets them go on once one has. The caller has locked the shop
// or nothing.
func (p *Provider) guard(w *work, shopID string) error {
	shop, err := w.Shop(shopID)
	if err != nil || !shop.ClosedAt.IsZero() {
		return ignore(err, store.ErrNotFound)
	}
	guarded, err := w.ShopGuarded(shopID, clients.RoleOwner)
	if err != nil || guarded == shop.SuspendedAt.IsZero() {
		return err
	}
	tools, err := w.Tools(shopID)
	if err != nil || len(tools) == 0 && !guarded { // nothing stands still
		return err
	}
	shop.SuspendedAt = zero
	event, mail := "shop.tools_resumed", "mail.shop_tools_on"
	if !guarded {
		shop.SuspendedAt = w.Now
		event, mail = "shop.tools_suspended", "mail.shop_tools_off"
	}
	if err := errors.Join(w.UpdateShop(shop), w.TouchTools(shopID)); err != nil {
		return err
	}
	w.tools = true
	owners, err := withRole(w.Tx, shopID, clients.RoleOwner)
	if err != nil {
		return err
	}
	for _, u := range owners {
		if err := w.record(event, u.ID, "", "shop", shopID); err != nil {
			return err
		}
		if err := p.mail(w, u, mail, "shop", shop.Name); err != nil {
			return err
		}
	}
	return nil
}

// guardShopsOf guards the shops that a person owns, after their two-step
// verification changed or they were suspended.
func (p *Provider) guardShopsOf(w *work, userID string) error {
	mine, err := w.Memberships(userID)
	if err != nil {
		return err
	}
	for _, m := range mine {
		if m.Role != clients.RoleOwner {
			continue
		}
		if err := p.guard(w, m.ShopID); err != nil {
			return err
		}
	}
	return nil
}

// GuardShops guards the shops that were missed: an owner was erased, say.
func (p *Provider) GuardShops(ctx context.Context) error {
	_, err := oneByOne(ctx, p, jobShops, func(tx *store.Tx) ([]string, error) { return tx.ShopsAstray(clients.RoleOwner, 100) }, p.guard)
	return err
}

// toolsBatch is how many changed tools are read at a time.
const toolsBatch = 500

// ReloadTools takes up the tools that changed since it was called last.
func (p *Provider) ReloadTools(ctx context.Context) error {
	p.toolsMu.Lock()
	defer p.toolsMu.Unlock()
	for {
		var list []store.ChangedTool
		err := p.st.View(ctx, func(tx *store.Tx) error {
			var err error
			list, err = tx.ChangedTools(p.toolsVersion, toolsBatch)
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, t := range list {
			p.takeTool(t)
		}
		p.toolsVersion = list[len(list)-1].Version
	}
}

// takeTool makes a client of a tool. What the configuration no longer allows
// tools falls away; one that is left with nothing is refused everything.
func (p *Provider) takeTool(t store.ChangedTool) {
	if !t.RevokedAt.IsZero() {
		p.cfg.Clients.RemoveTool(t.ID)
		return
	}
	allowed := p.cfg.Shops.Tools
	scopes := slices.DeleteFunc(slices.Clone(t.Scopes), func(s string) bool { _, ok := allowed.Scope(s); return !ok })
	resources := slices.DeleteFunc(slices.Clone(t.Resources), func(r string) bool { return !slices.Contains(allowed.Resources, r) })
	c := clients.Client{
		ID: t.ID, Name: t.Name, Auth: t.Auth, JWKS: t.JWKS, Grants: []clients.GrantType{clients.GrantClientCredentials},
		Scopes: scopes, Resources: resources, Disabled: len(scopes) == 0 || len(resources) < min(len(t.Resources), 1),
		Tool: &clients.Tool{ShopID: t.ShopID, Suspended: t.Suspended, ExpiresAt: t.ExpiresAt},
	}
	for _, s := range t.Secrets {
		c.SecretHashes = append(c.SecretHashes, s.Hash)
	}
	p.cfg.Clients.SetTool(c)
}

// usedEvery is how often the last use of a tool is written down.
const usedEvery = time.Minute

// ToolUsed notes that a tool was given a token, at most once a minute on each
// node. A note that fails is logged and lost.
func (p *Provider) ToolUsed(ctx context.Context, c *clients.Client) {
	if c.Tool == nil {
		return
	}
	now := p.now()
	if last, ok := p.toolUses.Load(c.ID); ok {
		if at, ok := last.(time.Time); ok && now.Sub(at) < usedEvery {
			return
		}
	}
	p.toolUses.Store(c.ID, now)
	err := p.st.Update(ctx, Actor{Kind: "client", ID: c.ID}, func(tx *store.Tx) error { return tx.ToolUsed(c.ID, now) })
	if err != nil {
		p.cfg.Log.WarnContext(ctx, "use of a tool not noted", "error", err)
	}
}
