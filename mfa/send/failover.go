package send

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// When a gateway rests: after so many failures in a row, for half a minute,
// and for twice as long after each further one.
const (
	restAfter = 3
	restLeast = 30 * time.Second
	restMost  = 5 * time.Minute
)

// Line is one gateway of a [Failover], by its name.
type Line struct {
	Name   string
	Sender Sender
}

// Health is how a line does.
type Health struct {
	Name string
	// Resting is set while the others are asked first.
	Resting bool
	// Taken, Refused and Failed count messages: refused ones are the message's own fault.
	Taken, Refused, Failed int64
}

// Failover tries gateways in order until one takes the message (T-60). It
// stops at a permanent failure, for that is the message's own, and when the
// context ends. A gateway that fails after it took the message, by a lost
// answer, lets the next one send it again: a code twice is better than none.
//
// A gateway that keeps failing rests: the others are asked first, so that
// nobody waits for its timeouts. After the rest one message tries it again.
// Where all rest, they are asked nevertheless. It is safe for concurrent use.
type Failover struct {
	now   func() time.Time
	lines []*line
}

// line is a gateway and how it has been doing.
type line struct {
	Line

	mu       sync.Mutex
	health   Health
	failures int // in a row
	rest     time.Time
	trying   bool // a message is out to see whether it works again
}

// NewFailover joins gateways of one kind, the preferred one first.
func NewFailover(now func() time.Time, lines ...Line) *Failover {
	f := &Failover{now: now}
	for _, l := range lines {
		f.lines = append(f.lines, &line{Line: l, health: Health{Name: l.Name}})
	}
	return f
}

// Health tells how each gateway does, in their order.
func (f *Failover) Health() []Health {
	var out []Health
	for _, l := range f.lines {
		l.mu.Lock()
		h := l.health
		h.Resting = f.now().Before(l.rest) || l.trying
		l.mu.Unlock()
		out = append(out, h)
	}
	return out
}

// Send gives m to the first gateway that takes it.
func (f *Failover) Send(ctx context.Context, m mfa.Message) error {
	errs := []error{}
	for _, l := range f.order() {
		err := l.Sender.Send(ctx, m)
		l.note(f.now(), err)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if errors.Is(err, mfa.ErrUndeliverable) || ctx.Err() != nil {
			break
		}
	}
	if len(errs) == 0 {
		return errors.New("no sender to fail over to")
	}
	return errors.Join(errs...)
}

// order is the lines as one message asks them: those that work, then those
// that rest, the one whose rest ends first before the others.
func (f *Failover) order() []*line {
	type place struct {
		*line
		rest time.Time
	}
	var places []place
	for _, l := range f.lines {
		places = append(places, place{l, l.claim(f.now())})
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.rest.Compare(b.rest) })
	out := make([]*line, len(places))
	for i, p := range places {
		out[i] = p.line
	}
	return out
}

// claim is when a line's rest ends, the zero time if it has none. Of the
// messages that come after a rest the first one tries the line.
func (l *line) claim(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.failures < restAfter:
		return time.Time{}
	case now.Before(l.rest) || l.trying:
		return l.rest
	}
	l.trying = true
	return time.Time{}
}

// note remembers how a message went.
func (l *line) note(now time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trying = false
	switch {
	case err == nil:
		l.health.Taken++
	case errors.Is(err, mfa.ErrUndeliverable):
		l.health.Refused++
	default:
		l.health.Failed++
		l.failures++
		if over := l.failures - restAfter; over >= 0 {
			l.rest = now.Add(min(restLeast<<min(over, 10), restMost))
		}
		return
	}
	l.failures, l.rest = 0, time.Time{}
}

// Routes sends to each country by a gateway of its own, and by Other where
// there is none.
type Routes struct {
	// By is found by the country's ISO 3166 code.
	By    map[string]Sender
	Other Sender
}

// Send gives m to the gateway of its receiver's country.
func (r Routes) Send(ctx context.Context, m mfa.Message) error {
	if s, ok := r.By[mfa.CountryOf(m.To)]; ok {
		return s.Send(ctx, m)
	}
	return r.Other.Send(ctx, m)
}
