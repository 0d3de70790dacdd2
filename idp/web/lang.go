package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"github.com/sekisho-id/sekisho/templates"
)

// chosen is the language of the cookie, empty when nobody chose.
func chosen(r *http.Request) string {
	c, err := r.Cookie(languageCookie)
	if err != nil || !slices.Contains(templates.Languages, c.Value) {
		return ""
	}
	return c.Value
}

// accepted is the language the browser would like best among ours; last is the
// one of last resort.
func accepted(header, last string) string {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return last
	}
	for _, tag := range tags {
		base, _ := tag.Base()
		if slices.Contains(templates.Languages, base.String()) {
			return base.String()
		}
	}
	return last
}

// prefer shows the page in lang, unless the person chose a language with the
// switch. The order of ux 2.9 is: the switch, the account, ui_locales, the
// browser's wish; so the account is told last.
func (s *server) prefer(c echo.Context, lang string) {
	if chosen(c.Request()) == "" && slices.Contains(templates.Languages, lang) {
		browser(c).Lang = lang
	}
}

// switchLanguage keeps a choice of language in a cookie and goes back to where
// the link was. It is a GET that changes a preference of the browser and
// nothing of ours.
func (s *server) switchLanguage(c echo.Context) error {
	if to := c.QueryParam("to"); slices.Contains(templates.Languages, to) {
		c.SetCookie(&http.Cookie{
			Name: languageCookie, Value: to, Path: "/", MaxAge: int(languageFor.Seconds()),
			Secure: s.cookies.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	return c.Redirect(http.StatusSeeOther, s.localPath(c.QueryParam("back"), "/account"))
}

// localPath is where if it is a path of this site, and else instead (T-19).
// Only a path that is one of our pages passes, so there is nothing to parse wrongly.
func (s *server) localPath(where, instead string) string {
	if strings.ContainsAny(where, "\\\r\n\t") || strings.HasPrefix(where, "//") {
		return instead
	}
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !s.isPage(u.Path) {
		return instead
	}
	return u.RequestURI()
}

// isPage reports whether a GET of path shows a page.
func (s *server) isPage(path string) bool {
	if s.shown[path] {
		return true
	}
	for pattern := range s.shown {
		if matches(pattern, path) {
			return true
		}
	}
	return false
}

// matches reports whether path fits a route with :parameters.
func matches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool {
		return w == h || (strings.HasPrefix(w, ":") && h != "")
	})
}
