package web

import (
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// visit is one request of a signed-in person to a page of their own.
type visit struct {
	echo.Context
	reader
	b       *idp.Browser
	account idp.Account
}

// mine serves a page of the signed-in person; who is signed out signs in first.
// A handler that needs fresh proofs answers with idp.ErrSudo: the
// person proves it again and comes back to the page.
func (s *server) mine(h func(*visit) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		b := browser(c)
		a, err := s.provider.Account(c.Request().Context(), b)
		if err != nil {
			return err
		}
		s.prefer(c, a.User.Lang)
		return h(&visit{Context: c, reader: s.reader(c, a.User), b: b, account: a})
	}
}

// reader is how a person reads: in the page's language and their own time zone.
func (s *server) reader(c echo.Context, u idp.User) reader {
	r := reader{set: s.pages, lang: browser(c).Lang, zone: s.provider.Config().Zone, digits: s.digits(mfa.SMS), where: s.provider.Place}
	if zone, err := time.LoadLocation(u.Zone); u.Zone != "" && err == nil {
		r.zone = zone
	}
	return r
}

// own is a page in the account layout, below an entry of the menu.
func (s *server) own(v *visit, nav, name, title string, data any) templates.Page {
	p := s.page(v, name, title, data)
	p.Layout, p.Nav = "account", nav
	p.Shops = s.provider.Config().Shops.SelfService || v.account.Shops > 0
	// The language links come back without what the last form did.
	p.Path = v.Request().URL.Path
	return p
}

// done is what the page says went well: one of words, from a redirect of ours.
func (v *visit) done(words ...string) string {
	for _, w := range words {
		if v.QueryParam("done") == w {
			return w
		}
	}
	return ""
}

// required names the relying parties that demand two-step verification.
func (v *visit) required() string { return v.names(v.account.Required) }
