package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp"
	"github.com/sekisho-id/sekisho/idp/store"
)

func audit(ctx context.Context, p *program, args []string) error {
	f := p.flags("audit", "", "Print the audit log as JSON lines, newest first.")
	user := f.String("user", "", "events of one person, by `address` or id")
	client := f.String("client", "", "events of one relying party, by `id`")
	name := f.String("name", "", "events of one `name`, such as user.disabled")
	before := f.String("before", "", "events before a `moment`: 2026-12-01, or RFC 3339")
	limit := f.Int("limit", 100, "so many at most; 0 for all")
	return p.with(ctx, f, args, func(o *opened, _ []string) error {
		filter := store.EventFilter{ClientID: *client, Name: *name, Limit: *limit}
		if *before != "" {
			var err error
			if filter.Before, err = clients.ParseMoment(*before, o.cfg.Zone()); err != nil {
				return usagef("-before %v", err)
			}
		}
		if *user != "" {
			u, err := o.find(ctx, *user)
			if err != nil {
				return err
			}
			filter.UserID = u.ID
		}
		events, err := o.Events(ctx, filter)
		if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		out := json.NewEncoder(p.stdout)
		for _, e := range events {
			if err := out.Encode(idp.LineOf(e)); err != nil {
				return err
			}
		}
		return nil
	})
}
