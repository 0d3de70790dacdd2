package idp

import (
	"fmt"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

// ChangeError is a change of a question that cannot be made.
type ChangeError struct {
	// Name and Value are as given; Want is what the value should be, empty where
	// there is no fact of that name.
	Name, Value, Want string
}

// Error says what is wrong.
func (e *ChangeError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("there is no fact %q", e.Name)
	}
	return fmt.Sprintf("%s=%s: want %s", e.Name, e.Value, e.Want)
}

// FactKind is what values a fact takes.
type FactKind string

// The kinds.
const (
	KindSwitch FactKind = "on or off"
	KindAge    FactKind = "an age such as 5m or 3h, or never"
	KindDate   FactKind = "a date such as 2026-12-01, or never"
	KindACR    FactKind = "an acr such as urn:sekisho:acr:2sv, or none"
	KindPrompt FactKind = "login, none, consent, select_account, create or nothing"
	KindSpan   FactKind = "a duration such as 300s, or never"
	KindScopes FactKind = "scopes with a comma between, or none"
)

// Change is one fact that a question may change.
type Change struct {
	Name string
	Kind FactKind
	set  func(f *signin.Facts, v factValue)
}

// factValue is a value that was read.
type factValue struct {
	on    bool
	at    time.Time // of an age or a date; zero for never
	span  *time.Duration
	level signin.Level
	text  string
}

// Changes are the facts that a question may change.
var Changes = []Change{
	{"two_step", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.TwoStep = v.on }},
	{"main", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.Primary = v.on }},
	{"backup", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.Backup = v.on }},
	{"passkey", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.Passkey = v.on }},
	{"disabled", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.Disabled = v.on }},
	{"reset", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.Reset = v.on }},
	{"staff", KindSwitch, func(f *signin.Facts, v factValue) { f.Person.Staff = v.on }},
	{"extended_until", KindDate, func(f *signin.Facts, v factValue) { f.Person.ExtendedUntil = v.at }},
	{"enforce_from", KindDate, func(f *signin.Facts, v factValue) { f.Rules.EnforceFrom = v.at }},
	{"min_acr", KindACR, func(f *signin.Facts, v factValue) { f.Rules.MinACR = v.level.ACR() }},
	{"trusted_devices", KindSwitch, func(f *signin.Facts, v factValue) { f.Rules.NoTrustedDevices = !v.on }},
	{"first_party", KindSwitch, func(f *signin.Facts, v factValue) { f.Rules.FirstParty = v.on }},
	{"session", KindSwitch, changeSession},
	{"password", KindAge, func(f *signin.Facts, v factValue) { f.Proofs.PasswordAt = v.at; shown(f, v.at) }},
	{"code", KindAge, func(f *signin.Facts, v factValue) { f.Proofs.CodeAt, f.Proofs.Channel = v.at, mfa.SMS; shown(f, v.at) }},
	{"device", KindSwitch, changeDevice},
	{"passkey_used", KindAge, func(f *signin.Facts, v factValue) {
		f.Proofs.Passkey = signin.Passkey{At: v.at, Verified: !v.at.IsZero()}
		shown(f, v.at)
	}},
	{"seen", KindAge, func(f *signin.Facts, v factValue) { f.Proofs.SeenAt = v.at }},
	{"put_off", KindSwitch, func(f *signin.Facts, v factValue) { f.Proofs.PutOff = v.on }},
	{"acr", KindACR, func(f *signin.Facts, v factValue) { f.Request.Want = v.level }},
	{"acr_essential", KindACR, func(f *signin.Facts, v factValue) { f.Request.Want, f.Request.Essential = v.level, true }},
	{"max_age", KindSpan, func(f *signin.Facts, v factValue) { f.Request.MaxAge = v.span }},
	{"prompt", KindPrompt, changePrompt},
	{"scopes", KindScopes, func(f *signin.Facts, v factValue) { f.Request.Scopes = strings.FieldsFunc(v.text, isComma) }},
	{"granted", KindScopes, func(f *signin.Facts, v factValue) { f.Granted = strings.FieldsFunc(v.text, isComma) }},
}

func isComma(r rune) bool { return r == ',' || r == ' ' }

// shown makes a proof the person's, in a browser that was used then.
func shown(f *signin.Facts, at time.Time) {
	f.Proofs.Subject = f.Person.ID
	if at.After(f.Proofs.SeenAt) {
		f.Proofs.SeenAt = at
	}
}

// changeSession puts a session there that shows nothing by itself, or takes it
// away with all that it shows.
func changeSession(f *signin.Facts, v factValue) {
	if f.Proofs.Session = v.on; !v.on {
		f.Proofs = signin.Proofs{}
	}
	f.Proofs.Subject = f.Person.ID
}

// changeDevice lets a trusted device stand in for the code, together with the
// password.
func changeDevice(f *signin.Facts, v factValue) {
	f.Proofs.DeviceAt = time.Time{}
	if v.on {
		f.Proofs.DeviceAt = f.Proofs.PasswordAt
	}
}

func changePrompt(f *signin.Facts, v factValue) {
	r := &f.Request
	r.None, r.Login, r.Consent, r.Select, r.Create = v.text == "none", v.text == "login", v.text == "consent", v.text == "select_account", v.text == "create"
}

// change makes the changes of a question, in their order.
func (p *Provider) change(a *Answer, with []string) error {
	for _, w := range with {
		name, value, _ := strings.Cut(w, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		c, ok := findChange(name)
		if !ok {
			return &ChangeError{Name: name, Value: value}
		}
		v, ok := p.readFact(c.Kind, value, a.At)
		if !ok {
			return &ChangeError{Name: name, Value: value, Want: string(c.Kind)}
		}
		c.set(&a.Facts, v)
		a.Changed = append(a.Changed, name)
	}
	return nil
}

func findChange(name string) (Change, bool) {
	for _, c := range Changes {
		if c.Name == name {
			return c, true
		}
	}
	return Change{}, false
}

// readFact reads a value; at is the moment that ages count from.
func (p *Provider) readFact(kind FactKind, s string, at time.Time) (v factValue, ok bool) {
	v.text = s
	if s == "never" || s == "none" || s == "nothing" {
		if kind == KindScopes || s != "none" && kind == KindPrompt {
			v.text = ""
		}
		return v, kind != KindSwitch
	}
	var err error
	switch kind {
	case KindSwitch:
		v.on = s == "on"
		return v, s == "on" || s == "off"
	case KindAge, KindSpan:
		var d time.Duration
		d, err = time.ParseDuration(s)
		v.at, v.span = at.Add(-d), &d
		if d < 0 { // nothing was shown in the future
			return v, false
		}
	case KindDate:
		v.at, err = clients.ParseMoment(s, p.cfg.Zone)
	case KindACR:
		v.level, ok = signin.ParseACR(s, p.cfg.ACRAliases)
		return v, ok
	case KindPrompt:
		return v, s == "login" || s == "consent" || s == "select_account" || s == "create"
	case KindScopes:
	}
	return v, err == nil
}
