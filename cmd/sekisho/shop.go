package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
)

func shopAdd(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop add", "NAME", "Make a shop: a seller account that several people run. Its owner invites the others.")
	from := f.source()
	owner := f.String("owner", "", "the `address` or id of its owner (required)")
	got, err := f.parse(args)
	if err != nil {
		return err
	}
	if *owner == "" {
		return usagef("-owner is required: see `sekisho help shop add`")
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	u, err := o.find(ctx, *owner)
	if err != nil {
		return err
	}
	id, err := o.AddShop(ctx, o.actor, got[0], u.ID)
	return p.say(err, "added shop %s, owned by %s", id, u.Email)
}

func shopList(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop list", "", "List shops.")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tSINCE\tTOOLS")
		for after := ""; ; {
			shops, err := o.ListShops(ctx, after, 500)
			if err != nil {
				return err
			}
			if len(shops) == 0 {
				return w.Flush()
			}
			for _, s := range shops {
				tools := "active"
				if !s.SuspendedAt.IsZero() {
					tools = "suspended " + date(s.SuspendedAt)
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.ID, s.Name, date(s.CreatedAt), tools)
				after = s.ID
			}
		}
	})
}

func shopShow(ctx context.Context, p *program, args []string) error {
	return p.onShop(ctx, p.flags("shop show", "ID", "Show a shop: who runs it, who has two-step verification on, who is invited."), args,
		func(o *opened, v idp.ShopView, _ []string) error {
			w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "id\t%s\nname\t%s\nsince\t%s\n", v.Shop.ID, v.Shop.Name, date(v.Shop.CreatedAt))
			if !v.Shop.ClosedAt.IsZero() {
				fmt.Fprintf(w, "closed\t%s\n", date(v.Shop.ClosedAt))
			}
			for _, r := range v.Roles {
				if !r.From.IsZero() {
					fmt.Fprintf(w, "demands\ttwo-step of %s from %s\n", r.Role.ID, r.From.In(o.cfg.Zone()).Format(time.RFC3339))
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintln(w, "\nADDRESS\tNAME\tROLE\tSINCE\tTWO-STEP")
			for _, m := range v.Members {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Email, m.Name, m.Role.ID, date(m.JoinedAt), since(m.TwoStepAt))
			}
			for _, i := range v.Invitations {
				fmt.Fprintf(w, "%s\t(invited)\t%s\t%s\t\n", i.Email, i.Role.ID, date(i.SentAt))
			}
			return w.Flush()
		})
}

func shopRename(ctx context.Context, p *program, args []string) error {
	return p.onShop(ctx, p.flags("shop rename", "ID NAME", "Give a shop another name."), args, func(o *opened, v idp.ShopView, rest []string) error {
		return p.say(o.RenameShopAs(ctx, o.actor, v.Shop.ID, rest[0]), "shop %s is called %s now", v.Shop.ID, rest[0])
	})
}

func shopClose(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop close", "ID", "Close a shop for good: what was granted for it and its tools end, its members are told.")
	yes := f.Bool("yes", false, "it is meant")
	return p.onShop(ctx, f, args, func(o *opened, v idp.ShopView, _ []string) error {
		if !*yes {
			return fmt.Errorf("this closes %s (%s) and cannot be undone: add -yes", v.Shop.Name, v.Shop.ID)
		}
		return p.say(o.CloseShopAs(ctx, o.actor, v.Shop.ID), "closed shop %s", v.Shop.ID)
	})
}

func shopSetMember(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop set-member", "ID ADDRESS ROLE", "Make a person a member of a shop, or give a member another role. They are told by mail.")
	return p.onShop(ctx, f, args, func(o *opened, v idp.ShopView, rest []string) error {
		u, err := o.find(ctx, rest[0])
		if err != nil {
			return err
		}
		err = o.SetMemberAs(ctx, o.actor, v.Shop.ID, u.ID, rest[1])
		if errors.Is(err, idp.ErrState) {
			return usagef("there is no role %q: the configuration has %s", rest[1], roleIDs(o.cfg.Shops))
		}
		return p.say(err, "%s is %s of shop %s now", u.Email, rest[1], v.Shop.ID)
	})
}

func roleIDs(s clients.Shops) string {
	ids := make([]string, len(s.Roles))
	for i, r := range s.Roles {
		ids[i] = r.ID
	}
	return strings.Join(ids, ", ")
}

func shopRemoveMember(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop remove-member", "ID ADDRESS", "Take a person out of a shop; what they were granted for it ends at once.")
	return p.onShop(ctx, f, args, func(o *opened, v idp.ShopView, rest []string) error {
		u, err := o.find(ctx, rest[0])
		if err != nil {
			return err
		}
		err = o.RemoveMemberAs(ctx, o.actor, v.Shop.ID, u.ID)
		if errors.Is(err, idp.ErrNotFound) {
			return fmt.Errorf("%s is not a member of shop %s", u.Email, v.Shop.ID)
		}
		return p.say(err, "%s is no longer a member of shop %s", u.Email, v.Shop.ID)
	})
}

func shopDemand(ctx context.Context, p *program, args []string) error {
	f := p.flags("shop demand", "ID ROLE DATE", "Demand two-step verification of a role in a shop from the beginning of a day on; off demands it no more.")
	return p.onShop(ctx, f, args, func(o *opened, v idp.ShopView, rest []string) error {
		var from time.Time
		if rest[1] != "off" {
			var err error
			if from, err = clients.ParseMoment(rest[1], o.cfg.Zone()); err != nil {
				return usagef("the date %v", err)
			}
		}
		err := o.DemandAs(ctx, o.actor, v.Shop.ID, rest[0], from)
		if errors.Is(err, idp.ErrNotFound) {
			return usagef("there is no role %q: the configuration has %s", rest[0], roleIDs(o.cfg.Shops))
		}
		if from.IsZero() {
			return p.say(err, "shop %s demands nothing of %s any more", v.Shop.ID, rest[0])
		}
		return p.say(err, "shop %s demands two-step verification of %s from %s", v.Shop.ID, rest[0], from.In(o.cfg.Zone()).Format(time.RFC3339))
	})
}

// onShop is a verb about one shop, with further arguments behind its id.
func (p *program) onShop(ctx context.Context, f *flags, args []string, do func(*opened, idp.ShopView, []string) error) error {
	reason := f.String("reason", "", "why: kept in the audit log")
	return p.with(ctx, f, args, func(o *opened, got []string) error {
		o.actor.Reason = *reason
		v, err := o.ShowShop(ctx, got[0])
		if errors.Is(err, idp.ErrNotFound) {
			return fmt.Errorf("there is no shop %q: `sekisho shop list` lists them", got[0])
		}
		if err != nil {
			return err
		}
		return do(o, v, got[1:])
	})
}

// since says from when something is on.
func since(t time.Time) string {
	if t.IsZero() {
		return on(false)
	}
	return on(true) + ", " + date(t)
}
