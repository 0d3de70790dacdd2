package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// line is one event as it is printed.
type line struct {
	At      time.Time         `json:"at"`
	Name    string            `json:"name"`
	Actor   actor             `json:"actor"`
	User    string            `json:"user,omitempty"`
	Client  string            `json:"client,omitempty"`
	Details map[string]string `json:"details,omitempty"`
	ID      string            `json:"id"`
}

type actor struct {
	Kind      string `json:"kind"`
	ID        string `json:"id,omitempty"`
	IP        string `json:"ip,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
	Request   string `json:"request,omitempty"`
}

func audit(ctx context.Context, p *program, args []string) error {
	f := p.flags("audit", "", "Print the audit log as JSON lines, newest first.")
	from := f.source()
	user := f.String("user", "", "events of one person, by `address` or id")
	client := f.String("client", "", "events of one relying party, by `id`")
	name := f.String("name", "", "events of one `name`, such as user.disabled")
	before := f.String("before", "", "events before a `moment`: 2026-12-01, or RFC 3339")
	limit := f.Int("limit", 100, "so many at most; 0 for all")
	if _, err := f.parse(args); err != nil {
		return err
	}
	o, err := p.open(ctx, from)
	if err != nil {
		return err
	}
	defer o.close()
	filter := store.EventFilter{ClientID: *client, Name: *name, Limit: *limit}
	if *before != "" {
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
		who := actor{e.Actor.Kind, e.Actor.ID, e.Actor.IP, e.Actor.UserAgent, e.Actor.Request}
		if err := out.Encode(line{e.At, e.Name, who, e.UserID, e.ClientID, e.Details, e.ID}); err != nil {
			return err
		}
	}
	return nil
}
