package idp

import (
	"context"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// What operators do to shops, by command: beside it, whatever members may do
// themselves on their pages.

// AddShop makes a shop that a person owns, and answers with its id. ErrShopName, ErrTooMany.
func (p *Provider) AddShop(ctx context.Context, actor Actor, name, ownerID string) (string, error) {
	name, err := shopName(name)
	if err != nil {
		return "", err
	}
	id := newID()
	return id, p.changeUser(ctx, actor, ownerID, func(w *work, u User) error { return p.makeShop(w, id, name, u) })
}

// ListShops lists the shops that are not closed by id, after the given one.
func (p *Provider) ListShops(ctx context.Context, after string, limit int) ([]Shop, error) {
	var list []Shop
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		list, err = tx.Shops(after, limit)
		return err
	})
	return list, err
}

// ShowShop is a shop with its members and open invitations; ErrNotFound.
func (p *Provider) ShowShop(ctx context.Context, id string) (ShopView, error) {
	var v ShopView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		shop, err := tx.Shop(id)
		if err != nil {
			return shopGone(err)
		}
		v = ShopView{Shop: shop, Role: p.cfg.Shops.Role(clients.RoleOwner)}
		return p.crew(tx, "", &v)
	})
	return v, err
}

// changeShop runs an operator's change of a shop that is not closed.
func (p *Provider) changeShop(ctx context.Context, actor Actor, id string, f func(*work, Shop) error) error {
	return p.updateAs(ctx, actor, nil, func(w *work) error {
		shop, err := w.Shop(id)
		if err != nil {
			return shopGone(err)
		}
		if !shop.ClosedAt.IsZero() {
			return ErrNotFound
		}
		return f(w, shop)
	})
}

func shopGone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// RenameShopAs names a shop. ErrNotFound, ErrShopName.
func (p *Provider) RenameShopAs(ctx context.Context, actor Actor, id, name string) error {
	name, err := shopName(name)
	if err != nil {
		return err
	}
	return p.changeShop(ctx, actor, id, func(w *work, s Shop) error { return p.renameShop(w, s, name, "") })
}

// CloseShopAs closes a shop for good, as its owner could. ErrNotFound.
func (p *Provider) CloseShopAs(ctx context.Context, actor Actor, id string) error {
	return p.changeShop(ctx, actor, id, p.closeShop)
}

// SetMemberAs makes a person a member, or gives a member another role, without
// an invitation. They and the owners are told by mail. ErrNotFound; ErrState
// for a role that is not configured; ErrLastOwner; ErrTooMany.
func (p *Provider) SetMemberAs(ctx context.Context, actor Actor, shopID, userID, role string) error {
	if !p.cfg.Shops.Known(role) {
		return ErrState
	}
	return p.changeShop(ctx, actor, shopID, func(w *work, s Shop) error {
		m, err := w.Member(s.ID, userID)
		if err == nil {
			return p.setMemberRole(w, s, m, role)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		u, err := p.findUser(w.Tx, userID)
		if err != nil {
			return err
		}
		if err := p.roomFor(w.Tx, userID); err != nil {
			return err
		}
		if err := w.InsertMember(store.Member{ShopID: s.ID, UserID: u.ID, Role: role}); err != nil {
			return err
		}
		return p.joined(w, s, u, p.cfg.Shops.Role(role))
	})
}

// RemoveMemberAs ends a membership. ErrNotFound, ErrLastOwner.
func (p *Provider) RemoveMemberAs(ctx context.Context, actor Actor, shopID, userID string) error {
	return p.changeShop(ctx, actor, shopID, func(w *work, s Shop) error {
		if _, err := w.Member(s.ID, userID); err != nil {
			return shopGone(err)
		}
		return p.removeMember(w, s, userID, "shop.removed", "mail.shop_removed")
	})
}

// DemandAs demands two-step verification of a role from a moment on, or no more
// when it is zero. ErrNotFound for a shop or a role that does not exist.
func (p *Provider) DemandAs(ctx context.Context, actor Actor, shopID, role string, from time.Time) error {
	return p.changeShop(ctx, actor, shopID, func(w *work, s Shop) error { return p.demand(w, s, role, from, "") })
}

// ToolsOf are the tools of a shop.
func (p *Provider) ToolsOf(ctx context.Context, shopID string) (ToolsView, error) {
	var v ToolsView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		people, err := tx.ShopUsers(shopID)
		if err != nil {
			return err
		}
		v, err = p.toolsView(tx, shopID, people)
		return shopGone(err)
	})
	return v, err
}

// RevokeToolAs revokes a credential; the owners are told by mail. ErrNotFound.
func (p *Provider) RevokeToolAs(ctx context.Context, actor Actor, shopID, id string) error {
	return p.changeShop(ctx, actor, shopID, func(w *work, s Shop) error {
		t, err := seat{shop: s}.tool(w, id)
		if err != nil {
			return err
		}
		w.tools = true
		t.RevokedAt, t.Secrets = w.Now, nil
		if err := w.UpdateTool(t); err != nil {
			return err
		}
		owners, err := withRole(w.Tx, shopID, clients.RoleOwner)
		if err != nil {
			return err
		}
		for _, u := range owners {
			if err := w.record("shop.tool_revoked", u.ID, "", "shop", shopID, "tool", t.ID); err != nil {
				return err
			}
			if err := p.mail(w, u, "mail.shop_tool_off", "shop", s.Name, "tool", t.Name+" ("+t.ID+")"); err != nil {
				return err
			}
		}
		return nil
	})
}
