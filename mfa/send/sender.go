package send

import (
	"context"
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
