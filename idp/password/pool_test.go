package password

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// T-05, C-51: the limits of the pool, to the second, on a clock that moves by itself.
func TestPoolRunsAFewQueuesSomeAndRefusesTheRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2, 64, 2*time.Second)
		start := time.Now()
		var mu sync.Mutex
		var ran, full, late int
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				err := p.do(t.Context(), func() { time.Sleep(900 * time.Millisecond) })
				mu.Lock()
				defer mu.Unlock()
				var busy *BusyError
				switch took := time.Since(start); {
				case err == nil:
					ran++
				case !errors.Is(err, ErrBusy) || !errors.As(err, &busy) || busy.RetryAfter != 2*time.Second:
					t.Errorf("got %v, want a BusyError of two seconds", err)
				case took == 0:
					full++
				case took == 2*time.Second:
					late++
				default:
					t.Errorf("refused after %s", took)
				}
			})
		}
		wg.Wait()
		// Two at 0 s, two at 0.9 s, two at 1.8 s; sixty of the queue give up at 2 s.
		if ran != 6 || full != 434 || late != 60 {
			t.Errorf("got %d run, %d refused at once, %d late; want 6, 434, 60", ran, full, late)
		}
		if got, want := p.stats(), (Stats{Peak: 2, Done: 6, Refused: 494}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestPoolObeysTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 1, time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() { _ = p.do(t.Context(), func() { time.Sleep(time.Second) }) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := p.do(ctx, func() { t.Error("ran") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		wg.Wait()
		if err := p.do(ctx, func() { t.Error("ran") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with room: got %v, want the end of the context", err)
		}
		if got, want := p.stats(), (Stats{Peak: 1, Done: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// T-02: for somebody who does not exist, or has no password, one hash with
// today's parameters is computed too. A test of the time itself would depend
// on the machine's other work.
func TestUnknownPersonCostsAsMuchAsAKnownOne(t *testing.T) {
	t.Parallel()
	h := New(Params{MemoryKiB: 64, Time: 1}, Pepper{ID: "k1", Key: []byte("key")})
	if h.outdated(h.dummy) || len(h.dummy.sum) != 32 {
		t.Errorf("the stand-in %+v has other parameters than a new hash", h.dummy)
	}
	for name, do := range map[string]func() error{
		"unknown": func() error { return h.Dummy(t.Context(), "guess") },
		"no password": func() error {
			ok, rehash, err := h.Verify(t.Context(), "", "guess")
			if ok || rehash {
				t.Error("nobody's password was right")
			}
			return err
		},
	} {
		before := h.Stats().Done
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := h.Stats().Done - before; got != 1 {
			t.Errorf("%s: got %d hashes, want 1", name, got)
		}
	}
}
