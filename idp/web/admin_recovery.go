package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/recovery"
	"github.com/sekisho-id/sekisho/templates"
)

// The desk of reviewers (T-43).

const (
	pathCases    = pathStaff + "/recovery"
	pathCase     = pathCases + "/:id"
	pathEvidence = pathCase + "/files/:file"
)

func (s *server) reviewRoutes() []route {
	return []route{
		get(pathCases, s.staffed(s.cases, idp.Reviewer)),
		get(pathCase, s.staffed(s.oneCase, idp.Reviewer)), post(pathCase, s.staffed(s.decide, idp.Reviewer)),
		get(pathEvidence, s.staffed(s.evidence, idp.Reviewer)),
	}
}

func (s *server) cases(d *duty) error {
	desk, err := s.provider.ReviewRecoveries(d.Request().Context(), d.b)
	if err != nil {
		return err
	}
	return s.render(d, http.StatusOK, s.onDesk(d, "recovery", "admin-recovery", "adm.title", templates.RecoveryDeskPage{
		Review: d.caseRows(desk.Review), Waiting: d.caseRows(desk.Waiting), Closed: d.caseRows(desk.Closed),
	}))
}

// stateKeys and checkKeys are the words for states and for what is checked.
var (
	stateKeys = map[recovery.State]string{
		recovery.Open: "adm.s.open", recovery.Half: "adm.s.half", recovery.Asked: "adm.s.asked", recovery.Waiting: "adm.s.waiting",
		recovery.Done: "adm.s.done", recovery.Refused: "adm.s.refused", recovery.Cancelled: "adm.s.cancelled", recovery.Expired: "adm.s.expired",
	}
	checkKeys = map[string]string{
		"document": "adm.check_document", "name": "adm.check_name", "contact": "adm.check_contact", "signals": "adm.check_signals",
	}
)

func (d *duty) caseRows(list []idp.RecoveryRow) []templates.RecoveryRow {
	var rows []templates.RecoveryRow
	for _, r := range list {
		rows = append(rows, templates.RecoveryRow{
			ID: r.ID, Ref: r.Ref, Email: r.Email, State: d.text(stateKeys[r.State]), Sent: d.at(r.SentAt), Due: d.at(r.DueAt), Closed: d.at(r.ClosedAt),
		})
	}
	return rows
}

func (s *server) oneCase(d *duty) error {
	p, err := s.casePage(d)
	if err != nil {
		return err
	}
	return s.render(d, http.StatusOK, s.onDesk(d, "recovery", "admin-case", "adm.title", p))
}

func (s *server) casePage(d *duty) (templates.RecoveryCasePage, error) {
	v, err := s.provider.ReviewRecovery(d.Request().Context(), d.b, d.Param("id"))
	if err != nil {
		return templates.RecoveryCasePage{}, err
	}
	undecided := v.State == recovery.Open || v.State == recovery.Half
	p := templates.RecoveryCasePage{
		ID: v.ID, Ref: v.Ref, State: string(v.State), StateWords: d.text(stateKeys[v.State]),
		Name: v.User.Name, Email: v.User.Email, UserID: v.User.ID,
		Cause: d.text(causeKeys[v.Cause]), Contact: v.Contact, Story: v.Story, Wanted: v.Wanted, IP: v.IP,
		Sent: d.at(v.SentAt), Due: d.at(v.DueAt), Over: d.at(v.ClosedAt), Signals: d.signals(v.Signals),
		History: d.auditRows(v.History), Decide: undecided, Stop: v.State == recovery.Waiting || v.State == recovery.Asked,
		Half: v.State == recovery.Half, Mine: v.Mine, Hours: hours(v.Wait), Ticket: v.Ticket, Checks: d.checks(nil),
		Done: d.done(string(recovery.Approve), string(recovery.Refuse), string(recovery.Ask)),
	}
	_, p.Browser = d.browser(v.UserAgent)
	for i := range p.History {
		p.History[i].UserID = "" // a reviewer opens nobody's page
	}
	for _, f := range v.Methods {
		p.Methods = append(p.Methods, d.maskedMethod(f))
	}
	for _, f := range v.Files {
		p.Files = append(p.Files, evidenceRow(f, d.at))
	}
	return p, nil
}

func (d *duty) checks(ticked []string) []templates.CauseRow {
	var rows []templates.CauseRow
	for _, c := range idp.RecoveryChecks {
		row := templates.CauseRow{Value: c, Label: d.text(checkKeys[c])}
		for _, t := range ticked {
			row.Chosen = row.Chosen || t == c
		}
		rows = append(rows, row)
	}
	return rows
}

// signals are what speaks for and against, in words.
func (d *duty) signals(s idp.RecoverySignals) []templates.SignalRow {
	either := func(label string, good bool, yes, no string) templates.SignalRow {
		value := no
		if good {
			value = yes
		}
		return templates.SignalRow{Label: d.text(label), Value: d.text(value), Good: good}
	}
	rows := []templates.SignalRow{
		either("adm.sig_pw", s.Password, "adm.ok", "adm.unknown_pw"),
		either("adm.sig_browser", s.KnownBrowser, "adm.known", "adm.newdev"),
		either("adm.sig_contact", s.ContactKnown, "adm.known_mail", "adm.new_mail"),
		either("adm.sig_pwat", s.PasswordAt.IsZero(), "adm.none", "adm.none"),
		either("adm.sig_mail", s.EmailAt.IsZero(), "adm.none", "adm.none"),
		either("adm.sig_code", !s.CodeAt.IsZero(), "adm.none", "adm.none"),
	}
	if !s.PasswordAt.IsZero() {
		rows[3].Value = d.set.Date(d.lang, d.at(s.PasswordAt))
	}
	if !s.EmailAt.IsZero() {
		rows[4].Value = d.set.Date(d.lang, d.at(s.EmailAt))
	}
	if !s.CodeAt.IsZero() {
		rows[5].Value = d.set.Date(d.lang, d.at(s.CodeAt))
	}
	return append(rows, templates.SignalRow{
		Label: d.text("adm.sig_denied"), Value: strconv.Itoa(s.Requests) + " (" + strconv.Itoa(s.Denied) + ")", Good: s.Denied == 0,
	})
}

// decisionFaults are the faults of the form, by field.
var decisionFaults = []struct {
	err        error
	field, key string
}{
	{idp.ErrChecks, "checks", "adm.e.checks"},
	{idp.ErrTicket, "ticket", "adm.e.ticket"},
	{idp.ErrReason, "reason", "adm.e.why"},
	{idp.ErrWanted, "ask", "adm.e.ask"},
}

func (s *server) decide(d *duty) error {
	form := d.Request().PostForm
	in := idp.RecoveryDecision{
		Act: recovery.Act(field(d, "do")), Reason: field(d, "reason"), Ticket: field(d, "ticket"), Wanted: field(d, "ask"), Checks: form["check"],
	}
	err := s.provider.DecideRecovery(d.Request().Context(), d.b, d.Param("id"), in)
	if err == nil {
		return see(d, pathCases+"/"+url.PathEscape(d.Param("id"))+"?done="+string(in.Act))
	}
	var faults templates.Faults
	for _, f := range decisionFaults {
		if errors.Is(err, f.err) {
			faults = append(faults, templates.Fault{Field: f.field, Text: d.text(f.key)})
		}
	}
	whole := ""
	switch {
	case errors.Is(err, recovery.ErrTwice):
		whole = d.text("adm.e.twice")
	case errors.Is(err, recovery.ErrOver), errors.Is(err, recovery.ErrNotNow):
		whole = d.text("adm.e.late")
	}
	if whole == "" && len(faults) == 0 {
		return err
	}
	p, err := s.casePage(d)
	if err != nil {
		return err
	}
	p.Faults, p.Error, p.Reason, p.Ticket, p.Ask, p.Checks = faults, whole, in.Reason, in.Ticket, in.Wanted, d.checks(in.Checks)
	return s.again(d, s.onDesk(d, "recovery", "admin-case", "adm.title", p))
}

// evidence answers with what a stranger sent: under the type found in its
// content, never sniffed anew, in a document that can run and load nothing, and
// saved instead of shown unless it is a picture (T-43).
func (s *server) evidence(d *duty) error {
	e, err := s.provider.ReviewEvidence(d.Request().Context(), d.b, d.Param("id"), d.Param("file"))
	if err != nil {
		return err
	}
	names := map[recovery.Kind]string{recovery.JPEG: "evidence.jpg", recovery.PNG: "evidence.png", recovery.PDF: "evidence.pdf"}
	how := "attachment"
	if e.Kind.Image() {
		how = "inline"
	}
	h := d.Response().Header()
	h.Set(echo.HeaderContentDisposition, how+`; filename="`+names[e.Kind]+`"`)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	return d.Blob(http.StatusOK, string(e.Kind), e.Data)
}
