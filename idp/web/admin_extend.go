package web

import (
	"errors"
	"net/url"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// pathExtend takes the form on a person's page that gives them more time.
const pathExtend = pathPerson + "/extend"

// extendForm is the form as it stands before anything is typed.
func (s *server) extendForm(d *duty, v idp.PersonView) templates.ExtendForm {
	f := templates.ExtendForm{Days: int(s.provider.Config().Limits.Account.Extension / (24 * time.Hour))}
	for _, u := range v.Dates {
		f.Dates = append(f.Dates, templates.PersonDate{
			Name: s.clientName(u.ClientID, d.lang), From: s.local(u.From), Extended: !u.Use.ExtendedAt.IsZero(), Used: d.at(u.Use.LastAt),
		})
	}
	if !v.User.TwoStepAt.IsZero() || v.User.ID == d.User.ID {
		return f
	}
	for _, c := range s.provider.Config().Clients.All() {
		if !c.Rules.EnforceFrom.IsZero() && !c.Disabled {
			f.Choices = append(f.Choices, templates.ChoiceRow{Value: c.ID, Text: c.DisplayName(d.lang)})
		}
	}
	return f
}

func (s *server) extendPerson(d *duty) error {
	e := idp.Extension{ClientID: field(d, "client"), Reason: field(d, "why")}
	until, err := clients.ParseMoment(field(d, "until"), s.provider.Config().Zone)
	if err != nil {
		return s.extendAgain(d, "until", d.text("adm.e.date"))
	}
	e.Until = until
	err = s.provider.StaffExtend(d.Request().Context(), d.b, d.Param("id"), e)
	days := s.provider.Config().Limits.Account.Extension / (24 * time.Hour)
	switch {
	case errors.Is(err, idp.ErrReason):
		return s.extendAgain(d, "why", d.text("adm.e.why"))
	case errors.Is(err, idp.ErrUntil):
		return s.extendAgain(d, "until", d.text("ext.e.until", "n", int(days)))
	case errors.Is(err, idp.ErrExtended):
		return s.extendAgain(d, "client", d.text("ext.e.again"))
	case errors.Is(err, idp.ErrState):
		return s.extendAgain(d, "client", d.text("ext.e.on"))
	case errors.Is(err, idp.ErrNoDate):
		return s.extendAgain(d, "client", d.text("ext.e.client"))
	case err != nil:
		return err
	}
	return see(d, pathPeople+"/"+url.PathEscape(d.Param("id"))+"?done=extend")
}

// extendAgain shows the page with what was typed and what is wrong with it.
func (s *server) extendAgain(d *duty, at, fault string) error {
	p, err := s.personPage(d)
	if err != nil {
		return err
	}
	p.Extend.Client, p.Extend.Until, p.Extend.Reason = field(d, "client"), field(d, "until"), field(d, "why")
	p.Extend.Faults = templates.Faults{{Field: at, Text: fault}}
	return s.again(d, s.onDesk(d, "people", "admin-person", "adm.acct", p))
}
