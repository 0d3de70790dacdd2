package idp

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/clients"
	"github.com/sekisho-id/sekisho/idp/store"
)

// A tool whose credential ends stops from one moment to the next. Before that,
// all members who may have to do with the shop's tools are mailed: so many days
// before as the limits say, once each, but for what was made for fewer days.

const (
	jobTools = "tools"
	// toolEndBatch is how many tools are read at once.
	toolEndBatch = 50
)

// RemindTools mails the members of shops whose tools end soon. It may be called
// as often as one likes.
func (p *Provider) RemindTools(ctx context.Context) error {
	marks := slices.Sorted(slices.Values(p.cfg.Limits.Shops.ToolReminderDays))
	var faults []error
	for _, days := range marks { // the last one first: it makes the ones before needless
		for after, more := "", true; more; {
			due, err := oneByOne(ctx, p, jobTools, func(tx *store.Tx) ([]store.Tool, error) { return tx.ToolsEnding(days, after, toolEndBatch) },
				func(w *work, t store.Tool) error { return p.remindTool(w, t.ID, days) })
			faults = append(faults, err)
			if more = len(due) == toolEndBatch; more {
				after = due[len(due)-1].ID
			}
		}
	}
	return errors.Join(faults...)
}

// remindTool tells of one tool, which is read anew: it may have been revoked.
func (p *Provider) remindTool(w *work, id string, mark int) error {
	t, err := w.Tool(id)
	if err == nil {
		err = w.RemindTool(id, mark)
	}
	if err != nil { // gone, or another node was faster
		return ignore(ignore(err, store.ErrNotFound), store.ErrConflict)
	}
	shop, err := w.Shop(t.ShopID)
	if err != nil || !shop.ClosedAt.IsZero() {
		return err
	}
	keepers, err := p.withRight(w.Tx, shop.ID, clients.RightTools)
	if err != nil {
		return err
	}
	for _, u := range keepers {
		err := errors.Join(
			p.mail(w, u, "mail.shop_tool_end", "shop", shop.Name, "tool", t.Name+" ("+t.ID+")",
				"until", t.ExpiresAt.Format(time.RFC3339), "days", strconv.Itoa(daysLeft(t.ExpiresAt, w.Now))),
			w.record("shop.tool_ending", u.ID, "", "shop", shop.ID, "tool", t.ID, "days", strconv.Itoa(mark)))
		if err != nil {
			return err
		}
	}
	return nil
}

// withRight are the members of a shop whose role has a right, but those who are suspended.
func (p *Provider) withRight(tx *store.Tx, shopID string, right clients.Right) ([]User, error) {
	places, err := tx.Members(shopID)
	people, more := tx.ShopUsers(shopID)
	return slices.DeleteFunc(people, func(u User) bool {
		return !u.DisabledAt.IsZero() || !slices.ContainsFunc(places, func(m store.Member) bool {
			return m.UserID == u.ID && p.cfg.Shops.Role(m.Role).Has(right)
		})
	}), cmp.Or(err, more)
}
