package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// The credential of an external tool belongs to a shop and not to whoever made
// it. It is good for client_credentials alone, within what the configuration
// allows tools, and only while an owner of the shop has two-step verification.

// ToolView is a tool as those see it who may have to do with tools.
type ToolView struct {
	// ID is its client id.
	ID, Name string
	Scopes   []clients.ToolScope
	// Resources are its audiences; empty means the issuer.
	Resources []string
	// Secrets are when its active secrets were made, the oldest first.
	Secrets []time.Time
	// By is the name of who made it; empty for somebody who is no member any more.
	By                               string
	CreatedAt, ExpiresAt, LastUsedAt time.Time
	Expired                          bool
}

// ToolsView is what a member with the right sees of a shop's tools.
type ToolsView struct {
	Shop ShopView
	// SuspendedAt is since when they stand still; zero for not.
	SuspendedAt time.Time
	Tools       []ToolView
	// Scopes and Resources are what a tool may be given.
	Scopes    []clients.ToolScope
	Resources []string
}

// NewTool is a tool to be made.
type NewTool struct {
	Name              string
	Scopes, Resources []string
	// Days is how long it shall be good for; 0 for as long as it is used.
	Days int
}

// Secret is a tool's new secret. Sealed stands for it in the browser of the
// session that made it, see [Provider.ShownSecret].
type Secret struct{ ToolID, Secret, Sealed string }

const (
	// toolSecrets are how many secrets a tool has at most (C-52).
	toolSecrets = 2
	// mostToolDays bounds the life that may be chosen.
	mostToolDays = 3650
	sealTool     = "tool secret"
)

// Tools are the tools of a shop; ErrShopRight, ErrNotFound.
func (p *Provider) Tools(ctx context.Context, b *Browser, shopID string) (ToolsView, error) {
	var v ToolsView
	shop, err := p.Shop(ctx, b, shopID)
	switch {
	case err != nil:
		return v, err
	case shop.Demanded:
		return v, ErrShopTwoStep
	case !shop.Role.Has(clients.RightTools):
		return v, ErrShopRight
	}
	err = p.st.View(ctx, func(tx *store.Tx) error {
		people, err := tx.ShopUsers(shopID)
		if err != nil {
			return err
		}
		v, err = p.toolsView(tx, shop.Shop.ID, people)
		v.Shop = shop
		return err
	})
	return v, err
}

func (p *Provider) toolsView(tx *store.Tx, shopID string, people []User) (ToolsView, error) {
	shop, err := tx.Shop(shopID)
	if err != nil {
		return ToolsView{}, err
	}
	rows, err := tx.Tools(shopID)
	v := ToolsView{SuspendedAt: shop.SuspendedAt, Scopes: p.cfg.Shops.Tools.Scopes, Resources: p.cfg.Shops.Tools.Resources}
	for _, t := range rows {
		row := ToolView{
			ID: t.ID, Name: t.Name, Resources: t.Resources, By: one(people, t.CreatedBy).Name, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
			LastUsedAt: t.LastUsedAt, Expired: !t.ExpiresAt.IsZero() && !tx.Now.Before(t.ExpiresAt),
		}
		for _, s := range t.Scopes {
			scope, _ := p.cfg.Shops.Tools.Scope(s)
			row.Scopes = append(row.Scopes, scope)
		}
		for _, s := range t.Secrets {
			row.Secrets = append(row.Secrets, s.CreatedAt)
		}
		v.Tools = append(v.Tools, row)
	}
	return v, err
}

// withTools runs f for somebody who may have to do with a shop's tools and has
// just proved it, with two-step verification of their own: what they make
// outlives their sign-in.
func (p *Provider) withTools(ctx context.Context, b *Browser, shopID string, f func(*work, *holder, seat) error) error {
	return p.inShop(ctx, b, shopID, clients.RightTools, func(w *work, h *holder, at seat) error {
		if h.user.TwoStepAt.IsZero() {
			return ErrShopTwoStep
		}
		w.tools = true
		return f(w, h, at)
	})
}

// tool is a tool of this very shop that is not revoked.
func (at seat) tool(w *work, id string) (store.Tool, error) {
	t, err := w.Tool(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (t.ShopID != at.shop.ID || !t.RevokedAt.IsZero()) {
		return t, ErrNotFound
	}
	return t, err
}

// CreateTool makes a credential and answers with its secret, which is never
// told again. ErrName; ErrInvalidScope and ErrInvalidTarget beyond what the
// configuration allows; ErrTooMany; ErrShopTwoStep without two-step
// verification; ErrShopRight.
func (p *Provider) CreateTool(ctx context.Context, b *Browser, shopID string, in NewTool) (Secret, error) {
	name, err := shopName(in.Name)
	if err != nil {
		return Secret{}, ErrName
	}
	if err := p.toolBounds(in); err != nil {
		return Secret{}, err
	}
	var out Secret
	err = p.withTools(ctx, b, shopID, func(w *work, h *holder, at seat) error {
		have, err := w.Tools(shopID)
		if err != nil {
			return err
		}
		if len(have) >= p.cfg.Limits.Shops.Tools {
			return ErrTooMany
		}
		t := store.Tool{
			ID: clients.NewToolID(), ShopID: shopID, Name: name, Auth: clients.AuthBasic,
			Scopes: in.Scopes, Resources: in.Resources, CreatedBy: h.user.ID, CreatedAt: w.Now,
		}
		if in.Days > 0 {
			t.ExpiresAt = w.Now.Add(time.Duration(in.Days) * day)
		}
		if out, err = p.newSecret(w, h, &t); err != nil {
			return err
		}
		if err := w.InsertTool(t); err != nil {
			return err
		}
		if err := p.toolNews(w, h, at, t, "shop.tool_added", "mail.shop_tool"); err != nil {
			return err
		}
		return p.guard(w, shopID)
	})
	return out, err
}

// toolBounds holds what is asked for a tool to what the configuration allows.
func (p *Provider) toolBounds(in NewTool) error {
	allowed := p.cfg.Shops.Tools
	if len(in.Scopes) == 0 || in.Days < 0 || in.Days > mostToolDays {
		return ErrInvalidScope
	}
	for i, s := range in.Scopes {
		if _, ok := allowed.Scope(s); !ok || slices.Contains(in.Scopes[:i], s) {
			return ErrInvalidScope
		}
	}
	for _, r := range in.Resources {
		if !slices.Contains(allowed.Resources, r) {
			return ErrInvalidTarget
		}
	}
	if len(in.Resources) == 0 && len(allowed.Resources) > 0 {
		return ErrInvalidTarget
	}
	return nil
}

func (p *Provider) newSecret(w *work, h *holder, t *store.Tool) (Secret, error) {
	secret, hash := clients.NewSecret()
	keep := t.Secrets[max(len(t.Secrets)-toolSecrets+1, 0):]
	t.Secrets = append(slices.Clone(keep), store.ToolSecret{Hash: hash, CreatedAt: w.Now})
	sealed, err := p.st.Seal(sealTool+" "+t.ID+" "+h.session.SID, secret)
	return Secret{ToolID: t.ID, Secret: secret, Sealed: sealed}, err
}

// ShownSecret is the secret of a tool that Sealed stands for, in the session
// that made it; empty in all others.
func (p *Provider) ShownSecret(ctx context.Context, b *Browser, toolID, sealed string) string {
	secret := ""
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err == nil {
			secret, err = p.st.Open(sealTool+" "+toolID+" "+h.session.SID, sealed)
		}
		return err
	})
	if err != nil {
		return ""
	}
	return secret
}

// RotateTool gives a tool a further secret beside the newest one; a third ends
// the oldest (C-52). Errors as [Provider.CreateTool], and ErrNotFound.
func (p *Provider) RotateTool(ctx context.Context, b *Browser, shopID, id string) (Secret, error) {
	var out Secret
	err := p.withTools(ctx, b, shopID, func(w *work, h *holder, at seat) error {
		t, err := at.tool(w, id)
		if err != nil {
			return err
		}
		if out, err = p.newSecret(w, h, &t); err != nil {
			return err
		}
		if err := w.UpdateTool(t); err != nil {
			return err
		}
		return p.toolNews(w, h, at, t, "shop.tool_rotated", "mail.shop_tool_new")
	})
	return out, err
}

// DropOldSecret ends all secrets of a tool but the newest. ErrNotFound; ErrState
// when there is no other.
func (p *Provider) DropOldSecret(ctx context.Context, b *Browser, shopID, id string) error {
	return p.withTools(ctx, b, shopID, func(w *work, h *holder, at seat) error {
		t, err := at.tool(w, id)
		if err != nil {
			return err
		}
		if len(t.Secrets) < toolSecrets {
			return ErrState
		}
		t.Secrets = t.Secrets[len(t.Secrets)-1:]
		if err := w.UpdateTool(t); err != nil {
			return err
		}
		return w.record("shop.tool_secret_dropped", h.user.ID, "", "shop", shopID, "tool", t.ID)
	})
}

// RevokeTool ends a credential for good. It takes access away, so it needs no
// two-step verification, only the right and fresh proofs. ErrNotFound.
func (p *Provider) RevokeTool(ctx context.Context, b *Browser, shopID, id string) error {
	return p.inShop(ctx, b, shopID, clients.RightTools, func(w *work, h *holder, at seat) error {
		w.tools = true
		t, err := at.tool(w, id)
		if err != nil {
			return err
		}
		t.RevokedAt, t.Secrets = w.Now, nil
		if err := w.UpdateTool(t); err != nil {
			return err
		}
		return p.toolNews(w, h, at, t, "shop.tool_revoked", "mail.shop_tool_off")
	})
}

// toolNews audits what became of a tool and tells all owners, and whoever did it.
func (p *Provider) toolNews(w *work, h *holder, at seat, t store.Tool, event, mail string) error {
	if err := w.record(event, h.user.ID, "", "shop", at.shop.ID, "tool", t.ID, "scopes", strings.Join(t.Scopes, " ")); err != nil {
		return err
	}
	params := []string{"shop", at.shop.Name, "tool", t.Name + " (" + t.ID + ")", "by", cmp.Or(h.user.Name, h.user.Email), "ref", t.ID}
	if err := p.mail(w, h.user, mail, params...); err != nil {
		return err
	}
	return p.toOwners(w, at.shop, h.user.ID, mail, params...)
}

// toOwners tells the owners of a shop but one.
func (p *Provider) toOwners(w *work, shop Shop, except, mail string, params ...string) error {
	owners, err := withRole(w.Tx, shop.ID, clients.RoleOwner)
	if err != nil {
		return err
	}
	for _, u := range owners {
		if u.ID == except {
			continue
		}
		if err := p.mail(w, u, mail, params...); err != nil {
			return err
		}
	}
	return nil
}

// untool is the undo of a mail about a credential that somebody made or gave a
// new secret: it is revoked, if its reader may have to do with the tools.
func (p *Provider) untool(w *work, u *User, ref string) error {
	t, err := w.Tool(ref)
	if errors.Is(err, store.ErrNotFound) || err == nil && !t.RevokedAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	at, err := p.seat(w.Tx, u.ID, t.ShopID)
	if err != nil || !at.role.Has(clients.RightTools) {
		return ignore(err, ErrNotFound)
	}
	w.tools = true
	t.RevokedAt, t.Secrets = w.Now, nil
	if err := w.UpdateTool(t); err != nil {
		return fmt.Errorf("revoke tool: %w", err)
	}
	return w.record("shop.tool_revoked", u.ID, "", "shop", t.ShopID, "tool", t.ID, "by", "report")
}
