package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/templates"
)

// The pages about enforcement dates (S-121).
const (
	pathDates   = pathStaff + "/dates"
	pathDate    = pathDates + "/:id"
	pathExplain = pathStaff + "/explain"
)

func (s *server) dateRoutes() []route {
	return []route{
		get(pathDates, s.staffed(s.dates, idp.Admin)),
		get(pathDate, s.staffed(s.dateOfClient, idp.Admin)), post(pathDate, s.staffed(s.changeDate, idp.Admin)),
		post(pathExtend, s.staffed(s.extendPerson, idp.Admin)),
		get(pathExplain, s.staffed(s.explained, idp.Admin)), post(pathExplain, s.staffed(s.askWhy, idp.Admin)),
	}
}

// The words of a preflight, by outcome, cohort and mark.
var (
	outcomeKeys = map[idp.Outcome]string{
		idp.OutcomeStopped: "pre.stopped", idp.OutcomePasses: "pre.passes", idp.OutcomeExtended: "pre.extended", idp.OutcomeRefused: "pre.refused",
	}
	cohortKeys = map[idp.Cohort]string{
		idp.CohortNoMethod: "pre.no_method", idp.CohortUnfinished: "pre.unfinished", idp.CohortKept: "pre.kept", idp.CohortPasskey: "pre.passkey",
		idp.CohortUnverified: "pre.unverified", idp.CohortNoBackup: "pre.no_backup", idp.CohortNoMain: "pre.no_main", idp.CohortReady: "pre.ready",
	}
	markKeys = map[idp.Mark]string{
		idp.MarkDormant: "pre.dormant", idp.MarkNever: "pre.never", idp.MarkStaff: "pre.staff", idp.MarkAddress: "pre.address", idp.MarkReminded: "pre.reminded",
	}
)

func (s *server) dates(d *duty) error {
	list, err := s.provider.StaffDates(d.Request().Context(), d.b)
	if err != nil {
		return err
	}
	data := templates.DatesPage{}
	for _, c := range list {
		data.Clients = append(data.Clients, s.dateRow(d, c))
	}
	return s.render(d, http.StatusOK, s.onDesk(d, "dates", "admin-dates", "adm.dates", data))
}

// dateRow is a client as the pages show it; dates are the deployment's, whatever
// zone their reader is in.
func (s *server) dateRow(d *duty, c idp.ClientDates) templates.DateRow {
	row := templates.DateRow{
		ID: c.Client.ID, Name: c.Client.DisplayName(d.lang), From: s.local(c.Client.Rules.EnforceFrom), File: c.File,
		Past: !c.Client.Rules.EnforceFrom.IsZero() && !s.now().Before(c.Client.Rules.EnforceFrom),
	}
	for _, h := range c.History {
		row.History = append(row.History, templates.DateChangeRow{
			At: d.at(h.At), Actor: d.actor(h.Actor), Old: s.local(h.Old), New: s.local(h.New), Reason: h.Reason, File: h.File,
		})
	}
	return row
}

// datePage is the page of one client, as the URL asks for it.
func (s *server) datePage(d *duty) (templates.DatePage, error) {
	list, err := s.provider.StaffDates(d.Request().Context(), d.b)
	if err != nil {
		return templates.DatePage{}, err
	}
	for _, c := range list {
		if c.Client.ID != d.Param("id") {
			continue
		}
		p := templates.DatePage{DateRow: s.dateRow(d, c), On: d.QueryParam("on"), All: d.QueryParam("all") != "", Done: d.done("set")}
		if p.On == "" && !p.From.IsZero() {
			p.On = p.From.Format(time.DateOnly)
		}
		p.Date = p.On
		return p, nil
	}
	return templates.DatePage{}, idp.ErrNotFound
}

func (s *server) showDate(d *duty, status int, p templates.DatePage) error {
	page := s.onDesk(d, "dates", "admin-date", "adm.dates", p)
	return s.render(d, status, page)
}

func (s *server) dateOfClient(d *duty) error {
	p, err := s.datePage(d)
	if err != nil {
		return err
	}
	if d.QueryParam("on") == "" {
		return s.showDate(d, http.StatusOK, p)
	}
	q, fault := s.preflightOf(d, p.On, p.All)
	if fault != nil {
		p.Faults = fault
		return s.showDate(d, http.StatusUnprocessableEntity, p)
	}
	r, err := s.provider.StaffPreflight(d.Request().Context(), d.b, q, nil)
	if err != nil {
		return err
	}
	p.Counted, p.People, p.At = true, r.People, s.local(r.On)
	for _, o := range idp.Outcomes {
		if r.ByOutcome[o] > 0 {
			p.Outcomes = append(p.Outcomes, d.outcome(r, o))
		}
	}
	return s.showDate(d, http.StatusOK, p)
}

// outcome is one part of a report, in words.
func (d *duty) outcome(r idp.PreflightReport, o idp.Outcome) templates.OutcomeRow {
	row := templates.OutcomeRow{Text: d.text(outcomeKeys[o]), N: r.ByOutcome[o], Stops: o == idp.OutcomeStopped}
	for _, c := range idp.Cohorts {
		if n := r.ByCohort[o][c]; n > 0 {
			row.Cohorts = append(row.Cohorts, templates.CountRow{Text: d.text(cohortKeys[c]), N: n})
		}
	}
	for _, m := range idp.Marks {
		if n := r.ByMark[o][m]; n > 0 {
			row.Marks = append(row.Marks, templates.CountRow{Text: d.text(markKeys[m]), N: n})
		}
	}
	return row
}

// preflightOf reads what was asked; an empty date is the client's own.
func (s *server) preflightOf(d *duty, on string, all bool) (idp.Preflight, templates.Faults) {
	q := idp.Preflight{ClientID: d.Param("id"), Everybody: all}
	at, err := clients.ParseMoment(on, s.provider.Config().Zone)
	if err != nil {
		return q, templates.Faults{{Field: "on", Text: d.text("adm.e.date")}}
	}
	q.On = at
	return q, nil
}

// changeDate takes the forms of the page: the count, the table, and a new date.
func (s *server) changeDate(d *duty) error {
	p, err := s.datePage(d)
	if err != nil {
		return err
	}
	if field(d, "do") == "set" {
		return s.setDate(d, p)
	}
	p.On, p.All = field(d, "on"), field(d, "all") != ""
	q, fault := s.preflightOf(d, p.On, p.All)
	if fault != nil {
		p.Faults = fault
		return s.showDate(d, http.StatusUnprocessableEntity, p)
	}
	if field(d, "do") == "export" {
		return s.exportPreflight(d, q)
	}
	v := url.Values{"on": {p.On}}
	if p.All {
		v.Set("all", "1")
	}
	return see(d, pathDates+"/"+url.PathEscape(p.ID)+"?"+v.Encode())
}

// exportPreflight answers with the table, person by person as they are read.
func (s *server) exportPreflight(d *duty, q idp.Preflight) error {
	var table *idp.PreflightCSV
	begin := func() error {
		h := d.Response().Header()
		h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
		attachment(d, "preflight.csv")
		d.Response().WriteHeader(http.StatusOK)
		var err error
		table, err = idp.NewPreflightCSV(d.Response())
		return err
	}
	_, err := s.provider.StaffPreflight(d.Request().Context(), d.b, q, func(one idp.PreflightPerson) error {
		if table == nil {
			if err := begin(); err != nil {
				return err
			}
		}
		return table.Write(one)
	})
	if err == nil && table == nil {
		err = begin()
	}
	if table != nil {
		err = errors.Join(err, table.Close())
	}
	return err
}

// setDate changes the date for a reason, or shows what is wrong beside its field.
func (s *server) setDate(d *duty, p templates.DatePage) error {
	p.Date, p.Reason = field(d, "date"), field(d, "reason")
	var from time.Time
	if p.Date != "" {
		at, err := clients.ParseMoment(p.Date, s.provider.Config().Zone)
		if err != nil {
			p.Faults = templates.Faults{{Field: "date", Text: d.text("adm.e.date")}}
			return s.showDate(d, http.StatusUnprocessableEntity, p)
		}
		from = at
	}
	err := s.provider.StaffSetDate(d.Request().Context(), d.b, p.ID, from, p.Reason)
	switch {
	case errors.Is(err, idp.ErrReason):
		p.Faults = templates.Faults{{Field: "reason", Text: d.text("adm.e.why")}}
	case errors.Is(err, idp.ErrState):
		p.Faults = templates.Faults{{Field: "date", Text: d.text("adm.e.same_date")}}
	case errors.Is(err, idp.ErrFileClient):
		p.Faults = templates.Faults{{Field: "date", Text: d.text("adm.date_file")}}
	case err != nil:
		return err
	default:
		return see(d, pathDates+"/"+url.PathEscape(p.ID)+"?done=set")
	}
	return s.showDate(d, http.StatusUnprocessableEntity, p)
}
