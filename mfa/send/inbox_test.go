package send_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/mfa"
	"github.com/sekisho-id/sekisho/mfa/send"
)

func ids(messages []send.Received) []string {
	out := []string{}
	for _, m := range messages {
		out = append(out, m.ID)
	}
	return out
}

func put(t *testing.T, i *send.Inbox, messages ...mfa.Message) {
	t.Helper()
	for _, m := range messages {
		if err := i.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInbox(t *testing.T) {
	t.Parallel()
	i := send.NewInbox(fixed)
	put(t, i, text("1"), call("2"), text("3"))
	if diff := cmp.Diff([]string{"3", "2", "1"}, ids(i.Messages(""))); diff != "" {
		t.Error("all, newest first:", diff)
	}
	if diff := cmp.Diff([]string{"3", "1"}, ids(i.Messages(mfa.Text))); diff != "" {
		t.Error("texts:", diff)
	}
	want := send.Received{Message: text("3"), At: noon, Segments: 1, Chars: 12}
	if diff := cmp.Diff(want, i.Messages(mfa.Text)[0]); diff != "" {
		t.Error(diff)
	}
	if got := i.Messages(mfa.Call)[0]; got.Segments != 0 || got.Voice == nil {
		t.Errorf("a call: %+v", got)
	}
	i.Clear()
	if got := i.Messages(""); len(got) != 0 {
		t.Errorf("after clearing: %v", ids(got))
	}
}

func TestInboxForgetsTheOldest(t *testing.T) {
	t.Parallel()
	i := send.NewInbox(fixed)
	for n := range 205 {
		put(t, i, text(fmt.Sprint(n)))
	}
	got := ids(i.Messages(""))
	if len(got) != 200 || got[0] != "204" || got[199] != "5" {
		t.Errorf("%d messages from %s to %s", len(got), got[0], got[len(got)-1])
	}
}

func TestInboxWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := send.NewInbox(fixed)
		is := func(id string) func(mfa.Message) bool { return func(m mfa.Message) bool { return m.ID == id } }
		var got mfa.Message
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			got, err = i.Wait(t.Context(), is("2"))
		}()
		synctest.Wait()
		put(t, i, text("1"))
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("it took a message that does not match")
		default:
		}
		put(t, i, text("2"))
		<-done
		if got.ID != "2" || err != nil {
			t.Errorf("got %q, %v", got.ID, err)
		}
		if got, err := i.Wait(t.Context(), is("1")); got.ID != "1" || err != nil {
			t.Errorf("one that is there: %q, %v", got.ID, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := i.Wait(ctx, is("3")); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestInboxIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	i := send.NewInbox(fixed)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for k := range 20 {
				put(t, i, text(fmt.Sprint(n, k)))
				i.Messages(mfa.Text)
			}
		})
	}
	wg.Wait()
	if got := len(i.Messages(mfa.Text)); got != 160 {
		t.Errorf("%d of 160 messages", got)
	}
}
