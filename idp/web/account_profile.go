package web

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

func (s *server) profile(v *visit) error {
	u := v.account.User
	return s.render(v, http.StatusOK, s.profilePage(v, templates.ProfilePage{
		Name: u.Name, Lang: cmp.Or(u.Lang, v.lang), Zone: v.zone.String(), Saved: v.done("saved") != "",
	}))
}

func (s *server) profilePage(v *visit, data templates.ProfilePage) templates.Page {
	data.Email = v.account.User.Email
	data.Zones = zoneRows(s.now(), s.provider.Config().Zone.String(), v.account.User.Zone)
	return s.own(v, "profile", "account-profile", "prof.title", data)
}

func (s *server) saveProfile(v *visit) error {
	name, lang, zone := field(v, "name"), field(v, "lang"), field(v, "zone")
	if _, err := time.LoadLocation(zone); err != nil || zone == time.Local.String() {
		zone = "" // not a zone that a person can have
	}
	err := s.provider.UpdateProfile(v.Request().Context(), v.b, name, lang, zone)
	if errors.Is(err, idp.ErrName) {
		return s.again(v, s.profilePage(v, templates.ProfilePage{
			Name: name, Lang: lang, Zone: zone, NameError: v.text("signup.e.name"),
		}))
	}
	if err != nil {
		return err
	}
	s.keepLanguage(v, lang)
	return see(v, pathProfile+"?done=saved")
}

// keepLanguage makes this browser speak the language just chosen for the
// account: what the switch said before would outlive it (ux 2.9).
func (s *server) keepLanguage(c echo.Context, lang string) {
	if !slices.Contains(templates.Languages, lang) {
		return
	}
	c.SetCookie(&http.Cookie{
		Name: languageCookie, Value: lang, Path: "/", MaxAge: int(languageFor.Seconds()),
		Secure: s.cookies.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
