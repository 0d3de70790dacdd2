package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/templates"
)

// pathChooseShop is where a sign-in asks for which of several shops somebody acts.
const pathChooseShop = "/signin/shop"

func (s *server) chooseShop(c echo.Context) error {
	return s.due(c, pathChooseShop, func(v idp.SignInView) error {
		page := templates.ChooseShopPage{}
		for _, r := range v.Shops {
			page.Shops = append(page.Shops, templates.ShopRow{ID: r.Shop.ID, Name: r.Shop.Name, Role: r.Role.Name(browser(c).Lang)})
		}
		return s.render(c, http.StatusOK, s.page(c, "shop-choose", "choose.title", page))
	})
}

func (s *server) submitShop(c echo.Context) error {
	next, err := s.provider.ChooseShop(c.Request().Context(), browser(c), flowID(c), field(c, "shop"))
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// shopDemands names the shop that demands two-step verification, if that is why it is asked for.
func shopDemands(v idp.SignInView) string {
	if v.Step.Reason == signin.ReasonShopDate {
		return v.Shop.Shop.Name
	}
	return ""
}
