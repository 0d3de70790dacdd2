package idp

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"time"

	"github.com/sekisho-id/sekisho/idp/store"
)

// work is one update in progress: the transaction, whether it queued messages,
// what to count when it is committed, and which alarms to raise in any case.
type work struct {
	*store.Tx
	b      *Browser
	queued bool
	tools  bool // tools of shops changed
	counts []func(*Provider)
	alarms [][2]string
}

// update runs f in one store.Update on behalf of a browser and wakes the outbox
// when f queued a message.
func (p *Provider) update(ctx context.Context, b *Browser, f func(*work) error) error {
	return p.updateAs(ctx, Actor{Kind: "anonymous", IP: b.IP, UserAgent: clip(b.UserAgent, 300), Request: b.RequestID}, b, f)
}

func (p *Provider) updateAs(ctx context.Context, actor Actor, b *Browser, f func(*work) error) error {
	var done work
	var before Browser
	if b != nil {
		before = *b
	}
	var result error
	err := p.st.Update(ctx, actor, func(tx *store.Tx) error {
		if b != nil {
			*b = before // an earlier run was undone
		}
		w := &work{Tx: tx, b: b}
		result = f(w)
		done = *w
		return result
	})
	committed := store.Committed(result, err)
	if b != nil && !committed {
		*b = before // cookies follow the database
	}
	if committed {
		for _, f := range done.counts {
			f(p)
		}
	}
	for _, a := range done.alarms {
		p.raise(a[0], a[1])
	}
	if done.tools && committed {
		if err := p.ReloadTools(ctx); err != nil { // the job takes them up soon
			p.cfg.Log.WarnContext(ctx, "tools not reloaded", "error", err)
		}
	}
	if done.queued {
		p.jobs.Wake(jobOutbox)
	}
	return err
}

// oneByOne does what a job finds to do, each in an update of its own: it may
// touch many rows, and the writer is free in between. A failure stops none of
// the others. It returns what was found.
func oneByOne[T any](ctx context.Context, p *Provider, job string, find func(*store.Tx) ([]T, error), do func(*work, T) error) ([]T, error) {
	var found []T
	err := p.st.View(ctx, func(tx *store.Tx) error {
		var err error
		found, err = find(tx)
		return err
	})
	for _, one := range found {
		err = errors.Join(err, p.updateAs(ctx, Actor{Kind: "job", ID: job}, nil, func(w *work) error { return do(w, one) }))
	}
	return found, err
}

// as names the person whose proofs act from here on, for the audit log.
func (w *work) as(userID string) {
	if w.Actor.Kind == "anonymous" || w.Actor.Kind == "user" {
		w.Actor.Kind, w.Actor.ID = "user", userID
	}
}

// maxReason is how many bytes of a reason are kept.
const maxReason = 1000

// record writes an audit event about a person.
func (w *work) record(name, userID, clientID string, details ...string) error {
	e := Event{Name: name, UserID: userID, ClientID: clientID}
	if len(details) > 0 || w.Actor.Reason != "" {
		e.Details = make(map[string]string, len(details)/2+1)
		for i := 0; i+1 < len(details); i += 2 {
			e.Details[details[i]] = clip(details[i+1], 200)
		}
	}
	if w.Actor.Reason != "" {
		e.Details["reason"] = clip(w.Actor.Reason, maxReason)
	}
	w.count(func(p *Provider) { p.meters.events.Inc(name) })
	return w.Record(e)
}

// newID is a fresh identifier or token: 26 characters of base32, 130 bits.
func newID() string { return rand.Text() }

// tokenSize is how long a token is.
const tokenSize = 52

// newToken is a bearer secret of at least 256 bits.
func newToken() string { return rand.Text() + rand.Text() }

// newStamped is newID, or newToken, for what is made all day; see [store.Stamp].
func (p *Provider) newStamped(random string) string { return store.Stamp(p.cfg.Now()) + random }

// clip cuts s to n bytes and drops control characters (T-56).
func clip(s string, n int) string {
	out := make([]rune, 0, len(s))
	size := 0
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		if size += len(string(r)); size > n {
			break
		}
		out = append(out, r)
	}
	return string(out)
}

// network is the key under which an address is limited: itself for IPv4, its
// /64 for IPv6 (C-13, T-45).
func network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	n, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return n.String()
}

// later is the later of two moments.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ignore is err, unless it is the one that does not matter.
func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

// keepAfter commits what was written and answers with answer, unless writing failed.
func keepAfter(err, answer error) error {
	if err != nil {
		return err
	}
	return store.Keep(answer)
}
