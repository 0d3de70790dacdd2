package web

import (
	"bytes"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// flowKey is where flowOf leaves the sign-in for page, formActionKey where a
// handler leaves what its page's CSP must allow.
const (
	flowKey       = "flow"
	formActionKey = "form-action"
)

// flowID is the handle of the sign-in that a request names, empty if none.
func flowID(c echo.Context) string {
	if c.Request().Method == http.MethodPost {
		return field(c, "flow")
	}
	return c.QueryParam("flow")
}

// flowOf is the sign-in that the request names. Every page made afterwards is
// in its language, names its client and may lead to its redirect URI.
func (s *server) flowOf(c echo.Context) (idp.SignInView, error) {
	v, err := s.provider.SignIn(c.Request().Context(), browser(c), flowID(c))
	if err != nil {
		return v, err
	}
	s.prefer(c, v.Request.UILocales)
	if v.User != nil {
		s.prefer(c, v.User.Lang)
	}
	c.Set(flowKey, v)
	if v.Client != nil {
		c.Set(formActionKey, formAction(v.Request.RedirectURI))
	}
	return v, nil
}

// formAction is the CSP source of a URI: its origin, or the scheme alone when
// that is an app's own.
func formAction(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" {
		return ""
	}
	if u.Scheme == "https" || u.Scheme == "http" {
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + ":"
}

// page is a page of the request: in its language, with its form token, and
// inside its sign-in if flowOf found one.
func (s *server) page(c echo.Context, name, title string, data any) templates.Page {
	b := browser(c)
	p := templates.Page{Lang: b.Lang, Name: name, Layout: "flow", Title: title, CSRF: formToken(b), Data: data}
	u := *c.Request().URL
	if v, ok := c.Get(flowKey).(idp.SignInView); ok {
		p.Flow = v.ID
		p.Client = clientRef(v.Client, b.Lang)
		u.RawQuery = url.Values{"flow": {v.ID}}.Encode()
	}
	p.Path = u.RequestURI()
	return p
}

func clientRef(client *clients.Client, lang string) *templates.ClientRef {
	if client == nil {
		return nil
	}
	return &templates.ClientRef{Name: client.DisplayName(lang), URI: client.URI}
}

// render answers with a page.
func (s *server) render(c echo.Context, status int, p templates.Page) error {
	var buf bytes.Buffer
	if err := s.pages.Render(&buf, p); err != nil {
		return err
	}
	if to, ok := c.Get(formActionKey).(string); ok {
		c.Response().Header().Set("Content-Security-Policy", contentPolicy(to))
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// again shows a form with its faults (ux 2.4).
func (s *server) again(c echo.Context, p templates.Page) error {
	p.Err = true
	return s.render(c, http.StatusUnprocessableEntity, p)
}

// redirect leads on after a POST, always by 303: a 307 would send the form,
// password and all, to the next place (O-17).
func (s *server) redirect(c echo.Context, next idp.Next) error {
	if next.Reply != nil {
		return s.leave(c, *next.Reply)
	}
	return see(c, withFlow("/signin", next.SignInID))
}

// see redirects by GET.
func see(c echo.Context, to string) error { return c.Redirect(http.StatusSeeOther, to) }

// withFlow is a path of ours within a sign-in; without one it is the path.
func withFlow(path, flow string) string {
	if flow == "" {
		return path
	}
	return path + "?" + url.Values{"flow": {flow}}.Encode()
}
