package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sekisho-id/sekisho/idp/jobs"
)

var errFull = errors.New("disk full")

func TestJobRunsAtItsInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs []time.Duration
		start := time.Now()
		r := jobs.New(nil, time.Now)
		r.Add(jobs.Job{Name: "expire", Every: time.Minute, Run: func(context.Context) error {
			runs = append(runs, time.Since(start))
			return nil
		}})
		r.Start(t.Context())
		time.Sleep(10 * time.Minute)
		r.Stop()
		if len(runs) < 9 || len(runs) > 10 {
			t.Errorf("got %d runs in ten minutes: %v", len(runs), runs)
		}
		last := time.Duration(0)
		for _, at := range runs {
			if gap := at - last; gap < time.Minute || gap >= 66*time.Second {
				t.Errorf("got a gap of %s, want a minute and at most a tenth more", gap)
			}
			last = at
		}
		time.Sleep(time.Hour)
		if got := len(runs); got > 10 {
			t.Errorf("got %d runs, some after Stop", got)
		}
	})
}

func TestWakeRunsAtOnceAndOnceMoreForWakesDuringARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		r := jobs.New(nil, time.Now)
		r.Add(jobs.Job{Name: "outbox", Run: func(context.Context) error {
			runs.Add(1)
			time.Sleep(time.Second)
			return nil
		}})
		r.Start(t.Context())
		time.Sleep(time.Hour)
		if got := runs.Load(); got != 0 {
			t.Fatalf("got %d runs before any wake", got)
		}
		r.Wake("outbox")
		synctest.Wait()
		if got := runs.Load(); got != 1 {
			t.Fatalf("got %d runs at the wake, want 1", got)
		}
		for range 5 {
			r.Wake("outbox")
		}
		r.Wake("nobody")
		time.Sleep(time.Hour)
		if got := runs.Load(); got != 2 {
			t.Errorf("got %d runs, want one more for all the wakes", got)
		}
		r.Stop()
	})
}

func TestPanicAndErrorAreLoggedAndTheJobGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		runs := 0
		r := jobs.New(slog.New(slog.NewTextHandler(&log, nil)), time.Now)
		r.Add(jobs.Job{Name: "rotate", Every: time.Minute, Run: func(context.Context) error {
			switch runs++; runs {
			case 1:
				panic("no keys")
			case 2:
				return errFull
			}
			return nil
		}})
		r.Start(t.Context())
		time.Sleep(5 * time.Minute)
		r.Stop()
		if runs < 3 {
			t.Errorf("got %d runs, want the job to go on", runs)
		}
		for _, want := range []string{"job=rotate", "panic: no keys", "disk full"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%q is not in the log:\n%s", want, &log)
			}
		}
		if got := strings.Count(log.String(), "job failed"); got != 2 {
			t.Errorf("got %d failures in the log, want 2", got)
		}
	})
}

func TestLeaseLetsOneNodeRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		holder, runs := "", map[string]int{}
		node := func(name string) *jobs.Runner {
			r := jobs.New(nil, time.Now)
			r.Add(jobs.Job{
				Name: "expire", Every: time.Minute,
				Run: func(context.Context) error { runs[name]++; return nil },
				Lease: func(_ context.Context, job string, ttl time.Duration) (bool, error) {
					if job != "expire" || ttl < time.Minute {
						t.Errorf("got lease for %q of %s", job, ttl)
					}
					if holder == "" {
						holder = name
					}
					return holder == name, nil
				},
			})
			return r
		}
		a, b := node("a"), node("b")
		a.Start(t.Context())
		time.Sleep(90 * time.Second)
		b.Start(t.Context())
		time.Sleep(10 * time.Minute)
		a.Stop()
		b.Stop()
		if runs["a"] < 5 || runs["b"] != 0 {
			t.Errorf("got runs %v, want a alone", runs)
		}
	})
}

func TestLeaseThatFailsRunsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r := jobs.New(slog.New(slog.NewTextHandler(&log, nil)), time.Now)
		r.Add(jobs.Job{
			Name: "expire", Every: time.Minute,
			Run:   func(context.Context) error { t.Error("ran without a lease"); return nil },
			Lease: func(context.Context, string, time.Duration) (bool, error) { return false, errFull },
		})
		r.Start(t.Context())
		time.Sleep(2 * time.Minute)
		r.Stop()
		if !strings.Contains(log.String(), "lease: disk full") {
			t.Errorf("the log does not say why:\n%s", &log)
		}
	})
}

func TestStopWaitsForTheRunningJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ended := false
		r := jobs.New(slog.New(slog.NewTextHandler(&log, nil)), time.Now)
		r.Add(jobs.Job{Name: "send", Run: func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second) // tidying up
			ended = true
			return ctx.Err()
		}})
		r.Start(t.Context())
		r.Wake("send")
		synctest.Wait()
		r.Stop()
		if !ended {
			t.Error("Stop returned before the job had ended")
		}
		if log.Len() > 0 {
			t.Errorf("an end by Stop is not a failure:\n%s", &log)
		}
	})
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	jobs.New(nil, time.Now).Stop()
}

func TestRunNowReturnsTheErrorAndNeverRunsBesideAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		running, most := 0, 0
		r := jobs.New(nil, time.Now)
		r.Add(jobs.Job{Name: "send", Run: func(context.Context) error {
			running++
			most = max(most, running)
			time.Sleep(time.Second)
			running--
			return errFull
		}})
		r.Add(jobs.Job{Name: "bad", Run: func(context.Context) error { panic("no") }})
		r.Start(t.Context())
		r.Wake("send")
		synctest.Wait()
		if err := r.RunNow(t.Context(), "send"); !errors.Is(err, errFull) {
			t.Errorf("got %v, want the job's error", err)
		}
		if most != 1 {
			t.Errorf("got %d runs at a time", most)
		}
		if err := r.RunNow(t.Context(), "bad"); err == nil || !strings.Contains(err.Error(), "panic: no") {
			t.Errorf("got %v, want the panic", err)
		}
		if err := r.RunNow(t.Context(), "nobody"); !errors.Is(err, jobs.ErrUnknown) {
			t.Errorf("got %v, want ErrUnknown", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		r.Wake("send")
		synctest.Wait()
		if err := r.RunNow(ctx, "send"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
		r.Stop()
	})
}

func TestMistakesOfTheProgramPanic(t *testing.T) {
	t.Parallel()
	run := func(context.Context) error { return nil }
	for name, f := range map[string]func(*jobs.Runner){
		"the same name twice": func(r *jobs.Runner) { r.Add(jobs.Job{Name: "a", Run: run}); r.Add(jobs.Job{Name: "a", Run: run}) },
		"no name":             func(r *jobs.Runner) { r.Add(jobs.Job{Run: run}) },
		"nothing to run":      func(r *jobs.Runner) { r.Add(jobs.Job{Name: "a"}) },
		"add after start":     func(r *jobs.Runner) { r.Start(t.Context()); r.Add(jobs.Job{Name: "a", Run: run}) },
		"start twice":         func(r *jobs.Runner) { r.Start(t.Context()); r.Start(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			f(jobs.New(nil, time.Now))
		})
	}
}
