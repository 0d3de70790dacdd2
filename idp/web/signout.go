package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// signOut asks, so that no other site can sign anybody out (H-08).
func (s *server) signOut(c echo.Context) error {
	request := c.QueryParam("request")
	v, err := s.provider.LogoutView(c.Request().Context(), browser(c), request)
	if errors.Is(err, idp.ErrSignedOut) {
		return see(c, "/signout/done")
	}
	if err != nil {
		return err
	}
	s.prefer(c, v.UILocales)
	data := templates.SignOutPage{Request: request, Trusted: v.Trusted, Stay: "/account"}
	p := s.page(c, "signout", "signout.title", nil)
	if v.Client != nil {
		p.Client = clientRef(v.Client, p.Lang)
		// Its home page, where it keeps whom it knows; else its way in.
		data.Stay = cmp.Or(v.Client.URI, v.Client.Entrance(s.provider.Config().Issuer), data.Stay)
		c.Set(formActionKey, formActions(v.Client.PostLogoutURIs))
	}
	p.Data = data
	return s.render(c, http.StatusOK, p)
}

// formActions are the CSP sources of several URIs.
func formActions(uris []string) string {
	var sources []string
	for _, uri := range uris {
		if source := formAction(uri); source != "" && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	return strings.Join(sources, " ")
}

func (s *server) submitSignOut(c echo.Context) error {
	to, err := s.provider.LogoutConfirm(c.Request().Context(), browser(c), field(c, "request"), field(c, "forget") != "")
	if errors.Is(err, idp.ErrSignedOut) {
		err = nil // nothing was left to end
	}
	if err != nil {
		return err
	}
	return see(c, to)
}
