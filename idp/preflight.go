package idp

import (
	"context"
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/signin"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

// Outcome is what a date does to somebody who comes with their password and
// all their methods.
type Outcome string

// The outcomes.
const (
	OutcomePasses   Outcome = "passes"   // nothing but a code is asked, or nothing at all
	OutcomeStopped  Outcome = "stopped"  // must set two-step verification up first
	OutcomeExtended Outcome = "extended" // passes without it, by an extension
	OutcomeRefused  Outcome = "refused"  // gets no further in any case: suspended, in recovery
)

// Outcomes are all there are, in the order of reports.
var Outcomes = []Outcome{OutcomeStopped, OutcomePasses, OutcomeExtended, OutcomeRefused}

// Cohort is why somebody comes out as they do: one for each person.
type Cohort string

// The cohorts, the first that applies.
const (
	CohortReady      Cohort = "ready"             // two-step verification is on and a verified method of each kind works
	CohortNoMethod   Cohort = "no_method"         // never set anything up
	CohortUnfinished Cohort = "unfinished"        // began to
	CohortKept       Cohort = "methods_kept"      // switched it off and kept the methods: a code switches it on
	CohortPasskey    Cohort = "passkey_only"      // has a passkey, which does not stand in for it
	CohortUnverified Cohort = "unverified_backup" // on, but the backup was never tried
	CohortNoBackup   Cohort = "no_backup"         // on, but no backup can be used
	CohortNoMain     Cohort = "no_main"           // on, but the main method cannot be used
)

// Cohorts are all there are, in the order of reports.
var Cohorts = []Cohort{
	CohortNoMethod, CohortUnfinished, CohortKept, CohortPasskey, CohortUnverified, CohortNoBackup, CohortNoMain, CohortReady,
}

// Mark is what else is worth knowing of somebody in a report; they may have several.
type Mark string

// The marks.
const (
	MarkDormant  Mark = "dormant"          // not seen at the client for 90 days
	MarkNever    Mark = "never"            // never seen there
	MarkStaff    Mark = "staff"            // has a role
	MarkAddress  Mark = "unverified_email" // mails may not reach them
	MarkReminded Mark = "reminded"         // was mailed about this very date
)

// Marks are all there are, in the order of reports.
var Marks = []Mark{MarkDormant, MarkNever, MarkStaff, MarkAddress, MarkReminded}

// dormantAfter is how long somebody was not seen who counts as dormant.
const dormantAfter = 90 * 24 * time.Hour

// preflightBatch is how many people are in memory at once.
const preflightBatch = 500

// Preflight asks whom a date would stop.
type Preflight struct {
	ClientID string
	// On is the date; the zero time means the client's own.
	On time.Time
	// Everybody counts people who never signed in to the client too: after an
	// import, nobody has.
	Everybody bool
}

// PreflightPerson is one person of a report.
type PreflightPerson struct {
	User    User
	Outcome Outcome
	Cohort  Cohort
	Marks   []Mark
	// Steps are the pages they meet, Reason is the rule that stops them; empty
	// for who passes.
	Steps  []signin.Step
	Reason string
	// LastAt is when they were last seen at the client, ExtendedUntil their extension.
	LastAt, ExtendedUntil time.Time
	// Main and Backup are how they get codes; empty where there is none.
	Main, Backup mfa.Channel
	Passkeys     int
}

// PreflightReport counts people.
type PreflightReport struct {
	Client clients.Client
	On     time.Time
	People int
	// ByOutcome counts everybody once, ByCohort everybody of an outcome once.
	ByOutcome map[Outcome]int
	ByCohort  map[Outcome]map[Cohort]int
	// ByMark counts the people of an outcome that have it.
	ByMark map[Outcome]map[Mark]int
}

// Preflight counts whom a client's date would stop, and calls each, unless that
// is nil, for every person, in the order of their ids. People are read in
// small batches; nothing is changed. ErrNotFound without such a client,
// ErrNoDate without a date. An error of each ends it.
func (p *Provider) Preflight(ctx context.Context, q Preflight, each func(PreflightPerson) error) (PreflightReport, error) {
	r := PreflightReport{On: q.On, ByOutcome: map[Outcome]int{}, ByCohort: map[Outcome]map[Cohort]int{}, ByMark: map[Outcome]map[Mark]int{}}
	c, err := p.findClient(q.ClientID)
	if err != nil {
		return r, err
	}
	if r.On.IsZero() {
		r.On = c.Rules.EnforceFrom
	}
	if r.On.IsZero() {
		return r, ErrNoDate
	}
	r.Client = *c
	r.Client.Rules.EnforceFrom = r.On
	for after := ""; ; {
		var people []store.ClientUser
		err := p.st.View(ctx, func(tx *store.Tx) error {
			var err error
			people, after, err = tx.ClientUsers(c.ID, q.Everybody, after, preflightBatch)
			return err
		})
		if err != nil {
			return r, err
		}
		for _, u := range people {
			one := p.forecast(&r.Client, u, r.On)
			r.count(one)
			if each == nil {
				continue
			}
			if err := each(one); err != nil {
				return r, err
			}
		}
		if after == "" {
			return r, nil
		}
	}
}

func (r *PreflightReport) count(one PreflightPerson) {
	r.People++
	if r.ByOutcome[one.Outcome]++; r.ByCohort[one.Outcome] == nil {
		r.ByCohort[one.Outcome], r.ByMark[one.Outcome] = map[Cohort]int{}, map[Mark]int{}
	}
	r.ByCohort[one.Outcome][one.Cohort]++
	for _, m := range one.Marks {
		r.ByMark[one.Outcome][m]++
	}
}

// forecast is what somebody meets who signs in to a client at a moment, in a
// browser that knows nothing of them. The facts and the decision are those of
// a sign-in.
func (p *Provider) forecast(c *clients.Client, u store.ClientUser, at time.Time) PreflightPerson {
	s := p.arrival(at)
	s.client, s.user, s.use, s.factors = c, &u.User, u.Use, u.Factors
	s.passkeys = p.liveKeys(u.Passkeys)
	f := s.facts(p, at)
	f.Granted = f.Request.Scopes // consent is another question
	one := PreflightPerson{
		User: u.User, Steps: signin.Way(f), Outcome: OutcomePasses, LastAt: u.Use.LastAt, ExtendedUntil: u.Use.ExtendedUntil,
		Cohort: cohort(f.Person, u.Factors), Passkeys: len(s.passkeys), Marks: marks(u, c.Rules.EnforceFrom, p.now()),
	}
	for _, m := range usable(u.Factors) {
		if m.Role == mfa.Primary {
			one.Main = m.Channel
		} else if one.Backup == "" {
			one.Backup = m.Channel
		}
	}
	for _, step := range one.Steps {
		switch {
		case step.Page == signin.PageRefuse:
			one.Outcome, one.Reason = OutcomeRefused, step.Reason
		case (step.Page == signin.PageEnrol || step.Page == signin.PageNewPasskey) && !step.PutOff:
			one.Outcome, one.Reason = OutcomeStopped, step.Reason
		}
	}
	if one.Outcome == OutcomePasses && !f.Person.TwoStep && u.Use.ExtendedUntil.After(at) {
		one.Outcome = OutcomeExtended
	}
	return one
}

// arrival is a sign-in that begins at a moment, of a browser without a session.
func (p *Provider) arrival(at time.Time) *situation {
	s := &situation{}
	s.req.CreatedAt, s.row.ExpiresAt = at, at.Add(p.cfg.Limits.SignIn.Request)
	return s
}

func cohort(who signin.Person, factors []mfa.Factor) Cohort {
	main, backup, draft, tried := false, false, false, false
	for _, f := range factors {
		draft = draft || f.Draft
		main = main || f.Usable() && f.Role == mfa.Primary
		backup = backup || f.Usable() && f.Role == mfa.Backup
		tried = tried || f.Usable() && f.Role == mfa.Backup && f.Verified()
	}
	switch {
	case !who.TwoStep && main && backup:
		return CohortKept
	case !who.TwoStep && draft:
		return CohortUnfinished
	case !who.TwoStep && who.Passkey:
		return CohortPasskey
	case !who.TwoStep:
		return CohortNoMethod
	case !main:
		return CohortNoMain
	case !backup:
		return CohortNoBackup
	case !tried:
		return CohortUnverified
	}
	return CohortReady
}

func marks(u store.ClientUser, from, now time.Time) []Mark {
	var out []Mark
	for mark, has := range map[Mark]bool{
		MarkNever: u.Use.FirstAt.IsZero(), MarkDormant: !u.Use.FirstAt.IsZero() && now.Sub(u.Use.LastAt) > dormantAfter,
		MarkStaff: u.User.Roles != "", MarkAddress: u.User.EmailVerifiedAt.IsZero(), MarkReminded: u.Use.RemindedFrom.Equal(from),
	} {
		if has {
			out = append(out, mark)
		}
	}
	slices.SortFunc(out, func(a, b Mark) int { return slices.Index(Marks, a) - slices.Index(Marks, b) })
	return out
}
