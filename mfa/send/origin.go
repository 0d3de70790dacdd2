package send

import (
	"context"
	"strings"

	"github.com/sekisho-id/sekisho/mfa"
)

// WithoutOrigin takes the last line off text messages, which binds their code
// to a host (N-34): some carriers drop texts that look as if they held a URL.
func WithoutOrigin(s Sender) Sender { return unbound{s} }

type unbound struct{ Sender }

// Send sends m without its last line, if that is "@host #code".
func (u unbound) Send(ctx context.Context, m mfa.Message) error {
	if at := strings.LastIndexByte(m.Body, '\n'); at >= 0 && strings.HasPrefix(m.Body[at+1:], "@") {
		m.Body = m.Body[:at]
	}
	return u.Sender.Send(ctx, m)
}
