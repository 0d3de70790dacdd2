package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// "This wasn't me" of a security mail (T-64). Nobody need be signed in, nothing
// changes before the form is sent, and the form asks for no secret.

// reportCookie holds the token of the mailed link while the page is in use (T-36).
const reportCookie = "report"

func (s *server) reportRoutes() []route {
	return []route{get("/report", s.report), post("/report", s.submitReport), get("/report/done", s.plain("report-done", "report.done_t"))}
}

// report is where the mailed link leads. The token moves into a cookie at once.
func (s *server) report(c echo.Context) error {
	ctx := c.Request().Context()
	if token := c.QueryParam("token"); token != "" {
		if _, err := s.provider.Reportable(ctx, token, browser(c).Lang); err != nil {
			return err
		}
		c.SetCookie(s.cookies.cookie(reportCookie, token, s.provider.Config().Limits.SignIn.Request))
		return see(c, "/report")
	}
	token := s.mailedToken(c, reportCookie)
	lang := browser(c).Lang
	v, err := s.provider.Reportable(ctx, token, lang)
	if err != nil {
		return err
	}
	if s.prefer(c, v.Lang); browser(c).Lang != lang {
		if v, err = s.provider.Reportable(ctx, token, browser(c).Lang); err != nil {
			return err
		}
	}
	return s.render(c, http.StatusOK, s.page(c, "report", "report.title", templates.ReportPage{
		Subject: v.Subject, At: s.reader(c, idp.User{Zone: v.Zone}).at(v.At), Undone: v.Undone,
	}))
}

func (s *server) submitReport(c echo.Context) error {
	if err := s.provider.Report(c.Request().Context(), browser(c), s.mailedToken(c, reportCookie)); err != nil {
		return err
	}
	c.SetCookie(s.cookies.cookie(reportCookie, "", 0))
	return see(c, "/report/done")
}
