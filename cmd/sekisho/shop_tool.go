package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/sekisho-id/sekisho/idp"
)

func shopTools(ctx context.Context, p *program, args []string) error {
	return p.onShop(ctx, p.flags("shop tools", "ID", "List the credentials of a shop's external tools. Members make them, on their pages."), args,
		func(o *opened, v idp.ShopView, _ []string) error {
			all, err := o.ToolsOf(ctx, v.Shop.ID)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tSCOPES\tSECRETS\tLAST USED\tUNTIL\tSTATE")
			for _, t := range all.Tools {
				var scopes []string
				for _, s := range t.Scopes {
					scopes = append(scopes, s.Scope)
				}
				state := "active"
				switch {
				case t.Expired:
					state = "expired"
				case !all.SuspendedAt.IsZero():
					state = "suspended " + date(all.SuspendedAt)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", t.ID, t.Name, strings.Join(scopes, " "), len(t.Secrets), date(t.LastUsedAt), date(t.ExpiresAt), state)
			}
			return w.Flush()
		})
}

func shopRevokeTool(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop revoke-tool", "ID TOOL", "Revoke the credential of an external tool, by its client id. The owners are told.")
	return p.onShop(ctx, f, args, func(o *opened, v idp.ShopView, rest []string) error {
		err := o.RevokeToolAs(ctx, o.actor, v.Shop.ID, rest[0])
		if errors.Is(err, idp.ErrNotFound) {
			return fmt.Errorf("shop %s has no tool %q", v.Shop.ID, rest[0])
		}
		return p.say(err, "revoked %s", rest[0])
	})
}
