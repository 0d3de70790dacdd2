package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// help is a page of the help (S-005): the same for everybody, with the numbers,
// dates and names of this deployment.
func (s *server) help(name, title string) echo.HandlerFunc {
	file := "help-" + name
	if name == "help" {
		file = name
	}
	return func(c echo.Context) error {
		p := s.page(c, file, title, s.helpData(browser(c).Lang))
		p.Layout, p.Nav = "help", name
		return s.render(c, http.StatusOK, p)
	}
}

func (s *server) helpData(lang string) templates.HelpPage {
	limits := s.provider.Config().Limits.MFA
	data := templates.HelpPage{
		TrustDays: int(limits.TrustedDevice.Hours() / 24), Digits: limits.CodeDigits, Minutes: minutes(limits.CodeLifetime),
		Unverified: limits.AllowUnverified, VoIP: limits.AllowVoIP, Dates: s.helpDates(lang),
		Recovery: s.there("/recovery"), Shops: s.there("/account/shops"),
	}
	if len(limits.Countries) > 1 {
		var names []string
		for _, row := range countryRows(lang, mfa.Countries(limits)) {
			names = append(names, row.Name)
		}
		data.Countries = strings.Join(names, map[string]string{"ja": "、", "en": ", "}[lang])
	}
	return data
}

// there is a path of ours, or nothing where no page answers it.
func (s *server) there(path string) string {
	if s.shown[path] {
		return path
	}
	return ""
}

// helpDates are the relying parties that demand two-step verification: those
// that always do first, then by date.
func (s *server) helpDates(lang string) []templates.HelpDate {
	var dates []templates.HelpDate
	cfg := s.provider.Config()
	for _, c := range cfg.Clients.All() {
		least, known := signin.ParseACR(c.Rules.MinACR, cfg.ACRAliases)
		always := c.Rules.MinACR != "" && (!known || least >= signin.LevelTwoStep)
		if c.Disabled || !always && c.Rules.EnforceFrom.IsZero() {
			continue
		}
		d := templates.HelpDate{Client: c.DisplayName(lang)}
		if !always {
			d.From, d.Past = s.local(c.Rules.EnforceFrom), !s.now().Before(c.Rules.EnforceFrom)
		}
		dates = append(dates, d)
	}
	slices.SortStableFunc(dates, func(a, b templates.HelpDate) int { return a.From.Compare(b.From) })
	return dates
}
