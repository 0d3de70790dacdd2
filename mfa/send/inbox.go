package send

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/mfa"
)

// inboxSize is how many messages an inbox keeps.
const inboxSize = 200

// Received is a message in the inbox.
type Received struct {
	mfa.Message
	At time.Time
	// Segments and Chars are a text message's size, see [Segments]; 0 for other kinds.
	Segments, Chars int
}

// Inbox takes every message instead of sending it and keeps the last 200 in
// memory, for development and for tests. It is safe for concurrent use.
type Inbox struct {
	now func() time.Time

	mu       sync.Mutex
	messages []Received // oldest first
	arrived  chan struct{}
}

// NewInbox returns an empty inbox.
func NewInbox(now func() time.Time) *Inbox {
	return &Inbox{now: now, arrived: make(chan struct{})}
}

// Send puts m into the inbox. It never fails.
func (i *Inbox) Send(_ context.Context, m mfa.Message) error {
	r := Received{Message: m, At: i.now()}
	if m.Kind == mfa.Text {
		r.Segments, r.Chars = Segments(m.Body)
	}
	if m.TakenBy != nil {
		*m.TakenBy, r.TakenBy = mfa.TakenBy{Gateway: "inbox", ID: m.ID}, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.messages) == inboxSize {
		i.messages = append(i.messages[:0], i.messages[1:]...)
	}
	i.messages = append(i.messages, r)
	close(i.arrived)
	i.arrived = make(chan struct{})
	return nil
}

// Messages are the messages of a kind, or all of them for the empty kind, newest first.
func (i *Inbox) Messages(kind mfa.Kind) []Received {
	messages, _ := i.read(func(m mfa.Message) bool { return kind == "" || m.Kind == kind })
	return messages
}

// Clear empties the inbox.
func (i *Inbox) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.messages = nil
}

// Wait returns the newest message that matches, at once if one is there and
// else as soon as one arrives. It fails when ctx ends before.
func (i *Inbox) Wait(ctx context.Context, match func(mfa.Message) bool) (mfa.Message, error) {
	for {
		messages, arrived := i.read(match)
		if len(messages) > 0 {
			return messages[0].Message, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return mfa.Message{}, fmt.Errorf("wait for a message: %w", ctx.Err())
		}
	}
}

// read returns what matches, newest first, and a channel that closes when more arrives.
func (i *Inbox) read(match func(mfa.Message) bool) ([]Received, <-chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []Received
	for n := len(i.messages) - 1; n >= 0; n-- {
		if match(i.messages[n].Message) {
			out = append(out, i.messages[n])
		}
	}
	return out, i.arrived
}
