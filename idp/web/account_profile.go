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
	address, err := s.provider.Address(v.Request().Context(), u.ID)
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, s.profilePage(v, templates.ProfilePage{
		Name: u.Name, Lang: cmp.Or(u.Lang, v.lang), Zone: v.zone.String(), Address: addressRows(v.text, address), Saved: v.done("saved") != "",
	}))
}

// addressRows are the fields of an address, in the order in which Japan writes it.
func addressRows(say func(string, ...any) string, a idp.Address) []templates.PostalRow {
	return []templates.PostalRow{
		{Name: "postal_code", Label: say("prof.postal_code"), Token: "postal-code", Value: a.PostalCode},
		{Name: "region", Label: say("prof.region"), Token: "address-level1", Value: a.Region},
		{Name: "locality", Label: say("prof.locality"), Token: "address-level2", Value: a.Locality},
		{Name: "street_address", Label: say("prof.street_address"), Token: "street-address", Value: a.Street},
		{Name: "country", Label: say("prof.country"), Token: "country-name", Value: a.Country},
	}
}

func (s *server) profilePage(v *visit, data templates.ProfilePage) templates.Page {
	data.Email = v.account.User.Email
	data.Zones = zoneRows(s.now(), s.provider.Config().Zone.String(), v.account.User.Zone)
	return s.own(v, "profile", "account-profile", "prof.title", data)
}

func (s *server) saveProfile(v *visit) error {
	in := idp.ProfileInput{Name: field(v, "name"), Lang: field(v, "lang"), Zone: field(v, "zone"), Address: idp.Address{
		PostalCode: field(v, "postal_code"), Region: field(v, "region"), Locality: field(v, "locality"),
		Street: field(v, "street_address"), Country: field(v, "country"),
	}}
	if _, err := time.LoadLocation(in.Zone); err != nil || in.Zone == time.Local.String() {
		in.Zone = "" // not a zone that a person can have
	}
	err := s.provider.UpdateProfile(v.Request().Context(), v.b, in)
	page := templates.ProfilePage{Name: in.Name, Lang: in.Lang, Zone: in.Zone, Address: addressRows(v.text, in.Address)}
	switch {
	case errors.Is(err, idp.ErrName):
		page.NameError = v.text("signup.e.name")
		return s.again(v, s.profilePage(v, page))
	case errors.Is(err, idp.ErrAddress):
		page.AddressError = v.text("prof.e.addr")
		return s.again(v, s.profilePage(v, page))
	case err != nil:
		return err
	}
	s.keepLanguage(v, in.Lang)
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
