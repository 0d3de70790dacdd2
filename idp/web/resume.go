package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// resumeCookie holds the token of a mailed link while the page is in use, as
// resetCookie does.
const resumeCookie = "resume"

// resumeTime is how long somebody may look at the page.
const resumeTime = time.Hour

// resume is where the mail about a paused code step leads: the button ends the
// pause (C-08). Scanners of mails open links and press no buttons (T-64).
func (s *server) resume(c echo.Context) error {
	ctx := c.Request().Context()
	if token := c.QueryParam("token"); token != "" {
		if err := s.provider.ResumeCheck(ctx, token); err != nil {
			return err
		}
		c.SetCookie(s.cookies.cookie(resumeCookie, token, resumeTime))
		return see(c, "/signin/resume")
	}
	if err := s.provider.ResumeCheck(ctx, s.mailedToken(c, resumeCookie)); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, s.page(c, "resume", "resume.title", nil))
}

func (s *server) submitResume(c echo.Context) error {
	if err := s.provider.Resume(c.Request().Context(), browser(c), s.mailedToken(c, resumeCookie)); err != nil {
		return err
	}
	c.SetCookie(s.cookies.cookie(resumeCookie, "", 0))
	return see(c, "/signin/resume/done")
}
