package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

func clientEnforce(ctx context.Context, p *program, args []string) error {
	f := p.flags("client enforce", "ID DATE", "Set the date from which a relying party demands two-step verification, for a reason that is kept; `never` takes it\n"+
		"away. How many people it would stop is printed first. A relying party of the configuration file is changed there.")
	reason := f.String("reason", "", "why: kept in the history (required)")
	dry := f.Bool("dry-run", false, "print what it would do and change nothing")
	return p.with(ctx, f, args, func(o *opened, got []string) error {
		var (
			on  time.Time
			err error
		)
		if got[1] != "never" {
			if on, err = clients.ParseMoment(got[1], o.cfg.Zone()); err != nil {
				return usagef("the date %v, or never", err)
			}
			r, err := o.Preflight(ctx, idp.Preflight{ClientID: got[0], On: on}, nil)
			switch {
			case errors.Is(err, idp.ErrNotFound):
				return fmt.Errorf("there is no client %q", got[0])
			case err != nil:
				return err
			}
			fmt.Fprintf(p.stdout, "of %s who use %s, %d would be stopped: `sekisho preflight` says who\n", plural(r.People, "person"), got[0], r.ByOutcome[idp.OutcomeStopped])
		}
		if *dry {
			return nil
		}
		err = o.SetEnforceFrom(ctx, o.actor, got[0], on, *reason)
		switch {
		case errors.Is(err, idp.ErrNotFound):
			return fmt.Errorf("there is no client %q", got[0])
		case errors.Is(err, idp.ErrState):
			return fmt.Errorf("nothing to do: the date of %s is %s", got[0], o.local(on))
		case on.IsZero():
			return p.say(err, "%s demands no two-step verification any more", got[0])
		}
		return p.say(err, "%s demands two-step verification from %s, %s", got[0], o.local(on), away(on, p.now()))
	})
}

func clientHistory(ctx context.Context, p *program, args []string) error {
	return p.onClient(ctx, args, "client history", "Show who changed the date of a relying party and when, the newest change first. Dates of the configuration file\n"+
		"are noted when the provider starts.", func(o *opened, id string) error {
		list, err := o.DateHistory(ctx, id)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "AT\tBY\tFROM\tTO\tWHY")
		for _, c := range list {
			why := c.Reason
			if c.File {
				why = "configuration file"
			}
			fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\n", o.local(c.At), c.Actor.Kind, c.Actor.ID, o.local(c.Old), o.local(c.New), orDash(why))
		}
		return w.Flush()
	})
}

func userExtend(ctx context.Context, p *program, args []string) error {
	f := p.flags("user extend", "ADDRESS-OR-ID CLIENT UNTIL", "Let a person use a relying party without two-step verification until a moment, although its date has come.\n"+
		"It is given once for each person and relying party, and the person is told. It needs a -reason.")
	return p.onUserWith(ctx, f, args, func(o *opened, u idp.User, rest []string) error {
		until, err := clients.ParseMoment(rest[1], o.cfg.Zone())
		if err != nil {
			return usagef("the end %v", err)
		}
		err = o.Extend(ctx, o.actor, u.ID, idp.Extension{ClientID: rest[0], Until: until, Reason: o.actor.Reason})
		switch {
		case errors.Is(err, idp.ErrNotFound):
			return fmt.Errorf("there is no client %q", rest[0])
		case errors.Is(err, idp.ErrState):
			return fmt.Errorf("nothing to do: %s has two-step verification on", u.Email)
		}
		return p.say(err, "%s may use %s without two-step verification until %s", u.Email, rest[0], o.local(until))
	})
}
