package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

func (s *server) invitePage(v *visit) error {
	return s.inShop(v, clients.RightMembers, func(shop idp.ShopView) error {
		return s.render(v, http.StatusOK, s.inviteForm(v, shop, "", "", ""))
	})
}

func (s *server) inviteForm(v *visit, shop idp.ShopView, email, role, fault string) templates.Page {
	page := templates.ShopInvitePage{
		Shop: shopRef(shop), Roles: s.shopRoles(v, shop, true), Email: email, Role: role, Error: fault,
		Until: v.at(s.now().Add(s.provider.Config().Limits.Shops.Invitation)),
	}
	if n := len(page.Roles); role == "" && n > 0 {
		page.Role = page.Roles[n-1].ID // the last is the least
	}
	p := s.own(v, "shops", "account-shop-invite", "shop.inv_t", page)
	p.TitleArgs = []any{"shop", shop.Shop.Name}
	return p
}

func (s *server) invite(v *visit) error {
	return s.inShop(v, clients.RightMembers, func(shop idp.ShopView) error {
		email, role := field(v, "email"), field(v, "role")
		err := s.provider.Invite(v.Request().Context(), v.b, shop.Shop.ID, email, role)
		if fault := s.inviteFault(v, err); fault != "" {
			return s.again(v, s.inviteForm(v, shop, email, role, fault))
		}
		if err != nil {
			return err
		}
		return see(v, shopPath(shop.Shop.ID)+"?done=invited")
	})
}

// inviteFault says why nobody was invited; empty for other errors.
func (s *server) inviteFault(v *visit, err error) string {
	soon, waits := errors.AsType[*mfa.TooSoonError](err)
	switch {
	case errors.Is(err, idp.ErrEmail):
		return v.text("signup.e.email")
	case errors.Is(err, idp.ErrMember):
		return v.text("shop.e.member")
	case errors.Is(err, idp.ErrInvited):
		return v.text("shop.e.invited")
	case errors.Is(err, idp.ErrTooMany):
		return v.text("shop.e.full", "n", s.provider.Config().Limits.Shops.Members)
	case waits:
		return v.text("shop.e.soon", "time", s.clock(soon.At), "date", s.pages.Date(v.lang, v.at(soon.At)))
	}
	return ""
}

// changeInvitation sends an invitation again or takes it back.
func (s *server) changeInvitation(v *visit) error {
	ctx, shop := v.Request().Context(), v.Param("id")
	done, err := "again", error(nil)
	if id := field(v, "withdraw"); id != "" {
		done, err = "withdrawn", s.provider.WithdrawInvitation(ctx, v.b, shop, id)
	} else {
		err = s.provider.ResendInvitation(ctx, v.b, shop, field(v, "again"))
	}
	if fault := s.inviteFault(v, err); fault != "" {
		return s.showShop(v, fault)
	}
	if err != nil {
		return err
	}
	return see(v, shopPath(shop)+"?done="+done)
}

// member is the page of a member whom the reader may change.
func (s *server) member(v *visit, show func(idp.ShopView, templates.ShopMemberPage) error) error {
	return s.inShop(v, clients.RightMembers, func(shop idp.ShopView) error {
		who := v.QueryParam("who")
		if v.Request().Method == http.MethodPost {
			who = field(v, "who")
		}
		i := slices.IndexFunc(shop.Members, func(m idp.ShopMember) bool { return m.UserID == who })
		if i < 0 {
			return idp.ErrNotFound
		}
		if !shop.Members[i].Over {
			return idp.ErrShopRight
		}
		page := templates.ShopMemberPage{Shop: shopRef(shop), Person: v.shopPerson(shop.Members[i]), Roles: s.shopRoles(v, shop, true)}
		page.Person.Role = shop.Members[i].Role.ID
		return show(shop, page)
	})
}

func (s *server) memberForm(v *visit, page templates.ShopMemberPage) templates.Page {
	p := s.own(v, "shops", "account-shop-member", "shop.mem_t", page)
	p.TitleArgs = []any{"name", page.Person.Name}
	p.Path += "?who=" + page.Person.ID
	return p
}

func (s *server) memberPage(v *visit) error {
	return s.member(v, func(_ idp.ShopView, page templates.ShopMemberPage) error {
		return s.render(v, http.StatusOK, s.memberForm(v, page))
	})
}

func (s *server) changeMember(v *visit) error {
	return s.member(v, func(shop idp.ShopView, page templates.ShopMemberPage) error {
		ctx, done, err := v.Request().Context(), "role", error(nil)
		if field(v, "do") == "remove" {
			done, err = "removed", s.provider.RemoveMember(ctx, v.b, shop.Shop.ID, page.Person.ID)
		} else {
			err = s.provider.SetMemberRole(ctx, v.b, shop.Shop.ID, page.Person.ID, field(v, "role"))
		}
		if errors.Is(err, idp.ErrLastOwner) {
			page.Error = v.text("shop.e.last")
			return s.again(v, s.memberForm(v, page))
		}
		if err != nil {
			return err
		}
		if page.Person.Self && done == "removed" {
			return see(v, pathShops+"?done=left")
		}
		return see(v, shopPath(shop.Shop.ID)+"?done="+done)
	})
}

func (s *server) demandPage(v *visit) error {
	return s.inShop(v, "", func(shop idp.ShopView) error { return s.render(v, http.StatusOK, s.demandForm(v, shop, "", "", "")) })
}

func (s *server) demandForm(v *visit, shop idp.ShopView, role, typed, fault string) templates.Page {
	page := templates.ShopDemandPage{
		Shop: shopRef(shop), Roles: s.shopRoles(v, shop, false), On: v.account.State == idp.StateOn, Role: role, Error: fault,
		Done: v.done("saved") != "",
	}
	for i := range page.Roles {
		if page.Roles[i].ID == role {
			page.Roles[i].Text = typed
		}
	}
	p := s.own(v, "shops", "account-shop-demand", "shop.dem_t", page)
	p.TitleArgs = []any{"shop", shop.Shop.Name}
	return p
}

func (s *server) demand(v *visit) error {
	return s.inShop(v, "", func(shop idp.ShopView) error {
		role, typed := field(v, "role"), field(v, "from")
		var from time.Time
		if field(v, "do") != "stop" {
			day, err := time.ParseInLocation(time.DateOnly, typed, v.zone)
			if err != nil || day.Year() > s.now().Year()+10 {
				return s.again(v, s.demandForm(v, shop, role, typed, v.text("shop.e.date")))
			}
			from = day
		}
		err := s.provider.Demand(v.Request().Context(), v.b, shop.Shop.ID, role, from)
		if errors.Is(err, idp.ErrShopTwoStep) {
			return s.again(v, s.demandForm(v, shop, role, typed, v.text("shop.e.self")))
		}
		if err != nil {
			return err
		}
		return see(v, shopPath(shop.Shop.ID)+"/two-step?done=saved")
	})
}
