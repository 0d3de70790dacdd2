package idp

import (
	"context"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
)

// Acting is for which shop a person acts at a client, and as what. The zero
// Acting is for nobody but themselves.
type Acting struct{ ShopID, Role string }

// acting is the part of a situation that is about shops: those to choose from,
// and the chosen one.
type acting struct {
	shops  []ShopRow
	chosen ShopRow
	facts  signin.Shop
}

// asksAccount reports whether a request asks for whom the person acts.
func asksAccount(r AuthorizeRequest) bool {
	return slices.Contains(r.Request.Scopes, clients.ScopeAccount) || slices.Contains(r.Scopes, clients.ScopeAccount)
}

// actFor finds for whom the person acts: the shop that was chosen in this
// sign-in, else the one chosen last at this client, else the only one there is.
// prompt=select_account asks anew. Everything is read without locks.
func (p *Provider) actFor(tx *store.Tx, s *situation) error {
	s.acting = acting{}
	if s.client == nil || s.user == nil || !asksAccount(s.req) {
		return nil
	}
	shops, err := p.shopsOf(tx, s.user.ID)
	if err != nil || len(shops) == 0 {
		return err
	}
	id := ""
	switch {
	case s.row.ShopID != "" && memberOf(shops, s.row.ShopID):
		id = s.row.ShopID
	case len(shops) == 1:
		id = shops[0].Shop.ID
	case !s.req.Select:
		if id, err = tx.ShopChoice(s.user.ID, s.client.ID); err != nil {
			return err
		}
	}
	s.acting.shops = shops
	i := slices.IndexFunc(shops, func(r ShopRow) bool { return r.Shop.ID == id })
	if i < 0 {
		s.acting.facts.Choose = true
		return nil
	}
	s.acting.chosen = shops[i]
	s.acting.facts.From, err = p.demandedFrom(tx, shops[i])
	return err
}

func memberOf(shops []ShopRow, id string) bool {
	return slices.ContainsFunc(shops, func(r ShopRow) bool { return r.Shop.ID == id })
}

// demandedFrom is from when a shop demands two-step verification of a member.
func (p *Provider) demandedFrom(tx *store.Tx, r ShopRow) (time.Time, error) {
	demands, err := tx.Demands(r.Shop.ID)
	return demands[r.Role.ID], err
}

// grants says for whom a grant of this situation is, and drops the scope where
// there is nobody to act for: what is granted is what is told.
func (a acting) grants(scopes []string) (shopID string, granted []string) {
	if a.chosen.Shop.ID != "" || !slices.Contains(scopes, clients.ScopeAccount) {
		return a.chosen.Shop.ID, scopes
	}
	return "", slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == clients.ScopeAccount })
}

// ChooseShop answers the page that asks for which shop the person acts; it is
// remembered for the client. ErrStep when it was not asked, ErrNotFound for a
// shop of others.
func (p *Provider) ChooseShop(ctx context.Context, b *Browser, id, shopID string) (Next, error) {
	return p.answer(ctx, b, id, func(w *work, s *situation) error {
		if s.step.Page != signin.PageShop {
			return ErrStep
		}
		if !memberOf(s.acting.shops, shopID) {
			return ErrNotFound
		}
		s.row.ShopID = shopID
		return p.rememberShop(w, s.user.ID, s.client.ID, shopID)
	})
}

func (p *Provider) rememberShop(w *work, userID, clientID, shopID string) error {
	if err := w.PutShopChoice(userID, clientID, shopID); err != nil {
		return err
	}
	return w.record("shop.chosen", userID, clientID, "shop", shopID)
}

// actingBy is for whom a grant is used, as the shop has it now. ErrRevoked when
// the person is no member any more, or has not what the shop demands by now.
func (p *Provider) actingBy(tx *store.Tx, g Grant, u User) (Acting, error) {
	if g.ShopID == "" {
		return Acting{}, nil
	}
	shops, err := p.shopsOf(tx, u.ID)
	if err != nil {
		return Acting{}, err
	}
	i := slices.IndexFunc(shops, func(r ShopRow) bool { return r.Shop.ID == g.ShopID })
	if i < 0 {
		return Acting{}, ErrRevoked
	}
	shut, err := p.shutFor(tx, shops[i], u)
	if err == nil && shut {
		err = ErrRevoked
	}
	return Acting{ShopID: g.ShopID, Role: shops[i].Role.ID}, err
}

// shutFor reports whether a shop demands of a member what they have not.
func (p *Provider) shutFor(tx *store.Tx, r ShopRow, u User) (bool, error) {
	if !u.TwoStepAt.IsZero() {
		return false, nil
	}
	from, err := p.demandedFrom(tx, r)
	return !from.IsZero() && !tx.Now.Before(from), err
}

// ActingBy is for whom a grant is used, for userinfo. ErrRevoked as for tokens.
func (p *Provider) ActingBy(ctx context.Context, grantID string) (Acting, error) {
	var a Acting
	err := p.st.View(ctx, func(tx *store.Tx) error {
		issue, err := p.live(tx, grantID)
		a = issue.Acting
		return err
	})
	return a, err
}

// ShopChoice is a client at which a person acts for a shop.
type ShopChoice struct {
	Client clients.Client
	ShopID string
}

// ShopChoices are the clients at which the signed-in person, who has several
// shops, acts for one, by name.
func (p *Provider) ShopChoices(ctx context.Context, b *Browser) ([]ShopChoice, error) {
	var list []ShopChoice
	err := p.st.View(ctx, func(tx *store.Tx) error {
		h, err := p.holder(tx, b)
		if err != nil {
			return err
		}
		shops, err := p.shopsOf(tx, h.user.ID)
		if err != nil || len(shops) < 2 {
			return err
		}
		for _, c := range p.cfg.Clients.All() {
			if c.Disabled || !slices.Contains(c.AllowedScopes(), clients.ScopeAccount) {
				continue
			}
			id, err := tx.ShopChoice(h.user.ID, c.ID)
			if err != nil {
				return err
			}
			if memberOf(shops, id) {
				list = append(list, ShopChoice{Client: c, ShopID: id})
			}
		}
		return nil
	})
	return list, err
}

// SwitchShop changes for which shop the signed-in person acts at a client. What
// was granted for another shop there ends, and the client is told, so that the
// next page it shows is of the new one. ErrNotFound.
func (p *Provider) SwitchShop(ctx context.Context, b *Browser, clientID, shopID string) error {
	return p.withHolder(ctx, b, func(w *work, h *holder) error {
		c, ok := p.cfg.Clients.Lookup(clientID)
		if !ok {
			return ErrNotFound
		}
		shops, err := p.shopsOf(w.Tx, h.user.ID)
		if err != nil {
			return err
		}
		if !memberOf(shops, shopID) {
			return ErrNotFound
		}
		for _, r := range shops {
			if r.Shop.ID == shopID {
				continue
			}
			if err := p.endShopGrants(w, store.GrantFilter{UserID: h.user.ID, ClientID: c.ID, ShopID: r.Shop.ID}); err != nil {
				return err
			}
		}
		return p.rememberShop(w, h.user.ID, c.ID, shopID)
	})
}
