package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/mfa"
)

func explain(ctx context.Context, p *program, args []string) error {
	f := p.flags("explain", "ADDRESS-OR-ID", "Say why a person is, or is not, asked for something: the facts, the demands, the rule that applies, and the pages\n"+
		"that follow. Nothing is changed. The facts are those of a sign-in that begins at the moment, in a browser that\n"+
		"knows nothing of the person; -session and -with change that. With -with any fact can be another one:\n\n"+changesHelp())
	from := f.source()
	client := f.String("client", "", "the relying party, by `id`; without it, the account pages")
	at := f.String("at", "", "the `moment`: 2026-12-01, or RFC 3339; without it, now")
	session := f.String("session", "", "`last` for the browser used last, or a session's id")
	acr := f.String("acr", "", "the relying party asks for this `acr`")
	var with list
	f.Var(&with, "with", "a fact as `name=value`; may be given several times")
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	if *acr != "" {
		with = append(with, "acr="+*acr)
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	q := idp.Question{Who: got[0], ClientID: *client, Session: *session, With: with}
	if *at != "" {
		if q.At, err = clients.ParseMoment(*at, o.cfg.Zone()); err != nil {
			return usagef("-at %v", err)
		}
	}
	if _, err := o.find(ctx, q.Who); err != nil {
		return err
	}
	a, err := o.Explain(ctx, q)
	if wrong, ok := errors.AsType[*idp.ChangeError](err); ok {
		return usagef("-with %v: see `sekisho help explain`", wrong)
	}
	if err != nil {
		return err
	}
	return o.printAnswer(p.stdout, a)
}

// changesHelp lists the facts of -with.
func changesHelp() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, c := range idp.Changes {
		fmt.Fprintf(w, "  %s\t%s\n", c.Name, c.Kind)
	}
	_ = w.Flush() // into memory
	return strings.TrimRight(b.String(), "\n")
}

// printAnswer prints what an answer says, part by part.
func (o *opened) printAnswer(to io.Writer, a idp.Answer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "person\t%s  %s\n", a.User.Email, a.User.ID)
	where := "the account pages"
	if a.Client != nil {
		where = a.Client.ID + "  " + a.Client.Name
	}
	fmt.Fprintf(w, "client\t%s\n", where)
	fmt.Fprintf(w, "moment\t%s\n", o.local(a.At))
	if a.Session != nil {
		fmt.Fprintf(w, "browser\tsession %s, used last %s\n", a.Session.SID, o.local(a.Session.SeenAt))
	} else {
		fmt.Fprintf(w, "browser\tone without a session\n")
	}
	for _, part := range []struct {
		what string
		list []string
	}{{"as it was then", a.Rewound}, {"changed", a.Changed}} {
		if len(part.list) > 0 {
			fmt.Fprintf(w, "%s\t%s\n", part.what, strings.Join(part.list, ", "))
		}
	}
	o.printFacts(w, a)
	o.printDecision(w, a)
	if len(a.Events) > 0 {
		fmt.Fprint(w, "\nthe audit log around that moment\n")
	}
	for _, e := range a.Events {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", o.local(e.At), e.Name, e.ClientID)
	}
	return w.Flush()
}

func (o *opened) printFacts(w io.Writer, a idp.Answer) {
	f := a.Facts
	fmt.Fprint(w, "\nfacts\n")
	fact := func(name, value string) { fmt.Fprintf(w, "  %s\t%s\n", name, value) }
	fact("two_step", on(f.Person.TwoStep))
	fact("main", on(f.Person.Primary)+methodsOf(a.Methods, mfa.Primary))
	fact("backup", on(f.Person.Backup)+methodsOf(a.Methods, mfa.Backup))
	fact("passkey", on(f.Person.Passkey))
	fact("disabled", on(f.Person.Disabled))
	fact("reset", on(f.Person.Reset))
	fact("staff", on(f.Person.Staff))
	fact("enforce_from", o.local(f.Rules.EnforceFrom))
	fact("extended_until", o.local(f.Person.ExtendedUntil))
	fact("min_acr", orDash(f.Rules.MinACR))
	fact("trusted_devices", on(!f.Rules.NoTrustedDevices))
	fact("first_party", on(f.Rules.FirstParty))
	fact("session", on(f.Proofs.Session))
	fact("password", o.ago(f.Proofs.PasswordAt, a.At))
	fact("code", o.ago(f.Proofs.CodeAt, a.At))
	fact("device", o.ago(f.Proofs.DeviceAt, a.At))
	fact("passkey_used", o.ago(f.Proofs.Passkey.At, a.At))
	fact("seen", o.ago(f.Proofs.SeenAt, a.At))
	want := orDash(f.Request.Want.ACR())
	if f.Request.Essential {
		want += " (essential)"
	}
	fact("acr", want)
	if f.Request.MaxAge != nil {
		fact("max_age", f.Request.MaxAge.String())
	}
	fact("scopes", orDash(strings.Join(f.Request.Scopes, ",")))
	fact("granted", orDash(strings.Join(f.Granted, ",")))
}

func (o *opened) printDecision(w io.Writer, a idp.Answer) {
	fmt.Fprint(w, "\ndemands: the first that asks for most decides\n")
	fmt.Fprintf(w, "  password\t%s\n", signin.LevelPassword.ACR())
	for _, d := range a.Demands {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", d.Reason, d.Level.ACR(), o.why(d.Reason))
	}
	fmt.Fprintf(w, "need\t%s\nhave\t%s\n", a.Step.Need.ACR(), orDash(a.Step.Have.ACR()))
	fmt.Fprint(w, "\nrules: the first that applies decides\n")
	for _, r := range a.Rules {
		applies := "no"
		if r.Applies {
			applies = "applies"
		}
		fmt.Fprintf(w, "  %s\t%s\n", r.Rule, applies)
	}
	fmt.Fprintf(w, "\nstep\t%s\nreason\t%s: %s\n", a.Step.Page, a.Step.Reason, o.why(a.Step.Reason))
	if a.Step.Error != "" {
		fmt.Fprintf(w, "prompt=none gets\t%s\n", a.Step.Error)
	}
	fmt.Fprint(w, "\nthe way of somebody who answers every page\n")
	for i, s := range a.Way {
		later := ""
		if s.PutOff {
			later = ", may be put off"
		}
		fmt.Fprintf(w, "  %d\t%s\t%s%s\n", i+1, s.Page, s.Reason, later)
	}
}

// methodsOf names the methods of a role behind whether there is one.
func methodsOf(all []mfa.Factor, role mfa.Role) string {
	text := ""
	for _, f := range all {
		if f.Role != role {
			continue
		}
		text += ": " + strings.TrimSpace(string(f.Channel)+" "+f.Number)
		switch {
		case f.Draft:
			text += " (draft)"
		case !f.Usable():
			text += " (disabled)"
		case !f.Verified():
			text += " (unverified)"
		}
	}
	return text
}

func (o *opened) why(reason string) string { return o.pages.Why("en", reason) }

func (o *opened) local(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(o.cfg.Zone()).Format(time.RFC3339)
}

// ago is how long before a moment something was shown.
func (o *opened) ago(t, at time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return at.Sub(t).String() + " before"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
