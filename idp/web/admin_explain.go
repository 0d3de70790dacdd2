package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/templates"
)

// explained answers the question that stands in the URL, where a person is an
// id and never an address.
func (s *server) explained(d *duty) error {
	p := templates.ExplainPage{
		Who: d.QueryParam("who"), Client: d.QueryParam("client"), At: d.QueryParam("at"), Last: d.QueryParam("session") == idp.LastSession,
		With: strings.Join(d.QueryParams()["with"], "\n"), Clients: s.clientRows(d),
	}
	if p.Who == "" {
		return s.showExplain(d, p)
	}
	q, faults := s.question(d, p)
	if faults != nil {
		p.Faults = faults
		return s.showExplain(d, p)
	}
	a, err := s.provider.StaffExplain(d.Request().Context(), d.b, q)
	wrong, isChange := errors.AsType[*idp.ChangeError](err)
	switch {
	case isChange && wrong.Want == "":
		p.Faults = templates.Faults{{Field: "with", Text: d.text("exp.e.fact", "name", wrong.Name)}}
	case isChange:
		p.Faults = templates.Faults{{Field: "with", Text: d.text("exp.e.value", "name", wrong.Name, "value", wrong.Value)}}
	case errors.Is(err, idp.ErrNotFound):
		p.Faults = templates.Faults{{Field: "who", Text: d.text("exp.e.none")}}
	case err != nil:
		return err
	default:
		p.Answer = s.answerRows(d, a)
	}
	return s.showExplain(d, p)
}

func (s *server) showExplain(d *duty, p templates.ExplainPage) error {
	for _, c := range idp.Changes {
		p.Facts = append(p.Facts, templates.FactRow{Name: c.Name, Value: string(c.Kind)})
	}
	page := s.onDesk(d, "explain", "admin-explain", "exp.title", p)
	if p.Faults != nil {
		return s.again(d, page)
	}
	return s.render(d, http.StatusOK, page)
}

func (s *server) clientRows(d *duty) []templates.ChoiceRow {
	var rows []templates.ChoiceRow
	for _, c := range s.provider.Config().Clients.All() {
		if c.Allows(clients.GrantCode) {
			rows = append(rows, templates.ChoiceRow{Value: c.ID, Text: c.DisplayName(d.lang)})
		}
	}
	return rows
}

// question reads what was typed.
func (s *server) question(d *duty, p templates.ExplainPage) (idp.Question, templates.Faults) {
	q := idp.Question{Who: p.Who, ClientID: p.Client, With: strings.FieldsFunc(p.With, func(r rune) bool { return r == '\n' || r == '\r' })}
	if p.Last {
		q.Session = idp.LastSession
	}
	if p.At == "" {
		return q, nil
	}
	at, err := time.ParseInLocation("2006-01-02T15:04", p.At, d.zone) // as browsers send it
	if err != nil {
		if at, err = clients.ParseMoment(p.At, d.zone); err != nil {
			return q, templates.Faults{{Field: "at", Text: d.text("exp.e.at")}}
		}
	}
	q.At = at
	return q, nil
}

// askWhy leads to the answer's page.
func (s *server) askWhy(d *duty) error {
	p := templates.ExplainPage{
		Who: field(d, "who"), Client: field(d, "client"), At: field(d, "at"), Last: field(d, "session") == idp.LastSession,
		With: strings.TrimSpace(field(d, "with")), Clients: s.clientRows(d),
	}
	id, err := s.provider.StaffFind(d.Request().Context(), d.b, p.Who)
	if errors.Is(err, idp.ErrNotFound) {
		p.Faults = templates.Faults{{Field: "who", Text: d.text("adm.find_e")}}
		return s.showExplain(d, p)
	}
	if err != nil {
		return err
	}
	v := url.Values{"who": {id}}
	for name, value := range map[string]string{"client": p.Client, "at": p.At} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if p.Last {
		v.Set("session", idp.LastSession)
	}
	for line := range strings.Lines(p.With) {
		if line = strings.TrimSpace(line); line != "" {
			v.Add("with", line)
		}
	}
	return see(d, pathExplain+"?"+v.Encode())
}

// answerRows put an answer into words.
func (s *server) answerRows(d *duty, a idp.Answer) *templates.AnswerView {
	why := func(word string) string { return s.pages.Why(d.lang, word) }
	v := &templates.AnswerView{
		Name: a.User.Name, ID: a.User.ID, At: d.at(a.At), Page: string(a.Step.Page), Reason: a.Step.Reason, Why: why(a.Step.Reason), Error: a.Step.Error,
		Need: a.Step.Need.ACR(), Have: a.Step.Have.ACR(), Rewound: strings.Join(a.Rewound, ", "), Changed: strings.Join(a.Changed, ", "),
		Facts: d.facts(a), Events: d.auditRows(a.Events),
	}
	if a.Client != nil {
		v.Client = a.Client.DisplayName(d.lang)
	}
	for _, m := range a.Demands {
		v.Demands = append(v.Demands, templates.RuleRow{Word: m.Reason, Text: why(m.Reason), Level: m.Level.ACR(), Applies: m.Raised})
	}
	for _, r := range a.Rules {
		v.Rules = append(v.Rules, templates.RuleRow{Word: r.Rule, Text: why(r.Rule), Applies: r.Applies})
	}
	for _, step := range a.Way {
		v.Way = append(v.Way, templates.WayRow{Page: string(step.Page), Text: why(step.Reason), Later: step.PutOff})
	}
	return v
}

// facts are the names of [idp.Changes] with the values that were decided by.
func (d *duty) facts(a idp.Answer) []templates.FactRow {
	f := a.Facts
	var rows []templates.FactRow
	add := func(name, value string) { rows = append(rows, templates.FactRow{Name: name, Value: value}) }
	sw := func(name string, on bool) {
		if on {
			add(name, "on")
		} else {
			add(name, "off")
		}
	}
	age := func(name string, at time.Time) {
		if !at.IsZero() {
			add(name, a.At.Sub(at).String())
		}
	}
	date := func(name string, at time.Time) {
		if !at.IsZero() {
			add(name, at.In(d.zone).Format(time.RFC3339))
		}
	}
	sw("two_step", f.Person.TwoStep)
	sw("main", f.Person.Primary)
	sw("backup", f.Person.Backup)
	sw("passkey", f.Person.Passkey)
	sw("disabled", f.Person.Disabled)
	sw("reset", f.Person.Reset)
	sw("staff", f.Person.Staff)
	date("enforce_from", f.Rules.EnforceFrom)
	date("extended_until", f.Person.ExtendedUntil)
	add("min_acr", orNone(f.Rules.MinACR))
	sw("trusted_devices", !f.Rules.NoTrustedDevices)
	sw("first_party", f.Rules.FirstParty)
	sw("session", f.Proofs.Session)
	age("password", f.Proofs.PasswordAt)
	age("code", f.Proofs.CodeAt)
	age("device", f.Proofs.DeviceAt)
	age("passkey_used", f.Proofs.Passkey.At)
	age("seen", f.Proofs.SeenAt)
	if f.Request.Want > signin.LevelNone {
		add("acr", f.Request.Want.ACR())
	}
	if f.Request.MaxAge != nil {
		add("max_age", f.Request.MaxAge.String())
	}
	return rows
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
