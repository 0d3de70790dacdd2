package send

import (
	"context"
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/mfa"
)

// Sender brings one message on its way, in one attempt. A nil error means
// that the next one on the way has taken it, not that it arrived. An error that
// wraps [mfa.ErrUndeliverable] cannot be mended by another attempt; others may.
type Sender interface {
	Send(ctx context.Context, m mfa.Message) error
}

// ByKind gives each message to the sender of its kind. A kind without a sender
// is a permanent failure.
type ByKind map[mfa.Kind]Sender

// Send gives m to the sender of its kind.
func (b ByKind) Send(ctx context.Context, m mfa.Message) error {
	s, ok := b[m.Kind]
	if !ok {
		return fmt.Errorf("%w: no sender for kind %q", mfa.ErrUndeliverable, m.Kind)
	}
	return s.Send(ctx, m)
}

type failover []Sender

// Failover tries the senders in order until one takes the message (T-60). It
// stops at a permanent failure, for that is the message's own, and when the
// context ends. A sender that fails after it took the message, by a lost
// answer, lets the next one send it again: a code twice is better than none.
func Failover(senders ...Sender) Sender { return failover(senders) }

func (f failover) Send(ctx context.Context, m mfa.Message) error {
	errs := []error{}
	for _, s := range f {
		err := s.Send(ctx, m)
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
