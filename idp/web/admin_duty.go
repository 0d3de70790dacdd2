package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/templates"
)

// The paths of the pages for staff.
const (
	pathStaff  = "/admin"
	pathPeople = pathStaff + "/people"
	pathPerson = pathPeople + "/:id"
	pathAudit  = pathStaff + "/audit"
)

func (s *server) staffRoutes() []route {
	return []route{
		get(pathStaff, s.staffed(s.desk)),
		get(pathPeople, s.staffed(s.people, idp.Admin)), post(pathPeople, s.staffed(s.findPerson, idp.Admin)),
		get(pathPerson, s.staffed(s.person, idp.Admin)), post(pathPerson, s.staffed(s.actOnPerson, idp.Admin)),
		get(pathAudit, s.staffed(s.auditLog, idp.Admin)), post(pathAudit, s.staffed(s.askAudit, idp.Admin)),
	}
}

// duty is one request of a member of staff.
type duty struct {
	echo.Context
	reader
	b *idp.Browser
	idp.Duty
}

// staffed serves a page for staff with one of the roles, or any role when none
// is named. Whoever has not proved enough does so first and comes back.
func (s *server) staffed(h func(*duty) error, roles ...idp.Role) echo.HandlerFunc {
	return func(c echo.Context) error {
		b := browser(c)
		d, err := s.provider.Duty(c.Request().Context(), b)
		if err == nil {
			s.prefer(c, d.User.Lang)
			if len(roles) > 0 && !d.Has(roles...) {
				return idp.ErrForbidden
			}
			err = h(&duty{Context: c, reader: s.reader(c, d.User), b: b, Duty: d})
		}
		if errors.Is(err, idp.ErrSignedOut) || errors.Is(err, idp.ErrStaffSignIn) {
			return s.staffFirst(c)
		}
		return err
	}
}

// staffFirst leads to a sign-in that is good enough and comes back here.
func (s *server) staffFirst(c echo.Context) error {
	next, err := s.provider.StaffSignIn(c.Request().Context(), browser(c), s.backTo(c, pathStaff))
	if err != nil {
		return err
	}
	return s.redirect(c, next)
}

// onDesk is a page in the layout for staff, below an entry of their menu.
func (s *server) onDesk(d *duty, nav, name, title string, data any) templates.Page {
	p := s.page(d, name, title, data)
	p.Layout, p.Nav = "staff", nav
	p.Desk = &templates.Desk{
		Name: d.User.Name, Admin: d.Has(idp.Admin), Reviewer: d.Has(idp.Reviewer), Idle: minutes(s.provider.Config().Limits.Staff.Idle),
	}
	return p
}

// done is what the page says was done: one of words, from a redirect of ours.
func (d *duty) done(words ...string) string {
	if w := d.QueryParam("done"); slices.Contains(words, w) {
		return w
	}
	return ""
}

// maskedMethod shows a method whose number is masked already (T-43).
func (d *duty) maskedMethod(f mfa.Factor) templates.MethodRow {
	number := f.Number
	f.Number = ""
	row := d.method(f)
	if number != "" {
		row.Label = number
		row.Words += number
	}
	return row
}

// desk is the start page of staff.
func (s *server) desk(d *duty) error {
	return s.render(d, http.StatusOK, s.onDesk(d, "home", "admin-home", "adm.home", templates.StaffHomePage{}))
}
