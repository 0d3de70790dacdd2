package password

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrBusy says that too many passwords are being checked; see [BusyError].
var ErrBusy = errors.New("too many passwords at once")

// BusyError is [ErrBusy] with the time after which trying again makes sense.
type BusyError struct{ RetryAfter time.Duration }

// Error is that of [ErrBusy].
func (e *BusyError) Error() string { return ErrBusy.Error() }

// Is makes errors.Is(err, ErrBusy) true.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// Stats count what the pool does, for metrics.
type Stats struct {
	// Running and Waiting are now; Peak is the most that ever ran at a time.
	Running, Waiting, Peak int64
	// Done counts the hashes computed; Refused those that were told ErrBusy.
	Done, Refused int64
}

// pool lets a few run, a few more wait, and turns the rest away.
type pool struct {
	slots    chan struct{}
	queue    int64
	deadline time.Duration

	running, waiting, peak, done, refused atomic.Int64
}

func newPool(concurrency, queue int, deadline time.Duration) *pool {
	return &pool{slots: make(chan struct{}, concurrency), queue: int64(queue), deadline: deadline}
}

// do runs f in the caller's goroutine once there is room. It answers with a
// [BusyError] when the queue is full or the deadline passes, and with the
// context's error when that ends first.
func (p *pool) do(ctx context.Context, f func()) error {
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer func() { <-p.slots }()
	n := p.running.Add(1)
	defer p.running.Add(-1)
	for peak := p.peak.Load(); n > peak && !p.peak.CompareAndSwap(peak, n); peak = p.peak.Load() {
	}
	f()
	p.done.Add(1)
	return nil
}

// enter takes a slot, waiting for one if the queue has room.
func (p *pool) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > p.queue {
		return p.refuse()
	}
	t := time.NewTimer(p.deadline)
	defer t.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-t.C:
		return p.refuse()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) refuse() error {
	p.refused.Add(1)
	return &BusyError{RetryAfter: p.deadline}
}

func (p *pool) stats() Stats {
	return Stats{
		Running: p.running.Load(), Waiting: p.waiting.Load(),
		Peak: p.peak.Load(), Done: p.done.Load(), Refused: p.refused.Load(),
	}
}
