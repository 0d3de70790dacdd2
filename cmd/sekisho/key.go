package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sekisho-id/sekisho/idp"
)

func keyList(ctx context.Context, p *program, args []string) error {
	f := p.flags("key list", "", "List the published signing keys.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		keys, err := o.KeyList(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KEY\tALGORITHM\tSIGNS\tFROM\tUNTIL")
		for _, k := range keys {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Alg, yes(k.Signs), date(k.ActiveAt), date(k.RetireAt))
		}
		return w.Flush()
	})
}

func keyRotate(ctx context.Context, p *program, args []string) error {
	f := p.flags("key rotate", "", "Sign with the next keys from now on and publish new ones. What was signed before\nstays valid until it expires.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		return p.say(o.RotateKeys(ctx, o.actor), "new keys sign from now on")
	})
}

func keyRevoke(ctx context.Context, p *program, args []string) error {
	f := p.flags("key revoke", "[KEY]", `Take a signing key away at once because somebody else may have it. It leaves the
published set, nothing that it signed is accepted here any more, and another signs.
People stay signed in; relying parties refresh their access tokens. A relying party that
keeps a copy of the set believes the key until it fetches it again.`)
	from := f.source()
	all := f.Bool("all", false, "take all keys away: where the database and the master key were read")
	reason := f.String("reason", "", "why: kept in the audit log")
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	if *all == (len(got) > 0) {
		return usagef("name the key, as `sekisho key list` shows it, or give -all")
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	o.actor.Reason = *reason
	err = o.RevokeKeys(ctx, o.actor, got...)
	if errors.Is(err, idp.ErrNotFound) {
		return errors.New("there is no such key among those that are published: see `sekisho key list`")
	}
	return p.say(err, "revoked; within a second nothing that it signed is accepted any more")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

func date(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
