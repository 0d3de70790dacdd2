package idp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sekisho-id/sekisho/idp/jobs"
	"github.com/sekisho-id/sekisho/idp/store"
	"github.com/sekisho-id/sekisho/mfa"
)

const (
	jobOutbox = "outbox"
	jobExpire = "expire"
	jobKeys   = "keys"
	jobReload = "reload"

	jobUnfinished = "unfinished"
	jobWatch      = "watch"
	jobClose      = "close"
	jobMethods    = "methods"
	jobRemind     = "remind"

	outboxBatch = 20
	outboxLease = time.Minute
	expireBatch = 500
)

func (p *Provider) addJobs() {
	node := newID()
	lease := func(ctx context.Context, name string, ttl time.Duration) (bool, error) {
		ok := false
		err := p.st.Update(ctx, Actor{Kind: "job", ID: name}, func(tx *store.Tx) error {
			var err error
			ok, err = tx.Lease(name, node, ttl)
			return err
		})
		return ok, err
	}
	// Claims are leased row by row, so every node delivers; the others run once.
	p.jobs.Add(jobs.Job{Name: jobOutbox, Every: 5 * time.Second, Run: p.Deliver})
	p.jobs.Add(jobs.Job{Name: jobExpire, Every: time.Minute, Run: p.Expire, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobUnfinished, Every: time.Minute, Run: p.Unfinished, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobWatch, Every: time.Minute, Run: p.Watch, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobRecover, Every: time.Minute, Run: p.Recover, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobClose, Every: time.Hour, Run: p.Close, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobMethods, Every: time.Hour, Run: p.LookAfter, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobRemind, Every: time.Hour, Run: p.Remind, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobTools, Every: time.Hour, Run: p.RemindTools, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobKeys, Every: time.Hour, Run: p.keys.ensure, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobShops, Every: time.Minute, Run: p.GuardShops, Lease: lease})
	p.jobs.Add(jobs.Job{Name: jobSectors, Every: 10 * time.Minute, Run: p.ProveSectors}) // every node has to know
	p.jobs.Add(jobs.Job{Name: jobReload, Every: 800 * time.Millisecond, Run: p.reload})  // what one node changed counts on the others within a second
}

// Deliver sends what is due in the outbox, until nothing is.
func (p *Provider) Deliver(ctx context.Context) error {
	for {
		var due []store.Outgoing
		empty := true
		err := p.st.View(ctx, func(tx *store.Tx) error {
			var err error
			empty, err = tx.NothingDue()
			return err
		})
		if err != nil || empty {
			return err
		}
		err = p.st.Update(ctx, Actor{Kind: "job", ID: jobOutbox}, func(tx *store.Tx) error {
			var err error
			due, err = tx.ClaimOutgoing(outboxBatch, outboxLease)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		if err := p.deliverAll(ctx, due); err != nil {
			return err
		}
	}
}

// deliverAll delivers to everybody at once, so that a dead mail server holds no
// code back, and to each in order.
func (p *Provider) deliverAll(ctx context.Context, due []store.Outgoing) error {
	each := map[string][]store.Outgoing{}
	for _, o := range due {
		each[o.To] = append(each[o.To], o)
	}
	var group errgroup.Group
	for _, queue := range each {
		group.Go(func() error {
			for _, o := range queue {
				var by mfa.TakenBy
				sent := p.deliver(ctx, o, &by)
				if err := p.settle(ctx, o, by, sent); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (p *Provider) deliver(ctx context.Context, o store.Outgoing, by *mfa.TakenBy) error {
	if o.Kind == kindLogout {
		return p.sendLogout(ctx, o)
	}
	s := p.cfg.Senders[o.Kind]
	if s == nil {
		return fmt.Errorf("no sender for %s: %w", o.Kind, mfa.ErrUndeliverable)
	}
	m, err := p.cfg.Render(o.Lang, o.Name, o.Params)
	if err != nil {
		return fmt.Errorf("render %s: %w: %w", o.Name, err, mfa.ErrUndeliverable)
	}
	m.ID, m.Kind, m.To, m.Lang, m.TakenBy = o.ID, o.Kind, o.To, o.Lang, by
	return s.Send(ctx, m)
}

// settle writes down how a delivery went. A temporary failure is tried again
// after a growing wait, until the message expires.
func (p *Provider) settle(ctx context.Context, o store.Outgoing, by mfa.TakenBy, sent error) error {
	if sent != nil {
		p.cfg.Log.WarnContext(ctx, "message not delivered", "id", o.ID, "name", o.Name, "attempt", o.Attempts, "error", sent)
	}
	return p.updateAs(ctx, Actor{Kind: "job", ID: jobOutbox}, nil, func(w *work) error {
		next := w.Now.Add(backoff(o.Attempts))
		if errors.Is(sent, mfa.ErrUndeliverable) || next.After(o.ExpiresAt) {
			next = zero
		}
		if o.ChallengeID != "" {
			if err := p.took(w, o, by, sent, next.IsZero()); err != nil {
				return err
			}
		}
		if sent == nil {
			return w.SentOutgoing(o.ID)
		}
		return w.FailedOutgoing(o.ID, clip(sent.Error(), 200), next)
	})
}

// backoff waits 2, 4, 8 … seconds, an hour at most.
func backoff(attempts int) time.Duration {
	return min(time.Duration(math.Pow(2, float64(min(attempts, 12))))*time.Second, time.Hour)
}

// Expire deletes what has outlived its use, in small batches.
func (p *Provider) Expire(ctx context.Context) error {
	for {
		n := 0
		err := p.st.Update(ctx, Actor{Kind: "job", ID: jobExpire}, func(tx *store.Tx) error {
			var err error
			n, err = tx.Expire(expireBatch)
			return err
		})
		if err != nil || n < expireBatch {
			return err
		}
	}
}

// reload takes up clients and keys changed by another process.
func (p *Provider) reload(ctx context.Context) error {
	var version int64
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		version, err = tx.ClientsVersion()
		return err
	})
	if err != nil {
		return err
	}
	if version != p.clientsVersion.Load() {
		if err := p.ReloadClients(ctx); err != nil {
			return err
		}
		p.jobs.Wake(jobSectors)
	}
	if err := p.ReloadTools(ctx); err != nil {
		return err
	}
	return p.keys.Reload(ctx)
}
