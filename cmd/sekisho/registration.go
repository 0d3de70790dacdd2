package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/sekisho-id/sekisho/idp"
)

const day = 24 * time.Hour

func clientTokenAdd(ctx context.Context, p *program, args []string) error {
	f := p.flags("client token add", "NAME", "Let clients register themselves (RFC 7591): print an initial access token, once. NAME is whom it is for.")
	from := f.source()
	uses := f.Int("uses", 1, "how many clients it may register")
	days := f.Int("days", 30, "how many days it counts")
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	if *uses < 1 || *uses > 10_000 || *days < 1 || *days > 3650 {
		return usagef("-uses must be 1 to 10000, -days 1 to 3650")
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	t, secret, err := o.AddRegistrationToken(ctx, o.actor, got[0], *uses, time.Duration(*days)*day)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "token: %s\nIt is not shown again. `sekisho client token revoke %s` ends it.\n", secret, t.ID)
	if !o.cfg.Registration.Enabled {
		fmt.Fprintln(p.stderr, "note: registration.enabled is false, so nobody can register yet")
	}
	return nil
}

func clientTokenList(ctx context.Context, p *program, args []string) error {
	f := p.flags("client token list", "", "List initial access tokens: id, whom for, uses, until when.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		all, err := o.RegistrationTokens(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, t := range all {
			fmt.Fprintf(w, "%s\t%s\t%d of %d\t%s\t%s\n", t.ID, t.Name, t.Used, t.Uses, t.ExpiresAt.Format(time.RFC3339), stateOf(t, p.now()))
		}
		return w.Flush()
	})
}

// stateOf says whether an initial access token still counts.
func stateOf(t idp.RegistrationToken, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case t.Used >= t.Uses:
		return "spent"
	case !now.Before(t.ExpiresAt):
		return "expired"
	}
	return "active"
}

func clientTokenRevoke(ctx context.Context, p *program, args []string) error {
	return p.onClient(ctx, args, "client token revoke", "End an initial access token. Clients that it let in stay.", func(o *opened, id string) error {
		return p.say(o.RevokeRegistrationToken(ctx, o.actor, id), "token %s is revoked", id)
	})
}
