package web

import (
	"errors"
	"net/http"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// The pages of shops: seller accounts that several people run (S-091).
const (
	pathShops      = "/account/shops"
	pathOneShop    = pathShops + "/:id"
	pathShopInvite = pathOneShop + "/invite"
	pathShopMember = pathOneShop + "/member"
	pathShopDemand = pathOneShop + "/two-step"
	pathShopTools  = pathOneShop + "/tools"
	pathShopName   = pathOneShop + "/name"
	pathShopLeave  = pathOneShop + "/leave"
	pathShopClose  = pathOneShop + "/close"
)

func (s *server) shopRoutes() []route {
	return []route{
		get(pathShops, s.mine(s.shops)), post(pathShops, s.mine(s.createShop)),
		get(pathOneShop, s.mine(s.shop)), post(pathOneShop, s.mine(s.changeInvitation)),
		get(pathShopInvite, s.mine(s.invitePage)), post(pathShopInvite, s.mine(s.invite)),
		get(pathShopMember, s.mine(s.memberPage)), post(pathShopMember, s.mine(s.changeMember)),
		get(pathShopDemand, s.mine(s.demandPage)), post(pathShopDemand, s.mine(s.demand)),
		get(pathShopName, s.mine(s.shopNamePage)), post(pathShopName, s.mine(s.renameShop)),
		get(pathShopLeave, s.mine(s.leavePage)), post(pathShopLeave, s.mine(s.leaveShop)),
		get(pathShopClose, s.mine(s.closeShopPage)), post(pathShopClose, s.mine(s.closeShop)),
		get(pathShopTools, s.mine(s.tools)), post(pathShopTools, s.mine(s.changeTool)),
		get(pathShopTools+"/new", s.mine(s.newToolPage)), post(pathShopTools+"/new", s.mine(s.newTool)),
		get(idp.PathInvitation, s.join), post(idp.PathInvitation, s.submitJoin),
	}
}

func (s *server) shops(v *visit) error { return s.showShops(v, "", "") }

func (s *server) showShops(v *visit, typed, fault string) error {
	list, err := s.provider.Shops(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	page := templates.ShopsPage{Create: s.provider.Config().Shops.SelfService, Typed: typed, Error: fault, Done: v.done("left", "closed", "switched")}
	for _, r := range list {
		page.Shops = append(page.Shops, templates.ShopRow{ID: r.Shop.ID, Name: r.Shop.Name, Role: r.Role.Name(v.lang), Joined: v.at(r.JoinedAt)})
	}
	choices, err := s.provider.ShopChoices(v.Request().Context(), v.b)
	if err != nil {
		return err
	}
	for _, c := range choices {
		page.Choices = append(page.Choices, templates.ShopChoice{Client: c.Client.ID, Name: c.Client.DisplayName(v.lang), Shop: c.ShopID})
	}
	p := s.own(v, "shops", "account-shops", "shop.title", page)
	if fault != "" {
		return s.again(v, p)
	}
	return s.render(v, http.StatusOK, p)
}

// createShop makes a shop, or changes for which one the reader acts at a client.
func (s *server) createShop(v *visit) error {
	if client := field(v, "client"); client != "" {
		if err := s.provider.SwitchShop(v.Request().Context(), v.b, client, field(v, "shop")); err != nil {
			return err
		}
		return see(v, pathShops+"?done=switched")
	}
	typed := field(v, "name")
	id, err := s.provider.CreateShop(v.Request().Context(), v.b, typed)
	switch {
	case errors.Is(err, idp.ErrShopName):
		return s.showShops(v, typed, v.text("shop.e.name"))
	case errors.Is(err, idp.ErrTooMany):
		return s.showShops(v, typed, v.text("shop.e.many", "n", s.provider.Config().Limits.Shops.ShopsPerPerson))
	case err != nil:
		return err
	}
	return see(v, pathShops+"/"+id+"?done=created")
}

// inShop shows a page below a shop to a member with a right; an empty right is
// the owner's. Where two-step verification is demanded first, the shop's own
// page says so. Changes need fresh proofs, which are asked for before the form.
func (s *server) inShop(v *visit, right clients.Right, show func(idp.ShopView) error) error {
	shop, err := s.provider.Shop(v.Request().Context(), v.b, v.Param("id"))
	switch {
	case err != nil:
		return err
	case shop.Demanded:
		return see(v, shopPath(shop.Shop.ID))
	case !shop.Role.Owner() && (right == "" || !shop.Role.Has(right)):
		return idp.ErrShopRight
	case !v.account.Sudo:
		return idp.ErrSudo
	}
	return show(shop)
}

func shopPath(id string) string { return pathShops + "/" + id }

func shopRef(v idp.ShopView) templates.ShopRef {
	return templates.ShopRef{ID: v.Shop.ID, Name: v.Shop.Name}
}

func (s *server) shop(v *visit) error { return s.showShop(v, "") }

func (s *server) showShop(v *visit, fault string) error {
	shop, err := s.provider.Shop(v.Request().Context(), v.b, v.Param("id"))
	if err != nil {
		return err
	}
	page := templates.ShopPage{
		Shop: shopRef(shop), Role: shop.Role.Name(v.lang), Owner: shop.Role.Owner(), See: shop.Members != nil,
		Invite: !shop.Demanded && shop.Role.Has(clients.RightMembers), On: v.account.State == idp.StateOn, Demanded: shop.Demanded, From: v.at(shop.From),
		LastOwner: shop.LastOwner, Error: fault,
		Tools:   !shop.Demanded && shop.Role.Has(clients.RightTools) && len(s.provider.Config().Shops.Tools.Scopes) > 0,
		Stopped: !shop.Shop.SuspendedAt.IsZero(),
		Done:    v.done("created", "joined", "invited", "again", "withdrawn", "role", "removed", "named"),
	}
	for _, m := range shop.Members {
		p := v.shopPerson(m)
		p.Over = m.Over && (!m.Self || !shop.LastOwner)
		page.People = append(page.People, p)
		if !m.TwoStepAt.IsZero() {
			page.Ready++
		}
	}
	for _, i := range shop.Invitations {
		page.Invitations = append(page.Invitations, templates.ShopInvitation{
			ID: i.ID, Email: i.Email, Role: i.Role.Name(v.lang), By: i.By, Sent: v.at(i.SentAt), Until: v.at(i.ExpiresAt),
			Expired: i.Expired, Over: shop.Role.Over(i.Role),
		})
	}
	page.Roles = s.shopRoles(v, shop, false)
	p := s.own(v, "shops", "account-shop", "shop.t", page)
	p.TitleArgs = []any{"shop", shop.Shop.Name}
	if fault != "" {
		return s.again(v, p)
	}
	return s.render(v, http.StatusOK, p)
}

func (v *visit) shopPerson(m idp.ShopMember) templates.ShopPerson {
	return templates.ShopPerson{
		ID: m.UserID, Name: m.Name, Email: m.Email, Role: m.Role.Name(v.lang), Joined: v.at(m.JoinedAt), Since: v.at(m.TwoStepAt),
		Suspended: m.Suspended, Self: m.Self, Over: m.Over,
	}
}

// shopRoles are the roles of a shop: all, or those that the reader may give.
func (s *server) shopRoles(v *visit, shop idp.ShopView, give bool) []templates.ShopRole {
	var rows []templates.ShopRole
	for _, r := range shop.Roles {
		if give && !r.Give {
			continue
		}
		row := templates.ShopRole{ID: r.Role.ID, Name: r.Role.Name(v.lang), Members: r.Members, Off: r.Off, From: v.at(r.From)}
		if !r.From.IsZero() {
			row.Past, row.Text = !s.now().Before(r.From), row.From.Format("2006-01-02")
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *server) shopNamePage(v *visit) error {
	return s.inShop(v, "", func(shop idp.ShopView) error {
		return s.render(v, http.StatusOK, s.shopNameForm(v, shop, shop.Shop.Name, ""))
	})
}

func (s *server) shopNameForm(v *visit, shop idp.ShopView, typed, fault string) templates.Page {
	return s.own(v, "shops", "account-shop-name", "shop.name_t", templates.ShopNamePage{Shop: shopRef(shop), Typed: typed, Error: fault})
}

func (s *server) renameShop(v *visit) error {
	return s.inShop(v, "", func(shop idp.ShopView) error {
		typed := field(v, "name")
		err := s.provider.RenameShop(v.Request().Context(), v.b, shop.Shop.ID, typed)
		if errors.Is(err, idp.ErrShopName) {
			return s.again(v, s.shopNameForm(v, shop, typed, v.text("shop.e.name")))
		}
		if err != nil {
			return err
		}
		return see(v, shopPath(shop.Shop.ID)+"?done=named")
	})
}

// leavePage needs no fresh proofs: leaving takes access away and nothing else.
func (s *server) leavePage(v *visit) error {
	shop, err := s.provider.Shop(v.Request().Context(), v.b, v.Param("id"))
	if err != nil {
		return err
	}
	if shop.LastOwner {
		return idp.ErrLastOwner
	}
	p := s.own(v, "shops", "account-shop-end", "shop.leave_t", templates.ShopEndPage{Shop: shopRef(shop)})
	p.TitleArgs = []any{"shop", shop.Shop.Name}
	return s.render(v, http.StatusOK, p)
}

func (s *server) leaveShop(v *visit) error {
	if err := s.provider.LeaveShop(v.Request().Context(), v.b, v.Param("id")); err != nil {
		return err
	}
	return see(v, pathShops+"?done=left")
}

func (s *server) closeShopPage(v *visit) error {
	return s.inShop(v, "", func(shop idp.ShopView) error {
		p := s.own(v, "shops", "account-shop-end", "shop.close_t", templates.ShopEndPage{Shop: shopRef(shop), Close: true, Members: len(shop.Members)})
		p.TitleArgs = []any{"shop", shop.Shop.Name}
		return s.render(v, http.StatusOK, p)
	})
}

func (s *server) closeShop(v *visit) error {
	if err := s.provider.CloseShop(v.Request().Context(), v.b, v.Param("id")); err != nil {
		return err
	}
	return see(v, pathShops+"?done=closed")
}
