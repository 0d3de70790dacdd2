package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// toolCookie holds a new secret, sealed for the session that made it, from the
// form to the page that shows it once.
const toolCookie = "tool"

// toolDays are the lives to choose from; 0 is for as long as it is used.
var toolDays = []int{90, 365, 0}

func (s *server) tools(v *visit) error {
	all, err := s.provider.Tools(v.Request().Context(), v.b, v.Param("id"))
	if errors.Is(err, idp.ErrShopTwoStep) {
		return see(v, shopPath(v.Param("id")))
	}
	if err != nil {
		return err
	}
	page := templates.ShopToolsPage{
		Shop: shopRef(all.Shop), Stopped: v.at(all.SuspendedAt), Make: v.account.State == idp.StateOn && len(all.Scopes) > 0,
		Done: v.done("created", "rotated", "dropped", "revoked"),
	}
	for _, t := range all.Tools {
		row := templates.ToolRow{
			ID: t.ID, Name: t.Name, By: t.By, Resources: t.Resources, Made: v.at(t.CreatedAt), Expires: v.at(t.ExpiresAt), Used: v.at(t.LastUsedAt),
			Expired: t.Expired,
		}
		for _, scope := range t.Scopes {
			row.Scopes = append(row.Scopes, scope.Name(v.lang))
		}
		if len(t.Secrets) > 1 {
			row.Older = v.at(t.Secrets[0])
		}
		page.Tools = append(page.Tools, row)
	}
	s.showSecret(v, &page)
	return s.render(v, http.StatusOK, s.own(v, "shops", "account-shop-tools", "tool.title", page))
}

// showSecret shows the secret that was just made, and forgets it.
func (s *server) showSecret(v *visit, page *templates.ShopToolsPage) {
	sealed := s.mailedToken(v, toolCookie)
	id := v.QueryParam("tool")
	if sealed == "" || id == "" {
		return
	}
	if page.Secret = s.provider.ShownSecret(v.Request().Context(), v.b, id, sealed); page.Secret != "" {
		page.NewID = id
		v.SetCookie(s.cookies.cookie(toolCookie, "", 0))
	}
}

// keepSecret leads to the page that shows a new secret.
func (s *server) keepSecret(c echo.Context, shop string, made idp.Secret, done string) error {
	c.SetCookie(s.cookies.cookie(toolCookie, made.Sealed, 5*time.Minute))
	return see(c, shopPath(shop)+"/tools?done="+done+"&tool="+made.ToolID)
}

func (s *server) changeTool(v *visit) error {
	ctx, shop, id := v.Request().Context(), v.Param("id"), field(v, "tool")
	done, err := "", idp.ErrNotFound
	switch field(v, "do") {
	case "rotate":
		var made idp.Secret
		if made, err = s.provider.RotateTool(ctx, v.b, shop, id); err == nil {
			return s.keepSecret(v, shop, made, "rotated")
		}
	case "drop":
		done, err = "dropped", s.provider.DropOldSecret(ctx, v.b, shop, id)
	case "revoke":
		done, err = "revoked", s.provider.RevokeTool(ctx, v.b, shop, id)
	}
	if err != nil {
		return err
	}
	return see(v, shopPath(shop)+"/tools?done="+done)
}

func (s *server) newToolPage(v *visit) error {
	return s.inShop(v, clients.RightTools, func(shop idp.ShopView) error {
		if v.account.State != idp.StateOn {
			return idp.ErrShopTwoStep
		}
		return s.render(v, http.StatusOK, s.newToolForm(v, shop, idp.NewTool{Days: toolDays[0]}, nil))
	})
}

func (s *server) newToolForm(v *visit, shop idp.ShopView, in idp.NewTool, fault error) templates.Page {
	allowed := s.provider.Config().Shops.Tools
	page := templates.NewToolPage{Shop: shopRef(shop), Name: in.Name}
	for _, scope := range allowed.Scopes {
		page.Scopes = append(page.Scopes, templates.ToolChoice{Value: scope.Scope, Text: scope.Name(v.lang), On: slices.Contains(in.Scopes, scope.Scope)})
	}
	for _, r := range allowed.Resources {
		on := slices.Contains(in.Resources, r) || len(allowed.Resources) == 1
		page.Resources = append(page.Resources, templates.ToolChoice{Value: r, Text: r, On: on})
	}
	for _, n := range toolDays {
		text := v.text("tool.days", "n", n)
		if n == 0 {
			text = v.text("tool.forever")
		}
		page.Days = append(page.Days, templates.ToolChoice{Value: strconv.Itoa(n), Text: text, On: n == in.Days})
	}
	switch {
	case errors.Is(fault, idp.ErrName):
		page.NameError = v.text("tool.e.name")
	case errors.Is(fault, idp.ErrInvalidScope):
		page.ScopeError = v.text("tool.e.scope")
	case errors.Is(fault, idp.ErrInvalidTarget):
		page.TargetError = v.text("tool.e.target")
	case errors.Is(fault, idp.ErrTooMany):
		page.Error = v.text("tool.e.many", "n", s.provider.Config().Limits.Shops.Tools)
	}
	return s.own(v, "shops", "account-shop-tool-new", "tool.new_t", page)
}

func (s *server) newTool(v *visit) error {
	return s.inShop(v, clients.RightTools, func(shop idp.ShopView) error {
		form, err := v.FormParams()
		if err != nil {
			return err
		}
		days, err := strconv.Atoi(field(v, "days"))
		if err != nil || !slices.Contains(toolDays, days) {
			days = toolDays[0]
		}
		in := idp.NewTool{Name: field(v, "name"), Scopes: form["scope"], Resources: form["resource"], Days: days}
		made, err := s.provider.CreateTool(v.Request().Context(), v.b, shop.Shop.ID, in)
		for _, known := range []error{idp.ErrName, idp.ErrInvalidScope, idp.ErrInvalidTarget, idp.ErrTooMany} {
			if errors.Is(err, known) {
				return s.again(v, s.newToolForm(v, shop, in, err))
			}
		}
		if err != nil {
			return err
		}
		return s.keepSecret(v, shop.Shop.ID, made, "created")
	})
}
