package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

// outcomeWords say what becomes of people, cohortWords and markWords why.
var (
	outcomeWords = map[idp.Outcome]string{
		idp.OutcomeStopped: "would be stopped to set it up", idp.OutcomePasses: "would pass",
		idp.OutcomeExtended: "would pass by an extension", idp.OutcomeRefused: "get no further in any case",
	}
	cohortWords = map[idp.Cohort]string{
		idp.CohortNoMethod: "never set anything up", idp.CohortUnfinished: "began to set it up",
		idp.CohortKept: "switched it off and kept their methods", idp.CohortPasskey: "have a passkey only",
		idp.CohortUnverified: "have a backup that was never tried", idp.CohortNoBackup: "have no backup that works",
		idp.CohortNoMain: "have no main method that works", idp.CohortReady: "are ready",
	}
	markWords = map[idp.Mark]string{
		idp.MarkDormant: "were not seen there for 90 days", idp.MarkNever: "were never seen there", idp.MarkStaff: "are staff",
		idp.MarkAddress: "have an address that was never verified", idp.MarkReminded: "were mailed about this date",
	}
)

func preflight(ctx context.Context, p *program, args []string) error {
	f := p.flags("preflight", "", "Count whom a relying party's date would stop: people who use it, each put through the decision of a sign-in at\n"+
		"that moment. Nothing is changed. The file of -csv has a line for each person; its columns are in docs/operate.md.")
	from := f.source()
	client := f.String("client", "", "the relying party, by `id` (required)")
	on := f.String("on", "", "the `date`; without it, the relying party's own")
	all := f.Bool("all", false, "count people who never signed in there too, as after an import")
	file := f.String("csv", "", "write a line for each person to `FILE`; - is the standard output, without the counts")
	if _, err := f.parse(args); err != nil {
		return err
	}
	if *client == "" {
		return usagef("which relying party? -client ID")
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	q := idp.Preflight{ClientID: *client, Everybody: *all}
	if *on != "" {
		if q.On, err = clients.ParseMoment(*on, o.cfg.Zone()); err != nil {
			return usagef("-on %v", err)
		}
	}
	r, err := o.preflightTo(ctx, q, *file)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return fmt.Errorf("there is no client %q", *client)
	case err != nil:
		return err
	case *file == "-":
		return nil
	}
	return o.printPreflight(p.stdout, r, p.now())
}

// preflightTo counts, and writes each person to a file unless it has no name.
func (o *opened) preflightTo(ctx context.Context, q idp.Preflight, file string) (idp.PreflightReport, error) {
	if file == "" {
		return o.Preflight(ctx, q, nil)
	}
	out := os.Stdout
	if file != "-" {
		var err error
		if out, err = os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
			return idp.PreflightReport{}, err
		}
	}
	table, err := idp.NewPreflightCSV(out)
	if err != nil {
		return idp.PreflightReport{}, err
	}
	r, err := o.Preflight(ctx, q, table.Write)
	err = errors.Join(err, table.Close())
	if out != os.Stdout {
		err = errors.Join(err, out.Close())
	}
	return r, err
}

func (o *opened) printPreflight(to io.Writer, r idp.PreflightReport, now time.Time) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "client\t%s (%s)\n", r.Client.ID, r.Client.Name)
	fmt.Fprintf(w, "date\t%s, %s\n", r.On.In(o.cfg.Zone()).Format(time.RFC3339), away(r.On, now))
	fmt.Fprintf(w, "people\t%d\n", r.People)
	for _, outcome := range idp.Outcomes {
		n := r.ByOutcome[outcome]
		if n == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\t%d\t%d %%\t%s\n", outcome, n, (100*n+r.People/2)/r.People, outcomeWords[outcome])
		for _, c := range idp.Cohorts {
			if n := r.ByCohort[outcome][c]; n > 0 {
				fmt.Fprintf(w, "  %s\t%d\t\t%s\n", c, n, cohortWords[c])
			}
		}
		for _, m := range idp.Marks {
			if n := r.ByMark[outcome][m]; n > 0 {
				fmt.Fprintf(w, "  of these, %s\t%d\t\t%s\n", m, n, markWords[m])
			}
		}
	}
	return w.Flush()
}

// away says how far a date is.
func away(at, now time.Time) string {
	days := int(at.Sub(now) / (24 * time.Hour))
	switch {
	case at.Before(now):
		return "which has come"
	case days == 0:
		return "within a day"
	}
	return "in " + plural(days, "day")
}
