package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

func (s *server) people(d *duty) error {
	return s.render(d, http.StatusOK, s.onDesk(d, "people", "admin-people", "adm.find_t", templates.FindPage{}))
}

// findPerson leads to the one person whose whole address or id was typed.
func (s *server) findPerson(d *duty) error {
	who := field(d, "who")
	id, err := s.provider.StaffFind(d.Request().Context(), d.b, who)
	if errors.Is(err, idp.ErrNotFound) {
		return s.again(d, s.onDesk(d, "people", "admin-people", "adm.find_t", templates.FindPage{Who: who, Error: d.text("adm.find_e")}))
	}
	if err != nil {
		return err
	}
	return see(d, pathPeople+"/"+url.PathEscape(id))
}

func (s *server) person(d *duty) error {
	p, err := s.personPage(d)
	if err != nil {
		return err
	}
	return s.render(d, http.StatusOK, s.onDesk(d, "people", "admin-person", "adm.acct", p))
}

func (s *server) personPage(d *duty) (templates.PersonPage, error) {
	v, err := s.provider.StaffPerson(d.Request().Context(), d.b, d.Param("id"))
	if err != nil {
		return templates.PersonPage{}, err
	}
	u := v.User
	p := templates.PersonPage{
		ID: u.ID, Name: u.Name, Email: u.Email, Lang: u.Lang, Zone: u.Zone, State: string(v.State), Since: d.at(u.TwoStepAt),
		Suspended: d.at(u.DisabledAt), Made: d.at(u.CreatedAt), Verified: d.at(u.EmailVerifiedAt), Password: d.at(u.PasswordAt),
		Devices: v.Devices, Events: d.auditRows(v.Events), Self: u.ID == d.User.ID,
		Done:   d.done(string(idp.ActEnd), string(idp.ActSuspend), string(idp.ActRestore), string(idp.ActSendReset), "extend"),
		Extend: s.extendForm(d, v),
	}
	for i := range p.Events {
		p.Events[i].UserID = "" // it is this page
	}
	for _, r := range idp.RolesOf(u) {
		p.Roles = append(p.Roles, string(r))
	}
	for _, f := range v.Methods {
		p.Methods = append(p.Methods, d.maskedMethod(f))
	}
	for _, session := range v.Sessions {
		row := templates.BrowserRow{IP: session.IP, Last: d.at(session.SeenAt)}
		row.Icon, row.Name = d.browser(session.UserAgent)
		p.Sessions = append(p.Sessions, row)
	}
	return p, nil
}

func (s *server) actOnPerson(d *duty) error {
	act, reason := idp.Act(field(d, "do")), field(d, "reason")
	err := s.provider.StaffAct(d.Request().Context(), d.b, d.Param("id"), act, reason)
	if errors.Is(err, idp.ErrReason) {
		p, err := s.personPage(d)
		if err != nil {
			return err
		}
		p.Reason, p.Error = reason, d.text("adm.e.why")
		return s.again(d, s.onDesk(d, "people", "admin-person", "adm.acct", p))
	}
	if err != nil {
		return err
	}
	return see(d, pathPeople+"/"+url.PathEscape(d.Param("id"))+"?done="+string(act))
}
