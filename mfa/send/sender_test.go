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
			err := failover(first, second).Send(t.Context(), text("1"))
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
	if err := failover(&faulty{err: ctx.Err()}, second).Send(ctx, text("1")); !errors.Is(err, context.Canceled) || second.calls != 0 {
		t.Errorf("got %v after %d calls", err, second.calls)
	}
	if err := failover().Send(t.Context(), text("1")); err == nil || errors.Is(err, mfa.ErrUndeliverable) {
		t.Errorf("without senders: %v", err)
	}
}

func failover(senders ...send.Sender) *send.Failover {
	var lines []send.Line
	for i, s := range senders {
		lines = append(lines, send.Line{Name: string(rune('a' + i)), Sender: s})
	}
	return send.NewFailover(fixed, lines...)
}

// T-60: nobody waits for the timeouts of a gateway that is down, and it comes
// back by itself.
func TestGatewayThatFailsRestsAndComesBack(t *testing.T) {
	t.Parallel()
	now := noon
	first, second := &faulty{err: errors.New("answered 503")}, &faulty{}
	f := send.NewFailover(func() time.Time { return now }, send.Line{Name: "first", Sender: first}, send.Line{Name: "second", Sender: second})
	hand := func(n int) {
		t.Helper()
		for range n {
			if err := f.Send(t.Context(), text("1")); err != nil {
				t.Fatal(err)
			}
		}
	}
	hand(10)
	if first.calls != 3 || second.calls != 10 || !f.Health()[0].Resting || f.Health()[1].Resting {
		t.Fatalf("the first was asked %d times, the second %d; health %+v", first.calls, second.calls, f.Health())
	}
	now = now.Add(30 * time.Second)
	hand(5)
	if first.calls != 4 {
		t.Errorf("after the rest it was asked %d times more, want once", first.calls-3)
	}
	now = now.Add(30 * time.Second)
	hand(1)
	if first.calls != 4 {
		t.Error("the second rest is not longer than the first")
	}
	now = now.Add(30 * time.Second)
	first.err = nil
	hand(3)
	if first.calls != 7 || second.calls != 16 {
		t.Errorf("back in order, the first was asked %d times, the second %d", first.calls-4, second.calls-16)
	}
	want := []send.Health{{Name: "first", Taken: 3, Failed: 4}, {Name: "second", Taken: 16}}
	if diff := cmp.Diff(want, f.Health()); diff != "" {
		t.Error(diff)
	}
}

func TestGatewaysThatAllRestAreAsked(t *testing.T) {
	t.Parallel()
	only := &faulty{err: errors.New("answered 503")}
	f := failover(only)
	for range 5 {
		if err := f.Send(t.Context(), text("1")); err == nil {
			t.Fatal("no error")
		}
	}
	if only.calls != 5 {
		t.Errorf("the only gateway was asked %d times of 5", only.calls)
	}
}

// A number that is refused says nothing about the gateway.
func TestRefusedNumbersDoNotMakeAGatewayRest(t *testing.T) {
	t.Parallel()
	first := &faulty{err: mfa.ErrUndeliverable}
	f := failover(first, &faulty{})
	for range 10 {
		_ = f.Send(t.Context(), text("1"))
	}
	if h := f.Health()[0]; first.calls != 10 || h.Resting || h.Refused != 10 {
		t.Errorf("asked %d times of 10, health %+v", first.calls, h)
	}
}

func TestRoutesChooseByCountry(t *testing.T) {
	t.Parallel()
	home, abroad := &faulty{}, &faulty{}
	r := send.Routes{By: map[string]send.Sender{"GB": abroad}, Other: home}
	for _, to := range []string{"+819012345678", "+447400123456", "+12015550123", "nonsense"} {
		m := text("1")
		m.To = to
		if err := r.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if home.calls != 3 || abroad.calls != 1 {
		t.Errorf("%d went the usual way and %d to the route of their country, want 3 and 1", home.calls, abroad.calls)
	}
}

// remembering keeps the last message.
type remembering struct{ last mfa.Message }

func (r *remembering) Send(_ context.Context, m mfa.Message) error { r.last = m; return nil }

func TestWithoutOriginDropsTheLastLineOnly(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"482913 is your code.\n@id.example.jp #482913": "482913 is your code.",
		"a\nb": "a\nb", "@only": "@only", "a\n@x #1\nb": "a\n@x #1\nb",
	} {
		to := &remembering{}
		m := text("1")
		m.Body = body
		if err := send.WithoutOrigin(to).Send(t.Context(), m); err != nil || to.last.Body != want {
			t.Errorf("%q became %q, want %q", body, to.last.Body, want)
		}
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
