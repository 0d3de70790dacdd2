package idp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// A shop is a seller account that several people run, each with a sign-in and
// two-step verification of their own (S-091). Whoever changes a shop locks it
// first and no person after that; other members are read without a lock.

// ShopRow is one of a person's shops in a list.
type ShopRow struct {
	Shop     Shop
	Role     clients.ShopRole
	JoinedAt time.Time
}

// ShopView is what a member sees of a shop.
type ShopView struct {
	Shop Shop
	// Role is the viewer's.
	Role clients.ShopRole
	// Demanded is set while the shop demands two-step verification of the viewer,
	// who has not switched it on: nothing below is filled in then.
	Demanded bool
	// From is from when it is demanded of the viewer; zero for never.
	From time.Time
	// LastOwner says that the viewer is the only owner, who cannot leave.
	LastOwner bool
	// Members, Invitations and Roles are for those who may see the members.
	Members     []ShopMember
	Invitations []ShopInvitation
	// Roles are all there are, with what each demands.
	Roles []RoleView
}

// ShopMember is a member as others see them.
type ShopMember struct {
	UserID, Name, Email string
	Role                clients.ShopRole
	JoinedAt            time.Time
	// TwoStepAt is since when two-step verification is on; zero for off.
	TwoStepAt time.Time
	Suspended bool
	// Self marks the viewer; Over says that the viewer may change or remove them.
	Self, Over bool
}

// RoleView is a role as the viewer of a shop meets it.
type RoleView struct {
	Role clients.ShopRole
	// From is from when it demands two-step verification; zero for never.
	From time.Time
	// Members are how many have it, Off how many of them are without two-step verification.
	Members, Off int
	// Give says that the viewer may give it.
	Give bool
}

// seat is a person's place in a shop.
type seat struct {
	shop Shop
	role clients.ShopRole
	// from is from when two-step verification is demanded of the role.
	from time.Time
}

// seat finds a person's place in a shop; a shop that does not exist, one that
// is closed and one of others are all ErrNotFound: ids tell nothing (T-02).
func (p *Provider) seat(tx *store.Tx, userID, shopID string) (seat, error) {
	shop, err := tx.Shop(shopID)
	if errors.Is(err, store.ErrNotFound) || err == nil && !shop.ClosedAt.IsZero() {
		return seat{}, ErrNotFound
	}
	if err != nil {
		return seat{}, err
	}
	m, err := tx.Member(shopID, userID)
	if errors.Is(err, store.ErrNotFound) {
		return seat{}, ErrNotFound
	}
	if err != nil {
		return seat{}, err
	}
	demands, err := tx.Demands(shopID)
	return seat{shop: shop, role: p.cfg.Shops.Role(m.Role), from: demands[m.Role]}, err
}

// demands reports whether the seat demands two-step verification of somebody who has none.
func (s seat) demands(u User, now time.Time) bool {
	return !s.from.IsZero() && !now.Before(s.from) && u.TwoStepAt.IsZero()
}

// inShop runs f for a member whose role has a right, or for an owner when the
// right is empty. Where fresh is set, the proofs must be.
func (p *Provider) inShop(ctx context.Context, b *Browser, shopID string, right clients.Right, f func(*work, *holder, seat) error) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		at, err := p.seat(w.Tx, h.user.ID, shopID)
		switch {
		case err != nil:
			return err
		case at.demands(h.user, w.Now):
			return ErrShopTwoStep
		case !at.role.Owner() && (right == "" || !at.role.Has(right)):
			return ErrShopRight
		case !p.sudoFresh(h, w.Now):
			return ErrSudo
		}
		return f(w, h, at)
	})
}

// Shops are the shops of a person, by name.
func (p *Provider) Shops(ctx context.Context, b *Browser) ([]ShopRow, error) {
	var list []ShopRow
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		list, err = p.shopsOf(tx, h.user.ID)
		return err
	})
	return list, err
}

func (p *Provider) shopsOf(tx *store.Tx, userID string) ([]ShopRow, error) {
	shops, err := tx.UserShops(userID)
	if err != nil || len(shops) == 0 {
		return nil, err
	}
	places, err := tx.Memberships(userID)
	list := make([]ShopRow, 0, len(shops))
	for _, s := range shops {
		if i := slices.IndexFunc(places, func(m store.Member) bool { return m.ShopID == s.ID }); i >= 0 {
			list = append(list, ShopRow{Shop: s, Role: p.cfg.Shops.Role(places[i].Role), JoinedAt: places[i].JoinedAt})
		}
	}
	return list, err
}

// Shop is what the signed-in member sees of a shop; ErrNotFound for all others.
func (p *Provider) Shop(ctx context.Context, b *Browser, id string) (ShopView, error) {
	var v ShopView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		at, err := p.seat(tx, h.user.ID, id)
		if err != nil {
			return err
		}
		v = ShopView{Shop: at.shop, Role: at.role, From: at.from, Demanded: at.demands(h.user, tx.Now)}
		if v.LastOwner, err = p.lastOwner(tx, id, h.user.ID); err != nil || v.Demanded || !at.role.Has(clients.RightSee) {
			return err
		}
		return p.crew(tx, h.user.ID, &v)
	})
	return v, err
}

// crew fills in the members, invitations and roles of a shop; viewer is empty
// for an operator, who may do all.
func (p *Provider) crew(tx *store.Tx, viewer string, v *ShopView) error {
	places, err := tx.Members(v.Shop.ID)
	if err != nil {
		return err
	}
	people, err := tx.ShopUsers(v.Shop.ID)
	if err != nil {
		return err
	}
	demands, err := tx.Demands(v.Shop.ID)
	if err != nil {
		return err
	}
	v.Roles = nil
	for _, r := range p.cfg.Shops.Roles {
		v.Roles = append(v.Roles, RoleView{Role: r, From: demands[r.ID], Give: v.Role.Over(r)})
	}
	v.Members = make([]ShopMember, 0, len(places))
	for _, m := range places {
		u := one(people, m.UserID)
		member := ShopMember{
			UserID: m.UserID, Name: u.Name, Email: u.Email, Role: p.cfg.Shops.Role(m.Role), JoinedAt: m.JoinedAt,
			TwoStepAt: u.TwoStepAt, Suspended: !u.DisabledAt.IsZero(), Self: m.UserID == viewer,
		}
		member.Over = v.Role.Over(member.Role)
		v.Members = append(v.Members, member)
		for i := range v.Roles {
			if v.Roles[i].Role.ID == m.Role {
				v.Roles[i].Members++
				if u.TwoStepAt.IsZero() {
					v.Roles[i].Off++
				}
			}
		}
	}
	v.Invitations, err = p.openInvitations(tx, v.Shop.ID, people)
	return err
}

// one is the person with an id; the zero User when there is none.
func one(people []User, id string) User {
	if i := slices.IndexFunc(people, func(u User) bool { return u.ID == id }); i >= 0 {
		return people[i]
	}
	return User{ID: id}
}

// lastOwner reports whether a person is the only owner of a shop.
func (p *Provider) lastOwner(tx *store.Tx, shopID, userID string) (bool, error) {
	places, err := tx.Members(shopID)
	owns, others := false, 0
	for _, m := range places {
		if m.Role != clients.RoleOwner {
			continue
		}
		if m.UserID == userID {
			owns = true
		} else {
			others++
		}
	}
	return owns && others == 0, err
}

// CreateShop makes a shop that the signed-in person owns and answers with its
// id. ErrShopName; ErrShopRight where operators do it; ErrTooMany.
func (p *Provider) CreateShop(ctx context.Context, b *Browser, name string) (string, error) {
	if !p.cfg.Shops.SelfService {
		return "", ErrShopRight
	}
	name, err := shopName(name)
	if err != nil {
		return "", err
	}
	id := newID()
	err = p.withHolder(ctx, b, func(w *work, h *holder) error { return p.makeShop(w, id, name, h.user) })
	return id, err
}

func (p *Provider) makeShop(w *work, id, name string, owner User) error {
	if err := p.roomFor(w.Tx, owner.ID); err != nil {
		return err
	}
	if err := w.InsertShop(Shop{ID: id, Name: name}); err != nil {
		return err
	}
	if err := w.InsertMember(store.Member{ShopID: id, UserID: owner.ID, Role: clients.RoleOwner}); err != nil {
		return err
	}
	if err := w.record("shop.created", owner.ID, "", "shop", id); err != nil {
		return err
	}
	return p.joined(w, Shop{ID: id, Name: name}, owner, p.cfg.Shops.Role(clients.RoleOwner))
}

// roomFor reports ErrTooMany when a person belongs to as many shops as they may.
func (p *Provider) roomFor(tx *store.Tx, userID string) error {
	mine, err := tx.Memberships(userID)
	if err == nil && len(mine) >= p.cfg.Limits.Shops.ShopsPerPerson {
		return ErrTooMany
	}
	return err
}

// maxShopName is how many characters a shop's name has at most.
const maxShopName = 60

// shopName is a name fit for mails to strangers: one line, and nothing that
// reads like an address, so that an invitation cannot carry somebody's link.
func shopName(s string) (string, error) {
	s = strings.Join(strings.Fields(clip(s, 400)), " ")
	low := strings.ToLower(s)
	n := utf8.RuneCountInString(s)
	if n == 0 || n > maxShopName || strings.ContainsAny(low, `@<>\`) || strings.Contains(low, "//") || strings.Contains(low, "www.") {
		return "", ErrShopName
	}
	return s, nil
}

// RenameShop names a shop; owners only. ErrShopName.
func (p *Provider) RenameShop(ctx context.Context, b *Browser, id, name string) error {
	name, err := shopName(name)
	if err != nil {
		return err
	}
	return p.inShop(ctx, b, id, "", func(w *work, h *holder, at seat) error { return p.renameShop(w, at.shop, name, h.user.ID) })
}

func (p *Provider) renameShop(w *work, shop Shop, name, by string) error {
	old := shop.Name
	shop.Name = name
	if err := w.UpdateShop(shop); err != nil {
		return err
	}
	return w.record("shop.renamed", by, "", "shop", shop.ID, "from", old, "to", name)
}

// CloseShop closes a shop for good: its members lose what they were granted for
// it, its tools stop. Owners only.
func (p *Provider) CloseShop(ctx context.Context, b *Browser, id string) error {
	return p.inShop(ctx, b, id, "", func(w *work, _ *holder, at seat) error { return p.closeShop(w, at.shop) })
}

func (p *Provider) closeShop(w *work, shop Shop) error {
	people, err := w.ShopUsers(shop.ID)
	if err != nil {
		return err
	}
	shop.ClosedAt, w.tools = w.Now, true
	if err := errors.Join(w.UpdateShop(shop), w.RevokeTools(shop.ID), p.endShopGrants(w, store.GrantFilter{ShopID: shop.ID})); err != nil {
		return err
	}
	for _, u := range people {
		if err := w.record("shop.closed", u.ID, "", "shop", shop.ID); err != nil {
			return err
		}
		if err := p.mail(w, u, "mail.shop_closed", "shop", shop.Name); err != nil {
			return err
		}
	}
	return nil
}

// endShopGrants ends what was granted for a shop and tells the relying parties
// that it was for: what they show is no longer the person's to see.
func (p *Provider) endShopGrants(w *work, f store.GrantFilter) error {
	ended, err := w.RevokeGrants(f)
	if err != nil {
		return err
	}
	type session struct{ client, user, sid string }
	told := map[session]bool{}
	for _, g := range ended {
		at := session{g.ClientID, g.UserID, g.SID}
		if told[at] {
			continue
		}
		told[at] = true
		if err := p.notifyClient(w, g.ClientID, g.UserID, g.SID); err != nil {
			return err
		}
	}
	return nil
}
