package idp

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// An invitation is a mailed link that works once, for a while, and only for the
// person who has the address it was sent to. Whoever gets hold of the link alone
// gets nothing.

// ShopInvitation is an open invitation as members see it.
type ShopInvitation struct {
	ID, Email string
	Role      clients.ShopRole
	// By is the name of who invited.
	By                           string
	CreatedAt, SentAt, ExpiresAt time.Time
	Expired                      bool
}

// InvitationView is what the page behind a mailed link shows.
type InvitationView struct {
	Shop string
	Role clients.ShopRole
	// Email is the invited address: in clear for its owner, masked for others.
	Email     string
	ExpiresAt time.Time
	// User is who is signed in in this browser; nil for nobody.
	User *User
	// Theirs says that the invitation is for User, Member that they are one already.
	Theirs, Member bool
}

func (p *Provider) openInvitations(tx *store.Tx, shopID string, people []User) ([]ShopInvitation, error) {
	rows, err := tx.Invitations(shopID)
	list := make([]ShopInvitation, 0, len(rows))
	for _, i := range rows {
		list = append(list, ShopInvitation{
			ID: i.ID, Email: i.Email, Role: p.cfg.Shops.Role(i.Role), By: one(people, i.InvitedBy).Name,
			CreatedAt: i.CreatedAt, SentAt: i.SentAt, ExpiresAt: i.ExpiresAt, Expired: !tx.Now.Before(i.ExpiresAt),
		})
	}
	return list, err
}

// Invite mails an invitation to an address. The answer is the same whether the
// address has an account here or not (T-02). Errors: ErrEmail, ErrShopRight,
// ErrMember, ErrInvited, ErrTooMany, *mfa.TooSoonError.
func (p *Provider) Invite(ctx context.Context, b *Browser, shopID, email, role string) error {
	email = normaliseEmail(email)
	if err := checkEmail(email); err != nil {
		return err
	}
	return p.inShop(ctx, b, shopID, clients.RightMembers, func(w *work, h *holder, at seat) error {
		if !p.cfg.Shops.Known(role) || !at.role.Over(p.cfg.Shops.Role(role)) {
			return ErrShopRight
		}
		if err := p.roomIn(w, at.shop.ID, email); err != nil {
			return err
		}
		i := store.Invitation{ID: newID(), ShopID: at.shop.ID, Email: email, Role: role, InvitedBy: h.user.ID, CreatedAt: w.Now}
		if err := p.sendInvitation(w, at.shop, &i, h.user); err != nil {
			return err
		}
		if err := w.InsertInvitation(i); err != nil {
			if errors.Is(err, store.ErrExists) {
				return ErrInvited
			}
			return err
		}
		return w.record("shop.invited", h.user.ID, "", "shop", at.shop.ID, "role", role, "address", maskEmail(email))
	})
}

// roomIn reports why an address cannot be invited; one whose invitation has
// expired is free again.
func (p *Provider) roomIn(w *work, shopID, email string) error {
	people, err := w.ShopUsers(shopID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(people, func(u User) bool { return u.Email == email }) {
		return ErrMember
	}
	open, err := w.Invitations(shopID)
	if err != nil {
		return err
	}
	for _, i := range open {
		if i.Email == email && !w.Now.Before(i.ExpiresAt) {
			if err := w.UseInvitation(i.ID, i.Hash); err != nil {
				return err
			}
		}
	}
	if len(people)+len(open) >= p.cfg.Limits.Shops.Members {
		return ErrTooMany
	}
	return nil
}

// sendInvitation gives an invitation a new link and mails it; the one before is dead.
func (p *Provider) sendInvitation(w *work, shop Shop, i *store.Invitation, by User) error {
	for _, key := range []string{"shop.invite|" + shop.ID, "shop.inviter|" + by.ID} {
		ok, until, err := w.Hit(key, p.cfg.Limits.Shops.InvitationsDay, day)
		if err != nil {
			return err
		}
		if !ok {
			return store.Keep(&mfa.TooSoonError{What: "mails", At: until})
		}
	}
	if until, err := p.spendMail(w, "invite", i.Email); err != nil || !until.IsZero() {
		return errors.Join(err, tooManyMails(until))
	}
	secret := newToken()
	i.Hash, i.SentAt, i.ExpiresAt = store.Hash(secret), w.Now, w.Now.Add(p.cfg.Limits.Shops.Invitation)
	reader := User{ID: by.ID, Lang: by.Lang, Zone: by.Zone}
	if u, err := w.UserByEmail(i.Email); err == nil { // known people read their own language
		reader = User{ID: u.ID, Name: u.Name, Lang: u.Lang, Zone: u.Zone}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	inviter, err := shopName(by.Name) // the mail goes to a stranger
	if err != nil {
		inviter = maskEmail(by.Email)
	}
	link := p.cfg.Issuer + PathInvitation + "?" + url.Values{"token": {secret}}.Encode()
	return p.mailTo(w, i.Email, reader, "mail.shop_invite", "shop", shop.Name, "role", p.roleName(i.Role, reader),
		"by", inviter, "link", link, "until", i.ExpiresAt.Format(time.RFC3339))
}

// ResendInvitation mails another link; the one before no longer works.
// ErrNotFound; *mfa.TooSoonError; ErrShopRight.
func (p *Provider) ResendInvitation(ctx context.Context, b *Browser, shopID, id string) error {
	return p.changeInvitation(ctx, b, shopID, id, func(w *work, h *holder, at seat, i store.Invitation) error {
		if err := p.sendInvitation(w, at.shop, &i, h.user); err != nil {
			return err
		}
		if err := w.UpdateInvitation(i); err != nil {
			return err
		}
		return w.record("shop.invited_again", h.user.ID, "", "shop", shopID, "role", i.Role, "address", maskEmail(i.Email))
	})
}

// WithdrawInvitation takes an invitation back. ErrNotFound, ErrShopRight.
func (p *Provider) WithdrawInvitation(ctx context.Context, b *Browser, shopID, id string) error {
	return p.changeInvitation(ctx, b, shopID, id, func(w *work, h *holder, _ seat, i store.Invitation) error {
		if err := w.UseInvitation(i.ID, i.Hash); err != nil {
			return ErrNotFound
		}
		return w.record("shop.uninvited", h.user.ID, "", "shop", shopID, "address", maskEmail(i.Email))
	})
}

func (p *Provider) changeInvitation(ctx context.Context, b *Browser, shopID, id string, f func(*work, *holder, seat, store.Invitation) error) error {
	return p.inShop(ctx, b, shopID, clients.RightMembers, func(w *work, h *holder, at seat) error {
		i, err := w.Invitation(id)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && i.ShopID != shopID:
			return ErrNotFound
		case err != nil:
			return err
		case !at.role.Over(p.cfg.Shops.Role(i.Role)):
			return ErrShopRight
		}
		return f(w, h, at, i)
	})
}

// Invitation is what the page behind a mailed link shows; it changes nothing.
// ErrLink when the link no longer works.
func (p *Provider) Invitation(ctx context.Context, b *Browser, secret string) (InvitationView, error) {
	var v InvitationView
	err := p.st.View(ctx, func(tx *store.Tx) error {
		i, shop, err := p.invitation(tx, secret)
		if err != nil {
			return err
		}
		v = InvitationView{Shop: shop.Name, Role: p.cfg.Shops.Role(i.Role), Email: maskEmail(i.Email), ExpiresAt: i.ExpiresAt}
		h, err := p.holder(tx, b)
		if errors.Is(err, ErrSignedOut) {
			return nil
		}
		if err != nil {
			return err
		}
		v.User = &User{ID: h.user.ID, Name: h.user.Name, Email: h.user.Email, Lang: h.user.Lang, Zone: h.user.Zone}
		if v.Theirs, err = p.invited(tx, h.user, i); err != nil || !v.Theirs {
			return err
		}
		v.Email = i.Email
		_, err = tx.Member(shop.ID, h.user.ID)
		v.Member = err == nil
		return ignore(err, store.ErrNotFound)
	})
	return v, err
}

// invitation finds an open invitation by its link's secret.
func (p *Provider) invitation(tx *store.Tx, secret string) (store.Invitation, Shop, error) {
	i, err := tx.InvitationByHash(store.Hash(secret))
	if errors.Is(err, store.ErrNotFound) {
		return i, Shop{}, ErrLink
	}
	if err != nil {
		return i, Shop{}, err
	}
	shop, err := tx.Shop(i.ShopID)
	if err == nil && (!tx.Now.Before(i.ExpiresAt) || !shop.ClosedAt.IsZero() || !p.cfg.Shops.Known(i.Role)) {
		err = ErrLink
	}
	return i, shop, err
}

// invited reports whether an invitation is for a person: sent to the address
// that signs them in, or to one they proved to have (N-51).
func (p *Provider) invited(tx *store.Tx, u User, i store.Invitation) (bool, error) {
	addresses, err := p.noticeAddresses(tx, u)
	return slices.Contains(addresses, i.Email), err
}

// AcceptInvitation makes the signed-in person a member and answers with the
// shop's id. Errors: ErrLink, ErrInvitedOther when it is for another address,
// ErrMember, ErrTooMany.
func (p *Provider) AcceptInvitation(ctx context.Context, b *Browser, secret string) (string, error) {
	id := ""
	err := p.st.View(ctx, func(tx *store.Tx) error {
		_, shop, err := p.invitation(tx, secret)
		id = shop.ID
		return err
	})
	if err != nil {
		return "", err
	}
	return id, p.withHolder(ctx, b, func(w *work, h *holder) error {
		if _, err := w.Shop(id); err != nil { // its lock comes before the invitation's
			return err
		}
		i, shop, err := p.invitation(w.Tx, secret)
		if err != nil {
			return err
		}
		theirs, err := p.invited(w.Tx, h.user, i)
		if err != nil {
			return err
		}
		if !theirs {
			return keepAfter(w.record("shop.join_refused", h.user.ID, "", "shop", shop.ID, "invitation", i.ID), ErrInvitedOther)
		}
		return p.takeSeat(w, shop, i, h.user)
	})
}

func (p *Provider) takeSeat(w *work, shop Shop, i store.Invitation, u User) error {
	if err := p.roomFor(w.Tx, u.ID); err != nil {
		return err
	}
	if err := w.UseInvitation(i.ID, i.Hash); err != nil {
		return ErrLink
	}
	if err := w.InsertMember(store.Member{ShopID: shop.ID, UserID: u.ID, Role: i.Role}); err != nil {
		if errors.Is(err, store.ErrExists) {
			return store.Keep(ErrMember)
		}
		return err
	}
	return p.joined(w, shop, u, p.cfg.Shops.Role(i.Role))
}

// PathInvitation is the page behind a mailed link.
const PathInvitation = "/shops/join"

// InvitedSignIn leads somebody who opened an invitation to a sign-in, or to
// sign-up where create is set, and back to it. Who is signed in already may
// choose another account.
func (p *Provider) InvitedSignIn(ctx context.Context, b *Browser, create bool) (Next, error) {
	r := signin.Request{Create: create}
	err := p.st.View(ctx, func(tx *store.Tx) error {
		s, err := p.session(tx, b)
		r.Select = s != nil && !create
		return err
	})
	if err != nil {
		return Next{}, err
	}
	return p.begin(ctx, b, AuthorizeRequest{Request: r}, PathInvitation)
}
