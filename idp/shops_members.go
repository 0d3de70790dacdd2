package idp

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// SetMemberRole gives a member another role. What they were granted for the
// shop ends, so that nothing says their old role any longer. ErrShopRight when
// the one's role or the other is not below the actor's; ErrLastOwner; ErrNotFound.
func (p *Provider) SetMemberRole(ctx context.Context, b *Browser, shopID, userID, role string) error {
	return p.inShop(ctx, b, shopID, clients.RightMembers, func(w *work, _ *holder, at seat) error {
		m, err := p.memberUnder(w, at, userID)
		if err != nil {
			return err
		}
		if !p.cfg.Shops.Known(role) || !at.role.Over(p.cfg.Shops.Role(role)) {
			return ErrShopRight
		}
		return p.setMemberRole(w, at.shop, m, role)
	})
}

// memberUnder is a member whom somebody in a seat may change.
func (p *Provider) memberUnder(w *work, at seat, userID string) (store.Member, error) {
	m, err := w.Member(at.shop.ID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return m, ErrNotFound
	}
	if err == nil && !at.role.Over(p.cfg.Shops.Role(m.Role)) {
		return m, ErrShopRight
	}
	return m, err
}

func (p *Provider) setMemberRole(w *work, shop Shop, m store.Member, role string) error {
	if m.Role == role {
		return nil
	}
	last, err := p.lastOwner(w.Tx, shop.ID, m.UserID)
	if err != nil {
		return err
	}
	if last {
		return ErrLastOwner
	}
	old := m.Role
	m.Role = role
	if err := w.UpdateMember(m); err != nil {
		return err
	}
	if err := p.endShopGrants(w, store.GrantFilter{UserID: m.UserID, ShopID: shop.ID}); err != nil {
		return err
	}
	u, err := p.memberUser(w, shop.ID, m.UserID)
	if err != nil {
		return err
	}
	if err := w.record("shop.role_changed", u.ID, "", "shop", shop.ID, "from", old, "to", role); err != nil {
		return err
	}
	if err := p.mail(w, u, "mail.shop_role", "shop", shop.Name, "role", p.roleName(role, u)); err != nil {
		return err
	}
	if err := p.tellOwners(w, shop, u, "mail.shop_member", role); err != nil {
		return err
	}
	return p.guard(w, shop.ID)
}

// memberUser is the person of a member, without a lock.
func (p *Provider) memberUser(w *work, shopID, userID string) (User, error) {
	people, err := w.ShopUsers(shopID)
	if err != nil {
		return User{}, err
	}
	return one(people, userID), nil
}

// roleName is what a role is called in a person's language.
func (p *Provider) roleName(role string, u User) string {
	return p.cfg.Shops.Role(role).Name(p.lang(u.Lang))
}

// joined audits and mails a new membership.
func (p *Provider) joined(w *work, shop Shop, u User, role clients.ShopRole) error {
	if err := w.record("shop.joined", u.ID, "", "shop", shop.ID, "role", role.ID); err != nil {
		return err
	}
	if err := p.mail(w, u, "mail.shop_join", "shop", shop.Name, "role", role.Name(p.lang(u.Lang)), "ref", shop.ID); err != nil {
		return err
	}
	if err := p.tellOwners(w, shop, u, "mail.shop_member", role.ID); err != nil {
		return err
	}
	return p.guard(w, shop.ID)
}

// withRole are the people who have a role in a shop.
func withRole(tx *store.Tx, shopID, role string) ([]User, error) {
	places, err := tx.Members(shopID)
	if err != nil {
		return nil, err
	}
	people, err := tx.ShopUsers(shopID)
	return slices.DeleteFunc(people, func(u User) bool {
		return !slices.ContainsFunc(places, func(m store.Member) bool { return m.UserID == u.ID && m.Role == role })
	}), err
}

// tellOwners tells the other owners of a shop what became of a member.
func (p *Provider) tellOwners(w *work, shop Shop, about User, name, role string) error {
	owners, err := withRole(w.Tx, shop.ID, clients.RoleOwner)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if owner.ID == about.ID {
			continue
		}
		if err := p.mail(w, owner, name, "shop", shop.Name, "member", memberName(about), "role", p.roleName(role, owner)); err != nil {
			return err
		}
	}
	return nil
}

// memberName is how owners know a member in mails.
func memberName(u User) string { return u.Name + " (" + u.Email + ")" }

// RemoveMember ends a membership and with it at once everything that was
// granted for the shop. Errors as [Provider.SetMemberRole].
func (p *Provider) RemoveMember(ctx context.Context, b *Browser, shopID, userID string) error {
	return p.inShop(ctx, b, shopID, clients.RightMembers, func(w *work, _ *holder, at seat) error {
		if _, err := p.memberUnder(w, at, userID); err != nil {
			return err
		}
		return p.removeMember(w, at.shop, userID, "shop.removed", "mail.shop_removed")
	})
}

// LeaveShop ends the signed-in person's own membership. It takes access away
// and nothing else, so it needs no fresh proofs and no two-step verification.
// ErrLastOwner, ErrNotFound.
func (p *Provider) LeaveShop(ctx context.Context, b *Browser, shopID string) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		at, err := p.seat(w.Tx, h.user.ID, shopID)
		if err != nil {
			return err
		}
		return p.removeMember(w, at.shop, h.user.ID, "shop.left", "mail.shop_left")
	})
}

func (p *Provider) removeMember(w *work, shop Shop, userID, event, mail string) error {
	last, err := p.lastOwner(w.Tx, shop.ID, userID)
	if err != nil {
		return err
	}
	if last {
		return ErrLastOwner
	}
	u, err := p.memberUser(w, shop.ID, userID)
	if err != nil {
		return err
	}
	if err := w.DeleteMember(shop.ID, userID); err != nil {
		return ignore(err, store.ErrNotFound)
	}
	if err := p.endShopGrants(w, store.GrantFilter{UserID: userID, ShopID: shop.ID}); err != nil {
		return err
	}
	if err := w.record(event, userID, "", "shop", shop.ID); err != nil {
		return err
	}
	if err := p.mail(w, u, mail, "shop", shop.Name); err != nil {
		return err
	}
	if err := p.tellOwners(w, shop, u, "mail.shop_gone", ""); err != nil {
		return err
	}
	return p.guard(w, shop.ID)
}

// unjoin is the undo of a mail about joining: the membership ends, unless
// nobody else owns the shop.
func (p *Provider) unjoin(w *work, u *User, ref string) error {
	at, err := p.seat(w.Tx, u.ID, ref)
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	return ignore(p.removeMember(w, at.shop, u.ID, "shop.left", "mail.shop_left"), ErrLastOwner)
}

// Demand demands two-step verification of a role from a moment on, or no more
// when it is zero; owners only. Members of the role who have not switched it on
// are told by mail. A moment that has passed means now.
func (p *Provider) Demand(ctx context.Context, b *Browser, shopID, role string, from time.Time) error {
	return p.inShop(ctx, b, shopID, "", func(w *work, h *holder, at seat) error {
		if role == clients.RoleOwner && !from.IsZero() && !w.Now.Before(from) && h.user.TwoStepAt.IsZero() {
			return ErrShopTwoStep // or the next page would shut its maker out
		}
		return p.demand(w, at.shop, role, from, h.user.ID)
	})
}

func (p *Provider) demand(w *work, shop Shop, role string, from time.Time, by string) error {
	if !p.cfg.Shops.Known(role) {
		return ErrNotFound
	}
	from = from.UTC().Truncate(time.Second)
	before, err := w.Demands(shop.ID)
	if err != nil || before[role].Equal(from) {
		return err
	}
	if err := w.PutDemand(shop.ID, role, from); err != nil {
		return err
	}
	until := ""
	if !from.IsZero() {
		until = from.Format(time.RFC3339)
	}
	if err := w.record("shop.demand_changed", by, "", "shop", shop.ID, "role", role, "from", until); err != nil || from.IsZero() {
		return err
	}
	people, err := withRole(w.Tx, shop.ID, role)
	if err != nil {
		return err
	}
	for _, u := range people {
		if !u.TwoStepAt.IsZero() {
			continue
		}
		if err := w.record("shop.demanded", u.ID, "", "shop", shop.ID, "from", until); err != nil {
			return err
		}
		if err := p.mail(w, u, "mail.shop_2sv", "shop", shop.Name, "from", until); err != nil {
			return err
		}
	}
	return nil
}
