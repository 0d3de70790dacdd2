package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/sekisho-id/sekisho/idp"
)

func userGrantRole(ctx context.Context, p *program, args []string) error {
	f := p.flags("user grant-role", "ADDRESS-OR-ID ROLE", "Make a person staff. admin looks after people, dates and the audit log under /admin;\n"+
		"reviewer decides about recovery requests. Staff need two-step verification and a passkey,\n"+
		"which the first page under /admin asks them to set up.")
	return p.setRole(ctx, f, args, true, "%s is %s now")
}

func userRevokeRole(ctx context.Context, p *program, args []string) error {
	f := p.flags("user revoke-role", "ADDRESS-OR-ID ROLE", "Take a staff role away, at once.")
	return p.setRole(ctx, f, args, false, "%s is no longer %s")
}

func (p *program) setRole(ctx context.Context, f *flags, args []string, has bool, text string) error {
	return p.onUserWith(ctx, f, args, func(o *opened, u idp.User, rest []string) error {
		role, err := idp.ParseRole(rest[0])
		if err != nil {
			return usagef("%v", err)
		}
		err = o.SetRole(ctx, o.actor, u.ID, role, has)
		if errors.Is(err, idp.ErrState) {
			return fmt.Errorf("nothing to do: "+text, u.Email, role)
		}
		return p.say(err, text, u.Email, role)
	})
}

// count is a number of passkeys, and none a word that stands out.
func count(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func userStaff(ctx context.Context, p *program, args []string) error {
	f := p.flags("user staff", "", "List staff, their roles, and who lacks what /admin demands: two-step verification and a\n"+
		"passkey, which their next visit there makes them set up. A new deployment has none.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		list, err := o.ListStaff(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ADDRESS\tROLES\tTWO-STEP\tPASSKEYS\tSTATE")
		lack := 0
		for _, m := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Email, strings.ReplaceAll(m.Roles, " ", ", "), on(!m.TwoStepAt.IsZero()), count(m.Passkeys), state(m.User))
			if m.Lacks {
				lack++
			}
		}
		if err := w.Flush(); err != nil || lack == 0 {
			return err
		}
		fmt.Fprintf(p.stdout, "\n%d of %d cannot open /admin before they have set up what it demands.\n", lack, len(list))
		return nil
	})
}
