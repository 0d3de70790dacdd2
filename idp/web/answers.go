package web

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// choose is the account chooser.
func (s *server) choose(c echo.Context) error {
	return s.due(c, "/signin/select", func(v idp.SignInView) error {
		data := templates.SelectPage{Email: v.Email}
		if v.User != nil {
			data.Name = v.User.Name
		}
		return s.render(c, http.StatusOK, s.page(c, "select", "select.title", data))
	})
}

// submitChoice goes on as the person shown, or forgets them. Other pages that
// name an account post here too, to change it.
func (s *server) submitChoice(c echo.Context) error {
	next, err := s.provider.SelectAccount(c.Request().Context(), browser(c), flowID(c), field(c, "do") == "other")
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// notice announces the date from which two-step verification is required.
func (s *server) notice(c echo.Context) error {
	return s.due(c, "/signin/notice", func(v idp.SignInView) error {
		data := templates.NoticePage{
			From: s.local(v.EnforceFrom), Days: int(v.EnforceFrom.Sub(s.now()) / (24 * time.Hour)),
		}
		p := s.page(c, "notice", "notice.title", data)
		p.TitleArgs = []any{"client", p.Client.Name, "date", s.pages.Date(p.Lang, data.From)}
		return s.render(c, http.StatusOK, p)
	})
}

func (s *server) submitNotice(c echo.Context) error { return s.setUpOrLater(c) }

// enrol is the door to the wizard, where a sign-in cannot go on without it.
func (s *server) enrol(c echo.Context) error {
	return s.due(c, "/signin/enroll", func(v idp.SignInView) error {
		title := "enroll.title"
		if v.Step.PutOff {
			title = "enroll.title_later"
		}
		return s.render(c, http.StatusOK, s.page(c, "enroll", title, templates.EnrolPage{Later: v.Step.PutOff, Shop: shopDemands(v)}))
	})
}

func (s *server) submitEnrol(c echo.Context) error { return s.setUpOrLater(c) }

// setUpOrLater answers a page that offers the wizard: start it, or put it off,
// which the verb refuses where it may not be (S-110).
func (s *server) setUpOrLater(c echo.Context) error {
	ctx, b, flow := c.Request().Context(), browser(c), flowID(c)
	if field(c, "do") == "later" {
		next, err := s.provider.PutOff(ctx, b, flow)
		if err != nil {
			return err
		}
		return s.redirect(c, next)
	}
	if err := s.provider.SetupStart(ctx, b, flow); err != nil {
		return err
	}
	return see(c, withFlow("/account/security/two-step/setup/primary", flow))
}

// cancel goes back to the relying party without signing in.
func (s *server) cancel(c echo.Context) error {
	next, err := s.provider.Cancel(c.Request().Context(), browser(c), flowID(c))
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// consent asks whether the relying party may have what it asks for (ux 4.10).
func (s *server) consent(c echo.Context) error {
	return s.due(c, "/consent", func(v idp.SignInView) error {
		p := s.page(c, "consent", "consent.title", templates.ConsentPage{
			Owner: v.Client.Owner, Domain: clientDomain(v), Email: v.Email, Scopes: scopeRows(v),
		})
		p.TitleArgs = []any{"client", p.Client.Name}
		return s.render(c, http.StatusOK, p)
	})
}

func (s *server) submitConsent(c echo.Context) error {
	next, err := s.provider.SubmitConsent(c.Request().Context(), browser(c), flowID(c), field(c, "decision") == "allow")
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// clientDomain is where the answer goes: what tells two apps of one name apart.
func clientDomain(v idp.SignInView) string {
	u, err := url.Parse(v.Request.RedirectURI)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme
	}
	return u.Host
}

// scopeRows say in words what is asked for.
func scopeRows(v idp.SignInView) []templates.ScopeRow {
	var rows []templates.ScopeRow
	for _, scope := range v.AskedScopes {
		row := scopeRow(scope)
		row.New = slices.Contains(v.NewScopes, scope) && len(v.NewScopes) < len(v.AskedScopes)
		switch scope {
		case "profile":
			row.Value = v.User.Name
		case "email":
			row.Value = v.User.Email
		case "account":
			row.Value = v.Shop.Shop.Name
		}
		rows = append(rows, row)
	}
	return rows
}

// scopeRow says in words what a scope allows.
func scopeRow(scope string) templates.ScopeRow {
	row := templates.ScopeRow{Icon: "key", Key: "consent.s.other", Scope: scope}
	switch scope {
	case "profile":
		row.Icon, row.Key = "user", "consent.s.profile"
	case "email":
		row.Icon, row.Key = "mail", "consent.s.email"
	case "phone":
		row.Icon, row.Key = "phone", "consent.s.phone"
	case "address":
		row.Icon, row.Key = "home", "consent.s.address"
	case "account":
		row.Icon, row.Key = "shop", "consent.s.account"
	case "offline_access":
		row.Icon, row.Key = "clock", "consent.s.offline"
	}
	return row
}
