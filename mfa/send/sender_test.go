package send_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

var noon = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func fixed() time.Time { return noon }

// script is a call as the locale files make it.
var script = mfa.Script{
	Hello: "This is Sekisho, with your sign-in code.", Gate: "To hear the code, press 1.",
	Code:  "Your code is: four, eight, two. nine, one, three.",
	Again: "Once more: four, eight, two. nine, one, three.",
	Menu:  "To hear it again, press 1.", Warn: "Do not share this code.",
	NotYou: "If you did not ask for this, press 9.", Stopped: "We stopped the sign-in.",
}

func text(id string) mfa.Message {
	return mfa.Message{ID: id, Kind: mfa.Text, To: "+819012345678", Lang: "ja", Body: "認証コード 482913"}
}

func call(id string) mfa.Message {
	s := script
	return mfa.Message{ID: id, Kind: mfa.Call, To: "+819012345678", Lang: "en", Voice: &s}
}

// faulty answers with its error and counts.
type faulty struct {
	err   error
	calls int
}

func (f *faulty) Send(context.Context, mfa.Message) error { f.calls++; return f.err }

// T-60.
func TestFailover(t *testing.T) {
	t.Parallel()
	down, refused := errors.New("answered 503"), errors.Join(errors.New("no such number"), mfa.ErrUndeliverable)
	for _, tc := range []struct {
		name          string
		first, second error
		calls         [2]int
		want          error
	}{
		{"the first takes it", nil, nil, [2]int{1, 0}, nil},
		{"the second steps in", down, nil, [2]int{1, 1}, nil},
		{"a refused message is not offered twice", refused, nil, [2]int{1, 0}, mfa.ErrUndeliverable},
		{"both are down", down, down, [2]int{1, 1}, down},
		{"the second refuses it", down, refused, [2]int{1, 1}, mfa.ErrUndeliverable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			first, second := &faulty{err: tc.first}, &faulty{err: tc.second}
			err := send.Failover(first, second).Send(t.Context(), text("1"))
			if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if diff := cmp.Diff(tc.calls, [2]int{first.calls, second.calls}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFailoverStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	second := &faulty{}
	if err := send.Failover(&faulty{err: ctx.Err()}, second).Send(ctx, text("1")); !errors.Is(err, context.Canceled) || second.calls != 0 {
		t.Errorf("got %v after %d calls", err, second.calls)
	}
	if err := send.Failover().Send(t.Context(), text("1")); err == nil || errors.Is(err, mfa.ErrUndeliverable) {
		t.Errorf("without senders: %v", err)
	}
}

func TestByKind(t *testing.T) {
	t.Parallel()
	sms := &faulty{}
	b := send.ByKind{mfa.Text: sms}
	if err := b.Send(t.Context(), text("1")); err != nil || sms.calls != 1 {
		t.Errorf("text: %v", err)
	}
	if err := b.Send(t.Context(), call("2")); !errors.Is(err, mfa.ErrUndeliverable) {
		t.Errorf("call: %v", err)
	}
}
