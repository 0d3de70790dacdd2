package web

import (
	"maps"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// caller is who asks at a path.
type caller int

const (
	person  caller = iota // by a browser
	machine               // a relying party or a resource server: no cookie, no page
	anybody               // for a document that is the same for everybody
)

// callers are who asks at the paths where no person does.
func callers(machines, documents []string) map[string]caller {
	who := map[string]caller{}
	for _, path := range machines {
		who[path] = machine
	}
	for _, path := range documents {
		who[path] = anybody
	}
	return who
}

// asking is who sent the request.
func (s *server) asking(c echo.Context) caller { return s.callers[c.Path()] }

// guards are the headers that protect answers: those that a browser shows, and
// those that no browser should (ux 2.1, O-14, O-19, T-20, T-57).
type guards struct{ page, machine http.Header }

func newGuards(secure bool) guards {
	g := guards{
		page: http.Header{
			"Content-Security-Policy": {contentPolicy("")},
			"X-Frame-Options":         {"DENY"},
			"X-Content-Type-Options":  {"nosniff"},
			"Referrer-Policy":         {"no-referrer"},
			"Cache-Control":           {"no-store"},
			"Permissions-Policy":      {"publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self)"},
		},
		machine: http.Header{
			"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
			"X-Content-Type-Options":  {"nosniff"},
			"Cache-Control":           {"no-store"},
		},
	}
	if secure {
		g.page["Strict-Transport-Security"] = []string{"max-age=63072000"} // C-54
		g.machine["Strict-Transport-Security"] = g.page["Strict-Transport-Security"]
	}
	return g
}

// guard puts them on an answer. Their values are shared: whoever wants another
// sets it.
func (s *server) guard(c echo.Context) error {
	if s.asking(c) == person {
		s.guardPage(c)
	} else {
		maps.Copy(c.Response().Header(), s.guards.machine)
	}
	return nil
}

func (s *server) guardPage(c echo.Context) {
	h := c.Response().Header()
	maps.Copy(h, s.guards.page)
	if path := c.Request().URL.Path; strings.HasPrefix(path, pathHome) || strings.HasPrefix(path, pathStaff) {
		// Not on the pages of a sign-in: it would cut off clients that open them in a pop-up.
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
}

// contentPolicy is the CSP. formAction adds the origin a form's redirects end
// at: browsers apply form-action to them too (ux 2.1).
func contentPolicy(formAction string) string {
	p := "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	if formAction != "" {
		p += " " + formAction
	}
	return p
}
